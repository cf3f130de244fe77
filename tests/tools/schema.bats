# What --json prints, against the schemas in config/schema/.
load common

# CHECK: see check_schemas.py.
agrees() {
  local python=python3
  "$python" -c 'import jsonschema' 2>/dev/null || python=/usr/bin/python3  # where Debian's packages are
  try "$python" "$BATS_TEST_DIRNAME/check_schemas.py" "$1"
  echo "$output" >&2
  expect_status 0
}

@test "the schemas are closed, described, and there is one for each verb" { agrees files; }

@test "verbs about queues: each layout, each state, files" { agrees queues; }

@test "bench: each mode" { agrees bench; }

@test "daemon verbs, and each event that is easily had" {
  [[ -x $SLICKQ_BIN_DIR/slickqd ]] || skip "slickqd is not built"
  agrees daemon
}
