/* What the model asks of the real code, and of its environment. C, for pan. */
#pragma once
#ifdef __cplusplus
extern "C" {
#endif

/* The number in the environment variable `name`, or `otherwise`. */
unsigned char model_knob(const char* name, unsigned char otherwise);

/* may_be_writing(), journal.hpp. state, index, end: a journal line; [i, i + n): the item; ring: capacity. */
int model_may_be_writing(int ring, int state, int index, int end, int i, int n);

/* What plan_repair() makes of the missing indexes and the lines, and which lines are settled by it. missing, repairs:
 * a bit an index; dead, settled: a bit a line. */
void model_judge(int ring, int line_count, int reserved, int missing, const unsigned char* states,
                 const unsigned char* indexes, const unsigned char* ends, int dead, int force, short* repairs,
                 unsigned char* settled);

#ifdef __cplusplus
}
#endif
