#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* What a program of several processes and signals relies on: slickq.h, "After fork()" and "Waits". */

static volatile sig_atomic_t signals = 0;

static void count_signal(int number) {
  (void)number;
  ++signals;
}

static void a_child_closes_what_it_inherited(void) {
  begin("a child of fork() closes what it inherited, and its parent goes on with it");
  slickq_queue* queue = created("q");
  slickq_producer* producer = producer_of(queue);
  slickq_consumer* consumer = consumer_of(queue);
  slickq_cursor* cursor = NULL;
  EXPECT(SLICKQ_OK, slickq_cursor_create("q@c", 0, NULL, &cursor));
  push_numbers(producer, 0, 1);
  void* data = NULL;
  uint64_t index = 0;
  EXPECT(SLICKQ_OK, slickq_reserve(producer, 2, &data, &index));
  const pid_t child = fork();
  if (child == 0) {
    slickq_consumer_close(consumer);
    slickq_producer_close(producer); /* with the reservation that is open: it is the parent's */
    slickq_cursor_close(cursor);
    slickq_queue_close(queue);
    slickq_inspection seen = {.struct_size = sizeof seen};
    const int held = slickq_inspect("q", NULL, &seen) == SLICKQ_OK && seen.is_held;
    slickq_queue* mine = NULL;
    slickq_producer* pushing = NULL;
    const uint64_t number = 7;
    const int pushed = slickq_queue_open("q", NULL, &mine) == SLICKQ_OK &&
                       slickq_producer_open(mine, NULL, &pushing) == SLICKQ_OK &&
                       slickq_push(pushing, &number, sizeof number) == SLICKQ_OK;
    slickq_producer_close(pushing);
    slickq_queue_close(mine);
    _exit(held && pushed && exists("q") && exists("q@c") ? 0 : 1);
  }
  int code = -1;
  CHECK(waitpid(child, &code, 0) == child && code == 0);
  memset(data, 0, 2 * ELEMENT);
  EXPECT(SLICKQ_OK, slickq_publish(producer, 0));
  push_numbers(producer, 8, 9);
  EXPECT(SLICKQ_OK, slickq_cursor_store(cursor, 1));

  uint64_t got[2 * ELEMENT / 8];
  slickq_item item;
  const struct { uint64_t number, count; } expected[] = {{0, 1}, {0, 2}, {7, 1}, {8, 1}};
  for (size_t k = 0; k < sizeof expected / sizeof *expected; ++k) {
    EXPECT(SLICKQ_OK, slickq_pop(consumer, got, sizeof got, &item));
    CHECK(got[0] == expected[k].number && item.count == expected[k].count && item.lost == 0 && item.skipped == 0);
  }
  slickq_cursor_close(cursor);
  slickq_consumer_close(consumer);
  slickq_producer_close(producer);
  slickq_queue_close(queue);
  EXPECT(SLICKQ_OK, slickq_unlink("q@c", NULL));
  EXPECT(SLICKQ_OK, slickq_unlink("q", NULL));
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void waits_go_on_through_signals(void) {
  begin("a signal's handler runs while a call waits, and the call waits on");
  const struct sigaction counting = {.sa_handler = count_signal}; /* without SA_RESTART */
  struct sigaction before;
  CHECK(sigaction(SIGUSR1, &counting, &before) == 0);
  slickq_queue* queue = local_queue();
  slickq_consumer* consumer = consumer_of(queue);
  const pid_t waiting = getpid();
  const pid_t child = fork();
  if (child == 0) {
    const struct timespec rest = {.tv_nsec = 10000000};
    for (;;) {
      nanosleep(&rest, NULL);
      if (getppid() != waiting || kill(waiting, SIGUSR1) != 0) _exit(0);
    }
  }
  const uint64_t patience = 200000000;
  const uint64_t begun = now_ns();
  uint64_t got[ELEMENT / 8];
  slickq_item item;
  EXPECT(SLICKQ_EMPTY, slickq_pop_wait(consumer, got, sizeof got, patience, &item));
  CHECK(now_ns() - begun >= patience);
  kill(child, SIGKILL);
  while (waitpid(child, NULL, 0) != child) continue; /* EINTR */
  CHECK(signals > 0);
  CHECK(sigaction(SIGUSR1, &before, NULL) == 0);
  slickq_consumer_close(consumer);
  slickq_queue_close(queue);
}

void process_tests(void) {
  a_child_closes_what_it_inherited();
  waits_go_on_through_signals();
}
