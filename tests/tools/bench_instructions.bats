# slickq bench --instructions. Not with sanitizers: valgrind does not run what they were built into.
load common

count() { slickq bench --size 1024 --msgs 1000 --reps 1 --instructions --json "$@"; }

@test "instructions of push and pop are counted for each kind, a batch costs less" {
  output=$(count)
  expect "$(json 'd["instructions_per_push"].keys() == d["instructions_per_pop"].keys()' <<<"$output")" True
  for key in instructions_per_push instructions_per_pop; do
    expect "$(json "d['$key']['multi'] > d['$key']['batch16'] > 1" <<<"$output")" True
  done
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "the counts are the same each time, and grow with the layout's work" {
  once=$(count | json 'd["instructions_per_push"], d["instructions_per_pop"]')
  expect "$(count | json 'd["instructions_per_push"], d["instructions_per_pop"]')" "$once"
  # slq0 maintains no last published index.
  expect "$(count --layout slq0 | json 'd["instructions_per_push"]["multi"] < '"($once)"'[0]["multi"]')" True
}

@test "text shows them in a table" {
  try slickq bench --size 1024 --msgs 1000 --reps 1 --instructions
  expect_status 0
  expect_match "$output" "*instructions *push *pop*multi *[0-9].[0-9] *[0-9].[0-9]*"
}
