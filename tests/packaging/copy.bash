# A copy of this machine that may be spoilt: an overlay on the root file system whose upper layer is memory, in a mount
# namespace of its own. Nothing of it is seen outside, and all of it is gone when its keeper ends.
bats_require_minimum_version 1.5.0

# Makes it, or says in $NO_COPY why that is impossible here.
make_copy() {
  export COPY="$BATS_FILE_TMPDIR/copy" KEEPER='' NO_COPY=''
  if ((EUID != 0)); then
    NO_COPY='needs root'
    return
  fi
  mkdir -p "$COPY"
  # The keeper says "ready" when its namespace is there.
  coproc keeper { exec unshare --mount --propagation private sh -c 'echo ready; exec sleep infinity' 3>&-; }
  KEEPER=$keeper_PID
  read -r _ <&"${keeper[0]}"
  if ! nsenter --mount --target "$KEEPER" sh -e -c '
      mount -t tmpfs copy "$1"
      mkdir "$1/upper" "$1/work" "$1/root"
      mount -t overlay copy -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
      mount --bind /proc "$1/root/proc"
      mount --rbind /dev "$1/root/dev"
      mount -t tmpfs -o mode=1777 shm "$1/root/dev/shm"
      mount -t tmpfs run "$1/root/run"' sh "$COPY" 2>"$BATS_FILE_TMPDIR/mount.log"; then
    NO_COPY="no overlay file systems here: $(cat "$BATS_FILE_TMPDIR/mount.log")"
  fi
}

end_copy() { [[ ! $KEEPER ]] || kill "$KEEPER"; }

# SCRIPT [ARGUMENTS...]: bash runs it in the copy, as root.
inside() {
  local script=$1
  shift
  nsenter --mount --target "$KEEPER" chroot "$COPY/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive bash -euo pipefail -c "$script" bash "$@" 3>&- </dev/null
}

# FILE: standard input becomes that file of the copy.
write_inside() { nsenter --mount --target "$KEEPER" tee "$COPY/root$1" >/dev/null; }

same() {  # ACTUAL EXPECTED
  [ "$1" = "$2" ] || { printf 'expected: %s\n     got: %s\n' "$2" "$1" >&2; return 1; }
}
