/* plan.c - opens and closes plans. */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>

void plan_close(struct plan *self)
{
    if (self == NULL) {
        return;
    }
    buffer_done(&self->steps);
    buffer_done(&self->tables);
    buffer_done(&self->places);
    buffer_done(&self->text);
    free(self);
}

static struct plan *plan_new(enum channel channel)
{
    struct plan *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    interaction_init(&self->blank, channel);
    buffer_init(&self->steps, PLAN_STEPS_MAX * sizeof(struct step));
    buffer_init(&self->tables, PLAN_TABLES_MAX * sizeof(uint32_t));
    buffer_init(&self->places, PLAN_PLACES_MAX * sizeof(struct place));
    buffer_init(&self->text, PLAN_TEXT_MAX);
    return self;
}

const char *plan_place_text(const struct plan *self, uint32_t place, char text[PLACE_TEXT_SIZE])
{
    if (place == PLACE_NONE) {
        snprintf(text, PLACE_TEXT_SIZE, "the record");
        return text;
    }
    /* From the end backwards; what does not fit is left out in front. */
    size_t at = PLACE_TEXT_SIZE - 1;
    text[at] = '\0';
    while (place != PLACE_NONE) {
        const struct place *here = (const struct place *)(const void *)self->places.data + place;
        size_t dot = at < PLACE_TEXT_SIZE - 1;
        if (here->size + dot > at) {
            break;
        }
        if (dot > 0) {
            text[--at] = '.';
        }
        at -= here->size;
        memcpy(text + at, self->text.data + here->name, here->size);
        place = here->up;
    }
    memmove(text, text + at, PLACE_TEXT_SIZE - at);
    return text;
}

/* ---- compiling ---- */

static void compiler_done(struct compiler *self)
{
    schema_close(self->writers);
    schema_close(self->readers);
    plan_close(self->plan);
    buffer_done(&self->entries);
    buffer_done(&self->waiting);
}

static enum outcome compiler_init(struct compiler *self, struct span writer_schema, struct span reader_schema,
                                  enum channel channel, struct reason *why)
{
    TRY(schema_open(writer_schema, &self->writers, why));
    TRY(schema_open(reader_schema, &self->readers, why));
    buffer_init(&self->entries, SCHEMA_TYPES_MAX * sizeof(uint32_t));
    buffer_init(&self->waiting, SCHEMA_TYPES_MAX * sizeof(uint32_t));
    size_t types = self->writers->types.size / sizeof(struct schema_type);
    for (size_t i = 0; i < types; i++) {
        const uint32_t none = ROUTINE_NONE;
        buffer_bytes(&self->entries, &none, sizeof none);
    }
    self->plan = plan_new(channel);
    if (self->plan == NULL || self->entries.overflow) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "no memory for it");
    }
    return DONE;
}

/* Passes over one record. Its fields' places begin anew, with the record's name: it may be called from anywhere. */
static enum outcome compile_routine(struct compiler *self, uint32_t type, struct reason *why)
{
    const struct schema_type *record = schema_type(self->writers, type);
    struct site site = {.path = NULL, .place = add_place(self, PLACE_NONE, record->name), .conditional = true};
    ((uint32_t *)(void *)self->entries.data)[type] = next_step(self);
    for (uint32_t i = 0; i < record->count; i++) {
        const struct schema_field *field = schema_field(self->writers, record->first + i);
        struct site below = site_below(self, &site, field->name, NULL);
        TRY(compile_type(self, field->type, SCHEMA_NONE, &below, why));
    }
    emit(self, STEP(OP_RETURN, site.place, NO_TARGET, 0, 0));
    return DONE;
}

/* Writes the routines that were called, and those that they call, and tells the calls where they are. */
static enum outcome compile_routines(struct compiler *self, struct reason *why)
{
    for (size_t i = 0; i < self->waiting.size / sizeof(uint32_t); i++) {
        TRY(compile_routine(self, ((const uint32_t *)(void *)self->waiting.data)[i], why));
    }
    for (uint32_t i = 0; i < next_step(self); i++) {
        struct step *step = plan_step(self->plan, i);
        if (step->op == OP_CALL) {
            step->a = ((const uint32_t *)(void *)self->entries.data)[step->a];
        }
    }
    return DONE;
}

static enum outcome compile_whole(struct compiler *self, struct reason *why)
{
    struct site whole = {.path = "", .place = PLACE_NONE};
    if (mapping_applies(self)) {
        TRY(compile_mapping(self, why));
    } else {
        TRY(compile_type(self, self->writers->type, self->readers->type, &whole, why));
    }
    emit(self, STEP(OP_END, PLACE_NONE, NO_TARGET, 0, 0));
    TRY(compile_routines(self, why));
    if (plan_is_full(self)) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "too large: more than %d steps to read it", PLAN_STEPS_MAX);
    }
    join_byte_runs(self->plan);
    return DONE;
}

enum outcome plan_compile(struct span writer_schema, struct span reader_schema, enum channel channel,
                          const struct channel_mapping *mapping, struct plan **plan, struct reason *why)
{
    struct compiler self CLEANUP(compiler_done) = {0};
    TRY(compiler_init(&self, writer_schema, reader_schema, channel, why));
    self.plan->mapping = mapping;
    TRY(compile_whole(&self, why));
    *plan = self.plan;
    self.plan = NULL; /* the caller owns it now */
    return DONE;
}

enum outcome plan_open(struct span writer_schema, enum channel channel, struct plan **plan, struct reason *why)
{
    return plan_open_mapped(writer_schema, channel, NULL, plan, why);
}

enum outcome plan_open_mapped(struct span writer_schema, enum channel channel, const struct channel_mapping *mapping,
                              struct plan **plan, struct reason *why)
{
    return plan_compile(writer_schema, decode_reader_schema(channel), channel, mapping, plan, why);
}
