#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static const char* test = "";
static int failures = 0;
static char dir[128];

void begin(const char* sentence) { test = sentence; }

static void fail(const char* file, int line) {
  ++failures;
  fprintf(stderr, "%s:%d: %s: ", file, line, test);
}

void check(int good, const char* what, const char* file, int line) {
  if (good) return;
  fail(file, line);
  fprintf(stderr, "not so: %s\n", what);
}

void check_status(int status, int expected, const char* call, const char* file, int line) {
  if (status == expected) return;
  fail(file, line);
  fprintf(stderr, "%s\n  gave %s (%s), expected %s\n", call, slickq_status_name(status),
          status < 0 ? slickq_error_message() : "no error", slickq_status_name(expected));
}

void check_message(const char* part, const char* file, int line) {
  if (strstr(slickq_error_message(), part) != NULL) return;
  fail(file, line);
  fprintf(stderr, "the message \"%s\" does not say \"%s\"\n", slickq_error_message(), part);
}

void make_shm_dir(void) {
  snprintf(dir, sizeof dir, "/dev/shm/slickq-test-%d-XXXXXX", (int)getpid());
  if (mkdtemp(dir) == NULL || setenv("SLICKQ_SHM_DIR", dir, 1) != 0) abort();
}

const char* shm_dir(void) { return dir; }

static void path_of(const char* name, char* path, size_t size) { snprintf(path, size, "%s/%s", dir, name); }

int exists(const char* name) {
  char path[512];
  path_of(name, path, sizeof path);
  return access(path, F_OK) == 0;
}

/* What a test left is a failure of it, and is not left any longer. */
static void remove_shm_dir(void) {
  DIR* open = opendir(dir);
  if (open == NULL) return;
  for (const struct dirent* entry; (entry = readdir(open)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    char path[512];
    path_of(entry->d_name, path, sizeof path);
    check(0, path, __FILE__, __LINE__);
    unlink(path);
  }
  closedir(open);
  rmdir(dir);
}

slickq_queue_options small_queue(void) {
  slickq_queue_options options = {.struct_size = sizeof options, .capacity = CAPACITY, .element_size = ELEMENT};
  return options;
}

slickq_queue* local_queue(void) {
  slickq_queue_options options = small_queue();
  slickq_queue* queue = NULL;
  EXPECT(SLICKQ_OK, slickq_queue_local(&options, &queue));
  return queue;
}

slickq_queue* created(const char* name) {
  slickq_queue_options options = small_queue();
  slickq_queue* queue = NULL;
  EXPECT(SLICKQ_OK, slickq_queue_create(name, &options, &queue));
  return queue;
}

slickq_producer* producer_of(slickq_queue* queue) {
  slickq_producer* producer = NULL;
  EXPECT(SLICKQ_OK, slickq_producer_open(queue, NULL, &producer));
  return producer;
}

slickq_consumer* consumer_of(slickq_queue* queue) {
  slickq_consumer* consumer = NULL;
  EXPECT(SLICKQ_OK, slickq_consumer_open(queue, NULL, &consumer));
  return consumer;
}

void push_numbers(slickq_producer* producer, uint64_t from, uint64_t to) {
  for (uint64_t number = from; number < to; ++number) {
    EXPECT(SLICKQ_OK, slickq_push(producer, &number, sizeof number));
  }
}

static const struct {
  const char* name;
  void (*run)(void);
} suites[] = {{"error", error_tests}, /* first: it looks for the message before the first error */
              {"queue", queue_tests},       {"unlink", unlink_tests},     {"producer", producer_tests},
              {"consumer", consumer_tests}, {"in_place", in_place_tests}, {"cursor", cursor_tests},
              {"look", look_tests},         {"process", process_tests}};

int main(int argc, char** argv) {
  alarm(300); /* a test that hangs must fail */
  make_shm_dir();
  int found = 0;
  for (size_t k = 0; k < sizeof suites / sizeof *suites; ++k) {
    if (argc == 2 && strcmp(argv[1], suites[k].name) != 0) continue;
    found = 1;
    suites[k].run();
  }
  begin("nothing is left in the shm directory");
  remove_shm_dir();
  if (!found) fprintf(stderr, "no such tests: %s\n", argv[1]);
  printf("%d failures\n", failures);
  return found && failures == 0 ? 0 : 1;
}
