#include "check.h"

static slickq_queue* queue;
static slickq_producer* producer;
static slickq_consumer* consumer;
static uint64_t got[CAPACITY * ELEMENT / 8];
static slickq_item item;

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

static slickq_producer_info info_of(const slickq_producer* of) {
  slickq_producer_info info = {.struct_size = sizeof info};
  EXPECT(SLICKQ_OK, slickq_producer_get_info(of, &info));
  return info;
}

static void a_short_item_is_padded(void) {
  open_all("an item shorter than an element is padded with zeros, one longer refused");
  CHECK(info_of(producer).last_index == SLICKQ_NO_INDEX && info_of(producer).has_journal);
  memset(got, 0xFF, sizeof got);
  const uint64_t number = 42;
  EXPECT(SLICKQ_OK, slickq_push(producer, &number, sizeof number));
  EXPECT(SLICKQ_OK, slickq_push(producer, NULL, 0));
  EXPECT_ERROR(SLICKQ_TOO_LARGE, "slickq_push", slickq_push(producer, got, ELEMENT + 1));
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
  CHECK(item.index == 0 && item.count == 1 && item.size == ELEMENT && got[0] == 42 && got[1] == 0 && got[3] == 0);
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
  CHECK(item.index == 1 && got[0] == 0);
  CHECK(info_of(producer).pushed_items == 2 && info_of(producer).last_index == 1);
  close_all();
}

static void a_block_is_one_item(void) {
  open_all("a block is one item, a batch are many");
  uint64_t numbers[3 * ELEMENT / 8];
  for (uint64_t k = 0; k < sizeof numbers / 8; ++k) numbers[k] = k;
  EXPECT(SLICKQ_OK, slickq_push_block(producer, numbers, sizeof numbers - 8));
  size_t pushed = 0;
  EXPECT(SLICKQ_OK, slickq_push_batch(producer, numbers, sizeof numbers, &pushed));
  CHECK(pushed == 3);
  EXPECT(SLICKQ_OK, slickq_push_batch(producer, numbers, ELEMENT, NULL));
  EXPECT(SLICKQ_TOO_LARGE, slickq_push_block(producer, numbers, (CAPACITY + 1) * ELEMENT));
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
  CHECK(item.count == 3 && item.size == sizeof numbers && got[10] == 10 && got[11] == 0);
  for (uint64_t k = 0; k < 3; ++k) {
    EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
    CHECK(item.count == 1 && got[0] == k * ELEMENT / 8);
  }
  close_all();
}

static void a_reservation_is_published_or_abandoned(void) {
  open_all("a reservation is published, in part, or abandoned");
  void* data = NULL;
  uint64_t index = 99;
  EXPECT(SLICKQ_OK, slickq_reserve(producer, 4, &data, &index));
  CHECK(data != NULL && index == 0 && info_of(producer).is_engaged);
  EXPECT(SLICKQ_EMPTY, slickq_pop(consumer, got, sizeof got, &item));
  memset(data, 1, 2 * ELEMENT);
  EXPECT_ERROR(SLICKQ_TOO_LARGE, "count", slickq_publish(producer, 5));
  EXPECT(SLICKQ_OK, slickq_publish(producer, 2));
  EXPECT(SLICKQ_OK, slickq_reserve(producer, 1, &data, &index));
  CHECK(index == 4);
  EXPECT(SLICKQ_OK, slickq_abandon(producer));
  EXPECT(SLICKQ_OK, slickq_reserve(producer, 1, &data, &index));
  memset(data, 2, ELEMENT);
  EXPECT(SLICKQ_OK, slickq_publish(producer, 0));
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
  CHECK(item.index == 0 && item.count == 2 && got[0] == UINT64_C(0x0101010101010101));
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
  CHECK(item.index == 5 && item.skipped == 3 && item.lost == 0);
  close_all();
}

static void one_thing_at_a_time(void) {
  open_all("while a reservation or a burst is open, nothing else of the producer is done");
  void* data;
  uint64_t index = 99;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "slickq_reserve", slickq_publish(producer, 0));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "slickq_reserve", slickq_abandon(producer));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "slickq_burst_begin", slickq_burst_push(producer, "", 1));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "slickq_burst_begin", slickq_burst_end(producer));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "count", slickq_reserve(producer, 0, &data, &index));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "16", slickq_burst_begin(producer, 0));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "16", slickq_burst_begin(producer, 17));
  EXPECT(SLICKQ_TOO_LARGE, slickq_reserve(producer, CAPACITY + 1, &data, &index));
  CHECK(index == 99 && !info_of(producer).is_engaged);

  EXPECT(SLICKQ_OK, slickq_reserve(producer, 1, &data, &index));
  EXPECT_ERROR(SLICKQ_BUSY, "reservation", slickq_push(producer, "", 1));
  EXPECT(SLICKQ_BUSY, slickq_push_block(producer, "", 1));
  size_t pushed = 99;
  EXPECT(SLICKQ_BUSY, slickq_push_batch(producer, "", 1, &pushed));
  CHECK(pushed == 0);
  EXPECT(SLICKQ_BUSY, slickq_reserve(producer, 1, &data, &index));
  EXPECT(SLICKQ_BUSY, slickq_burst_begin(producer, 2));
  EXPECT(SLICKQ_OK, slickq_publish(producer, 0));

  EXPECT(SLICKQ_OK, slickq_burst_begin(producer, 2));
  EXPECT(SLICKQ_BUSY, slickq_burst_begin(producer, 2));
  EXPECT(SLICKQ_BUSY, slickq_reserve(producer, 1, &data, &index));
  EXPECT(SLICKQ_OK, slickq_burst_push(producer, "", 1));
  EXPECT(SLICKQ_BUSY, slickq_push(producer, "", 1));
  EXPECT(SLICKQ_OK, slickq_burst_end(producer));
  EXPECT(SLICKQ_OK, slickq_push(producer, "", 1));
  close_all();
}

static void a_burst_is_visible_as_it_goes(void) {
  open_all("each item of a burst is visible at once, and what is not used is jumped over");
  EXPECT(SLICKQ_OK, slickq_burst_begin(producer, 4));
  for (uint64_t number = 0; number < 6; ++number) {
    EXPECT(SLICKQ_OK, slickq_burst_push(producer, &number, sizeof number));
    EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
    CHECK(item.index == number && got[0] == number);
  }
  EXPECT(SLICKQ_TOO_LARGE, slickq_burst_push(producer, got, ELEMENT + 1));
  EXPECT(SLICKQ_OK, slickq_burst_end(producer));
  push_numbers(producer, 8, 9);
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
  CHECK(item.index == 8 && item.skipped == 2 && got[0] == 8);
  close_all();
}

static void closing_abandons(void) {
  open_all("closing a producer gives up what it had reserved");
  void* data;
  uint64_t index;
  EXPECT(SLICKQ_OK, slickq_reserve(producer, 1, &data, &index));
  slickq_producer_close(producer);
  producer = producer_of(queue);
  push_numbers(producer, 1, 2);
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
  CHECK(item.index == 1 && item.skipped == 1);
  close_all();
}

static void respected_cursors_hold_a_producer_up(void) {
  open_all("a producer waits for the cursors that it respects");
  uint64_t position = 0;
  slickq_cursor* cursor = NULL;
  EXPECT(SLICKQ_OK, slickq_cursor_at(&position, &cursor));
  slickq_producer_options options = {.struct_size = sizeof options, .respect = &cursor, .respect_count = 1};
  options.patience_ns = 1;
  slickq_producer* polite = NULL;
  EXPECT(SLICKQ_OK, slickq_producer_open(queue, &options, &polite));
  push_numbers(polite, 0, CAPACITY);
  EXPECT(SLICKQ_TIMED_OUT, slickq_push(polite, "", 1));
  EXPECT(SLICKQ_OK, slickq_cursor_store(cursor, 1));
  EXPECT(SLICKQ_OK, slickq_push(polite, "", 1));
  EXPECT(SLICKQ_TIMED_OUT, slickq_push(polite, "", 1));
  slickq_producer_close(polite);
  slickq_cursor_close(cursor);
  close_all();
}

static void options_that_mean_nothing_are_told(void) {
  open_all("a producer's options that mean nothing are told");
  slickq_producer* refused = NULL;
  slickq_producer_options options = {.struct_size = sizeof options, .mode = 2};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "mode", slickq_producer_open(queue, &options, &refused));
  options = (slickq_producer_options){.struct_size = sizeof options, .wait = 5};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "wait", slickq_producer_open(queue, &options, &refused));
  options = (slickq_producer_options){.struct_size = sizeof options, .respect_count = 1};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "respect", slickq_producer_open(queue, &options, &refused));
  slickq_cursor* none = NULL;
  options.respect = &none;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "respect", slickq_producer_open(queue, &options, &refused));
  CHECK(refused == NULL);
  close_all();
}

static void a_declared_only_producer_is_alone(void) {
  open_all("a producer that is to be the only one is refused beside another, and another beside it");
  slickq_producer_options options = {.struct_size = sizeof options, .mode = SLICKQ_SINGLE};
  slickq_producer* only = NULL;
  EXPECT(SLICKQ_BUSY, slickq_producer_open(queue, &options, &only));
  slickq_producer_close(producer);
  EXPECT(SLICKQ_OK, slickq_producer_open(queue, &options, &only));
  EXPECT(SLICKQ_BUSY, slickq_producer_open(queue, NULL, &producer));
  CHECK(producer == NULL);
  push_numbers(only, 0, 1);
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
  slickq_producer_close(only);
  close_all();
}

void producer_tests(void) {
  a_short_item_is_padded();
  a_block_is_one_item();
  a_reservation_is_published_or_abandoned();
  one_thing_at_a_time();
  a_burst_is_visible_as_it_goes();
  closing_abandons();
  respected_cursors_hold_a_producer_up();
  options_that_mean_nothing_are_told();
  a_declared_only_producer_is_alone();
}
