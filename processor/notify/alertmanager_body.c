/* alertmanager_body.c - a notice as an alert of Alertmanager's API v2. */
#include "alertmanager.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>

#define NAME_SIZE 128

/* What an alert is, for as long as it lasts; everything else may change. */
static const char *const identity[] = {"agency", "subject", "kind", "service", "channel"};
/* Said in a place of their own, or of no use in an annotation. */
static const char *const placed[] = {"id", "text", "opened_at", "url", "transition"};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}
#define IS_ONE_OF(name, names) is_one_of((name), (names), sizeof(names) / sizeof *(names))

static void put_pair(struct jout *json, const char *name, const char *value)
{
    if (value && *value) { /* an empty label or annotation is as none */
        jout_key(json, name);
        jout_text(json, value);
    }
}

static const char *text_in(const json_t *notice, const char *name)
{
    return json_string_value(json_object_get(notice, name));
}

/* "silent_channel" → "SlipstreamSilentChannel". */
static const char *alert_name(const char *kind, char name[NAME_SIZE])
{
    size_t size = (size_t)snprintf(name, NAME_SIZE, "Slipstream");
    bool begins = true;
    for (; kind && *kind && size + 1 < NAME_SIZE; kind++) {
        bool is_letter = isalnum((unsigned char)*kind);
        if (is_letter) {
            name[size++] = (char)(begins ? toupper((unsigned char)*kind) : *kind);
        }
        begins = !is_letter;
    }
    name[size] = '\0';
    return name;
}

/* "severity=warning,team=cx" */
static void put_more_labels(struct jout *json, const char *labels)
{
    while (labels && *labels) {
        size_t size = strcspn(labels, ",");
        size_t name = strcspn(labels, "=");
        if (name < size) {
            jout_key_span(json, span_of(labels, name));
            jout_span(json, span_of(labels + name + 1, size - name - 1));
        }
        labels += size + (labels[size] == ',');
    }
}

static void put_labels(struct jout *json, const json_t *notice, const char *labels)
{
    char name[NAME_SIZE];
    jout_key(json, "labels");
    jout_open(json, '{');
    put_pair(json, "alertname", alert_name(text_in(notice, "kind"), name));
    put_pair(json, "episode", text_in(notice, "id"));
    for (size_t i = 0; i < sizeof identity / sizeof *identity; i++) {
        put_pair(json, identity[i], text_in(notice, identity[i]));
    }
    put_more_labels(json, labels);
    jout_close(json, '}');
}

static void put_annotation(struct jout *json, const char *name, const json_t *value)
{
    char text[64];
    if (json_is_string(value)) {
        put_pair(json, name, json_string_value(value));
    } else if (json_is_integer(value)) {
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        put_pair(json, name, text);
    } else if (json_is_real(value)) {
        snprintf(text, sizeof text, "%.10g", json_real_value(value));
        put_pair(json, name, text);
    }
}

/* Figures inside of an object by both names: estimate_low. */
static void put_inner(struct jout *json, const char *outer, json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        char both[NAME_SIZE];
        snprintf(both, sizeof both, "%s_%s", outer, name);
        put_annotation(json, both, value);
    }
}

static void put_annotations(struct jout *json, json_t *notice)
{
    const char *name;
    json_t *value;
    jout_key(json, "annotations");
    jout_open(json, '{');
    put_pair(json, "summary", text_in(notice, "text"));
    json_object_foreach(notice, name, value)
    {
        if (IS_ONE_OF(name, identity) || IS_ONE_OF(name, placed)) {
            continue;
        }
        if (json_is_object(value)) {
            put_inner(json, name, value);
        } else {
            put_annotation(json, name, value);
        }
    }
    jout_close(json, '}');
}

static void put_times(struct jout *json, const json_t *notice, const struct alert_times *times)
{
    char text[CLOCK_TEXT_SIZE];
    const char *closed = text_in(notice, "closed_at");
    struct event_time ends = {times->now.us + times->ends_after_us};
    put_pair(json, "startsAt", text_in(notice, "opened_at"));
    if (times->is_over) {
        put_pair(json, "endsAt", closed ? closed : clock_format(times->now, true, text));
    } else {
        put_pair(json, "endsAt", clock_format(ends, true, text));
    }
    put_pair(json, "generatorURL", text_in(notice, "url"));
}

bool alertmanager_body(struct buffer *out, struct span notice, const char *labels, const struct alert_times *times)
{
    json_t *read = json_loadb((const char *)notice.data, notice.size, JSON_REJECT_DUPLICATES, NULL);
    bool is_object = json_is_object(read);
    if (is_object) {
        struct jout json = jout_into(out);
        jout_open(&json, '{');
        put_labels(&json, read, labels);
        put_annotations(&json, read);
        put_times(&json, read, times);
        jout_close(&json, '}');
    }
    json_decref(read);
    return is_object;
}
