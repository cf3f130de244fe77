# The man pages: they agree with the programs, their examples run, man finds nothing to complain of.
# Needs BUILD_DIR and SOURCE_DIR.
bats_require_minimum_version 1.5.0
PATH="$BUILD_DIR/bin:$PATH"

@test "the pages tell of each verb, flag, key and exit code there is, and of no other" {
  run python3 "$BATS_TEST_DIRNAME/check_man.py" "$SOURCE_DIR" "$BUILD_DIR/bin"
  echo "$output" >&2
  [ "$status" -eq 0 ]
}

@test "the examples answer as the pages say" {
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  cd "$BATS_TEST_TMPDIR"
  run python3 "$BATS_TEST_DIRNAME/play_examples.py" "$SOURCE_DIR"/config/man/*.scd
  rm -rf "$SLICKQ_SHM_DIR"
  echo "$output" >&2
  [ "$status" -eq 0 ]
}

@test "the README's cookbook is that of the manual" {
  sed -n '/^### Cookbook/,/^###* [^C]/p' "$SOURCE_DIR/README.md" | grep -oP '^\|.*?\| `\K[^`]+' >"$BATS_TEST_TMPDIR/commands"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/commands")" -ge 12 ]
  sed 's/\\\\/\\/g' "$SOURCE_DIR/config/man/slickq-cookbook.7.scd" >"$BATS_TEST_TMPDIR/page"
  while read -r command; do
    grep -qF "$command" "$BATS_TEST_TMPDIR/page" || { echo "not in the manual: $command" >&2; false; }
  done < <(sed 's/\\|/|/' "$BATS_TEST_TMPDIR/commands")
}

@test "the configurations in the pages and in the packages are good" {
  sed -n '/^{$/,/^}$/p' "$SOURCE_DIR/config/man/slickqd.json.5.scd" >"$BATS_TEST_TMPDIR/example.json"
  grep -q queues "$BATS_TEST_TMPDIR/example.json"
  slickqd --check-config --config "$BATS_TEST_TMPDIR/example.json"
  # The group is made by the package.
  sed 's/"group": "slickq"/"group": "root"/' "$SOURCE_DIR/config/debian/slickqd/slickqd.json" >"$BATS_TEST_TMPDIR/package.json"
  slickqd --check-config --config "$BATS_TEST_TMPDIR/package.json"
  # Its commented queue, too.
  sed -i 's|// { "name"|{ "name"|' "$BATS_TEST_TMPDIR/package.json"
  sed -i 's/"group": "slickq"/"group": "root"/' "$BATS_TEST_TMPDIR/package.json"
  run slickqd --check-config --config "$BATS_TEST_TMPDIR/package.json"
  [[ "$status" -eq 0 && "$output" == *"ok, 1 queue"* ]] || { echo "$output" >&2; false; }
}

@test "man shows each page without a warning" {
  command -v scdoc >/dev/null || skip "no scdoc here"
  for page in slickq.1 slickq-bridge.1 slickq-layout.7 slickq-cookbook.7 slickqd.8 slickqd.json.5; do
    run --separate-stderr env LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l "$BUILD_DIR/config/man/$page.gz"
    [[ "$status" -eq 0 && -z "$stderr" ]] || { echo "$page: $stderr" >&2; false; }
    [[ "$output" == *"NAME"*"SEE ALSO"* ]]
    ! command -v mandoc >/dev/null || gzip -dc "$BUILD_DIR/config/man/$page.gz" | mandoc -Tlint -W error
  done
}
