/* The only producer of its queue, which saves it the locked instructions. Each measurement is a header of several
 * elements as one item, then its readings as a burst: reserved together, seen one by one as soon as they are pushed.
 * The consumer takes items one by one out of a stage that the library fills with many at a time. */
#include <inttypes.h>
#include <slickq/slickq.h>
#include <stdio.h>
#include <string.h>

#define ELEMENT 16
#define MEASUREMENTS 20
#define READINGS 10

static int complain(void) {
  fprintf(stderr, "only_producer: %s\n", slickq_error_message());
  return 1;
}

static int measure(slickq_producer* producer, uint64_t number) {
  char header[3 * ELEMENT];
  snprintf(header, sizeof header, "measurement %" PRIu64 " of the north sensor", number);
  if (slickq_push_block(producer, header, sizeof header) != SLICKQ_OK) return complain();
  if (slickq_burst_begin(producer, READINGS) != SLICKQ_OK) return complain();
  for (uint64_t k = 0; k < READINGS; ++k) {
    const uint64_t reading = number + k;
    if (slickq_burst_push(producer, &reading, sizeof reading) != SLICKQ_OK) return complain();
  }
  /* Soon: until then readers wait for what the burst may still bring. */
  return slickq_burst_end(producer) == SLICKQ_OK ? 0 : complain();
}

static int take_all(slickq_consumer* consumer) {
  uint64_t headers = 0, readings = 0, sum = 0;
  for (;;) {
    const void* data;
    slickq_item item;
    const slickq_status status = slickq_pop_staged(consumer, &data, &item);
    if (status < 0) return complain();
    if (status != SLICKQ_OK) break;
    if (item.count == 1) {
      uint64_t reading;
      memcpy(&reading, data, sizeof reading);
      sum += reading;
      ++readings;
    } else if (headers++ == 0) {
      printf("first: %s, %" PRIu64 " elements\n", (const char*)data, item.count);
    }
  }
  printf("%" PRIu64 " headers, %" PRIu64 " readings, their sum is %" PRIu64 "\n", headers, readings, sum);
  return 0;
}

int main(void) {
  slickq_queue_options options = {.struct_size = sizeof options, .capacity = 1024, .element_size = ELEMENT};
  slickq_producer_options only = {.struct_size = sizeof only, .mode = SLICKQ_SINGLE};
  slickq_queue* queue = NULL;
  slickq_producer* producer = NULL;
  slickq_producer* second = NULL;
  slickq_consumer* consumer = NULL;
  if (slickq_queue_local(&options, &queue) != SLICKQ_OK || slickq_producer_open(queue, &only, &producer) != SLICKQ_OK ||
      slickq_consumer_open(queue, NULL, &consumer) != SLICKQ_OK) {
    return complain();
  }
  printf("a second producer: %s\n", slickq_status_name(slickq_producer_open(queue, NULL, &second)));
  int code = 0;
  for (uint64_t number = 0; number < MEASUREMENTS && code == 0; ++number) code = measure(producer, number);
  if (code == 0) code = take_all(consumer);
  slickq_consumer_close(consumer);
  slickq_producer_close(producer);
  slickq_queue_close(queue);
  return code;
}
