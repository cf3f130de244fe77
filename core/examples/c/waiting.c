/* A consumer that sleeps until there is something, in another process than its producer, and a producer that waits for
 * a consumer that is slow: nothing is lost, although the ring is far smaller than what goes through it.
 *
 * The consumer tells its position by a cursor, which the producer respects before it reserves. */
#define _POSIX_C_SOURCE 200809L
#include <slickq/slickq.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICKS 10000
#define SECOND UINT64_C(1000000000)

static char queue_name[64], cursor_name[96];

static int complain(void) {
  fprintf(stderr, "waiting: %s\n", slickq_error_message());
  return 1;
}

static int open_both(slickq_queue** queue, slickq_cursor** cursor) {
  slickq_queue_options options = {.struct_size = sizeof options, .capacity = 64, .element_size = sizeof(uint64_t)};
  if (slickq_queue_open_or_create(queue_name, &options, queue) != SLICKQ_OK) return complain();
  return slickq_cursor_open_or_create(cursor_name, 0, NULL, cursor) == SLICKQ_OK ? 0 : complain();
}

static int produce(void) {
  slickq_queue* queue = NULL;
  slickq_cursor* cursor = NULL;
  slickq_producer* producer = NULL;
  if (open_both(&queue, &cursor) != 0) return 1;
  slickq_producer_options options = {.struct_size = sizeof options, .respect = &cursor, .respect_count = 1};
  options.patience_ns = 60 * SECOND; /* then the answer is SLICKQ_TIMED_OUT */
  if (slickq_producer_open(queue, &options, &producer) != SLICKQ_OK) return complain();
  for (uint64_t tick = 0; tick < TICKS; ++tick) {
    const slickq_status status = slickq_push(producer, &tick, sizeof tick);
    if (status < 0) return complain();
    if (status != SLICKQ_OK) return 1; /* timed_out: nobody reads */
  }
  return 0;
}

static int consume(void) {
  slickq_queue* queue = NULL;
  slickq_cursor* cursor = NULL;
  slickq_consumer* consumer = NULL;
  if (open_both(&queue, &cursor) != 0) return 1;
  if (slickq_consumer_open(queue, NULL, &consumer) != SLICKQ_OK) return complain();
  uint64_t received = 0, lost = 0;
  while (received + lost < TICKS) {
    uint64_t tick;
    slickq_item item;
    const slickq_status status = slickq_pop_wait(consumer, &tick, sizeof tick, 60 * SECOND, &item);
    if (status < 0) return complain();
    lost += item.lost;
    if (status == SLICKQ_OK) {
      ++received;
      slickq_cursor_store(cursor, item.index + item.count);
    } else if (item.lost == 0) {
      break; /* empty, and a minute is over */
    }
  }
  printf("received %llu ticks, lost %llu\n", (unsigned long long)received, (unsigned long long)lost);
  slickq_consumer_close(consumer);
  slickq_cursor_close(cursor);
  slickq_queue_close(queue);
  return received == TICKS ? 0 : 1;
}

int main(void) {
  snprintf(queue_name, sizeof queue_name, "example-ticks-c-%d", (int)getpid());
  snprintf(cursor_name, sizeof cursor_name, "%s@consumer", queue_name);
  const pid_t producer = fork();
  if (producer == 0) _exit(produce());
  const int code = consume();
  int status = 1;
  waitpid(producer, &status, 0);
  if (slickq_unlink(cursor_name, NULL) != SLICKQ_OK || slickq_unlink(queue_name, NULL) != SLICKQ_OK) return complain();
  return code != 0 || status != 0;
}
