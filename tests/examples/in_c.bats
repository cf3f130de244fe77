# The sample programs in C do what their first lines say. Needs BUILD_DIR.

setup() {
  EXAMPLES=$BUILD_DIR/examples/c
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
}

teardown() { rm -rf "$SLICKQ_SHM_DIR"; }

nothing_left() { [ -z "$(ls -A "$SLICKQ_SHM_DIR")" ]; }

succeeds_with() {  # OUTPUT
  [ "$status" -eq 0 ]
  [ "$output" = "$1" ]
  nothing_left
}

@test "a consumer finds what a producer left behind under the name" {
  run "$EXAMPLES/producer_and_consumer" produce
  [ "$status" -eq 0 ]
  [ "$output" = "pushed 10 orders, the last at index 9" ]
  run "$EXAMPLES/producer_and_consumer" consume
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 10 ]
  [ "${lines[0]}" = "order 1: 10 ACME at 100.25" ]
  run "$EXAMPLES/producer_and_consumer" remove
  succeeds_with removed
}

@test "what a C producer pushed, the C++ example's struct and the command read" {
  "$EXAMPLES/producer_and_consumer" produce
  run "$BUILD_DIR/bin/slickq" dump example-orders-c --unpack '<QdI12s' --format text
  [ "$status" -eq 0 ]
  [[ "${lines[0]}" == *1*100.25*10*ACME* ]]
  run "$EXAMPLES/look"
  [ "$status" -eq 0 ]
  [ "$output" = "queue  example-orders-c
1 in all" ]
  run "$EXAMPLES/look" example-orders-c
  [ "$status" -eq 0 ]
  [[ "${lines[0]}" == "example-orders-c: 1024 elements of 32 bytes, "* ]]
  [ "${lines[1]}" = "reserved 10, published 10, oldest 0" ]
  [ "${lines[2]}" = "held by 0 other processes" ]
}

@test "batches take few steps and lose nothing" {
  run "$EXAMPLES/batches"
  succeeds_with "pushed 1000 readings, took them in 16 batches, their sum is 499500"
}

@test "frames are written and read in the ring, and what was abandoned is jumped over" {
  run "$EXAMPLES/in_place"
  succeeds_with "frame a: 64 bytes
frame b: 256 bytes
frame d: 128 bytes"
}

@test "an only producer pushes blocks and bursts, and its consumer takes them from a stage" {
  run "$EXAMPLES/only_producer"
  succeeds_with "a second producer: busy
first: measurement 0 of the north sensor, 3 elements
20 headers, 200 readings, their sum is 2800"
}

@test "processes on one cursor share the work" {
  run "$EXAMPLES/sharing"
  succeeds_with "3 processes on one cursor did 1000 jobs, each of 1000 once"
}

@test "a consumer that sleeps and a producer that waits for it lose nothing" {
  run "$EXAMPLES/waiting"
  succeeds_with "received 10000 ticks, lost 0"
}

@test "a local queue loses nothing and keeps each producer's order" {
  run "$EXAMPLES/local_queue"
  succeeds_with "received 2000 readings, lost 0, each sensor in order: yes"
}

@test "errors are told in whole sentences" {
  run "$EXAMPLES/look" absent
  [ "$status" -eq 1 ]
  [[ "$output" == "look: absent: no such segment: $SLICKQ_SHM_DIR/absent"* ]]
  run "$EXAMPLES/producer_and_consumer" remove
  [ "$status" -eq 1 ]
  [[ "$output" == *example-orders-c* ]]
  nothing_left
}
