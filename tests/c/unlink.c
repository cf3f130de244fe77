#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* A process that holds the queue until it is killed, or this one has ended; it has it when this returns. */
static pid_t holder_of(const char* name) {
  int ready[2], forever[2];
  if (pipe(ready) != 0 || pipe(forever) != 0) return -1;
  const pid_t child = fork();
  if (child == 0) {
    close(forever[1]);
    char byte;
    slickq_queue* queue = NULL;
    if (slickq_queue_open(name, NULL, &queue) != SLICKQ_OK || write(ready[1], "", 1) != 1) _exit(1);
    _exit(read(forever[0], &byte, 1) == 0 ? 0 : 1);
  }
  close(forever[0]);
  char byte;
  CHECK(read(ready[0], &byte, 1) == 1);
  close(ready[0]);
  close(ready[1]);
  return child;
}

static void end(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

static void a_queue_in_use_is_not_removed(void) {
  begin("a queue that another process holds is removed by force alone");
  slickq_queue_close(created("q"));
  const pid_t holder = holder_of("q");
  slickq_unlink_options options = {.struct_size = sizeof options, .dry_run = 1};
  EXPECT(SLICKQ_BUSY, slickq_unlink("q", &options));
  EXPECT_ERROR(SLICKQ_BUSY, "force", slickq_unlink("q", NULL));
  char pid[32];
  snprintf(pid, sizeof pid, "pid %d ", (int)holder);
  CHECK(strstr(slickq_error_message(), pid) != NULL);
  CHECK(exists("q"));

  slickq_queue* queue = NULL;
  EXPECT(SLICKQ_OK, slickq_queue_open("q", NULL, &queue));
  EXPECT_ERROR(SLICKQ_BUSY, pid, slickq_queue_reset(queue, 0));
  EXPECT(SLICKQ_OK, slickq_queue_reset(queue, 1));
  int detached = -1;
  EXPECT(SLICKQ_OK, slickq_queue_is_detached(queue, &detached));
  CHECK(detached == 0);
  options = (slickq_unlink_options){.struct_size = sizeof options, .force = 1};
  EXPECT(SLICKQ_OK, slickq_unlink("q", &options));
  EXPECT(SLICKQ_OK, slickq_queue_is_detached(queue, &detached));
  CHECK(detached == 1 && !exists("q"));
  slickq_queue_close(queue);
  end(holder);
}

static void what_nobody_uses_is_removed(void) {
  begin("what nobody uses is removed, when it is what was meant");
  slickq_queue_close(created("q"));
  const pid_t holder = holder_of("q");
  end(holder); /* killed: the kernel dropped its lock */
  slickq_unlink_options options = {.struct_size = sizeof options, .inode = 1};
  EXPECT(SLICKQ_NOT_FOUND, slickq_unlink("q", &options));
  options = (slickq_unlink_options){.struct_size = sizeof options, .dry_run = 1};
  EXPECT(SLICKQ_OK, slickq_unlink("q", &options));
  CHECK(exists("q"));
  options = (slickq_unlink_options){.struct_size = sizeof options, .shm_dir = shm_dir()};
  EXPECT(SLICKQ_OK, slickq_unlink("q", &options));
  EXPECT_ERROR(SLICKQ_NOT_FOUND, "q", slickq_unlink("q", NULL));
}

static void what_is_no_segment_is_not_removed(void) {
  begin("what is no segment is not removed");
  char path[256];
  snprintf(path, sizeof path, "%s/foreign", shm_dir());
  FILE* file = fopen(path, "w");
  CHECK(file != NULL && fputs("somebody's text", file) >= 0 && fclose(file) == 0);
  EXPECT_ERROR(SLICKQ_CORRUPT, "foreign", slickq_unlink("foreign", NULL));
  CHECK(exists("foreign"));
  remove(path);
  EXPECT(SLICKQ_INVALID_ARGUMENT, slickq_unlink("..", NULL));
}

void unlink_tests(void) {
  a_queue_in_use_is_not_removed();
  what_nobody_uses_is_removed();
  what_is_no_segment_is_not_removed();
}
