/* The ORIGINAL's algorithm, for items of one element, C++ as it is in 1.4 to 2.x: no journal, stores without a look at
 * what is there, a reader that trusts the slot, an overrun that goes on at the newest. Every hazard that the format
 * leaves open shows here; with no lap and no death nothing does.
 */
#include "ring.pml"

#define OR_DIE \
  :: atomic { \
    p < mortals && deaths < most_deaths -> \
    deaths++; \
    dead[p] = true; \
    over++; \
    goto done \
  }

proctype producer(byte p) {
  byte left = (p == 0 -> reservations : others);
  byte i, k;

begin: /* reserve(): fetch_add */
  if
  :: atomic { true -> left--; i = C; C++; goto write }
  OR_DIE
  fi;

write:
  if
  :: atomic {
      true ->
      word[(i % N) * W + k] = i + 1;
      k++;
      if
      :: k < W -> goto write
      :: else -> k = 0; goto publish_size
      fi
    }
  OR_DIE
  fi;

publish_size: /* publish(): two stores */
  if
  :: atomic { true -> count[i % N] = 1; goto publish }
  OR_DIE
  fi;

publish:
  if
  :: atomic {
      true ->
      store_slot(i, i, 1);
      made_visible(i);
      if
      :: left > 0 -> goto begin
      :: else -> over++; goto done
      fi
    }
  OR_DIE
  fi;
done:
  skip
}

proctype reader() {
  byte c, k, next;
  bool whole = true, quiet;

again:
  if
  :: atomic {
      true ->
      quiet = QUIET;
      look(c);
      if
      :: what == nothing && quiet -> REQUIRE(reader_reaches_C, c == C); goto done
      :: what == nothing && !quiet -> goto again
      :: what == item -> goto copy
      :: what == jump || what == overrun ->
        /* c = what the slot says: everything between is gone, also what is still there */
        next = HELD_BY(c) - 1;
        REQUIRE(only_overwritten_is_lost, (published & RANGE((C > c + N -> C - N : c), next)) == 0);
        c = next;
        next = 0;
        goto again
      fi
    }
  fi;

copy:
  if
  :: atomic {
      true ->
      whole = whole && word[(c % N) * W + k] == c + 1;
      k++;
      if
      :: k < W -> goto copy
      :: else -> k = 0; goto check
      fi
    }
  fi;

check: /* Not even there in the original, which reads in place: the slot did not change, so the copy is good? */
  if
  :: atomic {
      true ->
      if
      :: HELD_BY(c) == c + 1 -> REQUIRE(item_is_whole, whole); c++
      :: else
      fi;
      whole = true;
      goto again
    }
  fi;
done:
  skip
}

init {
  byte k;
  atomic {
    knobs();
    do
    :: k < P -> run producer(k); k++
    :: else -> k = 0; break
    od;
    run reader()
  }
}
