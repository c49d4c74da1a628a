/* fuzz.h - what a fuzz target is: one function that takes any bytes, and what one input may use up.
 *
 * A target is NAME.c beside this file. Built with libFuzzer (preset fuzz), inputs are searched for; in every other
 * preset the same function is given the files of corpus/NAME. Errors: whatever does not hold aborts, and is a finding.
 * Limits: an input that takes more processor time or heap than the target allows is one, too. The heap is measured
 * where the address sanitizer is. Single-threaded. */
#ifndef SLIPSTREAM_TESTS_FUZZ_H
#define SLIPSTREAM_TESTS_FUZZ_H

#include "slipstream/base.h"

/* Each target defines these. Memory that set_up keeps is no input's. */
extern const size_t fuzz_heap_max; /* bytes in use at once, at most FUZZ_HEAP_MAX */
void fuzz_set_up(void);
void fuzz_one(struct span input);

#define FUZZ_HEAP_MAX   ((size_t)256 << 20)
#define FUZZ_CPU_MS_MAX 1000 /* of the processor, not of the clock: the machine may be busy */

/* A promise of the code's, which any input may break. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fuzz_failed(#condition, __FILE__, __LINE__);                                                               \
        }                                                                                                              \
    } while (0)
/* The same of a call that fills in a reason, which is told. */
#define CHECK_DONE(call, why)                                                                                          \
    do {                                                                                                               \
        if ((call) != DONE) {                                                                                          \
            fuzz_failed((why)->text, __FILE__, __LINE__);                                                              \
        }                                                                                                              \
    } while (0)
_Noreturn void fuzz_failed(const char *condition, const char *file, int line);

/* Allocations so far; always 0 where they are not counted. */
size_t fuzz_allocations(void);

/* The bytes as a file, for code that takes a path: in memory, and good until the next call. */
const char *fuzz_file(struct span content);

/* One input, within its limits. */
void fuzz_measure(struct span input);

/* Whether a refusal says why: a code, and a text that ends. */
bool fuzz_says_why(const struct reason *why);

#endif
