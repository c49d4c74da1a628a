/* assign.c - a value that somebody gave: checked, then kept, or complained about without showing a secret. */
#include "settings.h"

#include <stdio.h>

/* One line of UTF-8. */
static bool is_printable(const char *text)
{
    for (const char *at = text; *at; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return false;
        }
    }
    return span_is_text(span_text(text));
}

static bool text_is_good(const struct setting *setting, const char *text)
{
    int64_t size = (int64_t)strlen(text);
    if (size < setting->least || size > setting->most) {
        return false;
    }
    const struct setting_check *check = setting_check(setting->name);
    bool is_fitting = !check || size == 0 || check->good(text);
    return is_fitting && (setting->type == SETTING_SECRET || is_printable(text));
}

/* Whether a URL or a list of hosts looks as if somebody had put credentials into it: signs of a user or a query, or a
 * colon with something else than a port behind it. */
static bool looks_secret(const char *text)
{
    for (const char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
        size_t digits = strspn(colon + 1, "0123456789");
        if (!strchr(",/", colon[1 + digits])) { /* neither of them, nor the end */
            return true;
        }
    }
    return strpbrk(text, "@?#") != NULL;
}

/* A text's value by its size only, when it is secret, may be, or is too long to say anything. */
static const char *value_shown(const struct setting *setting, const char *text, char out[SHOWN_SIZE])
{
    const struct setting_check *check = setting_check(setting->name);
    if (setting_is_text(setting) && (int64_t)strlen(text) > setting->most) {
        snprintf(out, SHOWN_SIZE, "%zu bytes", strlen(text));
        return out;
    }
    if (setting->type == SETTING_SECRET) {
        return *text ? "a secret that is not shown" : "nothing";
    }
    if (check && check->may_hold_secret && looks_secret(text)) {
        return "text that may hold a password and is not shown";
    }
    return text_shown(text, out);
}

static void complain_value(const struct loading *self, const struct setting *setting, const char *text,
                           const struct said *said)
{
    char got[SHOWN_SIZE];
    char allowed[ALLOWED_SIZE];
    char unit[UNIT_TEXT_SIZE];
    char meant[GUESS_SIZE + 16];
    const char *choices = setting->choices;
    char word[CHOICE_SIZE];
    struct guess guess;
    guess_init(&guess, text);
    while (choice_next(&choices, word)) {
        guess_offer(&guess, word);
    }
    int64_t number;
    if ((setting->type == SETTING_DURATION && !text_duration(text, &number) && text_guess_duration(text, unit)) ||
        (setting->type == SETTING_SIZE && !text_size(text, &number) && text_guess_size(text, unit))) {
        snprintf(guess.best, sizeof guess.best, "%s", unit);
    }
    COMPLAIN(self->problems, &said->place, "%s: got %s, allowed %s%s%s", setting->name, value_shown(setting, text, got),
             setting_allowed(setting, allowed),
             setting->type == SETTING_DURATION ? " in " DURATION_UNITS
             : setting->type == SETTING_SIZE   ? " in " SIZE_UNITS
                                               : "",
             guess_text(&guess, meant));
}

const char *origin_text(struct loading *self, const struct said *said)
{
    if (said->origin) {
        return said->origin;
    }
    const struct place *place = &said->place;
    size_t size = strlen(place->where) + 2 * 24;
    char *text = config_arena_take(&self->config->memory->texts, size);
    if (text) {
        snprintf(text, size, "%s:%zu:%zu", place->where, place->line, place->column);
    }
    return text;
}

static void keep(struct loading *self, size_t index, const void *value, size_t size, const struct said *said)
{
    memcpy((char *)self->config + settings_table[index].offset, value, size);
    self->config->memory->origins[index] = origin_text(self, said);
}

void setting_assign(struct loading *self, size_t index, const char *text, const struct said *said)
{
    const struct setting *setting = &settings_table[index];
    if (setting_is_text(setting)) {
        if (!text_is_good(setting, text)) {
            complain_value(self, setting, text, said);
            return;
        }
        const char *copy = *text ? config_arena_text(&self->config->memory->texts, text, strlen(text)) : NULL;
        keep(self, index, &copy, sizeof copy, said);
        return;
    }
    int64_t number;
    if (!setting_parse(setting, text, &number)) {
        complain_value(self, setting, text, said);
        return;
    }
    keep(self, index, &number, sizeof number, said);
}

const struct property_refusal property_refusals[] = {
    {"bootstrap.servers", "use kafka.brokers"},
    {"metadata.broker.list", "use kafka.brokers"},
    {"queued.max.messages.kbytes", "use kafka.queued_max"},
    {"isolation.level", "only what was committed may be counted"},
    {"enable.auto.commit", "a position is committed together with what was made of the records before it"},
    {"enable.auto.offset.store", "a position is committed together with what was made of the records before it"},
    {"auto.offset.reset", "a position outside the log is recorded as a loss, never skipped over"},
    {"group.id", "it follows from app and the stage"},
    {"group.instance.id", "it follows from instance"},
    {"transactional.id", "it follows from app and instance, so that a restart takes over its own transaction"},
    {"enable.idempotence", "without it a retry could write a record twice"},
    {"transaction.timeout.ms", "a dead instance's open transaction must not hold back its readers for longer"},
    {"delivery.report.only.error", "an alert is kept until its delivery was reported"},
    {"partitioner", "an agency's records must be where Kafka's own clients would put them"},
    {"test.mock.num.brokers", "it would take the place of kafka.brokers"},
};
const size_t property_refusal_count = sizeof property_refusals / sizeof *property_refusals;

bool property_is_secret(const char *name)
{
    static const char *const signs[] = {"password", "secret", "key", "token"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (strcasestr(name, signs[i])) {
            return true;
        }
    }
    return false;
}

static bool property_name_is_good(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= 128 && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

/* False: a complaint was added. Its value is shown in none. */
static bool property_is_allowed(const struct loading *self, const char *name, const char *text, const struct said *said)
{
    const struct place *place = &said->place;
    char name_shown[SHOWN_SIZE];
    if (!property_name_is_good(name)) {
        COMPLAIN(self->problems, place,
                 PROPERTIES_NAME ": got the name %s, allowed a librdkafka property: a-z 0-9 . _ -",
                 text_shown(name, name_shown));
        return false;
    }
    for (size_t i = 0; i < property_refusal_count; i++) {
        if (strcmp(name, property_refusals[i].name) == 0) {
            COMPLAIN(self->problems, place,
                     PROPERTIES_NAME ".%s: got a property that Slipstream sets itself, allowed any other: %s", name,
                     property_refusals[i].why);
            return false;
        }
    }
    if (strlen(text) > VALUE_SIZE_MAX) {
        COMPLAIN(self->problems, place, PROPERTIES_NAME ".%s: got %zu bytes, allowed at most %zu", name, strlen(text),
                 VALUE_SIZE_MAX);
        return false;
    }
    return true;
}

void property_assign(struct loading *self, const char *name, const char *text, const struct said *said)
{
    if (!property_is_allowed(self, name, text, said)) {
        return;
    }
    struct config *config = self->config;
    struct config_memory *memory = config->memory;
    size_t i = 0;
    while (i < config->kafka_property_count && strcmp(memory->properties[i][0], name) != 0) {
        i++;
    }
    if (i == PROPERTIES_MAX) {
        COMPLAIN(self->problems, &said->place, PROPERTIES_NAME ".%s: got too many properties, allowed %d", name,
                 PROPERTIES_MAX);
        return;
    }
    const char *name_kept = config_arena_text(&memory->texts, name, strlen(name));
    const char *text_kept = config_arena_text(&memory->texts, text, strlen(text));
    if (!name_kept || !text_kept) {
        return;
    }
    memory->properties[i][0] = name_kept;
    memory->properties[i][1] = text_kept;
    memory->property_origins[i] = origin_text(self, said);
    config->kafka_property_count += i == config->kafka_property_count;
}
