/* Two processes on one queue, found by its name.
 *
 *   producer_and_consumer produce   creates the queue "example-orders-c" and pushes ten orders
 *   producer_and_consumer consume   prints what is in it
 *   producer_and_consumer remove    takes the name away
 *
 * Either of the first two may come first; the items stay in the ring when the producer has gone. SLICKQ_SHM_DIR moves
 * the queue to another directory. */
#include <slickq/slickq.h>
#include <stdio.h>
#include <string.h>

#define NAME "example-orders-c"

struct order {
  uint64_t id;
  double price;
  uint32_t quantity;
  char symbol[12];
};

/* Every error has its sentence: what, on which object, why, what to do next. */
static int complain(void) {
  fprintf(stderr, "producer_and_consumer: %s\n", slickq_error_message());
  return 1;
}

static slickq_status open_orders(slickq_queue** queue) {
  slickq_queue_options options = {
      .struct_size = sizeof options, .capacity = 1024, .element_size = sizeof(struct order)};
  return slickq_queue_open_or_create(NAME, &options, queue);
}

static int produce(slickq_queue* queue) {
  slickq_producer* producer = NULL;
  if (slickq_producer_open(queue, NULL, &producer) != SLICKQ_OK) return complain();
  for (uint64_t id = 1; id <= 10; ++id) {
    const struct order order = {id, 100.0 + (double)id / 4, 10, "ACME"};
    if (slickq_push(producer, &order, sizeof order) < 0) return complain();
  }
  slickq_producer_info info = {.struct_size = sizeof info};
  slickq_producer_get_info(producer, &info);
  printf("pushed %llu orders, the last at index %llu\n", (unsigned long long)info.pushed_items,
         (unsigned long long)info.last_index);
  slickq_producer_close(producer);
  return 0;
}

static int consume(slickq_queue* queue) {
  slickq_consumer* consumer = NULL; /* without options: from the oldest item on, each of them */
  if (slickq_consumer_open(queue, NULL, &consumer) != SLICKQ_OK) return complain();
  for (;;) {
    struct order order;
    slickq_item item;
    const slickq_status status = slickq_pop(consumer, &order, sizeof order, &item);
    if (status < 0) return complain();
    /* Loss is part of every answer, of an empty one too. */
    if (item.lost > 0) printf("lost %llu orders\n", (unsigned long long)item.lost);
    if (status != SLICKQ_OK) break; /* empty: a service would wait, see waiting.c */
    printf("order %llu: %u %s at %.2f\n", (unsigned long long)order.id, (unsigned)order.quantity, order.symbol,
           order.price);
  }
  slickq_consumer_close(consumer);
  return 0;
}

int main(int argc, char** argv) {
  const char* role = argc == 2 ? argv[1] : "";
  if (strcmp(role, "remove") == 0) {
    /* Refused while another process holds the queue, unless slickq_unlink_options says `force`. */
    if (slickq_unlink(NAME, NULL) != SLICKQ_OK) return complain();
    puts("removed");
    return 0;
  }
  if (strcmp(role, "produce") != 0 && strcmp(role, "consume") != 0) {
    fputs("usage: producer_and_consumer produce|consume|remove\n", stderr);
    return 2;
  }
  slickq_queue* queue = NULL;
  if (open_orders(&queue) != SLICKQ_OK) return complain();
  const int code = role[0] == 'p' ? produce(queue) : consume(queue);
  slickq_queue_close(queue);
  return code;
}
