/* Concurrency Kit's ring as functions: its header is C and no C++. Rings of 8, 64 and 256 bytes an element, for one
 * producer and one consumer (spsc) or any number of them (mpmc). */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A ring of `elements` (a power of two) fits into so many bytes; one element stays free. */
size_t slickq_ck_bytes(unsigned elements, size_t element_bytes);
void slickq_ck_init(void* ring, unsigned elements);

/* 1: done, 0: full, or empty. */
typedef int slickq_ck_enqueue(void* ring, const void* element);
typedef int slickq_ck_dequeue(void* ring, void* element);

slickq_ck_enqueue slickq_ck_enqueue_spsc_8, slickq_ck_enqueue_spsc_64, slickq_ck_enqueue_spsc_256;
slickq_ck_enqueue slickq_ck_enqueue_mpmc_8, slickq_ck_enqueue_mpmc_64, slickq_ck_enqueue_mpmc_256;
slickq_ck_dequeue slickq_ck_dequeue_spsc_8, slickq_ck_dequeue_spsc_64, slickq_ck_dequeue_spsc_256;
slickq_ck_dequeue slickq_ck_dequeue_mpmc_8, slickq_ck_dequeue_mpmc_64, slickq_ck_dequeue_mpmc_256;

#ifdef __cplusplus
}
#endif
