/* text.h - what reading a file of settings needs beside YAML: memory, words to complain with, numbers with units.
 *
 * Units: durations in microseconds, sizes in bytes. Errors: false, and the output untouched. Ownership: what comes from
 * a memory lives as long as it does. */
#ifndef SLIPSTREAM_CONFIG_TEXT_H
#define SLIPSTREAM_CONFIG_TEXT_H

#include "slipstream/config.h"

/* Many small pieces that are freed together. A failure is sticky: it is checked once at the end. */
struct config_arena {
    struct config_arena_chunk *chunks;
    size_t size; /* of all chunks */
    size_t ceiling;
    bool failed;
};
void config_arena_init(struct config_arena *self, size_t ceiling);
void config_arena_done(struct config_arena *self);
/* Zeroed, or NULL: the ceiling or the system's memory was reached. */
void *config_arena_take(struct config_arena *self, size_t size);
/* A copy with a NUL behind it. */
char *config_arena_text(struct config_arena *self, const void *text, size_t size);

/* Reads a whole file, NUL-terminated, into memory; false: *why_not says why. */
bool config_file_read(const char *path, size_t size_max, struct config_arena *memory, struct span *content,
                      const char **why_not);

/* Where something was said, for a problem. */
struct place {
    const char *where;
    size_t line, column; /* from 1; 0: where says it all */
};
#define COMPLAIN(problems, place, ...) problem((problems), (place)->where, (place)->line, (place)->column, __VA_ARGS__)

/* Foreign text in quotes, control characters and what is not UTF-8 escaped, cut when long. */
#define SHOWN_SIZE 128
const char *text_shown(const char *text, char out[SHOWN_SIZE]);

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
#define WORD_LIST_SIZE 512
struct word_list {
    char text[WORD_LIST_SIZE];
    size_t size;
};
void word_list_add(struct word_list *self, const char *name);

bool text_number(const char *text, int64_t *value);   /* decimal, whole */
bool text_real(const char *text, double *value);      /* decimal, finite */
bool text_duration(const char *text, int64_t *value); /* "250ms" "10s" "5m" "1h" "28d" */
bool text_size(const char *text, int64_t *value);     /* "512B" "64KiB" "32MiB" "1GiB" */
#define DURATION_UNITS "ms, s, m, h or d"
#define SIZE_UNITS     "B, KiB, MiB or GiB"

/* In the largest unit that is exact: "90s", "32MiB". */
#define UNIT_TEXT_SIZE 32
const char *text_of_duration(int64_t us, char out[UNIT_TEXT_SIZE]);
const char *text_of_size(int64_t bytes, char out[UNIT_TEXT_SIZE]);
/* What a duration or size that could not be read may have been meant as ("10" → "10s"); false: no idea. */
bool text_guess_duration(const char *text, char out[UNIT_TEXT_SIZE]);
bool text_guess_size(const char *text, char out[UNIT_TEXT_SIZE]);

#endif
