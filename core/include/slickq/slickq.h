/* The library for C, and for every language that can call C: libslickq.so.1, pkg-config slickq-c.
 *
 * Errors: calls return a slickq_status. 0: done. Positive: nothing is wrong, the answer is another one (nothing there,
 * time is over); a program handles it. Negative: an error; slickq_error_message() has the sentence: what, on which
 * object, why, and what to do next. Then nothing was done, and what a call would have given is NULL or untouched. NULL
 * where none is allowed is an error, not a crash. No call throws, prints, exits or installs signal handlers.
 *
 * Thread safety stands behind each call:
 *   [any]    any number of threads and processes at once, on the same handle, too
 *   [owner]  one thread at a time for one producer or consumer; any number of those share a queue
 * Closing is for one thread, when nobody uses that handle any more. A thread is not to be cancelled (pthread_cancel)
 * inside a call: it would end the process. After fork() the child opens queues, producers and consumers of its own, and
 * may close those it inherited. Waits go on through signals: a handler runs, and the call waits on until its time is
 * over.
 *
 * Handles: what was opened is closed once. In any order: a queue stays mapped until its last producer and consumer are
 * closed, a cursor as long as one of those has it. NULL may be closed, too.
 *
 * Options and facts are structs that may grow. Fill them with zeros and set struct_size to their sizeof: 0 is the
 * default of every option, and NULL stands for options that are all defaults. Strings are UTF-8 or any bytes, end with
 * 0, and are copied.
 *
 * The words: a producer reserves elements and gets an index, writes them, publishes them as an item. A consumer has a
 * cursor, the index it reads next. Index i lives in element i mod capacity; a producer that is one lap (capacity) ahead
 * overwrites, and what a slow consumer missed is lost, and counted. A marker says that indexes hold no item. */
#ifndef SLICKQ_SLICKQ_H
#define SLICKQ_SLICKQ_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SLICKQ_API __attribute__((visibility("default")))
#else
#define SLICKQ_API
#endif
#ifdef __cplusplus
#define SLICKQ_NOEXCEPT noexcept
extern "C" {
#else
#define SLICKQ_NOEXCEPT
#endif

#define SLICKQ_NO_INDEX UINT64_MAX /* no such index */
#define SLICKQ_FOREVER UINT64_MAX  /* as a time */

typedef struct slickq_queue slickq_queue;
typedef struct slickq_producer slickq_producer;
typedef struct slickq_consumer slickq_consumer;
typedef struct slickq_cursor slickq_cursor;

/* ---- results ---- */

typedef enum slickq_status {
  SLICKQ_OK = 0,
  SLICKQ_EMPTY = 1,       /* nothing published at the cursor; of a wait: the time is over */
  SLICKQ_RESET = 2,       /* the queue was reset under the cursor, which is now 0 */
  SLICKQ_TOO_SMALL = 3,   /* the buffer is smaller than the item, which stays; its count tells the elements */
  SLICKQ_TIMED_OUT = 4,   /* a respected cursor did not move in time: not pushed */
  SLICKQ_OBSTRUCTED = 5,  /* wherever the item could go another producer is at work and stands still: not pushed */
  SLICKQ_LATE = 6,        /* the ring went round before it was published: nobody sees the item */
  SLICKQ_OVERWRITTEN = 7, /* what was looked at is no longer there */
  SLICKQ_CHANGED = 8,     /* the cursor had another value */

  SLICKQ_INVALID_ARGUMENT = -1, /* the request itself is wrong: a NULL, a size, a name, an option */
  SLICKQ_NOT_FOUND = -2,        /* no segment of that name */
  SLICKQ_EXISTS = -3,           /* the name is taken */
  SLICKQ_MISMATCH = -4,         /* it exists with another geometry; the message has both */
  SLICKQ_BUSY = -5,             /* somebody holds it, or a reservation or burst of this producer is open */
  SLICKQ_PERMISSION = -6,       /* no right to it, or it was opened read-only */
  SLICKQ_CORRUPT = -7,          /* not a queue or cursor, truncated or damaged */
  SLICKQ_NO_SPACE = -8,         /* the shm directory has no room */
  SLICKQ_EXHAUSTED = -9,        /* the last index, 2^47, is reached: the queue has to be made anew */
  SLICKQ_SYSTEM = -10,          /* another failed system call */
  SLICKQ_TOO_LARGE = -11,       /* more bytes than an element, or more elements than the ring */
  SLICKQ_NO_MEMORY = -12,       /* the program has no memory left */
  SLICKQ_INTERNAL = -13         /* a defect of the library */
} slickq_status;

/* "not_found". "unknown" for any other number. [any] */
SLICKQ_API const char* slickq_status_name(int status) SLICKQ_NOEXCEPT;
/* Of the calling thread's last error; "" before the first. Until its next one. [any] */
SLICKQ_API const char* slickq_error_message(void) SLICKQ_NOEXCEPT;
/* The errno of that error; 0 when no system call failed. [any] */
SLICKQ_API int slickq_error_errno(void) SLICKQ_NOEXCEPT;

/* "1.2.3", of the library. [any] */
SLICKQ_API const char* slickq_version(void) SLICKQ_NOEXCEPT;
/* Of this interface. Programs work with every library of the same number; one that adds calls keeps it. [any] */
#define SLICKQ_ABI_VERSION 1
SLICKQ_API uint32_t slickq_abi_version(void) SLICKQ_NOEXCEPT;

/* ---- queues ---- */

/* The layouts of the shared bytes: which programs can read them. slickq-layout(7). */
enum slickq_layout {
  SLICKQ_LAYOUT_DEFAULT = 0, /* slq1 */
  SLICKQ_LAYOUT_WIDE = 1,
  SLICKQ_LAYOUT_PACKED = 2,
  SLICKQ_LAYOUT_SLQ0 = 3,
  SLICKQ_LAYOUT_SLQ1 = 4,
  SLICKQ_LAYOUT_SLQ2 = 5, /* these two: slq0, slq1 with items_per_slot > 1 */
  SLICKQ_LAYOUT_SLQ3 = 6
};

enum slickq_access {
  SLICKQ_READ_WRITE = 0,
  SLICKQ_READ_ONLY = 1,
  SLICKQ_PREFER_WRITE = 2 /* read-only where the permissions allow no more */
};

/* Flags, for this process's mapping: best effort, speed and not meaning. */
enum slickq_flag {
  SLICKQ_PREFAULT = 1,      /* touch every page now */
  SLICKQ_LOCK_MEMORY = 2,   /* keep them in memory */
  SLICKQ_HUGE_PAGES = 4,    /* ask for huge ones */
  SLICKQ_MODE_BY_UMASK = 8, /* when it is created: 0666 narrowed by the umask, instead of `mode` */
  SLICKQ_ALL_FLAGS = 15
};

typedef struct slickq_queue_options {
  size_t struct_size;
  const char* shm_dir;     /* NULL: SLICKQ_SHM_DIR of the environment, or /dev/shm */
  uint64_t capacity;       /* elements: a power of two, 1 to 2^31 */
  uint64_t element_size;   /* bytes: 1 to 2^32 - 1 */
  uint64_t items_per_slot; /* a power of two; 0: 1 */
  uint32_t layout;         /* enum slickq_layout */
  uint32_t mode;           /* permission bits, whatever the umask; 0: 0600 */
  uint32_t flags;          /* enum slickq_flag */
  uint32_t must_be_zero;
} slickq_queue_options;

typedef struct slickq_open_options {
  size_t struct_size;
  const char* shm_dir; /* as above */
  uint32_t access;     /* enum slickq_access */
  uint32_t flags;      /* enum slickq_flag */
} slickq_open_options;

/* Make a queue; who can open it sees a finished one. exists: the name is taken, by anything. [any] */
SLICKQ_API slickq_status slickq_queue_create(const char* name, const slickq_queue_options* options,
                                             slickq_queue** queue) SLICKQ_NOEXCEPT;
/* Open what is there, of any layout and size; options may be NULL. [any] */
SLICKQ_API slickq_status slickq_queue_open(const char* name, const slickq_open_options* options,
                                           slickq_queue** queue) SLICKQ_NOEXCEPT;
/* Open, or make when absent; mismatch when it is there and is another one. [any] */
SLICKQ_API slickq_status slickq_queue_open_or_create(const char* name, const slickq_queue_options* options,
                                                     slickq_queue** queue) SLICKQ_NOEXCEPT;
/* For the threads of this process: no name, nothing to unlink. Of the options only the geometry may be set. [any] */
SLICKQ_API slickq_status slickq_queue_local(const slickq_queue_options* options, slickq_queue** queue) SLICKQ_NOEXCEPT;
/* Never removes the segment: slickq_unlink() does. */
SLICKQ_API void slickq_queue_close(slickq_queue* queue) SLICKQ_NOEXCEPT;

typedef struct slickq_queue_info {
  size_t struct_size;
  const char* name; /* these two: as long as the handle; "" of a local queue */
  const char* path;
  uint64_t capacity;
  uint64_t element_size;
  uint64_t items_per_slot;
  uint64_t reserved;       /* the next index a producer gets */
  uint64_t last_published; /* SLICKQ_NO_INDEX: none, or not told by the layout */
  uint32_t layout;         /* enum slickq_layout */
  uint32_t is_writable;
  uint32_t is_creator;  /* this handle made it */
  uint32_t has_journal; /* deaths of producers can be proven: a slickq program made it */
} slickq_queue_info;

/* [any] */
SLICKQ_API slickq_status slickq_queue_get_info(const slickq_queue* queue, slickq_queue_info* info) SLICKQ_NOEXCEPT;
/* Does the name lead to another segment by now, or nowhere? Then nothing new will come. One system call. [any] */
SLICKQ_API slickq_status slickq_queue_is_detached(const slickq_queue* queue, int* is_detached) SLICKQ_NOEXCEPT;
/* Empty it. busy, naming them, while other processes hold the queue, unless `force` is not 0. [any], but what others do
 * meanwhile may be lost or repeated. */
SLICKQ_API slickq_status slickq_queue_reset(slickq_queue* queue, int force) SLICKQ_NOEXCEPT;

typedef struct slickq_unlink_options {
  size_t struct_size;
  const char* shm_dir;
  uint64_t inode;   /* not_found when the name leads to another one by now; 0: any */
  uint32_t force;   /* also when it is held: who has it keeps a segment without a name */
  uint32_t dry_run; /* only tell whether it would be removed */
} slickq_unlink_options;

/* Remove a queue or cursor by name; options may be NULL. busy, naming them, while anybody holds it, this process
 * included. [any] */
SLICKQ_API slickq_status slickq_unlink(const char* name, const slickq_unlink_options* options) SLICKQ_NOEXCEPT;

/* ---- producers ---- */

/* What to do while there is nothing to do. */
enum slickq_wait {
  SLICKQ_WAIT_DEFAULT = 0, /* producers: backoff; consumers: block */
  SLICKQ_WAIT_SPIN = 1,    /* burns the core; the shortest latency */
  SLICKQ_WAIT_YIELD = 2,   /* lets others run on it */
  SLICKQ_WAIT_BACKOFF = 3, /* spins, yields, sleeps up to 1 ms */
  SLICKQ_WAIT_BLOCK = 4    /* sleeps until a slickq producer wakes it; looks by itself each 1 to 5 ms, too */
};

enum slickq_producer_mode {
  SLICKQ_MULTI = 0, /* any number of producers */
  SLICKQ_SINGLE = 1 /* the only one, without locked instructions; busy when there is another slickq producer */
};

typedef struct slickq_producer_options {
  size_t struct_size;
  slickq_cursor* const* respect;    /* backpressure: wait for the slowest of these before reserving */
  size_t respect_count;             /* of them; 0: overwrite */
  uint64_t patience_ns;             /* for how long to wait for them; 0: for ever */
  uint64_t obstruction_patience_ns; /* for how long for producers that stand in the way; 0: a second */
  uint32_t mode;                    /* enum slickq_producer_mode */
  uint32_t wait;                    /* enum slickq_wait */
} slickq_producer_options;

/* options may be NULL. permission when the queue was opened read-only. [any] */
SLICKQ_API slickq_status slickq_producer_open(slickq_queue* queue, const slickq_producer_options* options,
                                              slickq_producer** producer) SLICKQ_NOEXCEPT;
/* Abandons what is still reserved. */
SLICKQ_API void slickq_producer_close(slickq_producer* producer) SLICKQ_NOEXCEPT;

/* One element; shorter than the element size is padded with zeros. [owner] */
SLICKQ_API slickq_status slickq_push(slickq_producer* producer, const void* bytes, size_t size) SLICKQ_NOEXCEPT;
/* Several elements as ONE item; `size` is rounded up to whole elements, the rest zero. [owner] */
SLICKQ_API slickq_status slickq_push_block(slickq_producer* producer, const void* elements,
                                           size_t size) SLICKQ_NOEXCEPT;
/* Many elements, each an item of its own, up to 16 of them in one atomic step: the fastest. `pushed`, unless NULL: how
 * many items are in, also when not all are. [owner] */
SLICKQ_API slickq_status slickq_push_batch(slickq_producer* producer, const void* elements, size_t size,
                                           size_t* pushed) SLICKQ_NOEXCEPT;

/* `count` elements to write in place, which still hold what was there a lap ago: `data` is their first byte, until they
 * are published or abandoned. One reservation or burst at a time: busy. [owner] */
SLICKQ_API slickq_status slickq_reserve(slickq_producer* producer, uint32_t count, void** data,
                                        uint64_t* index) SLICKQ_NOEXCEPT;
/* Make the first `count` of them visible as one item, 0: all; the rest is jumped over. late: nobody sees it. [owner] */
SLICKQ_API slickq_status slickq_publish(slickq_producer* producer, uint32_t count) SLICKQ_NOEXCEPT;
/* Readers jump over them. [owner] */
SLICKQ_API slickq_status slickq_abandon(slickq_producer* producer) SLICKQ_NOEXCEPT;

/* Up to `k` (1 to 16) items reserved together, each of which is visible as soon as it is pushed. Readers wait at the
 * next one until the burst is ended: keep it short. What is not used is jumped over. [owner] */
SLICKQ_API slickq_status slickq_burst_begin(slickq_producer* producer, uint32_t k) SLICKQ_NOEXCEPT;
/* As slickq_push(); behind `k` items the next run begins. [owner] */
SLICKQ_API slickq_status slickq_burst_push(slickq_producer* producer, const void* bytes, size_t size) SLICKQ_NOEXCEPT;
/* [owner] */
SLICKQ_API slickq_status slickq_burst_end(slickq_producer* producer) SLICKQ_NOEXCEPT;

typedef struct slickq_producer_info {
  size_t struct_size;
  uint64_t last_index; /* of the last item pushed; SLICKQ_NO_INDEX before the first */
  uint64_t pushed_items;
  uint64_t late_pushes; /* late and pushed again; of a reservation: dropped */
  uint64_t detours;     /* reservations given up because another producer might still have been writing there */
  uint32_t has_journal; /* its death could be proven */
  uint32_t is_engaged;  /* a reservation or a burst is open */
} slickq_producer_info;

/* [owner] */
SLICKQ_API slickq_status slickq_producer_get_info(const slickq_producer* producer,
                                                  slickq_producer_info* info) SLICKQ_NOEXCEPT;

/* ---- consumers ---- */

enum slickq_start {
  SLICKQ_START_OLDEST = 0,
  SLICKQ_START_NEWEST = 1, /* what is pushed from now on */
  SLICKQ_START_BACK = 2,   /* start_value elements before the end */
  SLICKQ_START_INDEX = 3   /* at start_value */
};

enum slickq_polling {
  SLICKQ_POLL_LATENCY = 0,   /* an item is handed out as soon as it is seen */
  SLICKQ_POLL_THROUGHPUT = 1 /* rests some 10 us between looks that found nothing: faster producers */
};

typedef struct slickq_consumer_options {
  size_t struct_size;
  slickq_cursor* cursor; /* shared: each item goes to one of its consumers. NULL: a cursor of its own, every item */
  uint64_t start_value;
  uint32_t start;   /* enum slickq_start; this, start_value and polling: only with a cursor of its own */
  uint32_t polling; /* enum slickq_polling */
  uint32_t wait;    /* enum slickq_wait */
  uint32_t must_be_zero;
} slickq_consumer_options;

/* options may be NULL. permission when the cursor was opened read-only. [any] */
SLICKQ_API slickq_status slickq_consumer_open(const slickq_queue* queue, const slickq_consumer_options* options,
                                              slickq_consumer** consumer) SLICKQ_NOEXCEPT;
SLICKQ_API void slickq_consumer_close(slickq_consumer* consumer) SLICKQ_NOEXCEPT;

/* What a look found. The last four are told with every answer but errors, empty included: what was passed before it.
 * Received + lost + skipped elements are how far the cursor went. */
typedef struct slickq_item {
  uint64_t index;      /* of the item */
  uint64_t size;       /* bytes */
  uint64_t count;      /* elements; 0: no item */
  uint64_t lost;       /* indexes that were overwritten before they were read */
  uint64_t first_lost; /* these two: when lost > 0 */
  uint64_t last_lost;
  uint64_t skipped; /* indexes that a marker jumped over */
} slickq_item;

/* Copy the next item into `buffer` and take it. [owner] */
SLICKQ_API slickq_status slickq_pop(slickq_consumer* consumer, void* buffer, size_t size,
                                    slickq_item* item) SLICKQ_NOEXCEPT;
/* The same, waiting for one for up to `patience_ns`. empty: it is over, or elements were lost. [owner] */
SLICKQ_API slickq_status slickq_pop_wait(slickq_consumer* consumer, void* buffer, size_t size, uint64_t patience_ns,
                                         slickq_item* item) SLICKQ_NOEXCEPT;

/* One item of a batch: part of the caller's buffer. */
typedef struct slickq_batch_item {
  uint64_t index;
  void* data;
  uint64_t size;  /* bytes */
  uint64_t count; /* elements */
} slickq_batch_item;

/* Copy and take as many items as are there, fit into `buffer` and into `items` (`most` of them): one validation, one
 * claim. `taken`: how many; `first` is about the first of them. [owner] */
SLICKQ_API slickq_status slickq_pop_batch(slickq_consumer* consumer, void* buffer, size_t size,
                                          slickq_batch_item* items, size_t most, size_t* taken,
                                          slickq_item* first) SLICKQ_NOEXCEPT;

/* These five: only of a consumer with a cursor of its own. */

/* The next item out of a stage of up to 64 that are copied and validated together: the fastest way to take items one by
 * one. `data` is the item's until the next call with this consumer. What is in the stage counts as taken. [owner] */
SLICKQ_API slickq_status slickq_pop_staged(slickq_consumer* consumer, const void** data,
                                           slickq_item* item) SLICKQ_NOEXCEPT;
/* Look at the next item in the ring, without copying or taking it. Its bytes may be overwritten at any moment: what was
 * made of them counts only if slickq_still_valid() says so afterwards. Then slickq_commit(). [owner] */
SLICKQ_API slickq_status slickq_peek(slickq_consumer* consumer, const void** data, slickq_item* item) SLICKQ_NOEXCEPT;
/* ok: the bytes were the item's up to now. overwritten: no; slickq_seek() to its index, and the next look tells what
 * was lost. Several may be peeked at and committed before the oldest of them is asked for. [owner] */
SLICKQ_API slickq_status slickq_still_valid(const slickq_consumer* consumer, const slickq_item* item) SLICKQ_NOEXCEPT;
/* Go on behind the item. [owner] */
SLICKQ_API slickq_status slickq_commit(slickq_consumer* consumer, const slickq_item* item) SLICKQ_NOEXCEPT;
/* Any value is safe. [owner] */
SLICKQ_API slickq_status slickq_seek(slickq_consumer* consumer, uint64_t cursor) SLICKQ_NOEXCEPT;

typedef struct slickq_consumer_info {
  size_t struct_size;
  uint64_t cursor;           /* the next index that will be handed out */
  uint64_t lost_elements;    /* these two: since it was opened */
  uint64_t skipped_elements; /* by markers */
} slickq_consumer_info;

/* [owner] */
SLICKQ_API slickq_status slickq_consumer_get_info(const slickq_consumer* consumer,
                                                  slickq_consumer_info* info) SLICKQ_NOEXCEPT;

/* ---- cursors that are shared ---- */

typedef struct slickq_cursor_options {
  size_t struct_size;
  const char* shm_dir;
  uint32_t mode;  /* as a queue's */
  uint32_t flags; /* SLICKQ_MODE_BY_UMASK */
} slickq_cursor_options;

/* A segment of 8 bytes, by convention called "queue@name"; slickq_unlink() removes it. options may be NULL. [any] */
SLICKQ_API slickq_status slickq_cursor_create(const char* name, uint64_t value, const slickq_cursor_options* options,
                                              slickq_cursor** cursor) SLICKQ_NOEXCEPT;
/* options may be NULL. [any] */
SLICKQ_API slickq_status slickq_cursor_open(const char* name, const slickq_open_options* options,
                                            slickq_cursor** cursor) SLICKQ_NOEXCEPT;
/* Open, or make with `value` when absent. [any] */
SLICKQ_API slickq_status slickq_cursor_open_or_create(const char* name, uint64_t value,
                                                      const slickq_cursor_options* options,
                                                      slickq_cursor** cursor) SLICKQ_NOEXCEPT;
/* Memory of the caller's: 8 bytes, 8-byte aligned, that outlive the cursor and all who share it. [any] */
SLICKQ_API slickq_status slickq_cursor_at(void* memory, slickq_cursor** cursor) SLICKQ_NOEXCEPT;
SLICKQ_API void slickq_cursor_close(slickq_cursor* cursor) SLICKQ_NOEXCEPT;

/* acquire. [any] */
SLICKQ_API slickq_status slickq_cursor_load(const slickq_cursor* cursor, uint64_t* value) SLICKQ_NOEXCEPT;
/* release. [any] */
SLICKQ_API slickq_status slickq_cursor_store(slickq_cursor* cursor, uint64_t value) SLICKQ_NOEXCEPT;
/* One attempt, acquire and release. changed: `expected` is what was seen; may be for no reason, try again. [any] */
SLICKQ_API slickq_status slickq_cursor_compare_exchange(slickq_cursor* cursor, uint64_t* expected,
                                                        uint64_t desired) SLICKQ_NOEXCEPT;

/* ---- looking ---- */

/* How it is known who holds a segment. */
enum slickq_proof {
  SLICKQ_PROOF_NONE = 0,  /* not known: is_held is a guess of 1 */
  SLICKQ_PROOF_FLOCK = 1, /* a slickq program's lock is there; not held: none is, of others nothing is known */
  SLICKQ_PROOF_LEASE = 2, /* certain both ways */
  SLICKQ_PROOF_PROC = 3   /* seen in /proc */
};

typedef struct slickq_inspection {
  size_t struct_size;
  uint64_t capacity;
  uint64_t element_size;
  uint64_t items_per_slot;
  uint64_t segment_bytes;
  uint64_t resident_bytes; /* really allocated */
  uint64_t inode;
  uint64_t reserved;       /* the next index a producer gets */
  uint64_t published;      /* everything before it can be read */
  uint64_t oldest;         /* the oldest item still there; published when there is none */
  uint64_t last_published; /* SLICKQ_NO_INDEX: none, or not told by the layout */
  uint64_t unpublished;    /* elements reserved and not published */
  uint64_t holes;          /* stretches of them; no more than 4096 are counted */
  uint64_t first_hole;     /* readers wait there; SLICKQ_NO_INDEX: nowhere */
  uint32_t layout;         /* enum slickq_layout */
  uint32_t mode;
  uint32_t owner; /* user id */
  uint32_t group;
  uint32_t is_consistent; /* 0: producers were faster than the look; the indexes are a blur */
  uint32_t is_held;       /* by another process */
  uint32_t holders;       /* of them; those that can be named, at least 1 when held */
  uint32_t proof;         /* enum slickq_proof */
} slickq_inspection;

/* Everything about a queue, without mapping it; read permission is enough. shm_dir may be NULL. [any] */
SLICKQ_API slickq_status slickq_inspect(const char* name, const char* shm_dir,
                                        slickq_inspection* inspection) SLICKQ_NOEXCEPT;

enum slickq_kind { SLICKQ_KIND_QUEUE = 0, SLICKQ_KIND_CURSOR = 1 };

/* `name`: until it returns. Not 0: no more. */
typedef int (*slickq_visit)(const char* name, int kind, void* context);
/* Calls `visit` for each queue and cursor of the directory (NULL: as above), sorted by name. [any] */
SLICKQ_API slickq_status slickq_list(const char* shm_dir, slickq_visit visit, void* context) SLICKQ_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
