/* outcome.h - what happened, and what the caller's loop does next.
 *
 * A function that can fail returns an outcome and takes a struct reason last. Its outputs are untouched unless it says
 * DONE. A reason lives on no heap: it is a code from one table and a short text; library code never logs it. */
#ifndef SLIPSTREAM_BASE_OUTCOME_H
#define SLIPSTREAM_BASE_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define CLEANUP(function) __attribute__((cleanup(function)))

enum outcome {
    DONE,  /* it worked: go on */
    SKIP,  /* this one record cannot be used: dead letter, go on */
    RETRY, /* nothing is wrong with the input: back off and do it again */
    STOP,  /* leave the loop: nothing done here will mend it */
};

/* The one table of reasons: code, the dead-letter or log word (stable: operators count it), what it means.
 * The order is the number in cx.deadletter's enum; add at the end only. */
#define REASONS(R)                                                                                                     \
    R(REASON_NONE, "none", "nothing is wrong")                                                                         \
    R(REASON_SHORT_FRAME, "short_frame", "the message is shorter than its framing")                                    \
    R(REASON_BAD_MAGIC, "bad_magic", "the message does not begin as its framing says")                                 \
    R(REASON_UNKNOWN_SCHEMA, "unknown_schema", "the schema id is not in the registry or the schema folder")            \
    R(REASON_BAD_SCHEMA, "bad_schema", "the writer's schema is not a usable Avro schema")                              \
    R(REASON_INCOMPATIBLE_SCHEMA, "incompatible_schema", "the writer's schema lacks or mistypes a field that is needed") \
    R(REASON_TRUNCATED, "truncated", "the message ends in the middle of a field")                                      \
    R(REASON_TRAILING_BYTES, "trailing_bytes", "bytes are left after the last field")                                  \
    R(REASON_BAD_VARINT, "bad_varint", "a whole number is longer than its type allows")                                \
    R(REASON_BAD_LENGTH, "bad_length", "a length or count is negative or beyond its bound")                            \
    R(REASON_BAD_BRANCH, "bad_branch", "a union branch that the schema does not have")                                 \
    R(REASON_BAD_ENUM, "bad_enum", "an enum symbol that is not known")                                                 \
    R(REASON_BAD_BOOLEAN, "bad_boolean", "a boolean that is neither 0 nor 1")                                          \
    R(REASON_BAD_UTF8, "bad_utf8", "text that is not UTF-8, or that holds a NUL")                                      \
    R(REASON_BAD_NUMBER, "bad_number", "a number that is not finite or does not fit its field")                        \
    R(REASON_TOO_DEEP, "too_deep", "nested deeper than the bound")                                                     \
    R(REASON_MISSING_FIELD, "missing_field", "a field that every interaction needs is absent or empty")                \
    R(REASON_TOO_LONG, "too_long", "an identifier over 200 bytes")                                                     \
    R(REASON_BAD_DURATION, "bad_duration", "a duration that is negative or over its bound")                            \
    R(REASON_BAD_RATING, "bad_rating", "a survey answer outside 1 to 5")                                               \
    R(REASON_ENDS_BEFORE_START, "ends_before_start", "the interaction ended before it began")                          \
    R(REASON_IN_FUTURE, "in_future", "the event's time is more than five minutes ahead of the clock")                  \
    R(REASON_TOO_LATE, "too_late", "the event is older than the longest window kept")                                  \
    R(REASON_TOO_LARGE, "too_large", "the message is larger than the bound")                                           \
    R(REASON_UNAVAILABLE, "unavailable", "an outside system does not answer")                                          \
    R(REASON_REFUSED, "refused", "an outside system refuses us: permission, or a setting that must be changed")        \
    R(REASON_FENCED, "fenced", "another instance has taken over")                                                      \
    R(REASON_GAP, "gap", "the stored state is not the one we wrote last")                                              \
    R(REASON_ABORTED, "aborted", "the transaction was aborted")                                                        \
    R(REASON_LOST, "lost", "the position is outside the log: records are gone")                                        \
    R(REASON_BAD_STATE, "bad_state", "stored state that cannot be read")                                               \
    R(REASON_BAD_CONFIG, "bad_config", "a setting, a file or an argument is wrong")                                    \
    R(REASON_FULL, "full", "a bound was reached")                                                                      \
    R(REASON_FATAL, "fatal", "a client library gave up")

enum reason_code {
#define REASON_ENUM(code, word, meaning) code,
    REASONS(REASON_ENUM)
#undef REASON_ENUM
        REASON_COUNT
};

struct reason {
    enum reason_code code;
    char text[244]; /* NUL-terminated, cut when longer; foreign text in it is escaped by the log, not here */
};

/* The stable word of a code ("bad_enum"), and its meaning in one sentence. */
const char *reason_word(enum reason_code code);
const char *reason_meaning(enum reason_code code);

/* Fills *why (when not NULL) and returns outcome, for `return FAIL(...)`. */
enum outcome reason_set(struct reason *why, enum outcome outcome, enum reason_code code, const char *format, ...)
    PRINTF_LIKE(4, 5);

#define FAIL(why, outcome, code, ...) reason_set((why), (outcome), (code), __VA_ARGS__)

/* Hands any outcome other than DONE to the caller. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        enum outcome try_outcome = (call);                                                                             \
        if (try_outcome != DONE) {                                                                                     \
            return try_outcome;                                                                                        \
        }                                                                                                              \
    } while (0)

/* Our own bugs only, never input; on in release. Prints where, and aborts. */
#define ASSERT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            assert_failed(#condition, __FILE__, __LINE__);                                                             \
        }                                                                                                              \
    } while (0)
_Noreturn void assert_failed(const char *condition, const char *file, int line);

#endif
