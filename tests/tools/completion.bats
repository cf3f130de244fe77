# slickq completion: what the scripts of bash, zsh and fish offer, asked through the shells themselves.
load common

# SHELL WORD...: what the shell offers for the last word, sorted, one a line.
offers() {
  local shell=$1
  shift
  cd "$BATS_TEST_TMPDIR" || return 1  # bash offers the files here, too
  case $shell in
    bash)
      bash -c 'eval "$(slickq completion bash)"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _slickq; printf "%s\n" "${COMPREPLY[@]}"' bash slickq "$@" ;;
    fish) fish --no-config -c 'slickq completion fish | source; complete -C "$argv" | cut -f 1' slickq "$@" ;;
    zsh) zsh -f "$BATS_TEST_DIRNAME/complete.zsh" slickq "$@" ;;
  esac | sort
}

everywhere() {  # EXPECTED WORD...
  local expected=$1 shell
  shift
  for shell in bash fish zsh; do
    expect "$shell: $(offers "$shell" "$@")" "$shell: $expected"
  done
}

@test "verbs, and the second words of those that have two" {
  everywhere $'check\ncompletion\ncreate\ncursor' c
  everywhere $'remove' cursor r
  everywhere $'cursor' cu
}

@test "flags of the verb, and the values they take" {
  everywhere --layout create --la
  everywhere $'packed\nslq0\nslq1\nwide' create --layout ""
  everywhere $'flood\npaced\npingpong\nrate\nreference' bench --mode ""
  everywhere $'always\nauto' list --color a
  everywhere $'--shm-dir' list --sh
  everywhere $'lag\nlag%' top --sort la
}

@test "queues and cursors that are there" {
  make_queue ticks --size 8 --elem 8
  make_queue trades --size 8 --elem 8
  slickq cursor create ticks strategy >/dev/null
  slickq cursor create trades other >/dev/null
  everywhere $'ticks\ntrades' inspect t
  everywhere trades tail -f tr
  everywhere strategy pop ticks --cursor ""
  everywhere strategy cursor show ticks ""
  everywhere $'ticks\nticks@strategy' unlink ti
  everywhere $'trades\ntrades@other' unlink ticks tr
  everywhere "" create t
}

@test "queues of the directory that the command line names" {
  mkdir "$SLICKQ_SHM_DIR/other"
  slickq --shm-dir "$SLICKQ_SHM_DIR/other" create elsewhere --size 8 --elem 8 >/dev/null
  everywhere elsewhere --shm-dir "$SLICKQ_SHM_DIR/other" inspect e
  everywhere elsewhere inspect --shm-dir "$SLICKQ_SHM_DIR/other" e
}

@test "files where a file may stand" {
  cd "$BATS_TEST_TMPDIR"
  touch 'a file.bin'
  expect "$(offers bash inspect --file a)" 'a file.bin'
  expect "$(offers zsh inspect --file a)" 'a file.bin'
  expect_match "$(offers fish inspect --file a)" 'a*file.bin'
  make_queue a-queue --size 8 --elem 8
  expect "$(offers bash inspect a)" $'a file.bin\na-queue'
}

@test "a command line with mistakes gets nothing, and no error" {
  everywhere "" nonsense x
  everywhere "" inspect --no-such-flag=
  try slickq completion words -- nonsense ""
  expect_status 0
  expect "$stderr" ""
  SLICKQ_SHM_DIR=$SLICKQ_SHM_DIR/none everywhere "" inspect t
}

@test "every verb and every flag of --help is offered" {
  while read -r verb; do
    # shellcheck disable=SC2086
    told=$(slickq $verb --help | grep -oE '^  (-[a-z], )?--[a-z-]+' | grep -oE '(^|[ ,])--?[a-z-]+' | tr -d ' ,' | sort -u)
    # shellcheck disable=SC2086
    offered=$({ slickq completion words -- $verb --; slickq completion words -- $verb -; } | cut -f 1 | sort -u)
    expect "$verb: $(comm -23 <(echo "$told") <(echo "$offered"))" "$verb: "
  done < <(slickq --help | sed -n 's/^  \([a-z][a-z ]*[a-z]\) .*/\1/p' | sed 's/  .*//' | grep -v '^with')
}

@test "an unknown shell is a usage error" {
  try slickq completion tcsh
  expect_error 2 "slickq: completion: tcsh: not a shell we know*bash, zsh, fish"
}
