#include <stdint.h>
#include <unistd.h>

#include "check.h"

static void a_queue_is_inspected(void) {
  begin("everything about a queue is told");
  slickq_queue* queue = created("q");
  slickq_producer* producer = producer_of(queue);
  push_numbers(producer, 0, 3);
  void* data;
  uint64_t index;
  EXPECT(SLICKQ_OK, slickq_reserve(producer, 2, &data, &index));
  slickq_inspection seen = {.struct_size = sizeof seen};
  EXPECT(SLICKQ_OK, slickq_inspect("q", NULL, &seen));
  CHECK(seen.capacity == CAPACITY && seen.element_size == ELEMENT && seen.items_per_slot == 1);
  CHECK(seen.layout == SLICKQ_LAYOUT_SLQ1 && seen.mode == 0600 && seen.owner == geteuid());
  CHECK(seen.segment_bytes > CAPACITY * ELEMENT && seen.inode != 0 && seen.resident_bytes > 0);
  CHECK(seen.reserved == 5 && seen.published == 3 && seen.oldest == 0 && seen.last_published == 2);
  CHECK(seen.unpublished == 2 && seen.holes == 1 && seen.first_hole == 3 && seen.is_consistent);
  CHECK(!seen.is_held && seen.holders == 0); /* this process never counts */
  EXPECT(SLICKQ_OK, slickq_publish(producer, 0));
  EXPECT(SLICKQ_OK, slickq_inspect("q", shm_dir(), &seen));
  CHECK(seen.published == 5 && seen.holes == 0 && seen.first_hole == SLICKQ_NO_INDEX);
  slickq_producer_close(producer);
  slickq_queue_close(queue);
  EXPECT(SLICKQ_OK, slickq_inspect("q", NULL, &seen));
  CHECK(seen.proof == SLICKQ_PROOF_LEASE);
  EXPECT(SLICKQ_OK, slickq_unlink("q", NULL));
  EXPECT_ERROR(SLICKQ_NOT_FOUND, "q", slickq_inspect("q", NULL, &seen));
}

struct seen {
  char names[256];
  int stop_after;
};

static int note(const char* name, int kind, void* context) {
  struct seen* seen = context;
  const size_t used = strlen(seen->names);
  snprintf(seen->names + used, sizeof seen->names - used, "%s%s ", kind == SLICKQ_KIND_CURSOR ? "c:" : "q:", name);
  return --seen->stop_after == 0;
}

static void the_directory_is_listed(void) {
  begin("the queues and cursors of a directory are listed, and nothing else");
  slickq_queue_close(created("b"));
  slickq_queue_close(created("a"));
  slickq_cursor* cursor = NULL;
  EXPECT(SLICKQ_OK, slickq_cursor_create("b@c", 0, NULL, &cursor));
  slickq_cursor_close(cursor);
  struct seen all = {"", 0};
  EXPECT(SLICKQ_OK, slickq_list(NULL, note, &all));
  CHECK(strcmp(all.names, "q:a q:b c:b@c ") == 0);
  struct seen two = {"", 2};
  EXPECT(SLICKQ_OK, slickq_list(shm_dir(), note, &two));
  CHECK(strcmp(two.names, "q:a q:b ") == 0);
  EXPECT_ERROR(SLICKQ_NOT_FOUND, "/no/such", slickq_list("/no/such", note, &two));
  EXPECT(SLICKQ_OK, slickq_unlink("a", NULL));
  EXPECT(SLICKQ_OK, slickq_unlink("b", NULL));
  EXPECT(SLICKQ_OK, slickq_unlink("b@c", NULL));
}

void look_tests(void) {
  a_queue_is_inspected();
  the_directory_is_listed();
}
