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
