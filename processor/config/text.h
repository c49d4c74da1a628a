/* text.h - what reading a file of settings needs beside YAML: memory, words to complain with, numbers with units.
 *
 * Units: durations in microseconds, sizes in bytes. Errors: false, and the output untouched. Ownership: what comes from a
 * memory lives as long as it does. */
#ifndef SLIPSTREAM_CONFIG_TEXT_H
#define SLIPSTREAM_CONFIG_TEXT_H

#include "slipstream/config.h"

/* Many small pieces that are freed together. A failure is sticky: it is checked once at the end. */
struct memory {
    struct memory_chunk *chunks;
    size_t size; /* of all chunks */
    size_t ceiling;
    bool failed;
};
void memory_init(struct memory *self, size_t ceiling);
void memory_done(struct memory *self);
/* Zeroed, or NULL: the ceiling or the system's memory was reached. */
void *memory_take(struct memory *self, size_t size);
/* A copy with a NUL behind it. */
char *memory_text(struct memory *self, const void *text, size_t size);

/* Reads a whole file, NUL-terminated, into memory; false: a problem was added. */
bool file_read(const char *path, size_t size_max, struct memory *memory, struct span *content, const char **why_not);

/* Where something was said, for a problem. */
struct place {
    const char *where;
    size_t line, column; /* from 1; 0: where says it all */
};
#define COMPLAIN(problems, place, ...) problem((problems), (place)->where, (place)->line, (place)->column, __VA_ARGS__)

/* Foreign text in quotes, control characters and what is not UTF-8 escaped, cut when long. */
#define SHOWN_SIZE 128
const char *shown(const char *text, char out[SHOWN_SIZE]);

/* Which of the words offered was meant, if any of them is near enough (Levenshtein, a swap of neighbours counts one;
 * upper and lower case are the same). */
#define GUESS_SIZE 128
struct guess {
    const char *word;
    size_t distance;       /* of the best so far */
    char best[GUESS_SIZE]; /* empty: none */
};
void guess_init(struct guess *self, const char *word);
void guess_offer(struct guess *self, const char *candidate);
/* ", did you mean X" or nothing, to end a problem with. */
const char *guess_text(const struct guess *self, char out[GUESS_SIZE + 16]);

/* Text that collects names for "allowed a, b, c"; what does not fit is cut with dots. */
#define NAMES_SIZE 512
struct names {
    char text[NAMES_SIZE];
    size_t size;
};
void names_add(struct names *self, const char *name);

bool number_parse(const char *text, int64_t *value);   /* decimal, whole */
bool real_parse(const char *text, double *value);      /* decimal, finite */
bool duration_parse(const char *text, int64_t *value); /* "250ms" "10s" "5m" "1h" "28d" */
bool size_parse(const char *text, int64_t *value);     /* "512B" "64KiB" "32MiB" "1GiB" */
#define DURATION_UNITS "ms, s, m, h or d"
#define SIZE_UNITS "B, KiB, MiB or GiB"

/* In the largest unit that is exact: "90s", "32MiB". */
#define UNIT_TEXT_SIZE 32
const char *duration_text(int64_t us, char out[UNIT_TEXT_SIZE]);
const char *size_text(int64_t bytes, char out[UNIT_TEXT_SIZE]);
/* What a duration or size that could not be read may have been meant as ("10" → "10s"); false: no idea. */
bool duration_guess(const char *text, char out[UNIT_TEXT_SIZE]);
bool size_guess(const char *text, char out[UNIT_TEXT_SIZE]);

#endif
