/* explain_text.h - an explanation for people and for programs: the same words and figures wherever an alert goes. */
#ifndef SLIPSTREAM_PIPELINE_EXPLAIN_TEXT_H
#define SLIPSTREAM_PIPELINE_EXPLAIN_TEXT_H

#include "records.h"

/* Lines of plain words, at most 23 of them, each ended by a line break but the last. */
#define EXPLAIN_TEXT_MAX 8192
void explain_text(struct buffer *out, const struct alert *alert);
/* What would gain most, a line each. */
void explain_text_fixes(struct buffer *out, const struct fix *fixes, unsigned count);

/* An object, its text in it. */
void explain_json(struct jout *json, const struct alert *alert);
void explain_json_fixes(struct jout *json, const struct fix *fixes, unsigned count);

/* The Avro record `explanation` of schemas/alert.avsc. */
void explain_record(struct buffer *out, const struct alert *alert);

/* A published line, as an object and as the Avro record `benchmark_crossed`. */
void explain_json_line(struct jout *json, const struct scoring_benchmark *line);
void explain_record_line(struct buffer *out, const struct scoring_benchmark *line);

/* Published lines that the subject was at or above before, and is below now. At most max of them. */
#define EXPLAIN_CROSSED_MAX 2
unsigned explain_crossed(const struct alert *alert, const struct scoring_benchmark *crossed[EXPLAIN_CROSSED_MAX]);

/* What a driver is called in a sentence. */
const char *explain_driver(enum driver driver);
/* "by phone" */
const char *explain_channel(enum channel channel);

#endif
