/* What the C tests check with, and a shm directory of their own. */
#pragma once

#include <slickq/slickq.h>
#include <stdio.h>
#include <string.h>

#define ELEMENT 32
#define CAPACITY 16

/* A test's name is a sentence; what fails behind it is told with it. */
void begin(const char* sentence);
void check(int good, const char* what, const char* file, int line);
void check_status(int status, int expected, const char* call, const char* file, int line);
void check_message(const char* part, const char* file, int line);

#define CHECK(condition) check((condition) != 0, #condition, __FILE__, __LINE__)
/* The call gives this status; and a sentence that names what it was about when that is an error. */
#define EXPECT(status, call) check_status((call), (status), #call, __FILE__, __LINE__)
#define EXPECT_ERROR(status, part, call)     \
  do {                                       \
    EXPECT(status, call);                    \
    check_message(part, __FILE__, __LINE__); \
  } while (0)

/* Makes it, and SLICKQ_SHM_DIR say it. */
void make_shm_dir(void);
const char* shm_dir(void);
/* Is the file there? */
int exists(const char* name);

/* CAPACITY elements of ELEMENT bytes. */
slickq_queue_options small_queue(void);
slickq_queue* local_queue(void);
slickq_queue* created(const char* name);
slickq_producer* producer_of(slickq_queue* queue);
slickq_consumer* consumer_of(slickq_queue* queue);
/* Pushes numbers, one an item. */
void push_numbers(slickq_producer* producer, uint64_t from, uint64_t to);

void queue_tests(void);
void unlink_tests(void);
void producer_tests(void);
void consumer_tests(void);
void in_place_tests(void);
void cursor_tests(void);
void look_tests(void);
void process_tests(void);
void error_tests(void);
