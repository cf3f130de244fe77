/* Our producer: BasicWriter and Producer::put() / put_singles(), writer.hpp and producer.cpp. One step is one access
 * to shared memory; before each it may die. What it was asked to push is not modelled: each reservation is a new item,
 * whether the last one was pushed, late, or led on a detour.
 */
#define FREE 0 /* as JournalState, journal.hpp */
#define IDLE 1
#define RESERVING 2
#define HELD 3
byte line[P] = IDLE;  /* the journal: state, */
byte line_index[P];   /* held: first index; reserving: no index below it will be reserved; else 0 */
byte line_end[P];     /* held: one past the last; else 0 */
byte locked[P];       /* the repairer that has the lock of a dead producer's line; 0: nobody */

inline write_line(l, state, index, end) {
  if
  :: l >= unregistered ->
    line[l] = state;
    line_index[l] = index;
    line_end[l] = end
  :: else
  fi
}

/* The real one, journal.hpp: could the producer of line q still write elements of [i, i + n)? */
hidden byte conflicts;
#define ASK_WHETHER_HE_MAY_BE_WRITING \
  c_code { \
    conflicts = model_may_be_writing(N, now.line[Pproducer->q], now.line_index[Pproducer->q], \
                                     now.line_end[Pproducer->q], Pproducer->i, Pproducer->n); \
  }

#define OR_DIE \
  :: atomic { \
    p < mortals && deaths < most_deaths -> \
    deaths++; \
    dead[p] = true; \
    from[p] = 0; till[p] = 0; \
    i = 0; e = 0; n = 0; k = 0; q = 0; bound = 0; \
    if \
    :: !reborn || left == 0 -> left = 0; over++; goto done \
    :: else -> goto gone \
    fi \
  }

#define IN_BATCH (batch > 0 && p == 0)

proctype producer(byte p) {
  byte left = (p == 0 -> reservations : others);
  byte i, e;  /* the reservation; of a batch, what is left of it */
  byte n;     /* elements of the item at i */
  byte k;     /* words written */
  byte q;     /* a journal line; what the slot held; where a marker goes */
  byte bound; /* all our reservations to come are at or behind it */

begin: /* journal_.reserving(): before the step on C */
  if
  :: atomic {
      true ->
      left--;
      if
      :: flaw != LATE_JOURNAL -> write_line(p, RESERVING, bound, 0)
      :: else
      fi
    }
  OR_DIE
  fi;

  /* ring_->reserve(): one read-modify-write of C */
  if
  :: atomic {
      true ->
      q = C;
      if
      :: IN_BATCH -> n = 1; i = C; e = C + batch
      :: else -> n = (p == 0 -> elements : elements_else); i = START_OF_ITEM(C, n); e = i + n
      fi;
      C = e;
      bound = e;
      from[p] = q;
      till[p] = e;
      if
      :: i == q -> q = 0; goto hold
      :: else -> goto lead_round
      fi
    }
  OR_DIE
  fi;

lead_round: /* The slot that the item would have straddled from: where to go on */
  if
  :: atomic { true -> mark(q, i, false); q = 0; goto hold }
  OR_DIE
  fi;

hold: /* journal_.held(): before an element is written */
  if
  :: atomic { true -> write_line(p, HELD, i, e); goto clear }
  OR_DIE
  fi;

clear: /* is_clear(): is the slot older? */
  if
  :: atomic {
      true ->
      q = HELD_BY(i);
      if
      :: q > i && flaw != BLIND_PUBLISH -> q = 0; goto give_up
      :: else
      fi
    }
  OR_DIE
  fi;

  /* Are we not late by a lap? Then one look at the slot may tell that nobody else is writing; */
  if
  :: atomic {
      true ->
      if
      :: LAPPED(i) && flaw != BLIND_PUBLISH -> q = 0; goto give_up
      :: i < N || (n == 1 && q + N == i + 1) || flaw == NO_DETOUR || (LAPPED(i) && flaw == BLIND_PUBLISH) ->
        q = 0; goto write
      :: else -> q = 0; goto look_at_line
      fi
    }
  OR_DIE
  fi;

look_at_line: /* else the journal does, line by line. */
  if
  :: atomic {
      true ->
      ASK_WHETHER_HE_MAY_BE_WRITING;
      if
      :: q != p && conflicts -> q = 0; goto give_up
      :: else
      fi;
      q++;
      if
      :: q < P -> goto look_at_line
      :: else -> q = 0; goto write
      fi
    }
  OR_DIE
  fi;

write: /* fill(): word by word */
  if
  :: atomic {
      true ->
      word[(i % N) * W + k] = i + 1;
      k++;
      if
      :: k < n * W -> goto write
      :: else -> k = 0; goto publish
      fi
    }
  :: atomic { own_choice && k == 0 -> goto give_up } /* Reservation::abandon() */
  OR_DIE
  fi;

publish: /* late by a lap? */
  if
  :: atomic {
      true ->
      if
      :: LAPPED(i) && flaw != BLIND_PUBLISH -> goto late
      :: else -> goto exchange
      fi
    }
  :: atomic { own_choice && n > 1 && !LAPPED(i) -> n--; goto mark_rest } /* publish fewer than were reserved */
  OR_DIE
  fi;

mark_rest: /* First: a reader behind the item must never stand before a slot that nobody will fill. */
  if
  :: atomic { true -> mark(i + n, e, false); goto exchange }
  OR_DIE
  fi;

exchange: /* try_publish(): index and size in ONE exchange, as mark() */
  if
  :: atomic {
      true ->
      if
      :: HELD_BY(i) <= i || flaw == BLIND_PUBLISH ->
        store_slot(i, i, n);
        made_visible(i)
      :: else -> goto late
      fi;
      if
      :: IN_BATCH && i + 1 < e -> i++; goto clear
      :: else -> goto finish
      fi
    }
  OR_DIE
  fi;

late:
  if
  :: atomic { !IN_BATCH -> goto finish }
  :: atomic { IN_BATCH -> goto give_up }
  fi;

give_up: /* abandon(): mark_dead(), from the last slot down; k slots have their marker */
  if
  :: atomic { e - i == N && N == 1 -> goto finish }
  :: atomic { e - k > i + (e - i == N) -> mark(e - k - 1, e, false); k++; goto give_up }
  :: atomic { e - k == i + 1 && e - i == N && N > 1 -> mark(i, i + 1, false); goto finish } /* all of a ring: a hop more */
  :: atomic { e - k == i && N > 1 -> goto finish }
  OR_DIE
  fi;

finish: /* done(): journal_.idle() */
  if
  :: atomic {
      true ->
      write_line(p, IDLE, 0, 0);
      from[p] = 0; till[p] = 0;
      i = 0; e = 0; n = 0; k = 0;
      if
      :: left > 0 -> goto begin
      :: else -> over++; bound = 0; goto done
      fi
    }
  OR_DIE
  fi;

gone: /* Seat::claim(): lock the line, look whether it is to be had, write idle. Or nobody comes. */
  if
  :: atomic { locked[p] == 0 && line[p] <= IDLE -> dead[p] = false; goto begin }
  :: atomic { true -> left = 0; over++; goto done }
  fi;
done:
  skip
}
