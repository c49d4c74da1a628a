/* checks.c - what a text setting must look like, and what settings must be to one another. Two tables. */
#include "settings.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#define DIGITS              "0123456789"
#define LETTERS             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define NAME_CHARACTERS     LETTERS DIGITS "._-"
#define HOST_CHARACTERS     NAME_CHARACTERS
#define ADDRESS6_CHARACTERS "0123456789abcdefABCDEF:."

static bool consists_of(struct span text, const char *characters)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!text.data[i] || !strchr(characters, text.data[i])) {
            return false;
        }
    }
    return text.size > 0;
}

/* Part of group names, transactional ids and Redis keys: without braces, blanks or colons. */
static bool name_is_good(const char *text)
{
    return consists_of(span_text(text), NAME_CHARACTERS);
}

/* Kafka's rule for topics (org.apache.kafka.common.internals.Topic). */
static bool topic_is_good(const char *text)
{
    return name_is_good(text) && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static bool number_is_in(struct span text, uint32_t least, uint32_t most)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.size && number <= most; i++) {
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    }
    return consists_of(text, DIGITS) && number >= least && number <= most;
}

/* Takes the text before the first of the stops from *text, the stop stays; without one, all of it. */
static struct span take_until(struct span *text, const char *stops)
{
    size_t size = 0;
    while (size < text->size && !strchr(stops, text->data[size])) {
        size++;
    }
    struct span taken = {text->data, size};
    *text = (struct span){text->data + size, text->size - size};
    return taken;
}

static bool take(struct span *text, const char *start)
{
    size_t size = strlen(start);
    if (text->size < size || memcmp(text->data, start, size) != 0) {
        return false;
    }
    *text = (struct span){text->data + size, text->size - size};
    return true;
}

/* host, host:port, [address]:port */
static bool host_is_good(struct span text)
{
    if (take(&text, "[")) {
        if (!consists_of(take_until(&text, "]"), ADDRESS6_CHARACTERS) || !take(&text, "]")) {
            return false;
        }
    } else if (!consists_of(take_until(&text, ":"), HOST_CHARACTERS)) {
        return false;
    }
    return text.size == 0 || (take(&text, ":") && number_is_in(text, 1, 65535));
}

static bool brokers_are_good(const char *text)
{
    struct span left = span_text(text);
    do {
        if (!host_is_good(take_until(&left, ","))) {
            return false;
        }
    } while (take(&left, ","));
    return true;
}

static bool redis_url_is_good(const char *text)
{
    struct span left = span_text(text);
    if (!take(&left, "redis://") && !take(&left, "rediss://")) {
        return false;
    }
    struct span host = take_until(&left, "/");
    struct span user = take_until(&host, "@");
    if (!take(&host, "@")) {
        host = user;
    } else if (!consists_of(user, NAME_CHARACTERS)) { /* a colon would begin a password */
        return false;
    }
    return host_is_good(host) && (left.size <= 1 || (take(&left, "/") && number_is_in(left, 0, 65535)));
}

static bool registry_url_is_good(const char *text)
{
    struct span left = span_text(text);
    if (!take(&left, "http://") && !take(&left, "https://")) {
        return false;
    }
    struct span host = take_until(&left, "/");
    return host_is_good(host) && !strpbrk(text, "@?# ");
}

/* "1=web_interaction.avsc,2=phone_interaction.avsc", without the folder */
static bool ids_are_good(const char *text)
{
    struct span left = span_text(text);
    do {
        struct span id = take_until(&left, "=,");
        if (!number_is_in(id, 1, INT32_MAX) || !take(&left, "=")) {
            return false;
        }
        struct span file = take_until(&left, ",");
        if (file.size == 0 || memchr(file.data, '/', file.size)) {
            return false;
        }
    } while (take(&left, ","));
    return true;
}

static bool address_is_good(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static const struct setting_check checks[] = {
    {"app", name_is_good, "1 to 64 of a-z A-Z 0-9 . _ -", false},
    {"instance", name_is_good, "1 to 64 of a-z A-Z 0-9 . _ -", false},
    {"topics.", topic_is_good, "a topic name: 1 to 249 of a-z A-Z 0-9 . _ -, and not . or ..", false},
    {"kafka.brokers", brokers_are_good, "host:port,host:port…", true},
    {"redis.url", redis_url_is_good,
     "redis://[user@]host[:port][/db] or rediss://…, with the password in redis.password", true},
    {"registry.url", registry_url_is_good,
     "http:// or https:// host[:port][/path], with user and password in registry.username and registry.password", true},
    {"schemas.ids", ids_are_good, "ID=FILE,ID=FILE… with files of schemas.folder", false},
    {"http.address", address_is_good, "an IP address such as 127.0.0.1, 0.0.0.0 or ::", false},
};

const struct setting_check *setting_check(const char *name)
{
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        size_t size = strlen(checks[i].name);
        bool below = checks[i].name[size - 1] == '.';
        if (strncmp(name, checks[i].name, size) == 0 && (below || !name[size])) {
            return &checks[i];
        }
    }
    return NULL;
}

/* Two roles in one topic would read each other's records. */
static void check_topics(struct loading *self)
{
    const struct config_memory *memory = self->config->memory;
    for (size_t i = 0; i < SETTINGS_TOTAL; i++) {
        for (size_t j = i + 1; j < SETTINGS_TOTAL; j++) {
            if (strncmp(settings_table[i].name, "topics.", 7) != 0 ||
                strncmp(settings_table[j].name, "topics.", 7) != 0 ||
                strcmp(setting_text(self->config, i), setting_text(self->config, j)) != 0) {
                continue;
            }
            size_t late = memory->origins[j] ? j : i; /* who said something, not who was silent */
            char name[SHOWN_SIZE];
            problem(self->problems, config_origin(self->config, late), 0, 0,
                    "%s: got %s, allowed a topic of its own: %s has that one", settings_table[late].name,
                    text_shown(setting_text(self->config, late), name), settings_table[late == j ? i : j].name);
        }
    }
}

static void check_schemas(struct loading *self)
{
    size_t ids;
    if (self->config->schemas_ids && !self->config->schemas_folder && setting_find("schemas.ids", &ids)) {
        problem(self->problems, config_origin(self->config, ids), 0, 0,
                "schemas.ids: got ids of files, allowed only with schemas.folder, where the files are");
    }
}

void config_check(struct loading *self)
{
    static void (*const together[])(struct loading *) = {check_topics, check_schemas};
    for (size_t i = 0; i < sizeof together / sizeof *together; i++) {
        together[i](self);
    }
}
