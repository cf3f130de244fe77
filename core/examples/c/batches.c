/* Many small items in one step, on both sides: one reservation for up to 16 of them, one validation for all that are
 * read. Each is an item of its own all the same. */
#include <slickq/slickq.h>
#include <stdio.h>

#define READINGS 1000

static int complain(void) {
  fprintf(stderr, "batches: %s\n", slickq_error_message());
  return 1;
}

int main(void) {
  slickq_queue_options options = {.struct_size = sizeof options, .capacity = 4096, .element_size = sizeof(uint64_t)};
  slickq_queue* queue = NULL;
  slickq_producer* producer = NULL;
  slickq_consumer* consumer = NULL;
  if (slickq_queue_local(&options, &queue) != SLICKQ_OK || slickq_producer_open(queue, NULL, &producer) != SLICKQ_OK ||
      slickq_consumer_open(queue, NULL, &consumer) != SLICKQ_OK) {
    return complain();
  }

  uint64_t readings[READINGS];
  for (uint64_t k = 0; k < READINGS; ++k) readings[k] = k;
  size_t pushed = 0;
  if (slickq_push_batch(producer, readings, sizeof readings, &pushed) != SLICKQ_OK) return complain();

  uint64_t sum = 0;
  size_t batches = 0;
  for (;;) {
    uint64_t buffer[64];
    slickq_batch_item items[64];
    size_t taken = 0;
    slickq_item first;
    const slickq_status status = slickq_pop_batch(consumer, buffer, sizeof buffer, items, 64, &taken, &first);
    if (status < 0) return complain();
    if (status != SLICKQ_OK) break;
    for (size_t k = 0; k < taken; ++k) sum += *(const uint64_t*)items[k].data;
    ++batches;
  }
  printf("pushed %zu readings, took them in %zu batches, their sum is %llu\n", pushed, batches,
         (unsigned long long)sum);

  slickq_consumer_close(consumer);
  slickq_producer_close(producer);
  slickq_queue_close(queue);
  return sum == (uint64_t)READINGS * (READINGS - 1) / 2 ? 0 : 1;
}
