/* Somebody else's project in C: sees the installed header and library, nothing of the source tree. */
#include <slickq/slickq.h>
#include <stdio.h>

int main(void) {
  slickq_queue_options options = {.struct_size = sizeof options, .capacity = 8, .element_size = sizeof(uint32_t)};
  slickq_queue* queue = NULL;
  slickq_producer* producer = NULL;
  slickq_consumer* consumer = NULL;
  const uint32_t sent = 42;
  uint32_t received = 0;
  slickq_item item;
  if (slickq_queue_local(&options, &queue) != SLICKQ_OK || slickq_producer_open(queue, NULL, &producer) != SLICKQ_OK ||
      slickq_consumer_open(queue, NULL, &consumer) != SLICKQ_OK ||
      slickq_push(producer, &sent, sizeof sent) != SLICKQ_OK ||
      slickq_pop(consumer, &received, sizeof received, &item) != SLICKQ_OK) {
    fprintf(stderr, "%s\n", slickq_error_message());
    return 1;
  }
  slickq_consumer_close(consumer);
  slickq_producer_close(producer);
  slickq_queue_close(queue);
  printf("slickq %s, interface %u: %u\n", slickq_version(), (unsigned)slickq_abi_version(), (unsigned)received);
  return received == sent ? 0 : 1;
}
