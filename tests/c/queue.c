#include "check.h"

static void a_queue_is_created_opened_and_closed(void) {
  begin("a queue is created, opened and closed");
  slickq_queue* made = created("q");
  CHECK(exists("q"));
  slickq_queue* opened = NULL;
  EXPECT(SLICKQ_OK, slickq_queue_open("/q", NULL, &opened)); /* "/q" and "q" are the same */
  slickq_queue_info info = {.struct_size = sizeof info};
  EXPECT(SLICKQ_OK, slickq_queue_get_info(opened, &info));
  CHECK(strcmp(info.name, "q") == 0);
  CHECK(strncmp(info.path, shm_dir(), strlen(shm_dir())) == 0);
  CHECK(info.capacity == CAPACITY && info.element_size == ELEMENT && info.items_per_slot == 1);
  CHECK(info.layout == SLICKQ_LAYOUT_SLQ1 && info.is_writable && !info.is_creator && info.has_journal);
  CHECK(info.reserved == 0 && info.last_published == SLICKQ_NO_INDEX);
  EXPECT(SLICKQ_OK, slickq_queue_get_info(made, &info));
  CHECK(info.is_creator);
  slickq_queue_close(opened);
  slickq_queue_close(made);
  slickq_queue_close(NULL);
  CHECK(exists("q"));
  EXPECT(SLICKQ_OK, slickq_unlink("q", NULL));
}

static void every_layout_is_created_and_recognised(void) {
  begin("every layout is created and recognised");
  for (uint32_t layout = SLICKQ_LAYOUT_DEFAULT; layout <= SLICKQ_LAYOUT_SLQ3; ++layout) {
    const int shared = layout == SLICKQ_LAYOUT_SLQ2 || layout == SLICKQ_LAYOUT_SLQ3;
    slickq_queue_options options = small_queue();
    options.layout = layout;
    options.items_per_slot = shared ? 4 : 0;
    slickq_queue* queue = NULL;
    EXPECT(SLICKQ_OK, slickq_queue_create("layout", &options, &queue));
    slickq_queue_close(queue);
    EXPECT(SLICKQ_OK, slickq_queue_open("layout", NULL, &queue));
    slickq_queue_info info = {.struct_size = sizeof info};
    EXPECT(SLICKQ_OK, slickq_queue_get_info(queue, &info));
    CHECK(info.layout == (layout == SLICKQ_LAYOUT_DEFAULT ? (uint32_t)SLICKQ_LAYOUT_SLQ1 : layout));
    CHECK(info.items_per_slot == (shared ? 4u : 1u));
    slickq_queue_close(queue);
    EXPECT(SLICKQ_OK, slickq_unlink("layout", NULL));
  }
}

static void what_is_there_is_never_made_anew(void) {
  begin("what is there is never made anew");
  slickq_queue_options options = small_queue();
  slickq_queue* first = NULL;
  slickq_queue* second = NULL;
  EXPECT(SLICKQ_OK, slickq_queue_open_or_create("q", &options, &first));
  EXPECT(SLICKQ_OK, slickq_queue_open_or_create("q", &options, &second));
  slickq_queue_close(second);
  EXPECT_ERROR(SLICKQ_EXISTS, "q", slickq_queue_create("q", &options, &second));
  CHECK(second == NULL && slickq_error_errno() != 0);
  options.capacity *= 2;
  EXPECT_ERROR(SLICKQ_MISMATCH, "slq1, 32 elements of 32 bytes", slickq_queue_open_or_create("q", &options, &second));
  CHECK(strstr(slickq_error_message(), "slq1, 16 elements of 32 bytes") != NULL && second == NULL);
  slickq_queue_close(first);
  EXPECT(SLICKQ_OK, slickq_unlink("q", NULL));
}

static void what_cannot_be_opened_is_told(void) {
  begin("what cannot be opened is told");
  slickq_queue* queue = NULL;
  EXPECT_ERROR(SLICKQ_NOT_FOUND, "absent", slickq_queue_open("absent", NULL, &queue));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "name", slickq_queue_open("", NULL, &queue));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "a/b", slickq_queue_open("a/b", NULL, &queue));
  slickq_open_options options = {.struct_size = sizeof options, .shm_dir = "/no/such/directory"};
  EXPECT(SLICKQ_NOT_FOUND, slickq_queue_open("q", &options, &queue));
  slickq_cursor* cursor = NULL;
  EXPECT(SLICKQ_OK, slickq_cursor_create("eight", 0, NULL, &cursor));
  EXPECT_ERROR(SLICKQ_CORRUPT, "eight", slickq_queue_open("eight", NULL, &queue));
  slickq_cursor_close(cursor);
  EXPECT(SLICKQ_OK, slickq_unlink("eight", NULL));
  CHECK(queue == NULL);
}

static void impossible_geometries_are_told(void) {
  begin("impossible geometries are told");
  slickq_queue* queue = NULL;
  slickq_queue_options options = small_queue();
  options.capacity = 1000;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "1000", slickq_queue_create("q", &options, &queue));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "1000", slickq_queue_local(&options, &queue));
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "1000", slickq_queue_open_or_create("q", &options, &queue));
  options = small_queue();
  options.element_size = 0;
  EXPECT(SLICKQ_INVALID_ARGUMENT, slickq_queue_create("q", &options, &queue));
  options = small_queue();
  options.items_per_slot = 3;
  EXPECT(SLICKQ_INVALID_ARGUMENT, slickq_queue_create("q", &options, &queue));
  options = small_queue();
  options.layout = SLICKQ_LAYOUT_WIDE;
  options.items_per_slot = 2;
  EXPECT(SLICKQ_INVALID_ARGUMENT, slickq_queue_create("q", &options, &queue));
  options = small_queue();
  options.capacity = UINT64_C(1) << 31;
  options.element_size = 65536;
  EXPECT(SLICKQ_NO_SPACE, slickq_queue_create("q", &options, &queue));
  CHECK(queue == NULL && !exists("q"));
}

static void options_that_mean_nothing_are_told(void) {
  begin("options that mean nothing are told");
  slickq_queue* queue = NULL;
  slickq_queue_options options = small_queue();
  options.layout = 7;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "layout", slickq_queue_create("q", &options, &queue));
  options = small_queue();
  options.mode = 010000;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "mode", slickq_queue_create("q", &options, &queue));
  options = small_queue();
  options.flags = 16;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "flags", slickq_queue_create("q", &options, &queue));
  options = small_queue();
  options.must_be_zero = 1;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "must_be_zero", slickq_queue_create("q", &options, &queue));
  options = small_queue();
  options.shm_dir = shm_dir();
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "shm_dir", slickq_queue_local(&options, &queue));
  slickq_open_options opening = {.struct_size = sizeof opening, .access = 3};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "access", slickq_queue_open("q", &opening, &queue));
  opening.access = 0;
  opening.flags = SLICKQ_MODE_BY_UMASK;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "flags", slickq_queue_open("q", &opening, &queue));
  CHECK(queue == NULL && !exists("q"));
}

static void a_read_only_queue_is_read_and_nothing_else(void) {
  begin("a queue that was opened read-only is read, and nothing else");
  slickq_queue* writable = created("q");
  slickq_producer* producer = producer_of(writable);
  push_numbers(producer, 0, 1);
  slickq_open_options options = {.struct_size = sizeof options, .access = SLICKQ_READ_ONLY, .flags = SLICKQ_PREFAULT};
  slickq_queue* queue = NULL;
  EXPECT(SLICKQ_OK, slickq_queue_open("q", &options, &queue));
  slickq_queue_info info = {.struct_size = sizeof info};
  EXPECT(SLICKQ_OK, slickq_queue_get_info(queue, &info));
  CHECK(!info.is_writable && info.reserved == 1 && info.last_published == 0);
  slickq_producer* refused = NULL;
  EXPECT_ERROR(SLICKQ_PERMISSION, "q", slickq_producer_open(queue, NULL, &refused));
  EXPECT_ERROR(SLICKQ_PERMISSION, "q", slickq_queue_reset(queue, 0));
  slickq_consumer* consumer = consumer_of(queue);
  uint64_t number[ELEMENT / 8];
  slickq_item item;
  EXPECT(SLICKQ_OK, slickq_pop(consumer, number, sizeof number, &item));
  slickq_consumer_close(consumer);
  slickq_queue_close(queue);
  slickq_producer_close(producer);
  slickq_queue_close(writable);
  EXPECT(SLICKQ_OK, slickq_unlink("q", NULL));
}

static void handles_are_closed_in_any_order(void) {
  begin("a queue's producers and consumers work on when its handle is closed");
  slickq_queue* queue = created("q");
  slickq_producer* producer = producer_of(queue);
  slickq_consumer* consumer = consumer_of(queue);
  slickq_queue_close(queue);
  push_numbers(producer, 7, 8);
  slickq_producer_close(producer);
  uint64_t number[ELEMENT / 8];
  slickq_item item;
  EXPECT(SLICKQ_OK, slickq_pop(consumer, number, sizeof number, &item));
  CHECK(number[0] == 7);
  EXPECT_ERROR(SLICKQ_BUSY, "this process itself", slickq_unlink("q", NULL));
  slickq_consumer_close(consumer);
  EXPECT(SLICKQ_OK, slickq_unlink("q", NULL));
}

static void a_reset_empties_the_queue(void) {
  begin("a reset empties the queue, and its consumers are told");
  slickq_queue* queue = local_queue();
  slickq_producer* producer = producer_of(queue);
  slickq_consumer* consumer = consumer_of(queue);
  push_numbers(producer, 0, 3);
  uint64_t number[ELEMENT / 8];
  slickq_item item;
  for (int k = 0; k < 3; ++k) EXPECT(SLICKQ_OK, slickq_pop(consumer, number, sizeof number, &item));
  EXPECT(SLICKQ_OK, slickq_queue_reset(queue, 0));
  EXPECT(SLICKQ_RESET, slickq_pop(consumer, number, sizeof number, &item));
  CHECK(item.count == 0);
  push_numbers(producer, 5, 6);
  EXPECT(SLICKQ_OK, slickq_pop(consumer, number, sizeof number, &item));
  CHECK(number[0] == 5 && item.index == 0);
  slickq_consumer_close(consumer);
  slickq_producer_close(producer);
  slickq_queue_close(queue);
}

void queue_tests(void) {
  a_queue_is_created_opened_and_closed();
  every_layout_is_created_and_recognised();
  what_is_there_is_never_made_anew();
  what_cannot_be_opened_is_told();
  impossible_geometries_are_told();
  options_that_mean_nothing_are_told();
  a_read_only_queue_is_read_and_nothing_else();
  handles_are_closed_in_any_order();
  a_reset_empties_the_queue();
}
