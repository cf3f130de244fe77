# The Debian packages, as an administrator meets them: installed, upgraded, removed and purged in a copy of this
# machine (copy.bash). systemd is played by a script that notes how it was called.
# Needs BUILD_DIR, the build that is packed. The tests are steps of one story, in this order.
load copy

UNIT=/etc/systemd/system/multi-user.target.wants/slickqd.service

setup_file() {
  export PACKAGES="$BATS_FILE_TMPDIR/packages"
  (cd "$BUILD_DIR" && cpack -G DEB -B "$PACKAGES") >"$BATS_FILE_TMPDIR/cpack.log" 2>&1 ||
    { cat "$BATS_FILE_TMPDIR/cpack.log" >&2; return 1; }
  make_copy
  [[ ! $NO_COPY ]] || return 0
  put_packages
  inside 'mv /usr/bin/systemctl /usr/bin/systemctl.real'
  write_inside /usr/bin/systemctl <<'END'
#!/bin/sh
case "$*" in
  --root=*) exec systemctl.real "$@" ;;
  *is-enabled*) exec systemctl.real --root=/ is-enabled slickqd.service ;;
  *is-active*) exit 3 ;;
  *) echo "$*" >>/run/calls ;;
esac
END
  inside 'chmod 755 /usr/bin/systemctl'
  # A queue that is in use while packages come and go, by programs that slickqd knows nothing of.
  inside 'mkdir -p /run/systemd/system
    rm -f /usr/sbin/policy-rc.d
    "$1" create kept --size 8 --elem 8 -q
    "$1" push kept -m before -q
    stat -c "%i %y %Y" /dev/shm/kept >/run/kept; sha256sum /dev/shm/kept >>/run/kept' "$BUILD_DIR/bin/slickq"
}

teardown_file() { end_copy; }

setup() { [[ ! $NO_COPY || $BATS_TEST_DESCRIPTION == "outside: "* ]] || skip "$NO_COPY"; }

put_packages() { nsenter --mount --target "$KEEPER" cp -r "$PACKAGES" "$COPY/root/var/cache/"; }

# What systemctl was told since the last time, in one line.
calls() { inside 'sed "s/--system *//; s/--quiet *//" /run/calls 2>/dev/null | paste -sd ";"; rm -f /run/calls'; }

untouched() { inside 'diff /run/kept <(stat -c "%i %y %Y" /dev/shm/kept; sha256sum /dev/shm/kept)'; }

# REVISION SCRIPT: packages of that revision, slickqd's after SCRIPT ran in its files.
make_revision() {
  local package tree="$BATS_TEST_TMPDIR/tree" script=$2
  for package in slickq slickqd; do
    rm -rf "$tree"
    dpkg-deb -R "$PACKAGES"/${package}_*-1_*.deb "$tree"
    sed -i -E "s/^(Version: .*|Depends: slickq \(= [^)]*)-1/\1-$1/" "$tree/DEBIAN/control"
    [[ $package == slickq ]] || (cd "$tree" && eval "$script")
    dpkg-deb -Znone -b "$tree" "$PACKAGES" >/dev/null
  done
  put_packages
}

install_revision() {  # REVISION [DPKG-OPTION...]
  local revision=$1
  shift
  inside 'revision=$1; shift
    dpkg --no-triggers "$@" -i /var/cache/packages/{slickq,slickqd}_*-"$revision"_*.deb' "$revision" "$@"
}

@test "outside: five packages, each file in the one it belongs to" {
  same "$(cd "$PACKAGES" && echo *.deb | sed -E 's/_[0-9.]+-1_[a-z0-9]+\.deb//g')" "libslickq-dev libslickq1 slickq-bridge slickq slickqd"
  files() { dpkg-deb -c "$PACKAGES/$1"_*.deb | awk '$1 !~ /^d/ { print $6 }' | grep -v '/doc/.*/\(changelog\|copyright\)'; }
  same "$(files slickq | grep '/slickq/schema/' | xargs -n 1 basename | sort)" "$(cd "$SOURCE_DIR/config/schema" && printf '%s\n' * | sort)"
  same "$(files slickq | grep -v '/slickq/schema/')" "$(printf '%s\n' ./usr/bin/slickq \
    ./usr/share/bash-completion/completions/slickq ./usr/share/fish/vendor_completions.d/slickq.fish \
    ./usr/share/lintian/overrides/slickq ./usr/share/man/man1/slickq.1.gz ./usr/share/man/man7/slickq-cookbook.7.gz \
    ./usr/share/man/man7/slickq-layout.7.gz \
    ./usr/share/zsh/vendor-completions/_slickq)"
  same "$(files slickqd | grep -v /examples/)" "$(printf '%s\n' ./etc/slickq/slickqd.json \
    ./usr/lib/systemd/system/slickqd.service ./usr/lib/sysusers.d/slickqd.conf ./usr/sbin/slickqd \
    ./usr/share/man/man5/slickqd.json.5.gz ./usr/share/man/man8/slickqd.8.gz)"
  same "$(files slickq-bridge)" "$(printf '%s\n' ./usr/bin/slickq-bridge ./usr/lib/systemd/system/slickq-bridge@.service \
    ./usr/lib/sysusers.d/slickq-bridge.conf ./usr/share/man/man1/slickq-bridge.1.gz)"
  files slickqd | grep -q examples/slickqd.example.json
  same "$(files libslickq1 | sed 's|./usr/lib/[^ ]*-linux-gnu/|./usr/lib/|')" "$(printf '%s\n' ./usr/lib/libslickq.so.1 \
    ./usr/lib/libslickq.so.1.0.0 ./usr/share/lintian/overrides/libslickq1)"
  for file in include/slickq/slickq.hpp include/slickq/slickq.h include/slick/queue.h '*/libslickq-core.a' '*/libslickq.so' \
    '*/slickqConfig.cmake' '*/slick-queueConfig.cmake' '*/slickq.pc' '*/slickq-c.pc'; do
    # shellcheck disable=SC2053  # the right side is a pattern
    files libslickq-dev | while read -r found; do [[ $found == ./usr/$file ]] && break; done || { echo "$file" >&2; false; }
  done
}

@test "outside: versions and dependencies" {
  version=$("$BUILD_DIR/bin/slickq" --version | cut -d ' ' -f 2)-1
  field() { dpkg-deb -f "$PACKAGES/$1"_*.deb "$2"; }
  for package in slickq slickq-bridge slickqd libslickq1 libslickq-dev; do
    same "$(field $package Version)" "$version"
    same "$(field $package Description | head -n 1 | grep -c '^[a-z]')" 1
  done
  for library in libc6 libstdc++6 libfmt9; do
    grep -qF "$library (>=" <<<"$(field slickqd Depends)"
  done
  # The command starts thousands of times in scripts: with the C library alone.
  grep -qE '^libc6 \(>= [^,]*$' <<<"$(field slickq Depends)"
  grep -qF "slickq (= $version)" <<<"$(field slickqd Depends)"
  # The client library of NATS is the bridge's alone.
  for package in slickq slickqd libslickq1; do run ! grep -q libnats <<<"$(field $package Depends)"; done
  grep -q libnats <<<"$(field slickq-bridge Depends)"
  same "$(field libslickq-dev Depends)" "libslickq1 (= $version)"
  same "$(field libslickq1 Depends | tr ',' '\n' | sed -E 's/^ *([^ ]*).*/\1/' | paste -sd ' ')" "libc6 libgcc-s1 libstdc++6"
  # What other packages that are linked with it will depend on, and that the loader hears of it.
  control() { dpkg-deb -I "$PACKAGES/libslickq1"_*.deb "$1"; }
  same "$(control shlibs)" "libslickq 1 libslickq1 (>= $version)"
  same "$(control triggers)" "activate-noawait ldconfig"
}

@test "outside: lintian finds nothing" {
  command -v lintian >/dev/null || skip "no lintian here"
  # Nothing is uploaded to Debian; and only scripts/package builds for Debian's library directory.
  run lintian --allow-root --suppress-tags initial-upload-closes-no-bugs,pkg-config-unavailable-for-cross-compilation \
    "$PACKAGES"/*.deb
  same "$(grep '^[EW]:' <<<"$output")" ""
}

@test "installing puts everything in place, makes the user, enables and starts the service" {
  inside 'dpkg --no-triggers -i /var/cache/packages/*-1_*.deb'
  same "$(calls)" "daemon-reload;daemon-reload;start slickqd.service"
  inside 'slickq --version; slickqd --version; pkg-config --exists slickq slickq-c
    slickqd --check-config
    for page in slickq.1 slickq-layout.7 slickq-cookbook.7 slickqd.8 slickqd.json.5; do man -w "${page##*.}" "${page%.*}"; done'
  inside "test -L $UNIT"
  same "$(inside 'getent passwd slickq | cut -d : -f 1,6,7')" "slickq:/:/usr/sbin/nologin"
  same "$(inside "dpkg-query -W -f '\${Conffiles}' slickqd" | awk 'NF { print $1 }')" /etc/slickq/slickqd.json
  same "$(inside 'stat -c "%U:%G %a" /etc/slickq/slickqd.json')" "root:root 644"
  untouched
}

@test "a C program is compiled and runs with the installed library" {
  nsenter --mount --target "$KEEPER" cp "$SOURCE_DIR/tests/install/in_c/main.c" "$COPY/root/var/cache/"
  # shellcheck disable=SC2016  # the words are the copy's
  same "$(inside 'cd /var/cache; cc -std=c99 main.c $(pkg-config --cflags --libs slickq-c) -o program; ldconfig; ./program')" \
    "slickq $("$BUILD_DIR/bin/slickq" --version | cut -d ' ' -f 2), interface 1: 42"
}

@test "systemd finds nothing wrong with the installed unit" {
  same "$(inside 'systemd-analyze verify --man=yes /usr/lib/systemd/system/slickqd.service 2>&1' 2>&1)" ""
}

@test "the service runs with the configuration of the package, and reloads it as the unit says" {
  inside 'mkdir /run/slickq; chown slickq:slickq /run/slickq
    unit=/usr/lib/systemd/system/slickqd.service
    value() { sed -n "s/^$1=//p" "$unit"; }
    as_slickq=(setpriv --reuid slickq --regid slickq --clear-groups)
    # shellcheck disable=SC2046  # command lines are words
    "${as_slickq[@]}" $(value ExecStart) >/run/log 2>&1 &
    daemon=$!
    trap "kill $daemon 2>/dev/null || true" EXIT
    for try in {1..1500}; do [ -S /run/slickq/slickqd.sock ] && break; sleep 0.02; done
    slickq daemon status
    "${as_slickq[@]}" $(value ExecReload)
    [ "$(stat -c "%U:%G %a" /run/slickq/slickqd.sock)" = "slickq:slickq 660" ]
    kill $daemon; wait $daemon' || { inside 'cat /run/log'; false; }
  untouched
}

@test "an upgrade restarts the service and keeps what the administrator changed, without asking" {
  inside "sed -i 's|^{|{ \"log\": {\"level\": \"warn\"},|' /etc/slickq/slickqd.json; slickqd --check-config; mkdir -p /var/lib/slickq"
  make_revision 2 true
  install_revision 2
  same "$(calls)" "daemon-reload;restart slickqd.service"
  inside 'grep -q warn /etc/slickq/slickqd.json'
  untouched
}

@test "an upgrade whose configuration is another one lays it beside the administrator's" {
  make_revision 3 'echo "// newer" >>etc/slickq/slickqd.json'
  install_revision 3 --force-confold
  inside 'grep -q warn /etc/slickq/slickqd.json; [ "$(grep -c newer /etc/slickq/slickqd.json)" = 0 ]
    grep -q newer /etc/slickq/slickqd.json.dpkg-dist'
  calls >/dev/null
}

@test "a service that the administrator disabled stays disabled and is not started" {
  inside "rm $UNIT"
  make_revision 4 'echo "// newer" >>etc/slickq/slickqd.json'
  install_revision 4
  same "$(calls)" daemon-reload
  inside "[ ! -L $UNIT ]"
}

@test "removing stops the service and keeps the configuration" {
  inside 'dpkg --no-triggers -r slickqd slickq libslickq-dev libslickq1'
  same "$(calls)" "stop slickqd.service;daemon-reload"
  inside '[ ! -e /usr/sbin/slickqd ]; grep -q warn /etc/slickq/slickqd.json'
  untouched
}

@test "installed again it has that configuration still; policy-rc.d decides whether it is started" {
  write_inside /usr/sbin/policy-rc.d <<<$'#!/bin/sh\nexit 101'
  inside 'chmod 755 /usr/sbin/policy-rc.d'
  install_revision 4
  same "$(calls)" daemon-reload
  inside 'rm /usr/sbin/policy-rc.d; grep -q warn /etc/slickq/slickqd.json'
}

@test "purging takes configuration and state, but neither queues nor the user that owns them" {
  inside 'dpkg --no-triggers -P slickqd slickq'
  inside "for gone in /etc/slickq /var/lib/slickq /run/slickq /usr/share/doc/slickqd $UNIT; do
      [ ! -e \$gone ] || { echo \$gone; exit 1; }
    done
    [ ! -e /var/lib/systemd/deb-systemd-helper-enabled/slickqd.service.dsh-also ]
    getent passwd slickq >/dev/null"
  untouched
}
