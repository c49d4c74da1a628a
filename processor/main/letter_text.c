/* letter_text.c - what is shown of a dead letter. */
#include "letter_text.h"

#include <stdio.h>

#define DUMP_WIDTH 16

/* ---- foreign text and bytes ---- */

/* What a terminal would take for a command, and what is not UTF-8, as question marks. */
static void put_shown(struct buffer *out, struct span text)
{
    bool is_text = span_is_text(text);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        bool is_second_control = byte == 0xC2 && i + 1 < text.size && text.data[i + 1] < 0xA0; /* U+0080 … U+009F */
        bool plain = byte >= 0x20 && byte != 0x7F && !is_second_control && (byte < 0x80 || is_text);
        buffer_u8(out, plain ? byte : '?');
        i += is_second_control && is_text;
    }
}

void put_base64(struct buffer *out, struct span bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t bits = (uint32_t)bytes.data[i] << 16 | (left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0) |
                        (left > 2 ? bytes.data[i + 2] : 0);
        buffer_u8(out, (uint8_t)digits[bits >> 18]);
        buffer_u8(out, (uint8_t)digits[bits >> 12 & 63]);
        buffer_u8(out, left > 1 ? (uint8_t)digits[bits >> 6 & 63] : '=');
        buffer_u8(out, left > 2 ? (uint8_t)digits[bits & 63] : '=');
    }
}

/* As hexdump -C shows bytes. */
static void put_dump(struct buffer *out, struct span bytes)
{
    for (size_t line = 0; line < bytes.size; line += DUMP_WIDTH) {
        buffer_text(out, "  %08zx ", line);
        for (size_t i = line; i < line + DUMP_WIDTH; i++) {
            if (i < bytes.size) {
                buffer_text(out, " %02x", bytes.data[i]);
            } else {
                buffer_text(out, "   ");
            }
        }
        buffer_text(out, "  ");
        for (size_t i = line; i < line + DUMP_WIDTH && i < bytes.size; i++) {
            uint8_t byte = bytes.data[i];
            buffer_u8(out, byte >= 0x20 && byte < 0x7F ? byte : '.');
        }
        buffer_u8(out, '\n');
    }
}

/* ---- text ---- */

#define LINE_FORMAT "%-14s %-20s %-20s %-32s %8s  %s\n"

void letter_line_head(struct buffer *out)
{
    buffer_text(out, LINE_FORMAT, "LETTER", "SINCE", "REASON", "FROM", "BYTES", "REPLAYED");
}

static const char *shown(struct span text, char *out, size_t size)
{
    struct buffer safe;
    buffer_init(&safe, size - 1);
    put_shown(&safe, text);
    snprintf(out, size, "%.*s", (int)safe.size, safe.size ? (const char *)safe.data : "");
    buffer_done(&safe);
    return out;
}

/* "interactions.web 3:4711" */
static const char *source_text(const struct dead_letter *letter, char out[320])
{
    char topic[256];
    snprintf(out, 320, "%s %d:%lld", shown(letter->topic, topic, sizeof topic), (int)letter->partition,
             (long long)letter->offset);
    return out;
}

static const char *replayed_text(const struct found_letter *found, char out[48])
{
    unsigned before = dead_letter_replays(&found->letter);
    if (found->is_replayed) {
        return "yes";
    }
    snprintf(out, 48, before ? "no, %u before it came here" : "no", before);
    return out;
}

void letter_line(const struct found_letter *found, struct buffer *out)
{
    char place[40], time[CLOCK_TEXT_SIZE], source[320], reason[64], size[24], replayed[48];
    const struct dead_letter *letter = &found->letter;
    snprintf(place, sizeof place, "%d:%lld", (int)found->place.partition, (long long)found->place.offset);
    snprintf(size, sizeof size, "%zu", letter->value.size);
    buffer_text(out, LINE_FORMAT, place, clock_format(found->at, false, time),
                shown(letter->reason, reason, sizeof reason), source_text(letter, source), size,
                replayed_text(found, replayed));
    buffer_text(out, "    ");
    put_shown(out, letter->detail);
    buffer_u8(out, '\n');
}

static void put_bytes(struct buffer *out, const char *name, struct span bytes, bool reveal)
{
    if (!bytes.data) {
        buffer_text(out, "%-11s none\n", name);
        return;
    }
    buffer_text(out, "%-11s %zu bytes%s\n", name, bytes.size, reveal || !bytes.size ? "" : "; --reveal shows them");
    if (reveal) {
        put_dump(out, bytes);
    }
}

static void put_header_lines(struct buffer *out, const struct dead_letter *letter, bool reveal)
{
    for (size_t i = 0; i < letter->header_count; i++) {
        buffer_text(out, "%-11s ", i == 0 ? "headers" : "");
        put_shown(out, span_text(letter->headers[i].name));
        if (!letter->headers[i].value.data) {
            buffer_text(out, ", none\n");
            continue;
        }
        buffer_text(out, ", %zu bytes\n", letter->headers[i].value.size);
        if (reveal) {
            put_dump(out, letter->headers[i].value);
        }
    }
}

void letter_text(const struct found_letter *found, bool reveal, struct buffer *out)
{
    char time[CLOCK_TEXT_SIZE], source[320], replayed[48], version[32];
    const struct dead_letter *letter = &found->letter;
    enum reason_code code = reason_of_word(letter->reason);
    buffer_text(out, "%-11s %d:%lld\n", "letter", (int)found->place.partition, (long long)found->place.offset);
    buffer_text(out, "%-11s %s\n", "since", clock_format(found->at, true, time));
    buffer_text(out, "%-11s %s\n", "from", source_text(letter, source));
    if (letter->timestamp_ms != ABSENT) {
        struct event_time own = {letter->timestamp_ms * US_PER_MS};
        buffer_text(out, "%-11s %s\n", "timestamp", clock_format(own, true, time));
    }
    buffer_text(out, "%-11s ", "reason");
    put_shown(out, letter->reason);
    buffer_text(out, "%s%s\n%-11s ", code < REASON_COUNT ? ": " : "", code < REASON_COUNT ? reason_meaning(code) : "",
                "detail");
    put_shown(out, letter->detail);
    buffer_u8(out, '\n');
    if (code < REASON_COUNT) {
        buffer_text(out, "%-11s %s\n", "to do", reason_advice(code));
    }
    if (letter->schema_id != ABSENT) {
        buffer_text(out, "%-11s %lld\n", "schema id", (long long)letter->schema_id);
    }
    buffer_text(out, "%-11s %s\n", "replayed", replayed_text(found, replayed));
    buffer_text(out, "%-11s %s\n", "whole", letter->is_whole ? "yes" : "no: it was too large, and cannot be replayed");
    buffer_text(out, "%-11s slipstream %s\n", "by", shown(letter->version, version, sizeof version));
    put_bytes(out, "key", letter->key, reveal);
    put_bytes(out, "value", letter->value, reveal);
    put_header_lines(out, letter, reveal);
}

/* ---- JSON ---- */

static void put_text(struct jout *json, const char *key, struct span text)
{
    struct buffer shown;
    buffer_init(&shown, 4096);
    put_shown(&shown, text);
    jout_key(json, key);
    jout_span(json, buffer_as_span(&shown));
    buffer_done(&shown);
}

static void put_number(struct jout *json, const char *key, int64_t number)
{
    jout_key(json, key);
    if (number == ABSENT) {
        jout_null(json);
    } else {
        jout_int(json, number);
    }
}

static void put_flag(struct jout *json, const char *key, bool flag)
{
    jout_key(json, key);
    jout_bool(json, flag);
}

static void put_time(struct jout *json, const char *key, struct event_time time)
{
    char text[CLOCK_TEXT_SIZE];
    jout_key(json, key);
    jout_text(json, clock_format(time, true, text));
}

/* The size, and the bytes when revealed; null: there are none. */
static void put_json_bytes(struct jout *json, const char *name, struct span bytes, bool reveal)
{
    char key[32];
    snprintf(key, sizeof key, "%s_bytes", name);
    put_number(json, key, bytes.data ? (int64_t)bytes.size : ABSENT);
    if (!reveal) {
        return;
    }
    jout_key(json, name);
    if (!bytes.data) {
        jout_null(json);
        return;
    }
    jout_text(json, ""); /* its quotes; the bytes go between them */
    json->out->size -= !json->out->overflow;
    put_base64(json->out, bytes);
    buffer_u8(json->out, '"');
}

static void put_json_headers(struct jout *json, const struct dead_letter *letter, bool reveal)
{
    jout_key(json, "headers");
    jout_open(json, '[');
    for (size_t i = 0; i < letter->header_count; i++) {
        jout_open(json, '{');
        put_text(json, "name", span_text(letter->headers[i].name));
        put_json_bytes(json, "value", letter->headers[i].value, reveal);
        jout_close(json, '}');
    }
    jout_close(json, ']');
}

void letter_json(const struct found_letter *found, bool reveal, struct jout *json)
{
    char place[40];
    const struct dead_letter *letter = &found->letter;
    enum reason_code code = reason_of_word(letter->reason);
    snprintf(place, sizeof place, "%d:%lld", (int)found->place.partition, (long long)found->place.offset);
    jout_open(json, '{');
    put_text(json, "letter", span_text(place));
    put_time(json, "since", found->at);
    put_text(json, "topic", letter->topic);
    put_number(json, "partition", letter->partition);
    put_number(json, "offset", letter->offset);
    if (letter->timestamp_ms != ABSENT) {
        put_time(json, "timestamp", (struct event_time){letter->timestamp_ms * US_PER_MS});
    }
    put_text(json, "reason", letter->reason);
    put_text(json, "detail", letter->detail);
    put_text(json, "advice", span_text(code < REASON_COUNT ? reason_advice(code) : ""));
    put_number(json, "schema_id", letter->schema_id);
    put_flag(json, "replayed", found->is_replayed);
    put_number(json, "replays", dead_letter_replays(letter));
    put_flag(json, "whole", letter->is_whole);
    put_text(json, "version", letter->version);
    put_json_bytes(json, "key", letter->key, reveal);
    put_json_bytes(json, "value", letter->value, reveal);
    put_json_headers(json, letter, reveal);
    jout_close(json, '}');
}
