# slickq doctor, on this machine.
load common

teardown() {
  umount "$SLICKQ_SHM_DIR/small" 2>/dev/null || true
  rm -rf "$SLICKQ_SHM_DIR"
}

@test "every finding has a state, a name, what was seen; what is not well has a remedy" {
  try slickq doctor
  expect_status 0
  expect "$stderr" ""
  expect_match "${lines[0]}" "ok       shm.kind: $SLICKQ_SHM_DIR is a tmpfs"
  grep -vE '^((ok|note|warning) +(shm|kernel|limits|cpu)\.[a-z-]+: .+|         .+)$' <<<"$output" && return 1
  # A line that says something is wrong is followed by what to do.
  awk '/^(note|warning)/ { if (want) exit 1; want = 1; next } /^         / { want = 0; next } { if (want) exit 1 }
       END { exit want }' <<<"$output"
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "-q tells only what should be mended; --json tells all" {
  slickq doctor --json >"$BATS_TEST_TMPDIR/findings.json"
  expect "$(json "d['schema'], d['shm_dir'], set(f['health'] for f in d['findings']) <= {'ok', 'note', 'warning'}" \
    <"$BATS_TEST_TMPDIR/findings.json")" "('slickq.doctor/1', '$SLICKQ_SHM_DIR', True)"
  expect "$(json "max(d['findings'], key=lambda f: ['ok', 'note', 'warning', 'broken'].index(f['health']))['health'] ==
    d['worst']" <"$BATS_TEST_TMPDIR/findings.json")" True
  expect "$(slickq doctor -q | grep -c '^[a-z]')" "$(json "sum(f['health'] == 'warning' for f in d['findings'])" <"$BATS_TEST_TMPDIR/findings.json")"
}

@test "a directory that is not there is broken: exit code 5" {
  try slickq doctor --shm-dir "$SLICKQ_SHM_DIR/none"
  expect_status 5
  expect_match "$output" "broken   shm.kind: $SLICKQ_SHM_DIR/none: No such file or directory*mount -t tmpfs*"
}

@test "a full directory, a small one, one that may not be written" {
  [ "$(id -u)" = 0 ] || skip "mounting takes root"
  mkdir "$SLICKQ_SHM_DIR/small"
  mount -t tmpfs -o size=1m tmpfs "$SLICKQ_SHM_DIR/small" || skip "mounting is not allowed here"
  small() { slickq doctor --shm-dir "$SLICKQ_SHM_DIR/small" || echo "exit $?"; }
  expect_match "$(small)" "*note     shm.space: 1.0M of 1.0M free in *docker run --shm-size*"
  head -c 900K /dev/zero >"$SLICKQ_SHM_DIR/small/filler"
  expect_match "$(small)" "*warning  shm.space: 124.0K of 1.0M free in *slickq list -a*remount,size=2G $SLICKQ_SHM_DIR/small*"
  mkdir "$SLICKQ_SHM_DIR/small/below"
  expect_match "$(slickq doctor --shm-dir "$SLICKQ_SHM_DIR/small/below")" "*remount,size=2G $SLICKQ_SHM_DIR/small"$'\n*'
  head -c 2M /dev/zero >"$SLICKQ_SHM_DIR/small/filler" || true
  expect_match "$(small)" "*broken   shm.space: 0 of 1.0M free in *exit 5"
  umount "$SLICKQ_SHM_DIR/small"
  chmod 755 "$SLICKQ_SHM_DIR"
  expect_match "$(setpriv --reuid=nobody --regid=nogroup --clear-groups "$(command -v slickq)" doctor)" \
    "*warning  shm.access: $SLICKQ_SHM_DIR may not be written by user * (mode 0755, owner 0)*"
}
