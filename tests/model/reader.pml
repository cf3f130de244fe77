/* Our reader: BasicReader::pop(), reader.hpp, with a position of its own or a shared one. One step is one access to
 * shared memory; it asks again and again until all is quiet and there is nothing more.
 */
byte position;  /* the shared cursor */
byte accounted; /* received + lost + skipped by those who share it */

/* position_.move(c, to): of an own position part of the step before it, of a shared one an exchange that may fail. */
inline move_own(to) {
  REQUIRE(position_moves_forward, (to) > c);
  c = (to)
}

inline move_shared(to) {
  REQUIRE(position_moves_forward, (to) > c);
  changed = (position == c);
  if
  :: changed ->
    position = (to);
    accounted = accounted + (to) - c;
    REQUIRE(all_is_accounted_for, accounted == position)
  :: else
  fi
}

/* The words of c were copied and are still c's, says the reader. */
inline take() {
  REQUIRE(item_is_whole, whole)
}

inline take_shared() {
  REQUIRE(item_is_whole, whole);
  REQUIRE(delivered_once, (delivered & BIT(c)) == 0);
  delivered = delivered | BIT(c)
}

/* A marker said so. */
inline skip_to(to) {
  REQUIRE(nothing_published_skipped, (published & RANGE(c, to)) == 0);
  skipped = skipped | RANGE(c, to)
}

/* Overwritten: but nothing that was there all the time. */
inline lose(to) {
  REQUIRE(only_overwritten_is_lost, (present & RANGE((C > c + N -> C - N : c), to)) == 0)
}

/* pass_lost(): resync() begins. A look at C that comes first (holds) is the same look: C only grows. */
inline begin_resync() {
  end = C;
  at = (C > c + 1 + N -> C - N : c + 1);
  begins = ((at + N - 1) / N) * N;
  begins = (begins > end -> end : begins);
  present = published & RANGE(c, end);
  k = 0;
  whole = true
}

#define IS_GONE(c) (flaw == NO_C_CHECK -> HELD_BY(c) != c + 1 : LAPPED(c))

inline see() {
  look(c);
  if
  :: what == nothing -> goto on_nothing
  :: what == item -> next = c + SIZE_AT(c); goto copy
  :: what == jump -> next = HELD_BY(c) - 1; goto on_jump
  :: what == overrun -> goto on_overrun
  fi
}

proctype reader(bool shared) {
  byte c;            /* the cursor */
  byte next;         /* what look() said, later what resync() found */
  byte k;            /* words copied */
  byte at, end;      /* resync() */
  byte begins;       /* and where it goes on when there is nothing yet */
  short present;     /* ghost: published when resync() began */
  bool whole = true; /* ghost: all words copied so far are the item's */
  bool quiet;        /* nothing will change any more: known before the look */

again: /* run() */
  if
  :: atomic { !shared -> quiet = QUIET; see() }
  :: atomic { shared -> quiet = QUIET; c = position; goto look_at_c }
  fi;

look_at_c:
  if
  :: atomic { true -> see() }
  fi;

on_nothing:
  if
  :: atomic {
      LAPPED(c) -> begin_resync();
      goto find
    }
  :: atomic {
      !LAPPED(c) ->
      if
      :: quiet ->
        REQUIRE(reader_reaches_C, c == C || (N == 1 && c + 1 == C));
        goto done
      :: else -> goto again
      fi
    }
  fi;

copy: /* Memory::copy_out() */
  if
  :: atomic {
      true ->
      whole = whole && word[(c % N) * W + k] == c + 1;
      k++;
      if
      :: k < (next - c) * W -> goto copy
      :: else -> k = 0; goto check
      fi
    }
  fi;

check: /* the C check, behind the copy */
  if
  :: atomic { IS_GONE(c) -> begin_resync(); goto find }
  :: atomic {
      !IS_GONE(c) ->
      if
      :: shared -> goto claim
      :: else -> take(); move_own(next); next = 0; whole = true; goto again
      fi
    }
  fi;

claim:
  if
  :: atomic {
      true -> move_shared(next);
      if
      :: changed -> take_shared()
      :: else
      fi;
      next = 0; whole = true; c = 0;
      goto again
    }
  fi;

on_jump:
  if
  :: atomic { LAPPED(c) -> begin_resync(); goto find } /* a later lap's marker: what it skips was not ours */
  :: atomic {
      !LAPPED(c) ->
      REQUIRE(marker_stays_within_C, next <= C && next - c <= N);
      if
      :: shared -> goto claim_skip
      :: else -> skip_to(next); move_own(next); next = 0; goto again
      fi
    }
  fi;

claim_skip:
  if
  :: atomic {
      true -> move_shared(next);
      if
      :: changed -> skip_to(next)
      :: else
      fi;
      next = 0; c = 0;
      goto again
    }
  fi;

on_overrun: /* C is surely beyond: not looked at for its value but by resync() */
  if
  :: atomic { true -> begin_resync(); goto find }
  fi;

find: /* find_present(): the first of [at, end) that is published or a marker; else where the lap begins, or end */
  if
  :: atomic {
      true ->
      next = begins;
      if
      :: at < end ->
        look(at);
        if
        :: what == item || (what == jump && HELD_BY(at) - 1 <= end) -> next = at
        :: else ->
          at++;
          if
          :: at < end -> next = 0; goto find
          :: else
          fi
        fi
      :: else
      fi;
      at = 0; end = 0; begins = 0;
      if
      :: shared -> goto claim_loss
      :: else -> lose(next); move_own(next); next = 0; present = 0; goto again
      fi
    }
  fi;

claim_loss:
  if
  :: atomic {
      true -> move_shared(next);
      if
      :: changed -> lose(next)
      :: else
      fi;
      next = 0; present = 0; c = 0;
      goto again
    }
  fi;
done:
  skip
}
