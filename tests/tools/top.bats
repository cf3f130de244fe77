# slickq top, in a terminal of its own: tmux, asked for what is on the screen.
load common

setup_file() {
  export LC_ALL=C.UTF-8
}

setup() {
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  pids=()
  socket=$SLICKQ_SHM_DIR/.tmux
}

teardown() {
  terminal kill-server 2>/dev/null || true
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$SLICKQ_SHM_DIR"
}

# Not descriptor 3: bats waits for all who have it.
terminal() { tmux -u -S "$socket" -f /dev/null "$@" 3>&-; }

# COLUMNS LINES COMMAND: in a shell that shows the exit code afterwards, and stays.
begin() {
  # The size and the settings of the terminal are told before and after.
  terminal new-session -d -x "$1" -y "$2" "stty -g >'$SLICKQ_SHM_DIR/.before'; $3; echo \"ended \$?\"
    stty -g >'$SLICKQ_SHM_DIR/.after'; touch '$SLICKQ_SHM_DIR/.ended'; exec sleep 1000"
  # The window goes where it is told, whatever shows it.
  terminal set-option -g window-size manual
}
begin_top() { begin "$1" "$2" "slickq top --interval 50ms ${*:3}" && wait_until shows "^sort: "; }

press() { terminal send-keys "$@"; }
screen() { terminal capture-pane -p; }
squeezed_screen() { screen | tr -s ' ' | sed 's/ $//'; }
shows() { squeezed_screen | grep -qE -- "$1"; }
shows_not() { ! shows "$1"; }
# The names in the order of their rows, on one line.
names() { screen | sed '1,3d;$d' | cut -d ' ' -f 1 | grep . | tr '\n' ' '; }
names_are() { [ "$(names)" = "$1" ]; }

# It ended with that exit code, gave back the screen, and the terminal is as it was.
ended_well() {  # STATUS
  wait_until test -e "$SLICKQ_SHM_DIR/.ended"
  expect "$(screen | grep -v '^$' | tail -n 1)" "ended $1"
  expect "$(<"$SLICKQ_SHM_DIR/.after")" "$(<"$SLICKQ_SHM_DIR/.before")"
  expect "$(terminal display-message -p '#{alternate_on} #{cursor_flag}')" "0 1"
}

three_queues() {
  make_queue alpha --size 8 --elem 8
  make_queue beta --size 16 --elem 8
  make_queue gamma --size 32 --elem 8
  slickq push -q alpha -m x --count 3
  slickq push -q beta -m x --count 1
  slickq push -q gamma -m x --count 2
}

@test "80x24: a table with headings, a trend, and a line of keys" {
  three_queues
  slickq cursor create alpha c --at begin >/dev/null
  begin_top 80 24
  wait_until shows '^alpha ▁+ 0 3 0 0 3 37.5 0 ok$'
  expect_match "$(squeezed_screen | sed -n 1p)" "3 queues 0/s every 50ms /dev/shm/slickq-test-*"
  expect "$(squeezed_screen | sed -n 2p)" "sort: rate falling"
  expect "$(squeezed_screen | sed -n 3p)" "name trend rate reserved gap holes lag lag% lost state"
  expect_match "$(squeezed_screen | tail -n 1)" "q quit h help *"
  press q
  ended_well 0
}

@test "40x12: the columns that matter most, and not one line too long" {
  three_queues
  begin_top 40 12
  expect "$(squeezed_screen | sed -n 3p)" "name rate gap lag% state"
  wait_until shows '^alpha 0 0 - ok$'
  expect "$(screen | wc -l)" 12
  press q
  ended_well 0
}

@test "the table follows the size of the terminal" {
  three_queues
  begin_top 80 24
  terminal resize-window -x 40 -y 12
  wait_until shows '^name rate gap lag% state$'
  expect "$(names)" "alpha beta gamma "
  expect_match "$(squeezed_screen | sed -n 12p)" "q quit *"
  terminal resize-window -x 150 -y 10
  wait_until shows '^name trend rate reserved published gap .*cursor .*lost/s state$'
  expect_match "$(squeezed_screen | sed -n 10p)" "q quit *"
  # Smaller than anything makes sense in.
  terminal resize-window -x 9 -y 2
  shrunk() { [ "$(screen | wc -l)" = 2 ] && [ "$(screen | sed -n 1p)" = "3 queues~" ]; }
  wait_until shrunk
  terminal resize-window -x 80 -y 24
  wait_until shows '^name trend rate reserved gap holes lag lag% lost state$'
  press q
  ended_well 0
}

@test "sorting by keys, reversing, and --sort" {
  three_queues
  begin_top 80 24 --sort name
  wait_until names_are "alpha beta gamma "
  press v
  wait_until names_are "alpha gamma beta "
  expect "$(squeezed_screen | sed -n 2p)" "sort: reserved falling"
  press R
  wait_until names_are "beta gamma alpha "
  press '<' '<' '<'
  wait_until shows '^sort: state rising$'
  press Right
  wait_until shows '^sort: name rising$'
  press R
  wait_until names_are "gamma beta alpha "
  press C-c
  ended_well 0
}

@test "a filter is typed, kept and cleared, and given by --filter" {
  three_queues
  begin_top 80 24 --filter ET
  wait_until names_are "beta "
  shows '^1 of 3 queues '
  press Escape
  wait_until names_are "alpha beta gamma "
  press / m q
  wait_until shows '^filter: mq_$'
  wait_until shows "^no queue's name holds"
  press BSpace Enter
  wait_until names_are "gamma "
  wait_until shows '^sort: rate falling filter: m$'
  press q
  ended_well 0
}

@test "queues appear and vanish; a pause keeps the screen as it is" {
  begin_top 80 24
  wait_until shows '^no queues in /dev/shm/slickq-test-'
  make_queue comes --size 8 --elem 8
  wait_until names_are "comes "
  press Space
  wait_until shows '^PAUSED'
  make_queue later --size 8 --elem 8
  slickq push -q comes -m x
  # Long enough for many rounds: another one, begun later, has shown it.
  slickq watch later --count 5 --interval 50ms >/dev/null
  expect "$(names)" "comes "
  shows '^comes .* 0 0 0 - - 0 ok$'
  press Space
  wait_until names_are "comes later "
  wait_until shows '^comes .* 1 0 0 - - 0 ok$'
  rm "$SLICKQ_SHM_DIR/comes"
  wait_until names_are "later "
  press q
  ended_well 0
}

@test "rates and their trend are live, and what is lost is an alarm" {
  make_queue q --size 64 --elem 8
  slickq cursor create q c >/dev/null
  begin_top 80 24
  slickq push q -m x --count 100000000 --rate 5000 &
  pids+=($!)
  wait_until shows '^q .*[▂▃▄▅▆▇█].* [1-9][0-9.]*K? .*overrun$'
  press q
  ended_well 0
}

@test "help, and the interval by keys" {
  begin_top 80 30
  press h
  wait_until shows '^q, Ctrl-C quit$'
  shows '^% lag%$'
  press x
  wait_until shows '^sort: rate falling$'
  press + +
  wait_until shows ' every 200ms '
  press -
  wait_until shows ' every 100ms '
  press q
  ended_well 0
}

@test "more queues than lines are scrolled" {
  for k in 1 2 3 4 5 6 7 8 9; do make_queue "q$k" --size 8 --elem 8; done
  begin_top 60 8 --sort name
  wait_until names_are "q1 q2 q3 q4 "
  press Down
  wait_until names_are "q2 q3 q4 q5 "
  press NPage
  wait_until names_are "q6 q7 q8 q9 "
  press Home
  wait_until names_are "q1 q2 q3 q4 "
  press q
  ended_well 0
}

@test "names that are long, of other alphabets, or not UTF-8, each in one line" {
  long=$(printf 'x%.0s' {1..255})
  make_queue "$long" --size 8 --elem 8
  make_queue trädes-日本語 --size 8 --elem 8
  make_queue trade --size 8 --elem 8
  mv "$SLICKQ_SHM_DIR/trade" "$SLICKQ_SHM_DIR/bro"$'\xff'ken
  begin_top 40 12 --sort name
  wait_until shows '^bro\?ken 0 0 - ok$'
  wait_until shows '^trädes-~ 0 0 - ok$'
  wait_until shows '^xxxxxxxx~ 0 0 - ok$'
  # The columns stand one below the other, however many bytes and columns a letter has.
  terminal resize-window -x 42 -y 12
  wait_until shows '^trädes-日~ 0 0 - ok$'
  expect "$(screen | sed -n '4,6p' | sed -E 's/^[^ ]+//; s/0 .*/0/')" $'           0\n        0\n       0'
  press q
  ended_well 0
}

@test "without UTF-8 everything is ASCII" {
  make_queue trädes --size 8 --elem 8
  begin 80 24 "LC_ALL=C slickq top --interval 50ms"
  wait_until shows '^tr\?des _+ 0 0 0 0 - - 0 ok$'
  [[ "$(screen)" != *[^[:ascii:]]* ]]
  press q
  ended_well 0
}

@test "SIGTERM, SIGHUP and SIGQUIT give the terminal back" {
  make_queue q --size 8 --elem 8
  for signal in TERM HUP QUIT; do
    rm -f "$SLICKQ_SHM_DIR/.ended"
    # A server of its own: the one before may still be about to go, and would take the new client with it.
    socket=$SLICKQ_SHM_DIR/.tmux-$signal
    begin 80 24 "sh -c 'echo \$\$ >\"$SLICKQ_SHM_DIR/.pid\"; exec slickq top'"
    wait_until shows '^sort: rate falling$'
    kill "-$signal" "$(<"$SLICKQ_SHM_DIR/.pid")"
    ended_well 0
    terminal kill-server
  done
}

@test "a terminal that nobody can draw on is an error with its remedy, and left alone" {
  begin 80 24 "TERM=no-such-terminal slickq top"
  ended_well 1
  shows "^slickq: top: TERM: 'no-such-terminal' is no terminal that can be drawn on$"
  shows '^ set TERM, for example to xterm; or: slickq watch$'
  for name in dumb ''; do
    try script -qec "TERM=$name slickq top --color never" /dev/null </dev/null
    expect_status 1
    expect_match "$output" "slickq: top: TERM: *slickq watch*"
    [[ "${output//$'\e'[[]*m/}" != *$'\e'* ]]
  done
}

@test "without a terminal, or with mistakes, it is a usage error" {
  try slickq top
  expect_error 2 $'slickq: top: standard output: is not a terminal\n  for pipes and files: slickq watch'
  try script -qec 'slickq top --color never </dev/null' /dev/null
  expect_status 2
  expect_match "$output" "slickq: top: standard input: is not a terminal*slickq watch*"
  try slickq top --json
  expect_error 2 $'slickq: top: --json: is not for a full screen\n  lines of JSON: slickq watch --json'
  try slickq top --sort rat
  expect_error 2 $'slickq: top: --sort: \'rat\' is not a column; columns are name,rate,*\n  did you mean rate?'
  try slickq top --interval 5ms
  expect_error 2 "slickq: top: --interval: '5ms' is not an interval: 10ms is the shortest"
  try slickq top q
  expect_error 2 "slickq: top: q: one argument too many*"
  try script -qec 'slickq top --shm-dir /nonexistent/shm --color never' /dev/null
  expect_status 3
  expect_match "$output" "slickq: top: /nonexistent/shm: *"
}

@test "who looks does not hold: a queue can be removed meanwhile" {
  make_queue q --size 8 --elem 8
  begin_top 80 24
  wait_until names_are "q "
  removed() { slickq unlink q >/dev/null 2>&1; }
  wait_until removed  # refused in just the moment of a round
  wait_until shows '^no queues in '
  press q
  ended_well 0
}
