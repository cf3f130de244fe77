# WORD...: what zsh offers for the last word of the command line, one a line. The completion system needs a terminal, so it
# runs in one of its own; what it would list is caught where it is added, and the word itself stays as it is.
zmodload zsh/zpty
setup=$(mktemp)
{
  print 'autoload -Uz compinit && compinit -D -u; PS1=; unset zle_bracketed_paste'
  slickq completion zsh
  cat <<'SETUP'
compadd() {
  local -a matches
  builtin compadd -O matches "$@"
  caught+=("${(@Q)matches}")
}
offer() {
  local -aU caught  # some functions of zsh add the same words twice, to measure them first
  _main_complete
  print -r -- "<BEGIN>"
  print -rl -- "${caught[@]}"
  print -r -- "<END>"
}
zle -C offer complete-word offer
bindkey '^X' offer
print -r -- "<READY>"
SETUP
} >$setup
zpty shell zsh -f -i
zpty -w shell "source $setup"
zpty -r -m shell text '*<READY>*'
line="${(j: :)${(@q-)@[1,-2]}} ${@[-1]}"
zpty -w -n shell "$line"$'\x18'
zpty -r -m shell text '*<END>*'
zpty -d shell
rm -f $setup
print -r -- "${${text##*<BEGIN>}%%<END>*}" | tr -d '\r' | sed '/^$/d'
