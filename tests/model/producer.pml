/* Our producer: BasicWriter and Producer::put(), put_run() and Burst, writer.hpp and producer.cpp. One step is one
 * access to shared memory; before each it may die. What it was asked to push is not modelled: each reservation is a new
 * item, whether the last one was pushed, late, or led on a detour.
 */
#define OR_DIE \
  :: atomic { \
    p < mortals && deaths < most_deaths -> \
    deaths++; \
    dead[p] = true; \
    from[p] = 0; till[p] = 0; \
    b = 0; u = 0; i = 0; e = 0; n = 0; k = 0; q = 0; bound = 0; \
    f = 0; t = 0; x = 0; y = 0; \
    if \
    :: !reborn || left == 0 -> left = 0; over++; goto done \
    :: else -> goto gone \
    fi \
  }

#define RUN (p == 0 -> batch : batch_else)
#define IN_RUN (RUN > 0)

/* mark_dead(): tell those who hold the same slots of an earlier lap, then mark. A ring of one slot has no markers. */
#define TELLS (N > 1 && flaw != DOES_NOT_TELL)
inline mark_dead(start, end) {
  f = start;
  t = end;
  k = 0;
  q = (p == 0);
  went = (TELLS && q < TOP && flaw != TELLS_BEHIND -> RESERVING : HELD);
  q = (went == RESERVING -> q : 0);
  if
  :: went == RESERVING -> goto read_his_claim
  :: else -> goto put_marker
  fi
}
hidden byte went;

/* From here on it is in work no more, and may be marked by whoever is told. */
inline give_up(start, end) {
  till[p] = start;
  mark_dead(start, end)
}

/* The next line, which is not ours, or behind all of them. */
inline go_on_telling() {
  q++;
  q = q + (q == p);
  if
  :: q < TOP -> goto read_his_claim
  :: else -> q = 0; goto put_marker
  fi
}

/* Of a jump on with the reservation, of what is left of an item on with the item; else the reservation is over. */
inline behind_mark_dead() {
  went = (t == i -> HELD : (f == i -> IDLE : FREE));
  f = 0; t = 0; k = 0; q = 0;
  if
  :: went == HELD -> goto hold
  :: went == IDLE -> goto finish
  :: went == FREE -> goto exchange
  fi
}

/* An item cannot be written, or nobody wants to. */
inline stop_writing() {
  if
  :: IN_RUN -> goto stop_run
  :: !IN_RUN -> give_up(i, e)
  fi
}

/* The next slot of the run that has a marker to be put back. q: C. */
inline go_on_putting_back() {
  answer = 0;
  do
  :: b + k < u && answer == 0 ->
    ASK_WHAT_WAS_GIVEN_UP(b, k, x, y, q);
    k = k + (answer == 0)
  :: else -> break
  od;
  if
  :: answer != 0 -> f = answer - 1; goto put_back
  :: else -> x = 0; y = 0; k = 0; q = 0; goto rest
  fi
}

hidden byte leads_to;

proctype producer(byte p) {
  byte left = (p == 0 -> reservations : others);
  byte b, u;  /* of a run: where it begins, and up to where it is visible */
  byte i, e;  /* the reservation; of a run, what is left to be written of it */
  byte n;     /* elements of the item at i */
  byte k;     /* words written; slots marked, or put back */
  byte q;     /* a journal line; what the slot held; C */
  byte f, t;  /* what is given up, to be told and marked; f also: of which index a marker is put back */
  byte x, y;  /* what is told: to whom (from, to), or us (slots, laps) */
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

  /* ring_->reserve(), reserve_singles(): one read-modify-write of C */
  if
  :: atomic {
      true ->
      q = C;
      if
      :: IN_RUN -> n = 1; b = C; u = C; i = C; e = C + RUN
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

lead_round: /* The ring marks the slot that the item would have straddled from; then pass_over(): all that is jumped */
  if
  :: atomic { true -> mark(q, i, n, false); leapt[p] = q; landed[p] = i; from[p] = i; mark_dead(q, i) }
  OR_DIE
  fi;

hold: /* journal_.held(), held_firmly(): before an element is written */
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
      :: q > i && flaw != BLIND_PUBLISH -> q = 0; stop_writing()
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
      :: LAPPED(i) && flaw != BLIND_PUBLISH -> q = 0; stop_writing()
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
      ASK_WHETHER_HE_MAY_BE_WRITING(q, i, i + n);
      if
      :: q != p && answer && !buried[q] -> q = 0; stop_writing()
      :: else
      fi;
      q++;
      if
      :: q < TOP -> goto look_at_line
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
      :: k == n * W && !IN_RUN -> k = 0; goto publish
      :: k == n * W && IN_RUN && !burst && i + 1 < e -> k = 0; i++; goto clear
      :: k == n * W && IN_RUN && (burst || i + 1 == e) -> k = 0; i++; goto put_up
      fi
    }
  :: atomic { own_choice && k == 0 -> stop_writing() } /* Reservation::abandon(), Burst::end() */
  OR_DIE
  fi;

publish: /* late by a lap? */
  if
  :: atomic {
      true ->
      if
      :: LAPPED(i) && flaw != BLIND_PUBLISH -> goto finish
      :: else -> goto exchange
      fi
    }
  :: atomic { /* publish fewer than were reserved. First: a reader behind the item must never stand before a slot that
               * nobody will fill. */
      own_choice && n > 1 && !LAPPED(i) -> n--; give_up(i + n, e)
    }
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
      :: else
      fi;
      goto finish
    }
  OR_DIE
  fi;

stop_run: /* What is written of it may be published yet. No access. */
  if
  :: atomic { u < i -> goto put_up }
  :: atomic { u == i -> goto finish_run }
  OR_DIE
  fi;

put_up: /* of a run: late by a lap? One look, then plain stores. */
  if
  :: atomic {
      true ->
      if
      :: LAPPED(u) -> goto finish_run
      :: else -> goto put_size
      fi
    }
  OR_DIE
  fi;

put_size: /* fill_slot() */
  if
  :: atomic { true -> count[u % N] = 1; goto put_index }
  OR_DIE
  fi;

put_index:
  if
  :: atomic {
      true ->
      store_late(u);
      made_visible(u);
      u++;
      if
      :: u < i -> goto put_size
      :: u == i && i < e && burst -> goto clear
      :: u == i && (i == e || !burst) -> goto finish_run
      fi
    }
  OR_DIE
  fi;

finish_run: /* finish(): what did later laps give up meanwhile? journal_.passed() */
  if
  :: atomic {
      u != b ->
      i = u;
      if
      :: told_index[p] == b && told_slots[p] != 0 && flaw != NOT_PUT_BACK ->
        x = told_slots[p];
        y = told_lap[p];
        goto ask_what_is_left
      :: else -> goto rest
      fi
    }
  :: atomic { u == b -> i = u; give_up(u, e) } /* no access */
  OR_DIE
  fi;

ask_what_is_left: /* put_markers_back(): C tells what is still in the ring */
  if
  :: atomic { true -> q = C; go_on_putting_back() }
  OR_DIE
  fi;

put_back: /* as who gave it up: that may be over the marker of a lap between, which our late item let in */
  if
  :: atomic {
      true ->
      k++;
      if
      :: flaw != PUTS_BACK_OVER_ITEMS || HELD_BY(f) == b + k -> mark(f, f + 1, 1, false)
      :: else
      fi;
      f = 0;
      go_on_putting_back()
    }
  OR_DIE
  fi;

rest: /* [b, u) is visible, [u, e) is given up. No access. */
  if
  :: atomic { u == e -> goto finish }
  :: atomic { u != e -> give_up(u, e) }
  OR_DIE
  fi;

read_his_claim: /* tell_passed(): line by line, not a buried one. What does he say that he holds? */
  if
  :: atomic {
      true ->
      answer = 0;
      if
      :: line[q] == HELD -> ASK_WHETHER_TO_TELL(line_index[q], line_end[q], f, t)
      :: else
      fi;
      if
      :: answer != 0 -> x = line_index[q]; y = line_end[q]; goto tell_it
      :: answer == 0 || buried[q] -> go_on_telling() /* or buried behind the look whether he is */
      fi
    }
  OR_DIE
  fi;

tell_it: /* and what of it is given up, in one exchange. */
  if
  :: atomic { true -> tell(q, x, y, f, t); x = 0; y = 0; go_on_telling() }
  OR_DIE
  fi;

put_marker: /* put_markers(), from the last slot down; all of a ring takes a hop more */
  if
  :: atomic {
      N > 1 && k < t - f ->
      leapt[p] = 0; landed[p] = 0;
      k++;
      leads_to = (k == N -> f + 1 : t);
      mark(t - k, leads_to, 1, false);
      if
      :: k < t - f -> goto put_marker
      :: k == t - f && flaw == TELLS_BEHIND -> q = (p == 0); goto read_his_claim
      :: k == t - f && flaw != TELLS_BEHIND -> behind_mark_dead()
      fi
    }
  :: atomic { N == 1 || k == t - f -> behind_mark_dead() } /* no access */
  OR_DIE
  fi;

finish: /* done(): journal_.idle() */
  if
  :: atomic {
      true ->
      REQUIRE(hidden_marker_comes_back, !ANY_COVERS(b, u));
      write_line(p, IDLE, 0, 0);
      from[p] = 0; till[p] = 0;
      b = 0; u = 0; i = 0; e = 0; n = 0; k = 0;
      if
      :: left > 0 -> goto begin
      :: else -> over++; bound = 0; goto done
      fi
    }
  OR_DIE
  fi;

gone: /* Seat::claim(): lock the line, look whether it is to be had, and write idle. Or nobody comes. */
  if
  :: atomic {
      locked[p] == 0 && IS_OVER(p) ->
      c_code {
        answered = model_hides_nothing(N, now.line[Pproducer->p], now.line_index[Pproducer->p],
                                       now.told_index[Pproducer->p], now.told_slots[Pproducer->p],
                                       now.told_lap[Pproducer->p], now.slot);
      };
      answer = answered;
      if
      :: answer == 0 -> goto gone
      :: else
      fi;
      dead[p] = false;
      REQUIRE(hidden_marker_comes_back, line[p] != HELD || !ANY_COVERS(line_index[p], line_end[p]));
      write_line(p, IDLE, 0, 0);
      told_index[p] = 0; told_slots[p] = 0; told_lap[p] = 0;
      buried[p] = false;
      goto sit_down
    }
  :: atomic { true -> left = 0; over++; goto done }
  fi;

sit_down: /* BasicWriter(): where C is */
  if
  :: atomic { true -> bound = C; goto begin }
  fi;
done:
  skip
}
