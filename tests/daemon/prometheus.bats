# What slickqd says, and what is made for it, in front of the real tools: promtool, and a Prometheus that scrapes it.
# Needs SLICKQ_BIN_DIR, TEST_BIN_DIR (stuck_producer) and SOURCE_DIR.
load ../tools/common

RULES=$SOURCE_DIR/config/prometheus/alerts.yml
DASHBOARD=$SOURCE_DIR/config/grafana/slickq.json

promql() { python3 "$SOURCE_DIR/tests/daemon/promql.py" "$@"; }

# COMMAND...: in the background, until the test ends, however it ends.
beside() {
  (exec setpriv --pdeathsig KILL "$@") 3>&- &
  pids+=($!)
}

# A queue with traffic that a cursor does not follow, one with a hole, an orphan: something in every family.
start_slickqd() {
  port=$(promql free-port)
  cat >"$BATS_TEST_TMPDIR/slickqd.json" <<END
{ "shm_dir": "$SLICKQ_SHM_DIR", "monitor": {"interval": "100ms"},
  "queues": [ {"name": "flow", "size": 64, "elem": 16, "cursors": ["slow"]},
              {"name": "stuck", "size": 64, "elem": 16, "stall": {"after": "100ms"}} ],
  "orphans": {"match": ["job-*"], "grace": "100ms"},
  "metrics": {"listen": "127.0.0.1:$port"},
  "control": {"socket": "$BATS_TEST_TMPDIR/slickqd.sock"} }
END
  make_queue job-1 --size 8 --elem 8
  beside slickqd --config "$BATS_TEST_TMPDIR/slickqd.json" >"$BATS_TEST_TMPDIR/slickqd.log" 2>&1
  wait_until test -e "$SLICKQ_SHM_DIR/stuck"
  beside slickq push flow -m x --count 1000000 --rate 200 -q >"$BATS_TEST_TMPDIR/push.log" 2>&1
  beside "$TEST_BIN_DIR/stuck_producer" stuck 3 >"$BATS_TEST_TMPDIR/stuck.log"
  promql get "http://127.0.0.1:$port/metrics" >"$BATS_TEST_TMPDIR/metrics"
}

start_prometheus() {
  prometheus_port=$(promql free-port)
  prometheus_url=http://127.0.0.1:$prometheus_port
  cat >"$BATS_TEST_TMPDIR/prometheus.yml" <<END
global: {scrape_interval: 250ms, evaluation_interval: 1s}
rule_files: ["$RULES"]
scrape_configs:
  - job_name: slickqd
    static_configs: [{targets: ["127.0.0.1:$port"]}]
END
  beside prometheus --config.file="$BATS_TEST_TMPDIR/prometheus.yml" --storage.tsdb.path="$BATS_TEST_TMPDIR/tsdb" \
    --web.listen-address="127.0.0.1:$prometheus_port" --log.level=warn >"$BATS_TEST_TMPDIR/prometheus.log" 2>&1
  promql get "$prometheus_url/-/ready"
}

@test "promtool finds nothing to say about the metrics" {
  start_slickqd
  try promtool check metrics <"$BATS_TEST_TMPDIR/metrics"
  expect "$output$stderr" ""
  expect_status 0
}

@test "promtool accepts the rules, and each alert fires when it should and only then" {
  promtool check rules "$RULES"
  promtool test rules "${RULES%.yml}.test.yml"
}

@test "every metric of the dashboard and the rules is in the answer of a running slickqd" {
  start_slickqd
  expect "$(promql unknown "$BATS_TEST_TMPDIR/metrics" "$DASHBOARD" "$RULES")" ""
  # The test can fail.
  sed 's/^slickq_queue_holders/slickq_queue_keepers/' "$BATS_TEST_TMPDIR/metrics" >"$BATS_TEST_TMPDIR/other"
  try promql unknown "$BATS_TEST_TMPDIR/other" "$DASHBOARD" "$RULES"
  expect_status 1
  expect_match "$output" "slickq_queue_holders: *"
}

@test "the dashboard's panels lie beside each other, and say what they show" {
  expect "$(promql layout "$DASHBOARD")" ""
}

@test "a real Prometheus scrapes it: every expression of the dashboard returns data, every rule is evaluated" {
  start_slickqd
  start_prometheus
  expect "$(promql empty "$prometheus_url" "$DASHBOARD")" ""
  expect "$(promql rules "$prometheus_url")" ""
  expect_match "$(promql summary "$prometheus_url" SlickqConsumerLosing)" \
    "slow of flow lost [1-9]* elements in 5 minutes"
}
