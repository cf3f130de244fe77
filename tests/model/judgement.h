/* What the model asks of the real code, and of its environment. C, for pan. */
#pragma once
#ifdef __cplusplus
extern "C" {
#endif

/* The number in the environment variable `name`, or `otherwise`. */
unsigned char model_knob(const char* name, unsigned char otherwise);

/* may_be_writing(), journal.hpp. state, index, end: a journal line; [i, i + n): the item; ring: capacity. */
int model_may_be_writing(int ring, int state, int index, int end, int i, int n);

/* What is told, passed.hpp: `slots`: 4 bits for the latest lap, 4 for the one before; `lap`: how much later the latest
 * is. with_passed_range(): who holds [index, end) and knows of slots and lap is told of [from, to). */
void model_tell(int ring, int index, int end, int slots, int lap, int from, int to, unsigned char* slots_then,
                unsigned char* lap_then);
/* passed_index() of the slot-th one held, which is `held`, plus 1; 0: nothing. */
int model_given_up(int ring, int held, int slot, int slots, int lap, int reserved);
/* passed_and_hidden(), as far as the slot-th one held, which is `held`: its slot holds `held_by_slot` (plus 1; 0:
 * nothing). What is left of `slots`. */
int model_hidden(int ring, int held, int slot, int slots, int lap, int held_by_slot);

/* hiding_claim(): does a line hide nothing of what it was told, when the slots hold `slots_hold` (plus 1; 0: nothing)?
 */
int model_hides_nothing(int ring, int state, int index, int told_index, int slots, int lap,
                        const unsigned char* slots_hold);

/* What plan_repair() makes of the missing indexes and the lines. missing, repairs: a bit an index; dead: a bit a line.
 * Which lines are settled by it: when their owners hide nothing, and when they hide something. */
void model_judge(int ring, int line_count, int reserved, int missing, const unsigned char* states,
                 const unsigned char* indexes, const unsigned char* ends, const unsigned char* slots,
                 const unsigned char* laps, int dead, int force, short* repairs, unsigned char* settled,
                 unsigned char* settled_hiding);

#ifdef __cplusplus
}
#endif
