/* The ring's memory, what may be done to it in one atomic step, and the promises that are checked at each of them.
 *
 * Fixed when compiled: N slots (a power of two; one element a slot), P producers, W words an element: a copy is made
 * word by word, so that an item which is half written shows. All else is read from the environment once (see `knobs`).
 * An index is stored as index + 1; 0: none.
 */
#ifndef N
#define N 2
#endif
#ifndef P
#define P 2
#endif
#ifndef W
#define W 2
#endif
#define BIT(i) (1 << (i))
#define RANGE(from, to) ((BIT(to) - 1) & ~(BIT(from) - 1))
#define HELD_BY(i) slot[(i) % N]
#define LAPPED(i) (C > (i) + N)

byte C;           /* the reserved index */
byte slot[N];     /* data_index + 1 of each slot */
byte count[N];    /* the size beside it, also beside a marker, where nobody reads it */
byte word[N * W]; /* the elements: each word of item i is written as i + 1 */

bool dead[P]; /* the process is gone, and its lock with it */
byte deaths;
byte over;    /* producers that will never do anything again */
bool settled; /* a repair that began when all were over found nothing to do */

/* Ghosts: what the checks know and the algorithm does not. */
short published;       /* items that were ever made visible, a bit an index */
short skipped;         /* indexes that a reader skipped because a marker said so */
short delivered;       /* shared cursor: items handed out */
byte from[P], till[P]; /* what a living producer has reserved and not finished */
byte leapt[P], landed[P]; /* what a producer jumped over, and the ring marked, before anybody was told of it */
byte covered[N];       /* index + 1 of the marker under a late item of a run, until something as new is put there, */
byte coverer[N];       /* and of that item */

/* The promises. Each has a name, which is what pan prints when it is broken; each is set where it is checked. */
hidden byte item_is_whole;             /* no reader hands out a torn item */
hidden byte slot_moves_forward;        /* a slot never goes back to an older index, but for a late item of a run, */
hidden byte late_item_hides_no_item;   /* which covers nothing but a marker, */
hidden byte hidden_marker_comes_back;  /* and no longer than until the run is finished, or its dead owner's line free */
hidden byte marker_stays_within_C;     /* no marker leads beyond C */
hidden byte marker_leads_elsewhere;    /* nor to its own slot: readers would take it for an overrun */
hidden byte position_moves_forward;    /* with it: delivered at most once, and in order */
hidden byte delivered_once;            /* the same for a shared cursor */
hidden byte all_is_accounted_for;      /* received + lost + skipped == how far the position moved */
hidden byte nothing_published_skipped; /* a marker takes no reader over an item, published before or after */
hidden byte only_overwritten_is_lost;  /* an overrun reader goes on at the oldest item that is still there */
hidden byte living_is_not_dead;        /* a repair never takes what a living producer has in work */
hidden byte reader_reaches_C;          /* when all is quiet no reader waits before a hole */
#define REQUIRE(name, condition) name = (condition) || (only != 0 && only != only_##name); assert(name)

/* One of them alone, for what must break: what else the mistake breaks may not hide it. */
hidden byte only; /* 0: all */
#define only_item_is_whole 1
#define only_slot_moves_forward 2
#define only_marker_stays_within_C 3
#define only_marker_leads_elsewhere 4
#define only_position_moves_forward 5
#define only_delivered_once 6
#define only_all_is_accounted_for 7
#define only_nothing_published_skipped 8
#define only_only_overwritten_is_lost 9
#define only_living_is_not_dead 10
#define only_reader_reaches_C 11
#define only_late_item_hides_no_item 12
#define only_hidden_marker_comes_back 13

/* What a configuration may choose without being compiled again. */
hidden byte reservations;  /* how many producer 0 makes, */
hidden byte others;        /* and each other one */
hidden byte elements;      /* of each item of producer 0, */
hidden byte elements_else; /* and of the others */
hidden byte mortals;       /* producers 0 .. mortals-1 may die, */
hidden byte most_deaths;   /* but no more than so many times */
hidden byte reborn;        /* a dead producer's line may be claimed again, once it is free */
hidden byte own_choice;    /* a producer may publish fewer than it reserved, or abandon */
hidden byte batch;         /* > 0: producer 0 reserves runs of so many single items, */
hidden byte batch_else;    /* and the others of so many */
hidden byte burst;         /* each item of a run is put up as it comes; else all at once */
hidden byte own_readers;
hidden byte shared_readers;
hidden byte repairers;
hidden byte early;         /* a repair may begin before anybody died */
hidden byte unregistered;  /* producers 0 .. unregistered-1 have no journal line */
hidden byte force;         /* repair doubts, too */
hidden byte flaw;          /* a mistake put in on purpose */
#define NO_FLAW 0
#define NO_DETOUR 1       /* producers write where one of an earlier lap may still be writing */
#define BLIND_PUBLISH 2   /* a late producer publishes over newer items */
#define NO_C_CHECK 3      /* a reader trusts a slot that did not change */
#define LATE_JOURNAL 4    /* the journal is written after the reservation, not before it, too */
#define UPWARD_MARKS 5    /* a repair marks from the first index up */
#define BLIND_MARKS 6     /* a repair stores without looking what is there */
#define MARKS_BEYOND_C 7  /* a repair leads one index too far */
#define FREES_UNSETTLED 8 /* a dead line is freed without asking whether it is settled */
#define FREES_UNLOCKED 9  /* a dead line is freed without locking it before the look */
#define DOES_NOT_TELL 10  /* who gives up puts his markers and says nothing */
#define TELLS_BEHIND 11   /* or says it behind them */
#define NOT_PUT_BACK 12   /* a run is finished without a look at what was told */
#define PUTS_BACK_OVER_ITEMS 13 /* markers are put back only where the late item still is */
#define REPAIRS_UNTOLD 14 /* a repair marks and says nothing */

c_decl {
\#include "judgement.h"
};

inline knobs() {
  c_code {
    reservations = model_knob("reservations", 2);
    others = model_knob("others", reservations);
    elements = model_knob("elements", 1);
    elements_else = model_knob("elements_else", elements);
    mortals = model_knob("mortals", 0);
    most_deaths = model_knob("deaths", 1);
    reborn = model_knob("reborn", 0);
    own_choice = model_knob("own_choice", 0);
    batch = model_knob("batch", 0);
    batch_else = model_knob("batch_else", 0);
    burst = model_knob("burst", 0);
    own_readers = model_knob("own_readers", 1);
    shared_readers = model_knob("shared_readers", 0);
    repairers = model_knob("repairers", 0);
    early = model_knob("early", 0);
    unregistered = model_knob("unregistered", 0);
    force = model_knob("force", 0);
    only = model_knob("only", 0);
    flaw = model_knob("flaw", 0);
  }
}

/* What a living producer has reserved and not finished */
#define IN_WORK_OF(q, i) (!dead[q] && from[q] <= (i) && (i) < till[q])
#define IN_WORK(i) (IN_WORK_OF(0, i) || IN_WORK_OF(P > 1, i) || IN_WORK_OF(P - 1, i))

/* Nobody will change the ring any more. */
#define QUIET (settled || (repairers == 0 && over == P))

/* Where an item of n elements starts when C is `at`: there, or at the next multiple of N. */
#define START_OF_ITEM(at, n) ((at) % N + (n) > N -> (at) + N - (at) % N : (at))

/* Of what index the slot of `index` holds the item or the marker, plus 1; a marker leads less than a ring away. */
#define INDEX_OF(index, held) ((held) == 0 -> 0 : (held) - ((held) - 1 + N - (index) % N) % N)

/* By exchange: the item `index` (held: itself), or the marker of what was reserved there (held: where it leads). */
inline store_slot(index, held, elements_beside) {
  REQUIRE(slot_moves_forward, (held) + 1 > HELD_BY(index));
  HELD_BY(index) = (held) + 1;
  count[(index) % N] = elements_beside;
  if
  :: covered[(index) % N] <= (index) + 1 -> covered[(index) % N] = 0; coverer[(index) % N] = 0
  :: else
  fi
}

/* Who jumped marks again when he has told it, or his dead line has what he jumped over. */
#define IS_JUMPED_BY(p, index) (leapt[p] <= (index) && (index) < landed[p])
#define IS_UNTOLD_JUMP(index) \
  (IS_JUMPED_BY(0, index) || IS_JUMPED_BY(P > 1, index) || IS_JUMPED_BY(P - 1, index))

/* The second store of fill_slot(), behind that of the size. */
inline store_late(index) {
  REQUIRE(late_item_hides_no_item, HELD_BY(index) <= (index) + 1 || (HELD_BY(index) - 1) % N != (index) % N);
  if
  :: HELD_BY(index) > (index) + 1 && !IS_UNTOLD_JUMP(INDEX_OF(index, HELD_BY(index)) - 1) ->
    covered[(index) % N] = INDEX_OF(index, HELD_BY(index));
    coverer[(index) % N] = (index) + 1
  :: else
  fi;
  HELD_BY(index) = (index) + 1
}

/* A marker that somebody may need is still below the late item `index`. */
#define COVERS(index) (coverer[(index) % N] == (index) + 1 && !LAPPED(covered[(index) % N] - 1))
#define COVERS_IN(index, begin, end) ((index) >= (begin) && (index) < (end) && COVERS(index))
#define ANY_COVERS(begin, end) \
  (COVERS_IN(begin, begin, end) || COVERS_IN((begin) + 1, begin, end) || COVERS_IN((begin) + 2, begin, end) || \
   COVERS_IN((begin) + 3, begin, end))
#define IS_COVERED(s) (coverer[(s) % N] != 0 && !LAPPED(covered[(s) % N] - 1))

inline made_visible(index) {
  REQUIRE(nothing_published_skipped, (skipped & BIT(index)) == 0);
  published = published | BIT(index)
}

/* BasicRing::mark(): ONE exchange that is repeated until it succeeds or finds something newer. */
inline mark(at, to, size, blind) {
  if
  :: HELD_BY(at) <= (at) || (blind) ->
    REQUIRE(marker_stays_within_C, (to) <= C);
    REQUIRE(marker_leads_elsewhere, (to) % N != (at) % N);
    store_slot(at, to, size);
    changed = true
  :: else -> changed = false
  fi
}
hidden byte changed; /* the answer of mark() and try_publish(), used in the same step */

/* BasicRing::look(). Index and size are of one moment: look() loads the index again behind the size. */
mtype = { nothing, item, jump, overrun };
hidden mtype what;
inline look(cursor) {
  if
  :: HELD_BY(cursor) <= (cursor) -> what = nothing
  :: HELD_BY(cursor) == (cursor) + 1 -> what = item
  :: HELD_BY(cursor) > (cursor) + 1 ->
    if
    :: (HELD_BY(cursor) - 1) % N != (cursor) % N -> what = jump
    :: else -> what = overrun
    fi
  fi
}

/* clamp_count(): the size beside an item may be that of a jump marker which its last store covers. */
#define SIZE_AT(at) (count[(at) % N] == 0 -> 1 : (count[(at) % N] > N - (at) % N -> N - (at) % N : count[(at) % N]))

/* When all is quiet: from where the ring begins a reader gets to C. Where items have several elements it may begin
 * inside of one that is overwritten: then from the first that is there. On a ring of one slot nobody does (README.md).
 */
inline require_a_way_to_C() {
  way = (C > N -> C - N : 0);
  begun = (C <= N || (elements == 1 && elements_else == 1));
  do
  :: N > 1 && way < C ->
    REQUIRE(reader_reaches_C, !begun || HELD_BY(way) > way);
    begun = begun || HELD_BY(way) > way;
    way = (HELD_BY(way) <= way -> way + 1 : (HELD_BY(way) == way + 1 -> way + SIZE_AT(way) : HELD_BY(way) - 1))
  :: else -> break
  od
}
hidden byte way;
hidden byte begun; /* something was there */
