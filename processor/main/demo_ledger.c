/* demo_ledger.c - what was sent, as JSON lines. The oracle knows nothing else. */
#include "demo.h"

#include <errno.h>

#define LINE_MAX_BYTES 8192

static const char *const kind_words[EVENT_KINDS] = {"interaction", "survey", "reopening"};
static const char *const outcome_words[CONTACT_OUTCOMES] = {"served", "abandoned"};

static void put_number(struct jout *json, enum field_type type, int64_t value)
{
    switch (type) {
    case FIELD_FLAG:
        jout_bool(json, value == 1);
        return;
    case FIELD_SECONDS:
        jout_real(json, (double)value / 1000);
        return;
    case FIELD_KIND:
        jout_text(json, kind_words[value]);
        return;
    case FIELD_CONTACT:
        jout_text(json, outcome_words[value]);
        return;
    case FIELD_TEXT:
    case FIELD_TIME:
    case FIELD_NUMBER:
        jout_int(json, value); /* times in µs since the epoch */
    }
}

static void put_fields(struct jout *json, const struct interaction *interaction)
{
    for (size_t i = 0; i < interaction_field_count; i++) {
        const struct interaction_field *field = &interaction_fields[i];
        const uint8_t *at = (const uint8_t *)interaction + field->offset;
        struct span text;
        int64_t value;
        if (field->type == FIELD_TEXT) {
            memcpy(&text, at, sizeof text);
            jout_key(json, field->path);
            jout_span(json, text);
            continue;
        }
        memcpy(&value, at, sizeof value);
        if (value != ABSENT) {
            jout_key(json, field->path);
            put_number(json, field->type, value);
        }
    }
}

void demo_ledger_add(struct demo_ledger *self, const struct generated *event, struct event_time sent)
{
    if (self->full) {
        return;
    }
    buffer_clear(&self->line);
    struct jout json = jout_into(&self->line);
    jout_open(&json, '{');
    jout_key(&json, "sent_at");
    jout_int(&json, sent.us);
    jout_key(&json, "channel");
    jout_text(&json, channel_word(event->interaction.channel));
    if (event->fault != FAULT_NONE) {
        jout_key(&json, "bad");
        jout_text(&json, fault_words[event->fault]);
    }
    put_fields(&json, &event->interaction);
    jout_close(&json, '}');
    buffer_u8(&self->line, '\n');
    ASSERT(!self->line.overflow);
    self->bytes += (int64_t)self->line.size;
    self->full = self->bytes > LEDGER_BYTES_MAX;
    fwrite(self->line.data, 1, self->line.size, self->file); /* its error flag is looked at in the end */
}

enum outcome demo_ledger_open(struct demo_ledger *self, const char *path, struct reason *why)
{
    *self = (struct demo_ledger){.file = fopen(path, "we")};
    if (!self->file) {
        return FAIL(why, STOP, REASON_FATAL, "%.150s cannot be written: %s", path, strerror(errno));
    }
    buffer_init(&self->line, LINE_MAX_BYTES);
    return DONE;
}

enum outcome demo_ledger_close(struct demo_ledger *self, struct reason *why)
{
    if (!self->file) {
        return DONE;
    }
    bool failed = ferror(self->file) != 0;
    failed |= fclose(self->file) != 0;
    self->file = NULL;
    buffer_done(&self->line);
    return failed ? FAIL(why, STOP, REASON_FATAL, "the ledger cannot be written: is the disk full?") : DONE;
}
