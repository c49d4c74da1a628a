/* resolve.c - the decode plan, and Avro-C's generic reader, as a filter: what one schema wrote, read as another.
 *
 * In: parts, each a size (4 bytes, little-endian) and its bytes. A case is the writer's schema, the reader's, and a
 * part of one byte that says how many bodies follow, each a part. Out: a line a body, two values of JSON with a tab
 * between: what the plan got: {"agency": "tax", …}, or ["compile", WORD, DETAIL] or ["run", WORD, DETAIL] what Avro-C
 * got, in Avro's JSON; null where it does not do this, or was not asked (--plan-alone) A plan runs with its body at the
 * end of a piece of memory of its own, for the sanitizer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <avro.h>
#include <jansson.h>

#include "plan.h"

#define PART_MAX (1u << 22)

struct part {
    uint8_t *bytes;
    size_t size;
};

static bool read_part(struct part *part)
{
    uint8_t size[4];
    if (fread(size, 1, sizeof size, stdin) != sizeof size) {
        return false;
    }
    part->size = (size_t)size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
    ASSERT(part->size <= PART_MAX);
    part->bytes = malloc(part->size + 1);
    ASSERT(part->bytes && fread(part->bytes, 1, part->size, stdin) == part->size);
    part->bytes[part->size] = 0;
    return true;
}

static void print_json(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
    fputs(text ? text : "null", stdout);
    free(text);
    json_decref(value);
}

/* ---- the plan ---- */

static json_t *fields_of(const struct interaction *interaction)
{
    json_t *fields = json_object();
    for (size_t i = 0; i < interaction_field_count; i++) {
        const struct interaction_field *field = &interaction_fields[i];
        const uint8_t *at = (const uint8_t *)interaction + field->offset;
        struct span text;
        int64_t number;
        memcpy(&number, at, sizeof number);
        if (field->type == FIELD_TEXT) {
            memcpy(&text, at, sizeof text);
            if (text.data) {
                json_object_set_new(fields, field->path, json_stringn((const char *)text.data, text.size));
            }
        } else if (number != ABSENT) {
            json_object_set_new(fields, field->path, json_integer(number));
        }
    }
    return fields;
}

static void print_plan(const struct plan *plan, const struct part *body, const struct reason *refused)
{
    struct interaction interaction;
    struct reason why;
    if (!plan) {
        print_json(json_pack("[s, s, s]", "compile", reason_word(refused->code), refused->text));
        return;
    }
    uint8_t *copy = malloc(body->size > 0 ? body->size : 1);
    ASSERT(copy);
    memcpy(copy, body->bytes, body->size);
    if (plan_run(plan, span_of(copy, body->size), &interaction, &why) == DONE) {
        print_json(fields_of(&interaction));
    } else {
        print_json(json_pack("[s, s, s]", "run", reason_word(why.code), why.text));
    }
    free(copy);
}

/* ---- Avro-C ---- */

struct avro_c {
    avro_schema_t schema;
    avro_value_iface_t *generic;
};

static void avro_c_open(struct avro_c *self, const struct part *writer)
{
    *self = (struct avro_c){0};
    if (avro_schema_from_json_length((const char *)writer->bytes, writer->size, &self->schema) == 0) {
        self->generic = avro_generic_class_from_schema(self->schema);
    }
}

static void avro_c_close(struct avro_c *self)
{
    if (self->generic) {
        avro_value_iface_decref(self->generic);
        avro_schema_decref(self->schema);
    }
}

static void print_avro_c(const struct avro_c *self, const struct part *body)
{
    avro_value_t value;
    char *text = NULL;
    if (!self->generic) {
        fputs("null", stdout);
        return;
    }
    ASSERT(avro_generic_value_new(self->generic, &value) == 0);
    avro_reader_t reader = avro_reader_memory((const char *)body->bytes, (int64_t)body->size);
    if (avro_value_read(reader, &value) == 0 && avro_value_to_json(&value, 1, &text) == 0) {
        fputs(text, stdout);
    } else {
        fputs("null", stdout);
    }
    free(text);
    avro_reader_free(reader);
    avro_value_decref(&value);
}

int main(int argc, char **argv)
{
    bool plan_alone = argc > 1 && strcmp(argv[1], "--plan-alone") == 0;
    struct part writer;
    struct part reader;
    struct part count;
    struct part body;
    while (read_part(&writer)) {
        ASSERT(read_part(&reader) && read_part(&count) && count.size == 1);
        struct plan *plan = NULL;
        struct reason refused = {0};
        struct avro_c avro_c = {0};
        if (plan_compile(span_of(writer.bytes, writer.size), span_of(reader.bytes, reader.size), CHANNEL_PHONE, NULL,
                         &plan, &refused) != DONE) {
            plan = NULL;
        }
        if (!plan_alone) {
            avro_c_open(&avro_c, &writer);
        }
        for (unsigned i = 0; i < count.bytes[0]; i++) {
            ASSERT(read_part(&body));
            print_plan(plan, &body, &refused);
            fputc('\t', stdout);
            print_avro_c(&avro_c, &body);
            fputc('\n', stdout);
            free(body.bytes);
        }
        avro_c_close(&avro_c);
        plan_close(plan);
        free(writer.bytes);
        free(reader.bytes);
        free(count.bytes);
    }
    return 0;
}
