# What libslickq.so.1 shows the world: the calls of its header, in both directions, and what it needs. Needs LIBRARY,
# HEADER and MAP.
bats_require_minimum_version 1.5.0

same() {  # ACTUAL EXPECTED
  [ "$1" = "$2" ] || { diff <(echo "$2") <(echo "$1") >&2; return 1; }
}

declared() { sed -nE '/^SLICKQ_API/s/.*[ *](slickq_[a-z_]+)\(.*/\1/p' "$HEADER" | sort; }
exported() { nm -D --defined-only "$LIBRARY" | awk '$2 != "A" { print $3 }' | sort; }

@test "every declared call is exported with its version, and nothing else is" {
  [ "$(declared | wc -l)" -gt 40 ]
  same "$(exported)" "$(declared | sed 's/$/@@SLICKQ_1/')"
}

@test "every call of the header is declared for export" {
  same "$(grep -oE '\bslickq_[a-z_]+\(' "$HEADER" | grep -vE 'slickq_visit\(' | tr -d '(' | sort -u)" "$(declared)"
}

@test "every declaration says what threads may do, but those that close" {
  # The comment that stands before it, or before the comment that does.
  run awk '/^\/\*/ { comment = "" } { comment = comment $0 }
    /^SLICKQ_API/ { if (comment !~ /\[(any|owner)\]/ && $0 !~ /_close\(/) print; comment = "" }' "$HEADER"
  same "$output" ""
}

@test "the version script names the same calls" {
  same "$(sed -nE 's/^ +(slickq_[a-z_]+);$/\1/p' "$MAP" | sort)" "$(declared)"
}

@test "the library is found as libslickq.so.1 and needs no more than the C++ runtime" {
  same "$(readelf -d "$LIBRARY" | sed -nE 's/.*SONAME.*\[(.*)\]/\1/p')" libslickq.so.1
  run -0 readelf -d "$LIBRARY"
  needed=$(sed -nE 's/.*NEEDED.*\[(.*)\]/\1/p' <<<"$output" | grep -vE '^(libstdc\+\+|libgcc_s|libc|libm|ld-linux.*|lib(a|ub|t)san)\.so' || true)
  same "$needed" ""
}

@test "the header is C99, C11, C23 and C++, without a warning" {
  echo '#include <slickq/slickq.h>' >"$BATS_TEST_TMPDIR/only.c"
  for standard in c99 c11 c2x; do
    cc -std=$standard -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$(dirname "$HEADER")/.." "$BATS_TEST_TMPDIR/only.c"
  done
  for standard in c++11 c++20; do
    c++ -std=$standard -Wall -Wextra -Wpedantic -Wold-style-cast -Werror -fsyntax-only -x c++ \
      -I"$(dirname "$HEADER")/.." "$BATS_TEST_TMPDIR/only.c"
  done
}

@test "structs keep their sizes and the offsets of their members" {
  # What programs were compiled with. A member that is added at the end of options or facts adds a line.
  cat >"$BATS_TEST_TMPDIR/sizes.c" <<'END'
#include <slickq/slickq.h>
#define SIZE(type, bytes) typedef char size_of_##type[sizeof(type) == bytes ? 1 : -1]
#define AT(type, member, offset) typedef char offset_of_##type##_##member[offsetof(type, member) == offset ? 1 : -1]
SIZE(slickq_queue_options, 56);     AT(slickq_queue_options, layout, 40);     AT(slickq_queue_options, must_be_zero, 52);
SIZE(slickq_open_options, 24);      AT(slickq_open_options, access, 16);      AT(slickq_open_options, flags, 20);
SIZE(slickq_unlink_options, 32);    AT(slickq_unlink_options, inode, 16);     AT(slickq_unlink_options, dry_run, 28);
SIZE(slickq_cursor_options, 24);    AT(slickq_cursor_options, mode, 16);      AT(slickq_cursor_options, flags, 20);
SIZE(slickq_producer_options, 48);  AT(slickq_producer_options, mode, 40);    AT(slickq_producer_options, wait, 44);
SIZE(slickq_consumer_options, 40);  AT(slickq_consumer_options, start, 24);   AT(slickq_consumer_options, must_be_zero, 36);
SIZE(slickq_queue_info, 80);        AT(slickq_queue_info, capacity, 24);      AT(slickq_queue_info, has_journal, 76);
SIZE(slickq_producer_info, 48);     AT(slickq_producer_info, detours, 32);    AT(slickq_producer_info, is_engaged, 44);
SIZE(slickq_consumer_info, 32);     AT(slickq_consumer_info, cursor, 8);      AT(slickq_consumer_info, skipped_elements, 24);
SIZE(slickq_inspection, 144);       AT(slickq_inspection, reserved, 56);      AT(slickq_inspection, proof, 140);
SIZE(slickq_item, 56);              AT(slickq_item, lost, 24);                AT(slickq_item, skipped, 48);
SIZE(slickq_batch_item, 32);        AT(slickq_batch_item, data, 8);           AT(slickq_batch_item, count, 24);
SIZE(slickq_status, 4);
END
  cc -std=c99 -fsyntax-only -I"$(dirname "$HEADER")/.." "$BATS_TEST_TMPDIR/sizes.c"
}
