#include <stdlib.h>

#include "check.h"

/* The call gives SLICKQ_INVALID_ARGUMENT, and the sentence names the call and what was NULL. */
#define REFUSED(argument, function, ...)                                               \
  do {                                                                                 \
    EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, argument " is NULL", function(__VA_ARGS__)); \
    check_message(#function ": ", __FILE__, __LINE__);                                 \
  } while (0)

static slickq_queue_options options;
static slickq_item item;
static char bytes[ELEMENT];
static size_t taken;
static uint64_t number;
static void* data;
static const void* read_only;
static slickq_batch_item items[1];
static int flag;

static void no_queue(void) {
  begin("NULL where a queue, its name or its place are wanted is an error");
  slickq_queue* queue = NULL;
  slickq_queue_info info = {.struct_size = sizeof info};
  REFUSED("name", slickq_queue_create, NULL, &options, &queue);
  REFUSED("options", slickq_queue_create, "q", NULL, &queue);
  REFUSED("queue", slickq_queue_create, "q", &options, NULL);
  REFUSED("name", slickq_queue_open, NULL, NULL, &queue);
  REFUSED("queue", slickq_queue_open, "q", NULL, NULL);
  REFUSED("name", slickq_queue_open_or_create, NULL, &options, &queue);
  REFUSED("options", slickq_queue_open_or_create, "q", NULL, &queue);
  REFUSED("queue", slickq_queue_open_or_create, "q", &options, NULL);
  REFUSED("options", slickq_queue_local, NULL, &queue);
  REFUSED("queue", slickq_queue_local, &options, NULL);
  REFUSED("queue", slickq_queue_get_info, NULL, &info);
  REFUSED("queue", slickq_queue_is_detached, NULL, &flag);
  REFUSED("queue", slickq_queue_reset, NULL, 0);
  REFUSED("name", slickq_unlink, NULL, NULL);
  slickq_inspection seen = {.struct_size = sizeof seen};
  REFUSED("name", slickq_inspect, NULL, NULL, &seen);
  REFUSED("inspection", slickq_inspect, "q", NULL, NULL);
  REFUSED("visit", slickq_list, NULL, NULL, NULL);
  queue = local_queue();
  REFUSED("info", slickq_queue_get_info, queue, NULL);
  REFUSED("is_detached", slickq_queue_is_detached, queue, NULL);
  slickq_queue_close(queue);
}

static void no_cursor(void) {
  begin("NULL where a cursor is wanted is an error");
  slickq_cursor* cursor = NULL;
  REFUSED("name", slickq_cursor_create, NULL, 0, NULL, &cursor);
  REFUSED("cursor", slickq_cursor_create, "c", 0, NULL, NULL);
  REFUSED("name", slickq_cursor_open, NULL, NULL, &cursor);
  REFUSED("cursor", slickq_cursor_open, "c", NULL, NULL);
  REFUSED("name", slickq_cursor_open_or_create, NULL, 0, NULL, &cursor);
  REFUSED("cursor", slickq_cursor_open_or_create, "c", 0, NULL, NULL);
  REFUSED("memory", slickq_cursor_at, NULL, &cursor);
  REFUSED("cursor", slickq_cursor_at, &number, NULL);
  REFUSED("cursor", slickq_cursor_load, NULL, &number);
  REFUSED("cursor", slickq_cursor_store, NULL, 0);
  REFUSED("cursor", slickq_cursor_compare_exchange, NULL, &number, 1);
  EXPECT(SLICKQ_OK, slickq_cursor_at(&number, &cursor));
  REFUSED("value", slickq_cursor_load, cursor, NULL);
  REFUSED("expected", slickq_cursor_compare_exchange, cursor, NULL, 1);
  slickq_cursor_close(cursor);
}

static void no_producer(void) {
  begin("NULL where a producer or its bytes are wanted is an error");
  slickq_producer* producer = NULL;
  slickq_producer_info info = {.struct_size = sizeof info};
  REFUSED("queue", slickq_producer_open, NULL, NULL, &producer);
  REFUSED("producer", slickq_push, NULL, bytes, 1);
  REFUSED("producer", slickq_push_block, NULL, bytes, 1);
  REFUSED("producer", slickq_push_batch, NULL, bytes, 1, &taken);
  REFUSED("producer", slickq_reserve, NULL, 1, &data, &number);
  REFUSED("producer", slickq_publish, NULL, 0);
  REFUSED("producer", slickq_abandon, NULL);
  REFUSED("producer", slickq_burst_begin, NULL, 1);
  REFUSED("producer", slickq_burst_push, NULL, bytes, 1);
  REFUSED("producer", slickq_burst_end, NULL);
  REFUSED("producer", slickq_producer_get_info, NULL, &info);
  slickq_queue* queue = local_queue();
  REFUSED("producer", slickq_producer_open, queue, NULL, NULL);
  producer = producer_of(queue);
  REFUSED("bytes", slickq_push, producer, NULL, 1);
  REFUSED("elements", slickq_push_block, producer, NULL, 1);
  REFUSED("elements", slickq_push_batch, producer, NULL, 1, &taken);
  REFUSED("bytes", slickq_burst_push, producer, NULL, 1);
  REFUSED("data", slickq_reserve, producer, 1, NULL, &number);
  REFUSED("index", slickq_reserve, producer, 1, &data, NULL);
  REFUSED("info", slickq_producer_get_info, producer, NULL);
  slickq_producer_close(producer);
  slickq_producer_close(NULL);
  slickq_queue_close(queue);
}

static void no_consumer(void) {
  begin("NULL where a consumer or a place for the item are wanted is an error");
  slickq_consumer* consumer = NULL;
  slickq_consumer_info info = {.struct_size = sizeof info};
  REFUSED("queue", slickq_consumer_open, NULL, NULL, &consumer);
  REFUSED("consumer", slickq_pop, NULL, bytes, 1, &item);
  REFUSED("consumer", slickq_pop_wait, NULL, bytes, 1, 0, &item);
  REFUSED("consumer", slickq_pop_batch, NULL, bytes, 1, items, 1, &taken, &item);
  REFUSED("consumer", slickq_pop_staged, NULL, &read_only, &item);
  REFUSED("consumer", slickq_peek, NULL, &read_only, &item);
  REFUSED("consumer", slickq_still_valid, NULL, &item);
  REFUSED("consumer", slickq_commit, NULL, &item);
  REFUSED("consumer", slickq_seek, NULL, 0);
  REFUSED("consumer", slickq_consumer_get_info, NULL, &info);
  slickq_queue* queue = local_queue();
  REFUSED("consumer", slickq_consumer_open, queue, NULL, NULL);
  consumer = consumer_of(queue);
  REFUSED("buffer", slickq_pop, consumer, NULL, 1, &item);
  REFUSED("item", slickq_pop, consumer, bytes, 1, NULL);
  REFUSED("buffer", slickq_pop_wait, consumer, NULL, 1, 0, &item);
  REFUSED("item", slickq_pop_wait, consumer, bytes, 1, 0, NULL);
  REFUSED("buffer", slickq_pop_batch, consumer, NULL, 1, items, 1, &taken, &item);
  REFUSED("items", slickq_pop_batch, consumer, bytes, 1, NULL, 1, &taken, &item);
  REFUSED("taken", slickq_pop_batch, consumer, bytes, 1, items, 1, NULL, &item);
  REFUSED("first", slickq_pop_batch, consumer, bytes, 1, items, 1, &taken, NULL);
  REFUSED("data", slickq_pop_staged, consumer, NULL, &item);
  REFUSED("item", slickq_pop_staged, consumer, &read_only, NULL);
  REFUSED("data", slickq_peek, consumer, NULL, &item);
  REFUSED("item", slickq_peek, consumer, &read_only, NULL);
  REFUSED("item", slickq_still_valid, consumer, NULL);
  REFUSED("item", slickq_commit, consumer, NULL);
  REFUSED("info", slickq_consumer_get_info, consumer, NULL);
  slickq_consumer_close(consumer);
  slickq_consumer_close(NULL);
  slickq_queue_close(queue);
}

/* As a program of a later version passes them: our struct, and something behind it. */
struct later_options {
  slickq_queue_options known;
  uint64_t later;
};
struct later_info {
  slickq_queue_info known;
  uint64_t later;
};

static void structs_of_other_versions(void) {
  begin("a struct whose size is not set is told, and one of a later version is understood as far as it can be");
  slickq_queue* queue = NULL;
  slickq_queue_options unset = small_queue();
  unset.struct_size = 0;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "struct_size", slickq_queue_local(&unset, &queue));
  unset.struct_size = (size_t)-1;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "struct_size", slickq_queue_local(&unset, &queue));

  struct later_options later = {small_queue(), 1};
  later.known.struct_size = sizeof later;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "newer", slickq_queue_local(&later.known, &queue));
  CHECK(queue == NULL);
  later.later = 0;
  EXPECT(SLICKQ_OK, slickq_queue_local(&later.known, &queue));

  struct later_info info = {{.struct_size = sizeof info}, 1};
  EXPECT(SLICKQ_OK, slickq_queue_get_info(queue, &info.known));
  CHECK(info.known.struct_size == sizeof info && info.known.capacity == CAPACITY && info.later == 0);
  info.known.struct_size = 8;
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "struct_size", slickq_queue_get_info(queue, &info.known));
  slickq_inspection seen = {.struct_size = 0};
  EXPECT_ERROR(SLICKQ_INVALID_ARGUMENT, "struct_size", slickq_inspect("q", NULL, &seen));
  slickq_queue_close(queue);
}

static void names_and_versions(void) {
  begin("every status has a name, and the library a version");
  for (int status = SLICKQ_INTERNAL; status <= SLICKQ_CHANGED; ++status) {
    CHECK(strcmp(slickq_status_name(status), "unknown") != 0);
  }
  CHECK(strcmp(slickq_status_name(SLICKQ_OK), "ok") == 0);
  CHECK(strcmp(slickq_status_name(SLICKQ_CHANGED), "changed") == 0);
  CHECK(strcmp(slickq_status_name(SLICKQ_INVALID_ARGUMENT), "invalid_argument") == 0);
  CHECK(strcmp(slickq_status_name(SLICKQ_INTERNAL), "internal") == 0);
  CHECK(strcmp(slickq_status_name(SLICKQ_CHANGED + 1), "unknown") == 0);
  CHECK(strcmp(slickq_status_name(SLICKQ_INTERNAL - 1), "unknown") == 0);
  CHECK(slickq_abi_version() == SLICKQ_ABI_VERSION);
  CHECK(strchr(slickq_version(), '.') != NULL);
}

static void a_long_message_is_cut(void) {
  begin("a message that is too long is cut");
  static char path[4000];
  memset(path, 'x', sizeof path - 1);
  slickq_open_options where = {.struct_size = sizeof where, .shm_dir = path};
  slickq_queue* queue = NULL;
  CHECK(slickq_queue_open("q", &where, &queue) < 0);
  CHECK(strlen(slickq_error_message()) < 2048);
}

void error_tests(void) {
  options = small_queue();
  begin("there is no message before the first error");
  CHECK(strcmp(slickq_error_message(), "") == 0 && slickq_error_errno() == 0);
  no_queue();
  no_cursor();
  no_producer();
  no_consumer();
  structs_of_other_versions();
  names_and_versions();
  a_long_message_is_cut();
}
