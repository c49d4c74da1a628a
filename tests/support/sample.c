/* sample.c - small interactions for tests of the stages. */
#include "sample.h"

#define SAMPLE_FIELDS(channel, good)                                                                                   \
    "{\"type\":\"record\",\"name\":\"" channel "_interaction\",\"namespace\":\"slipstream\",\"fields\":["              \
    "{\"name\":\"event_id\",\"type\":\"string\"},{\"name\":\"interaction_id\",\"type\":\"string\"},"                   \
    "{\"name\":\"agency\",\"type\":\"string\"},{\"name\":\"service\",\"type\":\"string\"},"                            \
    "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"event_kind\",\"symbols\":"                              \
    "[\"interaction\",\"survey\",\"reopening\"]}},"                                                                    \
    "{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"                    \
    "{\"name\":\"retracts\",\"type\":\"boolean\"},"                                                                    \
    "{\"name\":\"" good "\",\"type\":[\"null\",\"boolean\"]},"                                                         \
    "{\"name\":\"survey\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"survey_answers\",\"fields\":["            \
    "{\"name\":\"satisfaction\",\"type\":[\"null\",\"int\"]}]}]}]}"

struct span sample_schema(uint32_t id)
{
    static const char *const texts[CHANNELS] = {
        [CHANNEL_WEB] = SAMPLE_FIELDS("web", "completed"),
        [CHANNEL_PHONE] = SAMPLE_FIELDS("phone", "resolved"),
        [CHANNEL_OFFICE] = SAMPLE_FIELDS("office", "resolved"),
        [CHANNEL_CHAT] = SAMPLE_FIELDS("chat", "resolved"),
    };
    bool is_ours = id >= SAMPLE_SCHEMA && id < SAMPLE_SCHEMA + CHANNELS;
    return is_ours ? span_text(texts[id - SAMPLE_SCHEMA]) : span_of(NULL, 0);
}

void sample_encode(const struct sample *self, struct buffer *out)
{
    buffer_clear(out);
    buffer_u8(out, 0);
    buffer_u8(out, 0);
    buffer_u8(out, 0);
    buffer_u8(out, 0);
    buffer_u8(out, (uint8_t)(SAMPLE_SCHEMA + self->channel));
    buffer_span(out, span_text(self->id));
    buffer_span(out, span_text(self->id));
    buffer_span(out, span_text(self->agency));
    buffer_span(out, span_text(self->service));
    buffer_zigzag(out, self->kind);
    buffer_zigzag(out, self->at_us);
    buffer_u8(out, self->retracts);
    buffer_zigzag(out, self->good >= 0);
    if (self->good >= 0) {
        buffer_u8(out, self->good > 0);
    }
    buffer_zigzag(out, self->satisfaction > 0);
    if (self->satisfaction > 0) {
        buffer_zigzag(out, 1);
        buffer_zigzag(out, self->satisfaction);
    }
}

void sample_count(const struct sample *self, int64_t counts[SAMPLE_COUNTERS])
{
    int64_t step = self->retracts ? -1 : 1;
    counts[SAMPLE_EVENTS] += step;
    counts[SAMPLE_INTERACTIONS] += self->kind == EVENT_INTERACTION ? step : 0;
    counts[SAMPLE_BAD] += self->good == 0 ? step : 0;
    counts[SAMPLE_GOOD] += self->good == 1 ? step : 0;
    counts[SAMPLE_REOPENED] += self->kind == EVENT_REOPENING ? step : 0;
    if (self->satisfaction) {
        counts[SAMPLE_SURVEYED] += step;
        counts[SAMPLE_RATED + self->satisfaction - 1] += step;
    }
}

void sample_counters_of(const int64_t counts[COUNTERS], enum channel channel, int64_t out[SAMPLE_COUNTERS])
{
    const int64_t *good = counts + signal_table[channel == CHANNEL_WEB ? SIGNAL_COMPLETED : SIGNAL_RESOLVED].first;
    out[SAMPLE_EVENTS] = counts[COUNTER_EVENTS];
    out[SAMPLE_INTERACTIONS] = counts[COUNTER_INTERACTIONS];
    out[SAMPLE_BAD] = good[0];
    out[SAMPLE_GOOD] = good[1];
    out[SAMPLE_REOPENED] = counts[signal_table[SIGNAL_REOPENED].first + 1];
    out[SAMPLE_SURVEYED] = counts[signal_table[SIGNAL_SURVEY_ANSWERED].first + 1];
    for (unsigned i = 0; i < 5; i++) {
        out[SAMPLE_RATED + i] = counts[signal_table[SIGNAL_RATING_SATISFACTION].first + i];
    }
}
