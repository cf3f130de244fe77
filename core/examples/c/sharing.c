/* Work sharing: three processes advance one cursor together, so that each job goes to exactly one of them.
 *
 * The cursor is a segment of 8 bytes, "queue@name". A worker that dies takes at most the job that it has in hand. */
#define _POSIX_C_SOURCE 200809L
#include <slickq/slickq.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 3
#define JOBS 1000

static char queue_name[64], cursor_name[96];

static int complain(void) {
  fprintf(stderr, "sharing: %s\n", slickq_error_message());
  return 1;
}

/* A process of its own: it opens everything itself. Says through the pipe how many jobs it had. */
static int work(int done) {
  slickq_queue* queue = NULL;
  slickq_cursor* cursor = NULL;
  slickq_consumer* consumer = NULL;
  if (slickq_queue_open(queue_name, NULL, &queue) != SLICKQ_OK) return complain();
  if (slickq_cursor_open(cursor_name, NULL, &cursor) != SLICKQ_OK) return complain();
  slickq_consumer_options options = {.struct_size = sizeof options, .cursor = cursor};
  if (slickq_consumer_open(queue, &options, &consumer) != SLICKQ_OK) return complain();
  unsigned jobs = 0;
  uint64_t job;
  slickq_item item;
  while (slickq_pop(consumer, &job, sizeof job, &item) == SLICKQ_OK) ++jobs;
  return write(done, &jobs, sizeof jobs) == (ssize_t)sizeof jobs ? 0 : 1;
}

static int push_jobs(void) {
  slickq_queue_options options = {.struct_size = sizeof options, .capacity = 1024, .element_size = sizeof(uint64_t)};
  slickq_queue* queue = NULL;
  slickq_cursor* cursor = NULL;
  slickq_producer* producer = NULL;
  if (slickq_queue_create(queue_name, &options, &queue) != SLICKQ_OK) return complain();
  if (slickq_cursor_create(cursor_name, 0, NULL, &cursor) != SLICKQ_OK) return complain();
  if (slickq_producer_open(queue, NULL, &producer) != SLICKQ_OK) return complain();
  for (uint64_t job = 0; job < JOBS; ++job) {
    if (slickq_push(producer, &job, sizeof job) != SLICKQ_OK) return complain();
  }
  slickq_producer_close(producer);
  slickq_cursor_close(cursor);
  slickq_queue_close(queue); /* what is in it stays */
  return 0;
}

int main(void) {
  snprintf(queue_name, sizeof queue_name, "example-jobs-c-%d", (int)getpid());
  snprintf(cursor_name, sizeof cursor_name, "%s@workers", queue_name);
  if (push_jobs() != 0) return 1;

  int done[2];
  if (pipe(done) != 0) return 1;
  for (int k = 0; k < WORKERS; ++k) {
    if (fork() == 0) _exit(work(done[1]));
  }
  unsigned total = 0, failed = 0;
  for (int status; wait(&status) > 0;) failed += status != 0;
  for (unsigned k = failed, jobs; k < WORKERS && read(done[0], &jobs, sizeof jobs) == (ssize_t)sizeof jobs; ++k) {
    total += jobs;
  }
  printf("%d processes on one cursor did %u jobs, each of %d once\n", WORKERS, total, JOBS);

  /* Never removed by closing: a queue outlives its programs until somebody says otherwise. */
  if (slickq_unlink(cursor_name, NULL) != SLICKQ_OK || slickq_unlink(queue_name, NULL) != SLICKQ_OK) return complain();
  return failed == 0 && total == JOBS ? 0 : 1;
}
