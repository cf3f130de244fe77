#include "ck_ring.h"

#include <ck_ring.h>

/* The ring has the header, then its elements from a cache line on. */
enum { kHeaderBytes = (sizeof(struct ck_ring) + 63) / 64 * 64 };

size_t slickq_ck_bytes(unsigned elements, size_t element_bytes) { return kHeaderBytes + elements * element_bytes; }

void slickq_ck_init(void* ring, unsigned elements) { ck_ring_init(ring, elements); }

#define ELEMENTS(ring, type) ((struct type*)((char*)(ring) + kHeaderBytes))

#define RING(bytes)                              \
  struct message_##bytes {                       \
    char of[bytes];                              \
  };                                             \
  CK_RING_PROTOTYPE(of_##bytes, message_##bytes) \
  WAYS(spsc, SPSC, bytes)                        \
  WAYS(mpmc, MPMC, bytes)

#define WAYS(way, WAY, bytes)                                                                                          \
  int slickq_ck_enqueue_##way##_##bytes(void* ring, const void* element) {                                             \
    return CK_RING_ENQUEUE_##WAY(of_##bytes, ring, ELEMENTS(ring, message_##bytes), (struct message_##bytes*)element); \
  }                                                                                                                    \
  int slickq_ck_dequeue_##way##_##bytes(void* ring, void* element) {                                                   \
    return CK_RING_DEQUEUE_##WAY(of_##bytes, ring, ELEMENTS(ring, message_##bytes), element);                          \
  }

RING(8)
RING(64)
RING(256)
