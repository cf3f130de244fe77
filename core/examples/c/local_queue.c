/* A queue between threads of one process. No name, no file: the memory is the program's own.
 *
 * Two threads push, one takes. Each producer's items arrive in the order it pushed them; the two are interleaved. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <slickq/slickq.h>
#include <stdio.h>

#define READINGS 1000

struct reading {
  uint32_t sensor;
  uint32_t number;
};

struct sensor {
  slickq_queue* queue;
  uint32_t number;
};

static int complain(void) {
  fprintf(stderr, "local_queue: %s\n", slickq_error_message());
  return 1;
}

/* A producer belongs to one thread; each thread opens its own on the shared queue. */
static void* measure(void* argument) {
  const struct sensor* sensor = argument;
  slickq_producer* producer = NULL;
  if (slickq_producer_open(sensor->queue, NULL, &producer) != SLICKQ_OK) {
    complain();
    return NULL;
  }
  for (uint32_t number = 0; number < READINGS; ++number) {
    const struct reading reading = {sensor->number, number};
    if (slickq_push(producer, &reading, sizeof reading) < 0) complain();
  }
  slickq_producer_close(producer);
  return NULL;
}

int main(void) {
  /* A producer overwrites what is one lap behind. 4096 elements hold all 2000 readings. */
  slickq_queue_options options = {
      .struct_size = sizeof options, .capacity = 4096, .element_size = sizeof(struct reading)};
  slickq_queue* queue = NULL;
  slickq_consumer* consumer = NULL;
  if (slickq_queue_local(&options, &queue) != SLICKQ_OK) return complain();
  if (slickq_consumer_open(queue, NULL, &consumer) != SLICKQ_OK) return complain();

  struct sensor sensors[2] = {{queue, 0}, {queue, 1}};
  pthread_t threads[2];
  for (int k = 0; k < 2; ++k) {
    if (pthread_create(&threads[k], NULL, measure, &sensors[k]) != 0) return 1;
  }

  uint32_t expected[2] = {0, 0};
  int in_order = 1;
  while (expected[0] + expected[1] < 2 * READINGS) {
    struct reading reading;
    slickq_item item;
    const slickq_status status = slickq_pop_wait(consumer, &reading, sizeof reading, SLICKQ_FOREVER, &item);
    if (status < 0) return complain();
    if (status != SLICKQ_OK) continue;
    in_order = in_order && reading.number == expected[reading.sensor];
    ++expected[reading.sensor];
  }
  for (int k = 0; k < 2; ++k) pthread_join(threads[k], NULL);

  slickq_consumer_info info = {.struct_size = sizeof info};
  slickq_consumer_get_info(consumer, &info);
  printf("received %u readings, lost %llu, each sensor in order: %s\n", (unsigned)(expected[0] + expected[1]),
         (unsigned long long)info.lost_elements, in_order ? "yes" : "no");
  slickq_consumer_close(consumer);
  slickq_queue_close(queue);
  return in_order && info.lost_elements == 0 ? 0 : 1;
}
