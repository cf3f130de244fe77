/* Without a copy: the producer writes into the ring, the consumer reads there.
 *
 * The writer reserves room for the largest frame, writes, and publishes as much as the frame has. The reader looks at
 * bytes that a producer one lap ahead may overwrite at any moment: what it made of them counts only if they were still
 * valid afterwards. */
#include <slickq/slickq.h>
#include <stdio.h>
#include <string.h>

#define ELEMENT 64
#define LARGEST 4 /* elements */

static int complain(void) {
  fprintf(stderr, "in_place: %s\n", slickq_error_message());
  return 1;
}

static int write_frame(slickq_producer* producer, char letter, uint32_t elements) {
  void* data;
  uint64_t index;
  if (slickq_reserve(producer, LARGEST, &data, &index) != SLICKQ_OK) return complain();
  if (elements == 0) return slickq_abandon(producer) == SLICKQ_OK ? 0 : complain(); /* readers jump over it */
  memset(data, letter, (size_t)elements * ELEMENT);
  return slickq_publish(producer, elements) == SLICKQ_OK ? 0 : complain();
}

static int read_frames(slickq_consumer* consumer) {
  for (;;) {
    const void* data;
    slickq_item item;
    const slickq_status status = slickq_peek(consumer, &data, &item);
    if (status < 0) return complain();
    if (status != SLICKQ_OK) return 0;
    const char letter = *(const char*)data; /* the work: as long as it needs */
    if (slickq_still_valid(consumer, &item) != SLICKQ_OK) {
      slickq_seek(consumer, item.index); /* the next look tells what was lost */
      continue;
    }
    slickq_commit(consumer, &item);
    printf("frame %c: %llu bytes\n", letter, (unsigned long long)item.size);
  }
}

int main(void) {
  slickq_queue_options options = {.struct_size = sizeof options, .capacity = 256, .element_size = ELEMENT};
  slickq_queue* queue = NULL;
  slickq_producer* producer = NULL;
  slickq_consumer* consumer = NULL;
  if (slickq_queue_local(&options, &queue) != SLICKQ_OK || slickq_producer_open(queue, NULL, &producer) != SLICKQ_OK ||
      slickq_consumer_open(queue, NULL, &consumer) != SLICKQ_OK) {
    return complain();
  }
  int code = write_frame(producer, 'a', 1) || write_frame(producer, 'b', LARGEST) || write_frame(producer, 'c', 0) ||
             write_frame(producer, 'd', 2) || read_frames(consumer);
  slickq_consumer_close(consumer);
  slickq_producer_close(producer);
  slickq_queue_close(queue);
  return code;
}
