# The command line itself: help, mistakes, global options.
load common

@test "no arguments: one screen of usage on standard error, exit code 2" {
  try slickq
  expect_error 2 "slickq: *usage: slickq VERB*"
  [ "$(wc -l <<<"$stderr")" -le 50 ]
  for verb in create list inspect dump tail push pop unlink "cursor list" ps verify bench "daemon status" version; do
    expect_match "$stderr" "*$verb *"
  done
}

@test "--help is on standard output, exit code 0, for all and for each verb" {
  try slickq --help
  expect_status 0
  expect_match "$output" "*usage: slickq VERB*"
  expect "$stderr" ""
  for verb in create list inspect dump tail push pop unlink "cursor list" "cursor create" "cursor show" "cursor set" \
    "cursor remove" ps verify repair bench "daemon status" "daemon reload" version; do
    # shellcheck disable=SC2086
    try slickq $verb --help
    expect_status 0
    expect_match "$output" "slickq $verb: *usage: slickq $verb *--shm-dir*--json*"
  done
}

@test "--help is there for the verbs of one group, too" {
  for group in cursor daemon; do
    for flag in --help -h; do
      try slickq "$group" "$flag"
      expect_status 0
      expect "$stderr" ""
      expect_match "$output" "*usage: slickq VERB*"
      expect "$(grep -E '^  [a-z]+ .*  ' <<<"$output" | cut -d ' ' -f 3 | sort -u)" "$group"
    done
  done
}

@test "a mistyped verb or flag is told with the nearest one" {
  try slickq crate
  expect_error 2 $'slickq: crate: unknown verb\n  did you mean create?'
  try slickq frobnicate
  expect_error 2 "slickq: frobnicate: unknown verb*verbs are create, *"
  try slickq cursor remvoe
  expect_error 2 $'slickq: cursor remvoe: unknown verb\n  did you mean cursor remove?'
  try slickq cursor frob
  expect_error 2 "slickq: cursor frob: unknown verb*verbs are cursor list, *"
  try slickq create --sise 8
  expect_error 2 $'slickq: create: --sise: unknown flag\n  did you mean --size?'
  try slickq tail q --folow
  expect_error 2 $'slickq: tail: --folow: unknown flag\n  did you mean --follow?'
  try slickq list -Z
  expect_error 2 "slickq: list: -Z: unknown flag*'slickq list --help'*"
}

@test "missing and superfluous arguments are usage errors" {
  try slickq create --size 8 --elem 8
  expect_error 2 "slickq: create: NAME: missing*'slickq create --help'*"
  try slickq create q --elem 8
  expect_error 2 "slickq: create: --size: missing*"
  try slickq create q --size 8
  expect_error 2 "slickq: create: --elem: missing*"
  try slickq create q --size
  expect_error 2 "slickq: create: --size: needs a value*"
  for verb in inspect dump tail verify; do
    try slickq $verb
    expect_error 2 "slickq: $verb: QUEUE|FILE: missing*'slickq $verb --help'*"
  done
  try slickq inspect a b
  expect_error 2 "slickq: inspect: b: one argument too many*"
  for verb in inspect dump tail verify push pop ps unlink "cursor create" "cursor show q" "cursor set q c" "cursor set q@c" "cursor show q c d"; do
    # shellcheck disable=SC2086
    try slickq $verb </dev/null
    expect_error 2 "slickq: *"
  done
}

@test "version is told in each way it may be asked for" {
  try slickq version
  expect_status 0
  expect_match "${lines[0]}" "slickq [0-9]*.[0-9]*.[0-9]*"
  expect "$(slickq --version)" "${lines[0]}"
  expect "$(slickq list --version)" "${lines[0]}"
}

@test "-v adds what an error was" {
  try slickq -v inspect none
  expect_match "$stderr" "*[(]not_found, errno 2)"
  try slickq inspect none -v
  expect_match "$stderr" "*[(]not_found, errno 2)"
}

@test "no colour unless asked for or on a terminal" {
  try slickq inspect none
  expect_match "$stderr" "slickq: inspect:*"
  try slickq inspect none --color always
  expect_match "$stderr" $'\e[[]31mslickq:\e[[]0m*'
  make_queue q --size 8 --elem 8
  try script -qec 'slickq list' /dev/null
  expect_match "$output" $'*\e[[]1m*'
  try script -qec 'NO_COLOR=1 slickq list' /dev/null
  [[ "$output" != *$'\e'* ]]
}

@test "an empty value is a mistake, never the default" {
  make_queue q --size 8 --elem 8
  for command in "list --shm-dir" "inspect --name" "inspect --file" "push q --file" "create --size 8 --elem 8 --name" \
    "replay" "record q -o"; do
    # shellcheck disable=SC2086
    try slickq $command ""
    expect_error 2 "slickq: *: *is empty"
  done
  try slickq push q -m ""
  expect_status 0
}

@test "without a verb, and asking for help in words" {
  for flags in --json "--shm-dir /dev/shm"; do
    # shellcheck disable=SC2086
    try slickq $flags
    expect_error 2 $'slickq: a verb is missing\n  slickq --help lists them'
  done
  expect "$(slickq help create)" "$(slickq create --help)"
  expect "$(slickq help cursor set)" "$(slickq cursor set --help)"
  expect "$(slickq help cursor)" "$(slickq cursor --help)"
  expect "$(slickq help)" "$(slickq --help)"
}

@test "what people typed, and names of files, reach the terminal printable" {
  printf 'x' >"$SLICKQ_SHM_DIR"/$'evil\e]0;me\a\u0085name'
  for command in inspect dump verify unlink "create --size 8 --elem 8" "push -m a" "replay" "list -o"; do
    # shellcheck disable=SC2086
    try slickq $command $'a\e[31mb\nc\u009b31m\u202ed'
    [ "$status" -ne 0 ]
    [[ "$output$stderr" != *$'\e'* && "$output$stderr" != *$'\u009b'* && "$output$stderr" != *$'\u202e'* ]]
    [ "$(wc -l <<<"$stderr")" -le 2 ]
  done
  try slickq list -a
  [[ "$output" != *$'\e'* && "$output" != *$'\u0085'* ]]
  try slickq create $'c1\u0085' --size 8 --elem 8
  expect_error 2 "slickq: create: name 'c1?': a segment name holds no control characters"
  slickq create "n\u00e9\u00a0" --size 8 --elem 8 >/dev/null
}

@test "counts of nothing are mistakes; a file has no queues for neighbours; one is singular" {
  for command in "list --count 1" "list -w 1 --count 0" "watch --count 0"; do
    # shellcheck disable=SC2086
    try slickq $command
    expect_error 2 "slickq: *: --count: *"
  done
  make_queue ticks --size 8 --elem 8
  try slickq inspect --file tick
  expect_error 3 "slickq: inspect: tick: no such file"
  try slickq inspect "$BATS_TEST_TMPDIR/tick"
  expect_error 3 "slickq: inspect: $BATS_TEST_TMPDIR/tick: no such file"
  expect_match "$(slickq create one --size 1 --elem 1)" "created one: slq1, 1 element of 1 byte, *"
}
