# The unit of slickqd: systemd understands it, it leaves little to attack, and slickqd lives with what it leaves.
# Needs BUILD_DIR and SOURCE_DIR.
bats_require_minimum_version 1.5.0

UNIT="$SOURCE_DIR/config/slickqd.service"

setup() { command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"; }

teardown() {
  [[ ! ${daemon:-} ]] || kill -9 "$daemon" 2>/dev/null || true
  [[ ! ${shm:-} ]] || rm -rf "$shm"
}

@test "systemd finds nothing to complain of" {
  # With the programs of this build: those that the unit names need not be installed here.
  sed "s|/usr/sbin/slickqd|$BUILD_DIR/bin/slickqd|; s|/usr/bin/slickq |$BUILD_DIR/bin/slickq |" "$UNIT" \
    >"$BATS_TEST_TMPDIR/slickqd.service"
  run systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/slickqd.service"
  [[ "$status" -eq 0 && -z "$output" ]] || { echo "$output" >&2; false; }
}

@test "the exposure is at most 2.0" {
  run systemd-analyze security --offline=yes --threshold=20 --no-pager "$UNIT"
  [ "$status" -eq 0 ] || { grep -v '✓' <<<"$output" >&2; false; }
  [[ "$output" == *"Overall exposure level for slickqd.service: "* ]]
}

@test "what would harm queues, or hide who uses them, is not in it" {
  for setting in PrivateUsers DynamicUser RemoveIPC PrivateNetwork PrivateIPC MemoryMax ExecStartPre InaccessiblePaths; do
    run ! grep "^$setting=" "$UNIT"
  done
  for setting in Type=notify WatchdogSec=30s Restart=on-failure 'RestartPreventExitStatus=64 75 77 78' User=slickq \
    RuntimeDirectory=slickq 'ExecReload=/usr/bin/slickq daemon reload' NoNewPrivileges=yes; do
    grep -qxF "$setting" "$UNIT" || { echo "$setting" >&2; false; }
  done
  same_set='CAP_CHOWN CAP_DAC_READ_SEARCH CAP_FOWNER CAP_LEASE CAP_SYS_PTRACE'
  for setting in AmbientCapabilities CapabilityBoundingSet; do
    [ "$(sed -n "s/^$setting=//p" "$UNIT" | tr ' ' '\n' | sort | paste -sd ' ')" = "$same_set" ]
  done
}

@test "what passes is waited for: names of the network at boot, room in shared memory after a failure" {
  # By default systemd tries five times within a second, and then never again.
  for setting in RestartSec=5s After=nss-user-lookup.target; do
    grep -qxF "$setting" "$UNIT" || { echo "$setting" >&2; false; }
  done
}

@test "thousands of queues may be made at once" {
  run grep -E '^LimitNOFILE=(65536|infinity)$' "$UNIT"
  [ "$status" -eq 0 ]
}

@test "the user it names is the one of sysusers.d" {
  root="$BATS_TEST_TMPDIR/root"
  mkdir -p "$root/etc"
  systemd-sysusers --root="$root" "$SOURCE_DIR/config/slickqd.sysusers.conf"
  grep -q "^$(sed -n 's/^User=//p' "$UNIT"):" "$root/etc/passwd"
  grep -q "^$(sed -n 's/^Group=//p' "$UNIT"):" "$root/etc/group"
  # A system user: logind leaves the segments of those alone.
  [ "$(cut -d : -f 3 "$root/etc/passwd")" -lt 1000 ]
}

# Starts, creates, adopts, gives away, looks, finds holders, repairs, removes an orphan, answers, reloads, ends.
@test "the system calls that slickqd makes are those that the unit allows" {
  command -v strace >/dev/null || skip "no strace here"
  shm=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR=$shm
  slickq=$BUILD_DIR/bin/slickq
  cp "$SOURCE_DIR/tests/golden/cpp-1.4.0/hole.bin" "$shm/crashed"
  "$slickq" create job-1 --size 8 --elem 8 -q
  elements=$("$slickq" inspect crashed --json | python3 -c 'import json, sys; d = json.load(sys.stdin)
print(f"""{d["capacity"]}, "elem": {d["element_size"]}""")')
  cat >"$BATS_TEST_TMPDIR/slickqd.json" <<END
{ "shm_dir": "$shm", "control": { "socket": "$BATS_TEST_TMPDIR/slickqd.sock", "group": "0" },
  "monitor": { "interval": "20ms" }, "orphans": { "match": ["job-*"], "grace": "100ms", "action": "remove" },
  "queues": [ { "name": "q", "size": 64, "elem": 8, "group": "0", "owner": "0", "prefault": true, "cursors": ["c"],
                "remove_on_exit": true },
              { "name": "crashed", "size": $elements, "stall": { "after": "50ms", "action": "repair" } } ] }
END
  export NOTIFY_SOCKET=@slickqd-unit-test-$$ WATCHDOG_USEC=30000000
  strace -f -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" "$BUILD_DIR/bin/slickqd" --config "$BATS_TEST_TMPDIR/slickqd.json" \
    >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
  tracer=$!
  export SLICKQD_SOCKET=$BATS_TEST_TMPDIR/slickqd.sock
  until "$slickq" daemon status >/dev/null 2>&1; do sleep 0.05; done
  daemon=$(cat "$BATS_TEST_TMPDIR/slickqd.lock")
  until [[ ! -e $shm/job-1 ]] && "$slickq" repair crashed --dry-run -q >/dev/null; do sleep 0.05; done
  "$slickq" daemon reload
  kill "$daemon"
  wait "$tracer"
  daemon=''
  [ ! -e "$shm/q" ]
  run python3 "$BATS_TEST_DIRNAME/check_syscalls.py" "$UNIT" "$BATS_TEST_TMPDIR/trace"
  echo "$output" >&2
  [ "$status" -eq 0 ]
}

@test "the unit of the bridge: nothing to complain of, exposed at most 2.0, no capabilities" {
  bridge="$SOURCE_DIR/config/slickq-bridge@.service"
  [[ -x $BUILD_DIR/bin/slickq-bridge ]] || skip "built without slickq-bridge"
  sed "s|/usr/bin/slickq-bridge|$BUILD_DIR/bin/slickq-bridge|" "$bridge" >"$BATS_TEST_TMPDIR/slickq-bridge@.service"
  run systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/slickq-bridge@.service"
  [[ "$status" -eq 0 && -z "$output" ]] || { echo "$output" >&2; false; }
  run systemd-analyze security --offline=yes --threshold=20 --no-pager "$bridge"
  [ "$status" -eq 0 ] || { grep -v '✓' <<<"$output" >&2; false; }
  for setting in Type=notify CapabilityBoundingSet= AmbientCapabilities= NoNewPrivileges=yes User=slickq-bridge \
    'RestartPreventExitStatus=2 6 7' 'EnvironmentFile=/etc/slickq/bridge/%i.conf'; do
    grep -qxF "$setting" "$bridge" || { echo "$setting" >&2; false; }
  done
  # An in-bridge's queue must not go with its user.
  run ! grep -E '^(DynamicUser|RemoveIPC|PrivateIPC|PrivateNetwork)=' "$bridge"
  root="$BATS_TEST_TMPDIR/bridge-root"
  mkdir -p "$root/etc"
  systemd-sysusers --root="$root" "$SOURCE_DIR/config/slickq-bridge.sysusers.conf"
  grep -q '^slickq-bridge:' "$root/etc/passwd"
}
