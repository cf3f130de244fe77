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

static slickq_consumer_info info_of(const slickq_consumer* of) {
  slickq_consumer_info info = {.struct_size = sizeof info};
  EXPECT(SLICKQ_OK, slickq_consumer_get_info(of, &info));
  return info;
}

static void items_come_in_order(void) {
  open_all("items come in the order of their indexes, to every consumer");
  EXPECT(SLICKQ_EMPTY, slickq_pop(consumer, got, sizeof got, &item));
  CHECK(item.count == 0 && item.size == 0 && item.lost == 0);
  push_numbers(producer, 0, 5);
  slickq_consumer* other = consumer_of(queue);
  for (uint64_t number = 0; number < 5; ++number) {
    EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
    CHECK(item.index == number && got[0] == number);
    EXPECT(SLICKQ_OK, slickq_pop(other, got, sizeof got, &item));
    CHECK(item.index == number && got[0] == number);
  }
  CHECK(info_of(consumer).cursor == 5);
  slickq_consumer_close(other);
  close_all();
}

static void too_small_a_buffer_takes_nothing(void) {
  open_all("a buffer that is too small takes nothing, and the size is told");
  push_numbers(producer, 3, 4);
  EXPECT(SLICKQ_TOO_SMALL, slickq_pop(consumer, NULL, 0, &item));
  CHECK(item.count == 1 && item.size == ELEMENT);
  EXPECT(SLICKQ_TOO_SMALL, slickq_pop(consumer, got, ELEMENT - 1, &item));
  slickq_batch_item items[2];
  size_t taken = 99;
  EXPECT(SLICKQ_TOO_SMALL, slickq_pop_batch(consumer, got, ELEMENT - 1, items, 2, &taken, &item));
  CHECK(taken == 0 && item.size == ELEMENT);
  EXPECT(SLICKQ_OK, slickq_pop(consumer, got, ELEMENT, &item));
  CHECK(got[0] == 3);
  close_all();
}

static void a_batch_takes_what_fits(void) {
  open_all("a batch takes what is there and fits");
  push_numbers(producer, 0, 10);
  slickq_batch_item items[CAPACITY];
  size_t taken = 0;
  EXPECT(SLICKQ_OK, slickq_pop_batch(consumer, got, 4 * ELEMENT, items, SIZE_MAX, &taken, &item));
  CHECK(taken == 4 && item.index == 0 && item.count == 1);
  EXPECT(SLICKQ_OK, slickq_pop_batch(consumer, got, sizeof got, items, 2, &taken, &item));
  CHECK(taken == 2 && items[1].index == 5 && items[1].size == ELEMENT && items[1].count == 1);
  CHECK(items[1].data == (char*)got + ELEMENT && *(uint64_t*)items[1].data == 5);
  EXPECT(SLICKQ_OK, slickq_pop_batch(consumer, got, sizeof got, items, CAPACITY, &taken, &item));
  CHECK(taken == 4 && *(uint64_t*)items[3].data == 9);
  EXPECT(SLICKQ_EMPTY, slickq_pop_batch(consumer, got, sizeof got, items, CAPACITY, &taken, &item));
  CHECK(taken == 0);
  EXPECT(SLICKQ_EMPTY, slickq_pop_batch(consumer, got, sizeof got, items, 0, &taken, &item));
  close_all();
}

static void loss_is_told_and_counted(void) {
  open_all("what was overwritten is told with the next answer, and counted");
  push_numbers(producer, 0, 3 * CAPACITY);
  uint64_t received = 0, lost = 0;
  for (;;) {
    const slickq_status status = slickq_pop(consumer, got, sizeof got, &item);
    if (item.lost > 0) {
      CHECK(item.first_lost == received + lost && item.last_lost == item.first_lost + item.lost - 1);
    }
    lost += item.lost;
    if (status != SLICKQ_OK) break;
    CHECK(got[0] == item.index);
    ++received;
  }
  CHECK(received > 0 && lost >= 2 * CAPACITY && received + lost == 3 * CAPACITY);
  CHECK(info_of(consumer).lost_elements == lost && info_of(consumer).skipped_elements == 0);
  close_all();
}

static uint64_t first_of(uint32_t start, uint64_t value) {
  slickq_consumer_options options = {.struct_size = sizeof options, .start = start, .start_value = value};
  slickq_consumer* other = NULL;
  EXPECT(SLICKQ_OK, slickq_consumer_open(queue, &options, &other));
  const uint64_t cursor = info_of(other).cursor;
  slickq_consumer_close(other);
  return cursor;
}

static void a_consumer_starts_where_it_is_told(void) {
  open_all("a consumer starts where it is told to");
  push_numbers(producer, 0, 10);
  CHECK(first_of(SLICKQ_START_OLDEST, 0) == 0);
  CHECK(first_of(SLICKQ_START_NEWEST, 0) == 10);
  CHECK(first_of(SLICKQ_START_BACK, 3) == 7);
  CHECK(first_of(SLICKQ_START_INDEX, 4) == 4);
  slickq_consumer* refused = NULL;
  slickq_consumer_options options = {.struct_size = sizeof options, .start = 4};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "start", slickq_consumer_open(queue, &options, &refused));
  options = (slickq_consumer_options){.struct_size = sizeof options, .polling = 2};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "polling", slickq_consumer_open(queue, &options, &refused));
  options = (slickq_consumer_options){.struct_size = sizeof options, .wait = 5};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "wait", slickq_consumer_open(queue, &options, &refused));
  options = (slickq_consumer_options){.struct_size = sizeof options, .must_be_zero = 1};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "must_be_zero", slickq_consumer_open(queue, &options, &refused));
  CHECK(refused == NULL);
  close_all();
}

static void a_wait_ends_with_an_item_or_its_time(void) {
  open_all("a wait ends with an item, or with its time");
  for (uint32_t wait = SLICKQ_WAIT_DEFAULT; wait <= SLICKQ_WAIT_BLOCK; ++wait) {
    slickq_consumer_options options = {.struct_size = sizeof options, .start = SLICKQ_START_NEWEST, .wait = wait};
    slickq_consumer* waiting = NULL;
    EXPECT(SLICKQ_OK, slickq_consumer_open(queue, &options, &waiting));
    EXPECT(SLICKQ_EMPTY, slickq_pop_wait(waiting, got, sizeof got, 0, &item));
    EXPECT(SLICKQ_EMPTY, slickq_pop_wait(waiting, got, sizeof got, 2000000, &item));
    push_numbers(producer, wait, wait + 1);
    EXPECT(SLICKQ_OK, slickq_pop_wait(waiting, got, sizeof got, SLICKQ_FOREVER, &item));
    CHECK(got[0] == wait);
    slickq_consumer_close(waiting);
  }
  close_all();
}

static void a_staged_item_lasts_until_the_next_call(void) {
  open_all("staged items need no buffer, and polling for throughput gives the same");
  push_numbers(producer, 0, 3);
  slickq_consumer_options options = {.struct_size = sizeof options, .polling = SLICKQ_POLL_THROUGHPUT};
  slickq_consumer* other = NULL;
  EXPECT(SLICKQ_OK, slickq_consumer_open(queue, &options, &other));
  const void* data = NULL;
  for (uint64_t number = 0; number < 3; ++number) {
    EXPECT(SLICKQ_OK, slickq_pop_staged(consumer, &data, &item));
    CHECK(*(const uint64_t*)data == number && item.index == number && item.size == ELEMENT);
    EXPECT(SLICKQ_OK, slickq_pop_staged(other, &data, &item));
    CHECK(*(const uint64_t*)data == number);
  }
  EXPECT(SLICKQ_EMPTY, slickq_pop_staged(consumer, &data, &item));
  CHECK(data == NULL && item.count == 0);
  slickq_consumer_close(other);
  close_all();
}

void consumer_tests(void) {
  items_come_in_order();
  too_small_a_buffer_takes_nothing();
  a_batch_takes_what_fits();
  loss_is_told_and_counted();
  a_consumer_starts_where_it_is_told();
  a_wait_ends_with_an_item_or_its_time();
  a_staged_item_lasts_until_the_next_call();
}
