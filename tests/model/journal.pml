/* The journal: what each producer says of himself, what others tell him, and who asks. journal.hpp, passed.hpp. What is
 * told is kept as the code keeps it, only narrower: judgement.cpp makes the code's word of it and calls the real
 * functions.
 */
#define FREE 0 /* as JournalState, journal.hpp */
#define IDLE 1
#define RESERVING 2
#define HELD 3
byte line[P] = IDLE;  /* state, */
byte line_index[P];   /* held: first index; reserving: no index below it will be reserved; else 0 */
byte line_end[P];     /* held: one past the last; reserving and buried: nothing from there on is his; else 0 */
byte told_index[P];   /* whom it is told: who holds from this index on; */
byte told_slots[P];   /* which of his slots: 4 bits for the latest lap, 4 for the one before; */
byte told_lap[P];     /* and how many laps later the latest is */
bool buried[P];       /* its owner was proven dead */
byte locked[P];       /* the repairer that has the lock of a dead producer's line; 0: nobody */

/* The lines that were ever claimed: producers that make no reservations are not there. */
#define TOP (others == 0 -> 1 : P)

inline write_line(l, state, index, end) {
  if
  :: l >= unregistered ->
    line[l] = state;
    line_index[l] = index;
    line_end[l] = end
  :: else
  fi
}

/* Arguments and answers of the real functions, used within one step. What C code writes to a hidden variable is not
 * taken back when the search goes back, an assignment is: so an answer is assigned before anything branches on it.
 */
hidden byte ask_state, ask_index, ask_end, ask_from, ask_to, ask_slots, ask_lap, ask_slot, ask_held, ask_reserved;
hidden byte answered, answered_lap;
hidden byte answer, answer_lap;

/* may_be_writing(): could the producer of this line still write elements of [from, to)? */
#define ASK_WHETHER_HE_MAY_BE_WRITING(q, from, to) \
  ask_state = line[q]; ask_index = line_index[q]; ask_end = line_end[q]; ask_from = from; ask_to = to; \
  c_code { answered = model_may_be_writing(N, ask_state, ask_index, ask_end, ask_from, ask_to - ask_from); }; \
  answer = answered

/* with_passed_range(): who holds [index, end) and knows of slots and lap is told of [from, to). */
#define ASK_WHAT_HE_KNOWS_THEN(index, end, slots, lap, from, to) \
  ask_index = index; ask_end = end; ask_slots = slots; ask_lap = lap; ask_from = from; ask_to = to; \
  c_code { \
    model_tell(N, ask_index, ask_end, ask_slots, ask_lap, ask_from, ask_to, &answered, &answered_lap); \
  }; \
  answer = answered; answer_lap = answered_lap

/* Is there anything to tell him who says to hold [index, end)? With nothing known before: else it is not written. */
#define ASK_WHETHER_TO_TELL(index, end, from, to) ASK_WHAT_HE_KNOWS_THEN(index, end, 0, 0, from, to)

/* The exchange at the end of tell_passed(), of who read there that [index, end) is held. */
inline tell(l, his_index, his_end, begins, ends) {
  if
  :: told_index[l] <= his_index ->
    ASK_WHAT_HE_KNOWS_THEN(his_index, his_end, (told_index[l] == his_index -> told_slots[l] : 0),
                           (told_index[l] == his_index -> told_lap[l] : 0), begins, ends);
    told_index[l] = his_index;
    told_slots[l] = answer;
    told_lap[l] = answer_lap
  :: else /* he is elsewhere now */
  fi
}

/* passed_index(): what was given up last in the k-th slot of who holds from `index` on, plus 1; 0: nothing. */
#define ASK_WHAT_WAS_GIVEN_UP(index, k, slots, lap, reserved) \
  ask_index = (index) + (k); ask_slot = k; ask_slots = slots; ask_lap = lap; ask_reserved = reserved; \
  c_code { answered = model_given_up(N, ask_index, ask_slot, ask_slots, ask_lap, ask_reserved); }; \
  answer = answered

/* passed_and_hidden(): what is left of `slots` when the k-th is looked at. */
#define ASK_WHAT_IS_HIDDEN(index, k, slots, lap) \
  ask_index = (index) + (k); ask_slot = k; ask_slots = slots; ask_lap = lap; ask_held = HELD_BY((index) + (k)); \
  c_code { answered = model_hidden(N, ask_index, ask_slot, ask_slots, ask_lap, ask_held); }; \
  answer = answered

#define TOLD(slots, k) (((slots) & (BIT(k) | BIT((k) + 4))) != 0)

/* looks_reusable(), seat.cpp, but for what may be hidden: nothing was in work, or it is out of the ring. */
#define IS_OVER(l) (line[l] <= IDLE || ((line[l] == HELD || buried[l]) && line_end[l] + N <= C))
