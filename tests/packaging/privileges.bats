# slickqd with exactly the user's rights that the unit gives it: what it is there for works, everything else is refused.
# User and capabilities are read from the unit. Processes see /proc as ProtectProc= and ProcSubset= make it.
# Needs BUILD_DIR and SOURCE_DIR, and root.
bats_require_minimum_version 1.5.0
PATH="$BUILD_DIR/bin:$PATH"

UNIT="$SOURCE_DIR/config/slickqd.service"
DAEMON=60101 STRANGER=60102 TRADING=60200  # numbers that no user of the machine has

setup_file() {
  export ROOM="$BATS_FILE_TMPDIR/room" WHY=''
  if ((EUID != 0)); then
    WHY='needs root'
  elif ! unshare --mount --net true 2>/dev/null; then
    WHY='no namespaces here'
  fi
}

setup() {
  [[ ! $WHY ]] || skip "$WHY"
  pids=()
  # As /dev/shm is: everybody may make files, and remove his own.
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  chmod 1777 "$SLICKQ_SHM_DIR"
  room=$(mktemp -d "/tmp/slickq-test-$$-XXXXXX")
  chmod 755 "$room"
  mkdir "$room/run"
  chown "$DAEMON:$DAEMON" "$room/run"
  # The build may be where only root gets in.
  cp "$BUILD_DIR/bin/slickq" "$BUILD_DIR/bin/slickqd" "$BATS_TEST_DIRNAME/probe_rights.py" "$room/"
}

teardown() {
  [[ ! $WHY ]] || return 0
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$SLICKQ_SHM_DIR" "$room"
}

setting() { sed -n "s/^$1=//p" "$UNIT"; }
# CAP_A CAP_B -> -all,+a,+b, as setpriv wants them
as_list() { echo "-all$(setting "$1" | sed 's/CAP_\([A-Z_]*\) */,+\L\1/g')"; }

# Words to put before a command, so that the command is the process that they become.
stranger=(setpriv --reuid "$STRANGER" --regid "$STRANGER" --clear-groups --inh-caps=-all)
nobody_special=(setpriv --reuid "$DAEMON" --regid "$DAEMON" --clear-groups --inh-caps=-all)
# shellcheck disable=SC2016  # $1, $2 and $@ are those of the inner shell
service=(unshare --mount --propagation private
  sh -c 'mount -t proc -o "$1" proc /proc && umask "$2" && shift 2 && exec "$@"' sh
  "hidepid=$(setting ProtectProc),subset=$(setting ProcSubset)" "$(setting UMask)"
  setpriv --reuid "$DAEMON" --regid "$DAEMON" --clear-groups --inh-caps "$(as_list AmbientCapabilities)"
  --ambient-caps "$(as_list AmbientCapabilities)" --bounding-set "$(as_list CapabilityBoundingSet)")
[[ $(setting NoNewPrivileges) != yes ]] || service+=(--no-new-privs)

holds() { find "/proc/$1/fd" -lname "*/$2" | grep -q .; }
# WORDS: evaluated until true. The limit only ends a failed test.
wait_until() {
  for _ in {1..3000}; do
    eval "$1" && return
    sleep 0.02
  done
  echo "in vain: $1" >&2
  cat "$room/log" >&2
  return 1
}

start_daemon() {  # QUEUES [REST]
  cat >"$room/slickqd.json" <<END
{ "control": { "socket": "$room/run/slickqd.sock" }, "monitor": { "interval": "20ms" },
  "queues": [ $1 ] ${2:+, $2} }
END
  "${service[@]}" "$room/slickqd" --config "$room/slickqd.json" >"$room/log" 2>&1 3>&- &
  pids+=($!)
  for _ in {1..3000}; do
    slickq daemon status --socket "$room/run/slickqd.sock" >/dev/null 2>&1 && return
    kill -0 "${pids[-1]}" || break
    sleep 0.02
  done
  cat "$room/log" >&2
  return 1
}

status_of() { slickq daemon status --json --socket "$room/run/slickqd.sock" | python3 -c \
  "import json, sys; print(eval(sys.argv[1], {'d': json.load(sys.stdin)}))" "$1"; }

same() { [ "$1" = "$2" ] || { printf 'expected: %s\n     got: %s\n' "$2" "$1" >&2; return 1; }; }

@test "creates queues for a group, and for another user" {
  start_daemon "{ \"name\": \"shared\", \"size\": 8, \"elem\": 8, \"mode\": \"0660\", \"group\": \"$TRADING\", \"cursors\": [\"c\"] },
    { \"name\": \"given\", \"size\": 8, \"elem\": 8, \"mode\": \"0640\", \"owner\": \"$STRANGER\", \"group\": \"$TRADING\" }"
  facts() { stat -c '%u:%g %a' "$SLICKQ_SHM_DIR/$1"; }
  same "$(facts shared)" "$DAEMON:$TRADING 660"
  same "$(facts shared@c)" "$DAEMON:$TRADING 660"
  same "$(facts given)" "$STRANGER:$TRADING 640"
  setpriv --reuid "$STRANGER" --regid "$TRADING" --clear-groups "$room/slickq" push shared -m hello
  wait_until 'status_of "d[\"queues\"][0][\"published_index\"]" | grep -qx 1'  # with the next round
}

@test "sees another user's queue, and names who has it open" {
  "${stranger[@]}" "$room/slickq" create theirs --size 8 --elem 8 --mode 0600 -q
  "${stranger[@]}" "$room/slickq" push theirs -m x
  "${stranger[@]}" "$room/slickq" tail -f theirs >/dev/null 3>&- &
  holder=$!
  pids+=("$holder")
  start_daemon '{ "name": "theirs", "size": 8, "elem": 8 }'
  same "$(status_of 'd["queues"][0]["published_index"]')" 1
  wait_until '[ "$(status_of "d[\"queues\"][0][\"holders\"]")" = 1 ]'
  run "${service[@]}" "$room/slickq" ps theirs --json
  [[ "$output" == *"\"pid\": $holder,"*'"command": "slickq"'* ]] || { echo "$output" >&2; false; }
  # Nobody else may: the proof that it is the capabilities.
  run --separate-stderr "${nobody_special[@]}" "$room/slickq" ps theirs
  [ "$status" -eq 4 ]
}

@test "removes another user's orphan from the sticky directory, and leaves the one in use" {
  for name in job-1 job-2; do "${stranger[@]}" "$room/slickq" create $name --size 8 --elem 8 --mode 0600 -q; done
  "${stranger[@]}" "$room/slickq" tail -f job-2 >/dev/null 3>&- &
  pids+=($!)
  wait_until 'holds "${pids[-1]}" job-2'
  start_daemon '' '"orphans": { "match": ["job-*"], "grace": "200ms", "action": "remove" }'
  wait_until '[ ! -e "$SLICKQ_SHM_DIR/job-1" ]'
  grep -q '"orphan_removed".*job-1' "$room/log"
  rounds=$(status_of 'd["rounds"]')
  wait_until '(( $(status_of "d[\"rounds\"]") > rounds + 30 ))'
  [ -e "$SLICKQ_SHM_DIR/job-2" ]
}

@test "repairs what another user's dead producer left in a queue of its own, and says why not in one it may not write" {
  cp "$BUILD_DIR/tests/stuck_producer" "$room/"
  "${stranger[@]}" "$room/slickq" create theirs --size 8 --elem 8 --mode 0600 -q
  stall='"stall": { "after": "100ms", "action": "repair" }'
  start_daemon "{ \"name\": \"shared\", \"size\": 8, \"elem\": 8, \"mode\": \"0660\", \"group\": \"$TRADING\", $stall },
    { \"name\": \"theirs\", \"size\": 8, \"elem\": 8, $stall }"
  for name in shared theirs; do
    setpriv --reuid "$STRANGER" --regid "$TRADING" --clear-groups "$room/stuck_producer" $name 3 >"$room/said-$name" 3>&- &
    pids+=($!)
    wait_until "grep -q reserved '$room/said-$name'"
    kill -9 "${pids[-1]}"
  done
  wait_until '[ "$(status_of "d[\"queues\"][0][\"repaired\"]")" = 3 ]'
  wait_until '[[ "$(status_of "d[\"queues\"][1][\"repair_problem\"]")" == *"Permission denied"* ]]'
  same "$(status_of 'd["queues"][0]["state"], d["queues"][1]["repaired"]')" "('ready', 0)"
}

@test "has those capabilities and no others" {
  run "${service[@]}" cat /proc/self/status
  mask=0
  declare -A bit=([CHOWN]=0 [DAC_READ_SEARCH]=2 [FOWNER]=3 [SYS_PTRACE]=19 [LEASE]=28)
  for name in $(setting AmbientCapabilities); do mask=$((mask | 1 << bit[${name#CAP_}])); done
  for set in CapPrm CapEff CapBnd CapAmb; do
    same "$(awk "/^$set:/ { print \$2 }" <<<"$output")" "$(printf '%016x' "$mask")"
  done
  grep -q '^NoNewPrivs:.*1$' <<<"$output"
}

@test "is refused everything else" {
  "${stranger[@]}" "$room/slickq" create theirs --size 8 --elem 8 --mode 0600 -q
  echo secret >"$room/of-root"
  chmod 600 "$room/of-root"
  mkdir "$room/directory-of-root"
  "${stranger[@]}" sleep infinity 3>&- &
  pids+=($!)
  # A network of its own: in some containers everybody may bind low ports.
  run unshare --net "${service[@]}" "$(command -v /usr/bin/python3 || command -v python3)" "$room/probe_rights.py" \
    "$room" "$SLICKQ_SHM_DIR/theirs" "${pids[-1]}"
  echo "$output" >&2
  [ "$status" -eq 0 ]
  [ "$(cat "$room/of-root")" = secret ]
  kill -0 "${pids[-1]}"
  run "${service[@]}" "$room/slickq" push theirs -m x
  [ "$status" -eq 4 ]
  # What it may: read. That is what CAP_DAC_READ_SEARCH is for.
  "${service[@]}" cat "$room/of-root"
}
