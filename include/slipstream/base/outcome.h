/* outcome.h - what happened, and what the caller's loop does next.
 *
 * A function that can fail returns an outcome and takes a struct reason last. Its outputs are untouched unless it says
 * DONE. A reason lives on no heap: it is a code from one table and a short text; library code never logs it. */
#ifndef SLIPSTREAM_BASE_OUTCOME_H
#define SLIPSTREAM_BASE_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "slipstream/base/span.h"

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define CLEANUP(function) __attribute__((cleanup(function)))

enum outcome {
    DONE,  /* it worked: go on */
    SKIP,  /* this one record cannot be used: dead letter, go on */
    RETRY, /* nothing is wrong with the input: back off and do it again */
    STOP,  /* leave the loop: nothing done here will mend it */
};

/* The one table of reasons: code, the dead-letter or log word (stable: operators count it), what it means, and what to do
 * about it. The order is the number in cx.deadletter's enum; add at the end only. */
#define REASONS(R)                                                                                                     \
    R(REASON_NONE, "none", "nothing is wrong",                                                                         \
      "nothing")                                                                                                       \
    R(REASON_SHORT_FRAME, "short_frame", "the message is shorter than its framing",                                    \
      "see what else writes to the topic: it is no Confluent-framed Avro")                                             \
    R(REASON_BAD_MAGIC, "bad_magic", "the message does not begin as its framing says",                                 \
      "see what else writes to the topic, or set the topic's framing to what its producers use")                       \
    R(REASON_UNKNOWN_SCHEMA, "unknown_schema", "the schema id is not in the registry or the schema folder",            \
      "register the schema or add it to schemas.folder and schemas.ids, then replay")                                  \
    R(REASON_BAD_SCHEMA, "bad_schema", "the writer's schema is not a usable Avro schema",                              \
      "have the producers register a schema within the bounds, then replay")                                           \
    R(REASON_INCOMPATIBLE_SCHEMA, "incompatible_schema", "the writer's schema lacks or mistypes a field that is needed",\
      "map the writer's names to ours, or have the producers add the field named; replay after mapping")               \
    R(REASON_TRUNCATED, "truncated", "the message ends in the middle of a field",                                      \
      "have the producers look: the bytes are cut, or written with another schema than the id says")                   \
    R(REASON_TRAILING_BYTES, "trailing_bytes", "bytes are left after the last field",                                  \
      "have the producers look: the bytes are written with another schema than the id says")                           \
    R(REASON_BAD_VARINT, "bad_varint", "a whole number is longer than its type allows",                                \
      "have the producers look: the bytes are damaged, or written with another schema than the id says")               \
    R(REASON_BAD_LENGTH, "bad_length", "a length or count is negative or beyond its bound",                            \
      "have the producers look: the bytes are damaged, hostile, or written with another schema than the id says")      \
    R(REASON_BAD_BRANCH, "bad_branch", "a union branch that the schema does not have",                                 \
      "have the producers look: the bytes are damaged, or written with another schema than the id says")               \
    R(REASON_BAD_ENUM, "bad_enum", "an enum symbol that is not known",                                                 \
      "have the producers give the enum a default or send a symbol of ours; a value map can do it too, then replay")   \
    R(REASON_BAD_BOOLEAN, "bad_boolean", "a boolean that is neither 0 nor 1",                                          \
      "have the producers look: the bytes are damaged, or written with another schema than the id says")               \
    R(REASON_BAD_UTF8, "bad_utf8", "text that is not UTF-8, or that holds a NUL",                                      \
      "have the producers encode text as UTF-8 and send the events again")                                             \
    R(REASON_BAD_NUMBER, "bad_number", "a number that is not finite or does not fit its field",                        \
      "have the producers leave out what they cannot measure and send the events again")                               \
    R(REASON_TOO_DEEP, "too_deep", "nested deeper than the bound",                                                     \
      "have the producers look: the bytes are damaged or hostile")                                                     \
    R(REASON_MISSING_FIELD, "missing_field", "a field that every interaction needs is absent or empty",                \
      "have the producers fill the field named and send the events again; a mapping may fill it, then replay")         \
    R(REASON_TOO_LONG, "too_long", "an identifier over 200 bytes",                                                     \
      "have the producers shorten the identifier and send the events again")                                           \
    R(REASON_BAD_DURATION, "bad_duration", "a duration that is negative or over its bound",                            \
      "have the producers look at the unit and at clocks; a mapping may give the unit, then replay")                   \
    R(REASON_BAD_RATING, "bad_rating", "a survey answer outside 1 to 5",                                               \
      "have the producers send answers of 1 to 5; a value map can do it too, then replay")                             \
    R(REASON_ENDS_BEFORE_START, "ends_before_start", "the interaction ended before it began",                          \
      "have the producers look at the two times and the clocks they come from")                                        \
    R(REASON_IN_FUTURE, "in_future", "the event's time is more than five minutes ahead of the clock",                  \
      "set the producers' or our clock right; replay once the time has come")                                          \
    R(REASON_TOO_LATE, "too_late", "the event is older than the longest window kept",                                  \
      "nothing: such an event stays too late, so send what matters within nine weeks")                                 \
    R(REASON_TOO_LARGE, "too_large", "the message is larger than the bound",                                           \
      "have the producers send less, or raise the topic's max.message.bytes")                                          \
    R(REASON_UNAVAILABLE, "unavailable", "an outside system does not answer",                                          \
      "see whether it runs and can be reached; we go on by ourselves when it is back")                                 \
    R(REASON_REFUSED, "refused", "an outside system refuses us: permission, or a setting that must be changed",        \
      "give us the permission or change the setting that the text names")                                              \
    R(REASON_FENCED, "fenced", "another instance has taken over",                                                      \
      "give every instance a name of its own, or see who else uses this one")                                          \
    R(REASON_GAP, "gap", "the stored state is not the one we wrote last",                                              \
      "nothing: the state is loaded again; if it repeats, see what else writes to Redis")                              \
    R(REASON_ABORTED, "aborted", "the transaction was aborted",                                                        \
      "nothing: what it held is read again; if it repeats, see the brokers")                                           \
    R(REASON_LOST, "lost", "the position is outside the log: records are gone",                                        \
      "lengthen the topic's retention, or give intake more instances")                                                 \
    R(REASON_BAD_STATE, "bad_state", "stored state that cannot be read",                                               \
      "run the version that wrote it, or a newer one")                                                                 \
    R(REASON_BAD_CONFIG, "bad_config", "a setting, a file or an argument is wrong",                                    \
      "correct it; slipstream check says what is allowed")                                                             \
    R(REASON_FULL, "full", "a bound was reached",                                                                      \
      "see what keeps it from draining, or raise the bound that the text names")                                       \
    R(REASON_FATAL, "fatal", "a client library gave up",                                                               \
      "the program restarts by its orchestrator; if it repeats, the text says what the library met")                   \
    R(REASON_UNMAPPED_VALUE, "unmapped_value", "a value that the configuration's mapping does not turn into its field's",\
      "add the value to the field's map, or otherwise: absent, then replay")

enum reason_code {
#define REASON_ENUM(code, word, meaning, advice) code,
    REASONS(REASON_ENUM)
#undef REASON_ENUM
        REASON_COUNT
};

struct reason {
    enum reason_code code;
    char text[244]; /* NUL-terminated, cut when longer; foreign text in it is escaped by the log, not here */
};

/* The stable word of a code ("bad_enum"), its meaning and what to do about it, each in a sentence without its stop. */
const char *reason_word(enum reason_code code);
const char *reason_meaning(enum reason_code code);
const char *reason_advice(enum reason_code code);
/* The code of a word; REASON_COUNT when there is none. */
enum reason_code reason_of_word(struct span word);

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
