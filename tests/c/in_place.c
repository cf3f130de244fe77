#include "check.h"

static slickq_queue* queue;
static slickq_producer* producer;
static slickq_consumer* consumer;

static void open_all(const char* sentence) {
  begin(sentence);
  queue = local_queue();
  producer = producer_of(queue);
  consumer = consumer_of(queue);
}

static void close_all(void) {
  slickq_consumer_close(consumer);
  slickq_producer_close(producer);
  slickq_queue_close(queue);
}

static void what_was_peeked_at_is_taken_by_commit(void) {
  open_all("what was peeked at stays until it is committed");
  push_numbers(producer, 5, 7);
  const void* data = NULL;
  slickq_item item;
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT(SLICKQ_OK, slickq_peek(consumer, &data, &item));
    CHECK(item.index == 0 && item.size == ELEMENT && *(const uint64_t*)data == 5);
  }
  EXPECT(SLICKQ_OK, slickq_still_valid(consumer, &item));
  EXPECT(SLICKQ_OK, slickq_commit(consumer, &item));
  EXPECT(SLICKQ_OK, slickq_peek(consumer, &data, &item));
  CHECK(item.index == 1 && *(const uint64_t*)data == 6);
  EXPECT(SLICKQ_OK, slickq_commit(consumer, &item));
  EXPECT(SLICKQ_EMPTY, slickq_peek(consumer, &data, &item));
  CHECK(data == NULL);
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "slickq_peek", slickq_commit(consumer, &item));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "slickq_peek", slickq_still_valid(consumer, &item));
  item.count = CAPACITY + 1;
  EXPECT(SLICKQ_INVALID_ARGUMENT, slickq_commit(consumer, &item));
  close_all();
}

static void what_was_overwritten_meanwhile_is_told(void) {
  open_all("what was overwritten under the look is told, and counted by the next");
  push_numbers(producer, 0, 1);
  const void* data;
  slickq_item item;
  EXPECT(SLICKQ_OK, slickq_peek(consumer, &data, &item));
  push_numbers(producer, 1, 2 * CAPACITY);
  EXPECT(SLICKQ_OVERWRITTEN, slickq_still_valid(consumer, &item));
  EXPECT(SLICKQ_OK, slickq_seek(consumer, item.index));
  EXPECT(SLICKQ_OK, slickq_peek(consumer, &data, &item));
  CHECK(item.lost == item.index && item.lost >= CAPACITY);
  EXPECT(SLICKQ_OK, slickq_still_valid(consumer, &item));
  close_all();
}

static void any_place_may_be_sought(void) {
  open_all("a consumer may be put anywhere");
  push_numbers(producer, 0, 3);
  uint64_t got[ELEMENT / 8];
  slickq_item item;
  EXPECT(SLICKQ_OK, slickq_seek(consumer, 2));
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
  CHECK(got[0] == 2);
  EXPECT(SLICKQ_OK, slickq_seek(consumer, SLICKQ_NO_INDEX - 1));
  EXPECT(SLICKQ_RESET, slickq_pop(consumer, got, sizeof got, &item));
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
  CHECK(got[0] == 0);
  close_all();
}

void in_place_tests(void) {
  what_was_peeked_at_is_taken_by_commit();
  what_was_overwritten_meanwhile_is_told();
  any_place_may_be_sought();
}
