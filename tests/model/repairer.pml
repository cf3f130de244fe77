/* Our repairer: plan_repair(), apply_repair() (recovery.hpp) and Repairer::free_settled() (repair.cpp). One step is one
 * access to shared memory. Whose is a missing index, and is a line settled: that is asked of the real code
 * (judgement.cpp).
 *
 * It dies whenever it likes and begins again. Only a death behind something told, behind a marker or behind the freeing
 * of a line leaves something that was not there before (locks fall at once), so it has the choice there only.
 */
hidden short judged_repairs; /* a bit an index */
hidden byte judged_settled;  /* a bit a line: when its dead owner hides nothing, */
hidden byte judged_bare;     /* and when he hides something */
hidden byte lowest;

inline begin_plan() {
  reserved = C;
  at = (C > N -> C - N : 0);
  missing = 0;
  l = 0;
  if
  :: at < reserved -> goto scan
  :: else -> goto look_at_line
  fi
}

#define SETTLED(l) (((seen_slots[l] != 0 -> bare_lines : settled_lines) & BIT(l)) != 0 || flaw == FREES_UNSETTLED)

inline go_on_freeing() {
  if
  :: locked[l] == _pid -> locked[l] = 0
  :: else
  fi;
  seen_index[l] = 0; seen_slots[l] = 0; seen_lap[l] = 0;
  l++;
  goto free_next
}

inline go_on_telling_lines() {
  l++;
  if
  :: l < TOP -> goto read_claim
  :: else ->
    l = 0;
    at = (flaw == UPWARD_MARKS -> start : end - 1);
    start = 0;
    goto put_mark
  fi
}

inline go_on_looking() {
  to_told_slot();
  if
  :: k < 4 -> goto look_at_slot
  :: else -> k = 0; l++; goto_next_line()
  fi
}

inline goto_next_line() {
  if
  :: l < TOP -> goto look_at_line
  :: else -> l = 0; goto judge
  fi
}

inline drop_all() {
  l = 0;
  do
  :: l < P ->
    if
    :: locked[l] == _pid -> locked[l] = 0
    :: else
    fi;
    l++
  :: else -> break
  od;
  l = 0; k = 0; at = 0; start = 0; end = 0; reserved = 0; missing = 0; repairs = 0;
  lines = 0; settled_lines = 0; bare_lines = 0;
  forget_sights();
  last = false; idle_run = false; complete = false; second = false
}

inline forget_sights() {
  l = 0;
  do
  :: l < P -> seen[l] = FREE; seen_index[l] = 0; seen_end[l] = 0; seen_slots[l] = 0; seen_lap[l] = 0; l++
  :: else -> break
  od;
  l = 0
}

/* A line's claim and what its owner is told, read behind it; what is told for another claim is for nobody. */
inline see_told() {
  seen_slots[l] = (told_index[l] == seen_index[l] -> told_slots[l] : 0);
  seen_lap[l] = (seen_slots[l] != 0 -> told_lap[l] : 0)
}

/* hiding_claim(): the next slot that is told of, from the k-th on, and is to be looked at. */
inline to_told_slot() {
  do
  :: k < 4 && !TOLD(seen_slots[l], k) -> k++
  :: else -> break
  od
}

inline look_at_told_slot() {
  ASK_WHAT_IS_HIDDEN(seen_index[l], k, seen_slots[l], seen_lap[l]);
  seen_slots[l] = answer;
  seen_lap[l] = (answer != 0 -> seen_lap[l] : 0);
  k++;
  to_told_slot()
}

/* The first run of `repairs`. */
inline begin_run() {
  lowest = 0;
  do
  :: (repairs & BIT(lowest)) == 0 -> lowest++
  :: else -> break
  od;
  end = lowest;
  do
  :: (repairs & BIT(end)) != 0 -> end++
  :: else -> break
  od;
  start = lowest;
  l = 0;
  goto read_claim
}

proctype repairer() {
  byte reserved;
  byte at;           /* scanned; later: to be marked */
  byte start, end;   /* the run that is marked; its markers lead to the end */
  short missing;     /* a bit an index */
  short repairs;
  byte l;            /* a line */
  byte seen[P];
  byte seen_index[P], seen_end[P], seen_slots[P], seen_lap[P];
  byte k;            /* a slot that a line is told of */
  byte seen_dead;    /* a bit a line */
  byte lines;        /* plan.dead, later those that are locked */
  byte settled_lines, bare_lines;
  bool last;         /* nobody will do anything any more */
  bool idle_run;     /* there was nothing to repair */
  bool complete;     /* no marker found its slot taken */
  bool second;       /* the look behind the locks */

begin:
  if
  :: atomic {
      early || deaths > 0 || over == P ->
      last = (over == P);
      complete = true;
      begin_plan()
    }
  fi;

scan: /* plan_repair(): what is missing? */
  if
  :: atomic {
      true ->
      look(at);
      if
      :: what == item -> at = at + SIZE_AT(at)
      :: what == jump && HELD_BY(at) - 1 <= reserved -> at = HELD_BY(at) - 1
      :: what == nothing || (what == jump && HELD_BY(at) - 1 > reserved) -> missing = missing | BIT(at); at++
      :: what == overrun -> at++
      fi;
      if
      :: at < reserved -> goto scan
      :: else -> at = 0; goto look_at_line
      fi
    }
  fi;

look_at_line: /* what does the journal say, behind the slots, and is its owner dead? A lock of its own does not hinder
               * it. Of the dead what they are told is of the same moment. */
  if
  :: atomic {
      true ->
      seen[l] = line[l];
      seen_index[l] = line_index[l];
      seen_end[l] = line_end[l];
      if
      :: line[l] != FREE && dead[l] && (locked[l] == 0 || locked[l] == _pid) ->
        seen_dead = seen_dead | BIT(l);
        if
        :: seen[l] == HELD -> see_told()
        :: else
        fi
      :: else -> last = last && (line[l] == FREE || !dead[l]) /* another repair is at work: look again later */
      fi;
      if
      :: seen[l] == HELD && (seen_dead & BIT(l)) == 0 -> goto ask_told
      :: else -> go_on_looking()
      fi
    }
  fi;

ask_told: /* Of the living what they are told is asked later. */
  if
  :: atomic { true -> see_told(); go_on_looking() }
  fi;

look_at_slot: /* hiding_claim() */
  if
  :: atomic { true -> look_at_told_slot(); go_on_looking() }
  fi;

judge: /* judge() and is_settled(): no access */
  if
  :: atomic {
      true ->
      c_code {
        model_judge(N, P, Prepairer->reserved, Prepairer->missing, Prepairer->seen, Prepairer->seen_index,
                    Prepairer->seen_end, Prepairer->seen_slots, Prepairer->seen_lap, Prepairer->seen_dead, force,
                    &judged_repairs, &judged_settled, &judged_bare);
      };
      if
      :: !second -> repairs = judged_repairs; lines = seen_dead; idle_run = (repairs == 0)
      :: else -> settled_lines = judged_settled; bare_lines = judged_bare
      fi;
      reserved = 0; missing = 0; seen_dead = 0;
      forget_sights();
      if
      :: second -> goto free_next
      :: !second && repairs == 0 -> goto lock_line
      :: !second && repairs != 0 -> begin_run()
      fi
    }
  fi;

read_claim: /* apply_repair(): tell_passed(), as a producer */
  if
  :: atomic {
      true ->
      answer = 0;
      if
      :: line[l] == HELD && flaw != REPAIRS_UNTOLD -> ASK_WHETHER_TO_TELL(line_index[l], line_end[l], start, end)
      :: else
      fi;
      if
      :: answer != 0 -> seen_index[l] = line_index[l]; seen_end[l] = line_end[l]; goto tell_it
      :: answer == 0 || buried[l] -> go_on_telling_lines()
      fi
    }
  :: atomic { l > 0 -> goto drop } /* dies */
  fi;

tell_it:
  if
  :: atomic {
      true ->
      tell(l, seen_index[l], seen_end[l], start, end);
      seen_index[l] = 0; seen_end[l] = 0;
      go_on_telling_lines()
    }
  fi;

put_mark: /* from the last index down */
  if
  :: atomic {
      true ->
      lowest = end; /* where to; a hole of the whole ring takes a hop more */
      if
      :: end - at == N -> lowest = at + 1
      :: else
      fi;
      if
      :: flaw == MARKS_BEYOND_C -> lowest++
      :: else
      fi;
      mark(at, lowest, count[at % N], flaw == BLIND_MARKS);
      if
      :: changed ->
        REQUIRE(living_is_not_dead, force || !IN_WORK(at))
      :: else -> complete = false
      fi;
      if
      :: changed && flaw != UPWARD_MARKS && at > 0 && (repairs & BIT(at - 1)) != 0 -> at--
      :: changed && flaw == UPWARD_MARKS && at + 1 < end -> at++
      :: else -> /* the run is done, or not to be done */
        do
        :: end > 0 && (repairs & BIT(end - 1)) != 0 -> end--; repairs = repairs & ~BIT(end)
        :: else -> break
        od;
        if
        :: repairs != 0 -> begin_run()
        :: repairs == 0 && complete -> at = 0; end = 0; goto lock_line
        :: repairs == 0 && !complete -> goto drop
        fi
      fi;
      goto put_mark
    }
  :: atomic { true -> goto drop } /* dies */
  fi;

lock_line: /* free_settled(): locked before the look */
  if
  :: atomic {
      true ->
      if
      :: (lines & BIT(l)) != 0 && flaw != FREES_UNLOCKED ->
        if
        :: dead[l] && locked[l] == 0 -> locked[l] = _pid
        :: else -> lines = lines & ~BIT(l)
        fi
      :: else
      fi;
      l++;
      if
      :: l < P -> goto lock_line
      :: else -> l = 0
      fi;
      second = true;
      goto plan_again
    }
  fi;

plan_again:
  if
  :: atomic { true -> begin_plan() }
  fi;

free_next: /* of those that are locked. No access. */
  if
  :: atomic {
      true ->
      do
      :: l < P && (lines & BIT(l)) == 0 -> l++
      :: else -> break
      od;
      if
      :: l < P -> goto see_again
      :: l == P && last && idle_run -> goto settle
      :: l == P && !(last && idle_run) -> goto drop
      fi
    }
  fi;

see_again: /* claim_and_passed() of a line that is locked; its claim cannot have changed */
  if
  :: atomic {
      true ->
      seen_index[l] = line_index[l];
      if
      :: line[l] == HELD -> see_told()
      :: else
      fi;
      k = 0;
      to_told_slot();
      if
      :: k < 4 -> goto look_again
      :: else -> k = 0; goto free_line
      fi
    }
  :: atomic { l > 0 -> goto drop } /* dies */
  fi;

look_again: /* hiding_claim() */
  if
  :: atomic {
      true ->
      look_at_told_slot();
      if
      :: k < 4 -> goto look_again
      :: else -> k = 0; goto free_line
      fi
    }
  fi;

free_line: /* is_settled()? */
  if
  :: atomic {
      true ->
      if
      :: buried[l] && !SETTLED(l) -> go_on_freeing()
      :: SETTLED(l) ->
        REQUIRE(hidden_marker_comes_back, line[l] != HELD || !ANY_COVERS(line_index[l], line_end[l]));
        line[l] = FREE; line_index[l] = 0; line_end[l] = 0;
        go_on_freeing()
      :: !buried[l] && !SETTLED(l) -> reserved = C; goto bury
      fi
    }
  fi;

bury:
  if
  :: atomic {
      true ->
      buried[l] = true;
      line_end[l] = (line[l] == RESERVING -> reserved : line_end[l]);
      reserved = 0;
      go_on_freeing()
    }
  fi;
drop: /* all locks, and what it knows; begin anew */
  if
  :: atomic { true -> drop_all(); goto begin }
  fi;

settle: /* nothing more to do, for anybody */
  if
  :: atomic {
      true ->
      drop_all();
      REQUIRE(hidden_marker_comes_back, !IS_COVERED(0) && !IS_COVERED(1) && !IS_COVERED(2) && !IS_COVERED(3));
      require_a_way_to_C();
      settled = true;
      goto done
    }
  fi;
done:
  skip
}
