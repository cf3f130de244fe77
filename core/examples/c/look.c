/* What queues there are, and what is in one: without mapping it, and without more than read permission.
 *
 *   look          every queue and cursor of the shm directory
 *   look QUEUE    one of them in detail */
#include <slickq/slickq.h>
#include <stdio.h>

static int complain(void) {
  fprintf(stderr, "look: %s\n", slickq_error_message());
  return 1;
}

static int print_entry(const char* name, int kind, void* context) {
  size_t* count = context;
  ++*count;
  printf("%s %s\n", kind == SLICKQ_KIND_QUEUE ? "queue " : "cursor", name);
  return 0; /* go on */
}

static int list(void) {
  size_t count = 0;
  if (slickq_list(NULL, print_entry, &count) != SLICKQ_OK) return complain();
  printf("%zu in all\n", count);
  return 0;
}

static int inspect(const char* name) {
  slickq_inspection seen = {.struct_size = sizeof seen};
  if (slickq_inspect(name, NULL, &seen) != SLICKQ_OK) return complain();
  printf("%s: %llu elements of %llu bytes, %llu bytes in all\n", name, (unsigned long long)seen.capacity,
         (unsigned long long)seen.element_size, (unsigned long long)seen.segment_bytes);
  printf("reserved %llu, published %llu, oldest %llu\n", (unsigned long long)seen.reserved,
         (unsigned long long)seen.published, (unsigned long long)seen.oldest);
  if (seen.first_hole != SLICKQ_NO_INDEX) {
    printf("readers wait at %llu, which was reserved and never published\n", (unsigned long long)seen.first_hole);
  }
  printf("held by %u other processes\n", (unsigned)seen.holders);
  return 0;
}

int main(int argc, char** argv) {
  if (argc > 2) {
    fputs("usage: look [QUEUE]\n", stderr);
    return 2;
  }
  return argc == 2 ? inspect(argv[1]) : list();
}
