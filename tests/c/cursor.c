#include "check.h"

static void a_cursor_is_a_segment_of_eight_bytes(void) {
  begin("a named cursor is created, opened, moved and removed");
  slickq_cursor* made = NULL;
  slickq_cursor* opened = NULL;
  slickq_cursor* other = NULL;
  slickq_cursor_options options = {.struct_size = sizeof options, .shm_dir = shm_dir(), .mode = 0660};
  EXPECT(SLICKQ_OK, slickq_cursor_create("q@team", 5, &options, &made));
  EXPECT(SLICKQ_OK, slickq_cursor_open("q@team", NULL, &opened));
  EXPECT(SLICKQ_OK, slickq_cursor_open_or_create("q@team", 9, NULL, &other)); /* is there: its value stays */
  uint64_t value = 0;
  EXPECT(SLICKQ_OK, slickq_cursor_load(other, &value));
  CHECK(value == 5);
  slickq_cursor_close(other);
  EXPECT(SLICKQ_OK, slickq_cursor_store(made, 6));
  EXPECT(SLICKQ_OK, slickq_cursor_load(opened, &value));
  CHECK(value == 6);
  uint64_t expected = 4;
  EXPECT(SLICKQ_CHANGED, slickq_cursor_compare_exchange(opened, &expected, 7));
  CHECK(expected == 6);
  slickq_status exchanged;
  do exchanged = slickq_cursor_compare_exchange(opened, &expected, 7);
  while (exchanged == SLICKQ_CHANGED && expected == 6); /* for no reason */
  CHECK(exchanged == SLICKQ_OK);
  EXPECT_ERROR(SLICKQ_EXISTS, "q@team", slickq_cursor_create("q@team", 5, NULL, &other));
  CHECK(other == NULL);
  slickq_cursor_close(opened);
  slickq_cursor_close(made);
  slickq_cursor_close(NULL);
}

static void a_cursor_that_is_none_is_told(void) {
  begin("a cursor that is absent or none is told");
  slickq_cursor* cursor = NULL;
  EXPECT_ERROR(SLICKQ_NOT_FOUND, "q@absent", slickq_cursor_open("q@absent", NULL, &cursor));
  slickq_queue_close(created("queue"));
  EXPECT_ERROR(SLICKQ_CORRUPT, "8 bytes", slickq_cursor_open("queue", NULL, &cursor));
  EXPECT(SLICKQ_OK, slickq_unlink("queue", NULL));
  slickq_cursor_options options = {.struct_size = sizeof options, .flags = SLICKQ_PREFAULT};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "flags", slickq_cursor_create("q@x", 0, &options, &cursor));
  uint64_t memory[2] = {0, 0};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "aligned", slickq_cursor_at((char*)memory + 1, &cursor));
  CHECK(cursor == NULL);
}

static void a_read_only_cursor_is_not_moved(void) {
  begin("a cursor that was opened read-only is not moved");
  slickq_open_options options = {.struct_size = sizeof options, .access = SLICKQ_READ_ONLY};
  slickq_cursor* cursor = NULL;
  EXPECT(SLICKQ_OK, slickq_cursor_open("q@team", &options, &cursor));
  uint64_t value = 0;
  EXPECT(SLICKQ_OK, slickq_cursor_load(cursor, &value));
  CHECK(value == 7);
  EXPECT_ERROR(SLICKQ_PERMISSION, "read-only", slickq_cursor_store(cursor, 1));
  EXPECT(SLICKQ_PERMISSION, slickq_cursor_compare_exchange(cursor, &value, 1));
  slickq_queue* queue = local_queue();
  slickq_consumer_options consuming = {.struct_size = sizeof consuming, .cursor = cursor};
  slickq_consumer* consumer = NULL;
  EXPECT_ERROR(SLICKQ_PERMISSION, "read-only", slickq_consumer_open(queue, &consuming, &consumer));
  slickq_queue_close(queue);
  slickq_cursor_close(cursor);
}

static void consumers_on_one_cursor_share_the_items(void) {
  begin("each item goes to one of the consumers on a cursor, also when its handle is closed");
  slickq_queue* queue = local_queue();
  slickq_producer* producer = producer_of(queue);
  slickq_cursor* cursor = NULL;
  EXPECT(SLICKQ_OK, slickq_cursor_open("q@team", NULL, &cursor));
  EXPECT(SLICKQ_OK, slickq_cursor_store(cursor, 0));
  slickq_consumer_options options = {.struct_size = sizeof options, .cursor = cursor};
  slickq_consumer* consumers[2] = {NULL, NULL};
  for (int k = 0; k < 2; ++k) EXPECT(SLICKQ_OK, slickq_consumer_open(queue, &options, &consumers[k]));
  slickq_cursor_close(cursor);

  push_numbers(producer, 0, 8);
  uint64_t got[CAPACITY * ELEMENT / 8];
  slickq_item item;
  for (uint64_t k = 0; k < 4; ++k) {
    EXPECT(SLICKQ_OK, slickq_pop(consumers[k % 2], got, sizeof got, &item));
    CHECK(got[0] == k && item.index == k);
  }
  slickq_batch_item items[CAPACITY];
  size_t taken = 0;
  EXPECT(SLICKQ_OK, slickq_pop_batch(consumers[0], got, sizeof got, items, 3, &taken, &item));
  CHECK(taken == 3 && item.index == 4);
  EXPECT(SLICKQ_OK, slickq_pop_wait(consumers[1], got, sizeof got, SLICKQ_FOREVER, &item));
  CHECK(got[0] == 7);
  EXPECT(SLICKQ_EMPTY, slickq_pop_wait(consumers[0], got, sizeof got, 1, &item));
  slickq_consumer_info info = {.struct_size = sizeof info};
  EXPECT(SLICKQ_OK, slickq_consumer_get_info(consumers[0], &info));
  CHECK(info.cursor == 8);

  const void* data;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "shares", slickq_pop_staged(consumers[0], &data, &item));
  EXPECT(SLICKQ_INVALID_ARGUMENT, slickq_peek(consumers[0], &data, &item));
  EXPECT(SLICKQ_INVALID_ARGUMENT, slickq_still_valid(consumers[0], &item));
  EXPECT(SLICKQ_INVALID_ARGUMENT, slickq_commit(consumers[0], &item));
  EXPECT(SLICKQ_INVALID_ARGUMENT, slickq_seek(consumers[0], 0));
  for (int k = 0; k < 2; ++k) slickq_consumer_close(consumers[k]);
  slickq_producer_close(producer);
  slickq_queue_close(queue);
  EXPECT(SLICKQ_OK, slickq_unlink("q@team", NULL));
}

static void a_shared_cursor_has_no_start(void) {
  begin("a start beside a shared cursor is refused");
  slickq_queue* queue = local_queue();
  uint64_t memory = 0;
  slickq_cursor* cursor = NULL;
  EXPECT(SLICKQ_OK, slickq_cursor_at(&memory, &cursor));
  slickq_consumer_options options = {.struct_size = sizeof options, .cursor = cursor, .start = SLICKQ_START_NEWEST};
  slickq_consumer* consumer = NULL;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "start", slickq_consumer_open(queue, &options, &consumer));
  slickq_cursor_close(cursor);
  slickq_queue_close(queue);
}

void cursor_tests(void) {
  a_cursor_is_a_segment_of_eight_bytes();
  a_cursor_that_is_none_is_told();
  a_read_only_cursor_is_not_moved();
  consumers_on_one_cursor_share_the_items();
  a_shared_cursor_has_no_start();
}
