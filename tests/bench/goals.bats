# goals.py: that a goal is called reached when it is, and only then.
load ../tools/common

# Figures that reach every bound, most of them just so.
write_results() {
  python3 - "$1" <<'PYTHON'
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
folder.mkdir(exist_ok=True)
def write(name, content): (folder / name).write_text(json.dumps(content))
def row(name, kind, speed, elem, where="process", batch=1):
    return {"name": name, "title": name, "kind": kind, "where": where, "batch": batch,
            "delivered_per_s": {"median": speed}, "bytes_per_s": speed * elem}
for elem in (8, 64, 256):
    write(f"peers-{elem}.json", {"skipped": [], "rows": [
        row("slickq", "slickq", 2.5e6, elem), row("slickq_zero_copy", "slickq", 4e6, elem),
        row("slickq_single", "slickq", 14e6, elem), row("slickq_burst16", "slickq", 15e6, elem),
        row("slickq_batch16", "slickq", 15e6, elem), row("reference", "reference", 1e6, elem),
        row("pipe", "processes", 2e6, elem), row("pipe_write16", "processes", 9e6, elem, batch=16),
        row("sofi", "lossy", 2.1e6, elem), row("spsc", "threads", 2.2e6, elem),
        row("fast", "threads", 14.9e6, elem, where="thread"),
        row("copy_16k", "copy", 1e9, 1), row("copy_64k", "copy", 15e6 * elem / 0.7, 1)]})
write("pingpong.json", {"latency_ns": {"p50": 130, "p99_9": 500, "max": 9000}, "bare_latency_ns": {"p50": 100}})
for size, cost in ((1024, 20), (4194304, 40)):
    for rep, factor in ((1, 1), (2, 1), (3, 90)):
        write(f"size-{size}-{rep}.json", {"size": size, "delivered_per_s": {"median": factor * 1e9 / cost}})
write("wake.json", {"idle": {"cpu_share": 0.01, "sleeps_per_s": 1000},
                    "wake_ns": {"slickq": {"p99": 100000}, "original": {"p99": 1500000}}})
write("operators.json", {"inspect": {"ms": 5, "kib": 9765}, "list": {"ms": 100},
                         "daemon": {"cpu_share": 0.02, "kib": 39062},
                         "crowd": {"first_round_ms": 1000, "dry_run_ms": 1000}, "fast": {"cpu_share": 0.01}})
write("micro.json", {"benchmarks": [{"name": "open_and_close_1gib", "real_time": 1000.0, "time_unit": "us"}]})
PYTHON
}

goals() { python3 "$BENCH_SOURCE_DIR/goals.py" "$@"; }

setup_file() { BENCH_SOURCE_DIR=$BATS_TEST_DIRNAME; export BENCH_SOURCE_DIR; }

# FILE EXPRESSION: changes the results `d` of that file.
change() {
  python3 - "$BATS_TEST_TMPDIR/$1" "$2" <<'PYTHON'
import json, sys
path, change = sys.argv[1:]
d = json.load(open(path))
rows = {row["name"]: row for row in d.get("rows", [])}
exec(change)
json.dump(d, open(path, "w"))
PYTHON
}

@test "just reached is reached" {
  write_results "$BATS_TEST_TMPDIR"
  try goals "$BATS_TEST_TMPDIR"
  expect_status 0
  expect "$(grep -vc '^reached ' <<<"$output")" 0
  expect_match "$output" "*declared single producer, 64 B: >= 14 x the reference path: 14.00 x the reference path*"
  expect_match "$output" "*batches of 16, 64 B: faster than every peer of any kind: 1.01 x its speed (the fastest is fast)*"
}

@test "each goal is missed by its own figure, and the exit code stays 0" {
  while IFS='|' read -r file change missed; do
    write_results "$BATS_TEST_TMPDIR"
    change "$file" "$change"
    try goals "$BATS_TEST_TMPDIR"
    expect_status 0
    expect "$(grep '^not reached' <<<"$output" | sed 's/^not reached *//; s/: [0-9.]* .*//; s/: [0-9.]*%.*//')" "$missed"
  done <<'CASES'
peers-64.json|rows["slickq"]["delivered_per_s"]["median"] -= 1|single push and pop, 64 B: >= 2.5 x the reference path
peers-64.json|rows["slickq_zero_copy"]["delivered_per_s"]["median"] -= 1|read in place under backpressure, 64 B: >= 4 x the reference path
peers-64.json|rows["slickq_single"]["delivered_per_s"]["median"] -= 1|declared single producer, 64 B: >= 14 x the reference path
peers-64.json|rows["slickq_burst16"]["delivered_per_s"]["median"] -= 1|bursts of 16, 64 B: >= 15 x the reference path
peers-64.json|rows["slickq_batch16"]["delivered_per_s"]["median"] -= 1|batches of 16, 64 B: >= 15 x the reference path
peers-64.json|rows["spsc"]["delivered_per_s"]["median"] = 2.6e6|single push and pop, 64 B: faster than every peer that runs between processes, or lossy
peers-256.json|rows["slickq_burst16"]["delivered_per_s"]["median"] = 14.9e6|bursts of 16, 256 B: faster than every peer of any kind
peers-256.json|rows["slickq_batch16"]["bytes_per_s"] -= 1|batches of 16, 256 B: >= 70 % of the cross-core copy
pingpong.json|d["latency_ns"]["p50"] = 131|ping-pong, p50 one way: <= 1.3 x two bare lines
size-1024-1.json|d["delivered_per_s"]["median"] *= 1.1; open(path.replace("-1.json", "-2.json"), "w").write(json.dumps(d))|cost of a message, 2^10 to 2^22 slots: <= 2 x from least to greatest
micro.json|d["benchmarks"][0]["real_time"] = 1001.0|open and close of a 1 GiB queue: <= 1 ms
wake.json|d["idle"]["cpu_share"] = 0.0101|idle blocked consumer: <= 1 % of a core
wake.json|d["wake_ns"]["slickq"]["p99"] += 1|its wake-up by slickq, p99: <= 100 us
wake.json|d["wake_ns"]["original"]["p99"] += 1|its wake-up by an original, p99: <= 1.5 ms
operators.json|d["inspect"]["ms"] = 5.01|slickq inspect: <= 5 ms
operators.json|d["inspect"]["kib"] += 1|slickq inspect: <= 10 MB
operators.json|d["list"]["ms"] = 100.1|slickq list of 1000 queues: <= 100 ms
operators.json|d["daemon"]["cpu_share"] = 0.021|slickqd, 1000 queues each second: <= 2 % of a core
operators.json|d["daemon"]["kib"] += 1|slickqd, 1000 queues: <= 40 MB
operators.json|d["crowd"]["first_round_ms"] += 1|slickqd, first look at 10,000 files and 5,000 processes: <= 1 s
operators.json|d["crowd"]["dry_run_ms"] += 1|slickqd --dry-run among them: <= 1 s
operators.json|d["fast"]["cpu_share"] = 0.011|slickqd, a queue of 4M slots at 1 M messages/s: <= 1 % of a core
CASES
}

@test "what made the goal easier is told: a peer that was not here" {
  write_results "$BATS_TEST_TMPDIR"
  change peers-64.json 'd["skipped"] = [{"name": "zeromq", "reason": "x"}]'
  try goals "$BATS_TEST_TMPDIR"
  expect_match "$output" "*(the fastest is sofi; not here: zeromq)*"
}

@test "a figure that is missing is told, and the exit code is 1" {
  write_results "$BATS_TEST_TMPDIR"
  rm "$BATS_TEST_TMPDIR/pingpong.json"
  try goals "$BATS_TEST_TMPDIR"
  expect_status 1
  expect_match "$output" $'*not measured  ping-pong, p50 one way: <= 1.3 x two bare lines: pingpong.json: *'
  expect "$(grep -c '^not measured' <<<"$output")" 1
  write_results "$BATS_TEST_TMPDIR"
  change peers-64.json 'd["rows"] = [row for row in d["rows"] if row["name"] != "slickq_single"]'
  try goals "$BATS_TEST_TMPDIR"
  expect_status 1
  expect "$(grep '^not measured' <<<"$output")" \
    "not measured  declared single producer, 64 B: >= 14 x the reference path: peers-64.json: slickq_single did not run"
}

@test "of a short pass nothing is said but that it was measured" {
  write_results "$BATS_TEST_TMPDIR"
  try goals --short "$BATS_TEST_TMPDIR"
  expect_status 0
  expect "$(grep -vc '^measured ' <<<"$output")" 0
}
