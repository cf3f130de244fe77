/* Our repairer: plan_repair(), apply_repair() (recovery.hpp) and Repairer::free_settled() (repair.cpp). One step is one
 * access to shared memory. Whose is a missing index, and is a line settled: that is asked of the real code
 * (judgement.cpp).
 *
 * It dies whenever it likes and begins again. Only a death behind a marker or behind the freeing of a line leaves
 * something that was not there before (locks fall at once), so it has the choice there only.
 */
hidden short judged_repairs; /* a bit an index */
hidden byte judged_settled;  /* a bit a line */
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
  l = 0; at = 0; end = 0; reserved = 0; missing = 0; repairs = 0; lines = 0; settled_lines = 0;
  last = false; idle_run = false; complete = false; second = false
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
  at = (flaw == UPWARD_MARKS -> lowest : end - 1);
  goto put_mark
}

proctype repairer() {
  byte reserved;
  byte at;           /* scanned; later: to be marked */
  byte end;          /* where the markers of the run lead */
  short missing;     /* a bit an index */
  short repairs;
  byte l;            /* a line */
  byte seen[P];
  byte seen_index[P], seen_end[P];
  byte seen_dead;    /* a bit a line */
  byte lines;        /* plan.dead, later those that are locked */
  byte settled_lines;
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
      :: what == item -> at = at + count[at % N]
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

look_at_line: /* what does the journal say, behind the slots */
  if
  :: atomic {
      true ->
      seen[l] = line[l];
      seen_index[l] = line_index[l];
      seen_end[l] = line_end[l];
      goto ask_lock
    }
  fi;

ask_lock: /* and is its owner dead? A lock of its own does not hinder it. */
  if
  :: atomic {
      true ->
      if
      :: dead[l] && (locked[l] == 0 || locked[l] == _pid) -> seen_dead = seen_dead | BIT(l)
      :: dead[l] && locked[l] != 0 && locked[l] != _pid -> last = false /* another repair is at work: look again later */
      :: else
      fi;
      l++;
      if
      :: l < P -> goto look_at_line
      :: else
      fi;
      /* judge() and is_settled(): no shared memory in it */
      c_code {
        model_judge(N, P, Prepairer->reserved, Prepairer->missing, Prepairer->seen, Prepairer->seen_index,
                    Prepairer->seen_end, Prepairer->seen_dead, force, &judged_repairs, &judged_settled);
      };
      if
      :: !second -> repairs = judged_repairs; lines = seen_dead; idle_run = (repairs == 0)
      :: else -> settled_lines = judged_settled
      fi;
      reserved = 0; missing = 0; seen_dead = 0; l = 0;
      do
      :: l < P -> seen[l] = FREE; seen_index[l] = 0; seen_end[l] = 0; l++
      :: else -> break
      od;
      l = 0;
      if
      :: second -> goto free_line
      :: !second && (N == 1 || repairs == 0) -> repairs = 0; goto lock_line /* one slot needs no repair, has none */
      :: else -> begin_run()
      fi
    }
  fi;

put_mark: /* apply_repair(): from the last index down */
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
      mark(at, lowest, flaw == BLIND_MARKS);
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
        :: repairs == 0 && !complete -> drop_all(); goto begin
        fi
      fi;
      goto put_mark
    }
  :: atomic { true -> drop_all(); goto begin } /* dies */
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

free_line:
  if
  :: atomic {
      true ->
      if
      :: (lines & BIT(l)) != 0 ->
        if
        :: (settled_lines & BIT(l)) != 0 || flaw == FREES_UNSETTLED ->
          line[l] = FREE; line_index[l] = 0; line_end[l] = 0
        :: else
        fi;
        if
        :: locked[l] == _pid -> locked[l] = 0
        :: else
        fi
      :: else
      fi;
      l++;
      if
      :: l < P -> goto free_line
      :: else
      fi;
      if
      :: last && idle_run -> drop_all(); settled = true; goto done
      :: else -> drop_all(); goto begin
      fi
    }
  :: atomic { true -> drop_all(); goto begin } /* dies */
  fi;
done:
  skip
}
