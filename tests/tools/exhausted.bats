# Memory, descriptors, file size and inodes that are used up: each verb works or says what it wanted for, and what it
# began is not left.
load common

setup() {
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  make_queue q --size 4096 --elem 4096
  slickq push q -m x --count 3 >/dev/null
  slickq cursor create q c --at begin >/dev/null
}

teardown() {
  rm -rf "$SLICKQ_SHM_DIR"
}

# What each verb that opens a queue is asked for.
verbs=("create new --size 4096 --elem 4096" "list" "inspect q" "dump q" "tail q" "push q -m x" "pop q --cursor c"
  "unlink new" "gc --match new --dry-run" "cursor list q" "cursor create q d --at end" "cursor remove q d" "ps q"
  "verify q" "repair q" "check q" "watch q --count 1 --interval 10ms" "record q --count 1 -o /dev/null --from begin --force"
  "doctor")

# It ends by itself, and when it does not do its work it says so in its own words. The linker's own end is 127.
ends_well() {  # LIMIT WORDS
  local said status=0
  said=$(timeout 20 bash -c "ulimit $1; exec slickq $2" </dev/null 2>&1) || status=$?
  case $status in
    127) [[ $said == *"loading shared libraries"* ]] ;;
    1 | 4) [[ $said == *"slickq: "* || $2 == doctor* ]] ;;
    *) ((status < 10)) ;;
  esac || { echo "slickq $2 under ulimit $1 ended with $status: $said"; return 1; }
}

@test "whatever the limit of memory, no verb crashes" {
  local tried=0
  for verb in "${verbs[@]}"; do
    for kib in 6000 8000 10000 12000 14000 16000 20000 25000 30000 40000; do
      bash -c "ulimit -v $kib; exec slickq version" >/dev/null 2>&1 || continue  # there it does not even begin
      ends_well "-v $kib" "$verb"
      tried=$((tried + 1))
    done
    slickq verify q >/dev/null
  done
  try ls -A "$SLICKQ_SHM_DIR"
  [[ $output != *.slickq-* ]]
  try bash -c 'ulimit -v 20000; exec slickq inspect q'
  expect_status 0  # and for some it is enough
  ((tried > 5 * ${#verbs[@]}))
}

@test "whatever the limit of descriptors, no verb crashes, and want of them is said" {
  for verb in "${verbs[@]}"; do
    for most in 3 4 5 6 7 8 10 16; do ends_well "-n $most" "$verb"; done
    slickq verify q >/dev/null
  done
  try ls -A "$SLICKQ_SHM_DIR"
  [[ $output != *.slickq-* ]]
  try bash -c 'ulimit -n 6; exec slickq inspect q'
  expect_status 0
}

@test "a queue larger than files may be is refused, and nothing is left" {
  for blocks in 1 100 15000; do
    try bash -c "ulimit -f $blocks; exec slickq create large --size 4096 --elem 8192" </dev/null
    expect_status 1
    expect_match "$stderr" "slickq: create: large: *RLIMIT_FSIZE*ulimit -f unlimited"
    [ ! -e "$SLICKQ_SHM_DIR/large" ]
  done
  expect "$(ls -A "$SLICKQ_SHM_DIR")" $'q\nq@c'
}

@test "standard output that may not grow is an error" {
  try bash -c 'ulimit -f 1; exec slickq dump q --format raw >"$SLICKQ_SHM_DIR/out"' </dev/null
  rm "$SLICKQ_SHM_DIR/out"
  expect_error 1 "slickq: dump: standard output: write: File too large*"
}

@test "a file system without an inode left: what exists works, what is new is refused" {
  ((EUID == 0)) || skip "only root may mount"
  unshare -m true || skip "no mount namespace of our own here"
  try unshare -m --propagation private bash -c '
    mount -t tmpfs -o size=100m,nr_inodes=3 tmpfs "$SLICKQ_SHM_DIR"
    slickq create a --size 64 --elem 64 >/dev/null; echo "a $?"
    slickq create b --size 64 --elem 64 >/dev/null; echo "b $?"
    slickq create c --size 64 --elem 64 2>&1; echo "c $?"
    slickq cursor create a x --at begin 2>&1; echo "a@x $?"
    slickq push a -m 1 >/dev/null && slickq tail a; echo "tail $?"
    slickq unlink b >/dev/null; echo "unlink $?"
    slickq create c --size 64 --elem 64 >/dev/null; echo "c $?"
    ls -A "$SLICKQ_SHM_DIR"'
  expect_match "$output" "a 0*b 0*c: *No space left on device*c 1*a@x: *No space left*a@x 1*tail 0*unlink 0*c 0*a*c"
}
