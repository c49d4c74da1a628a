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
#define ALERTMANAGERS_MAX   8 /* as many as notify has threads for */

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

/* http:// or https://, a host and a path; no user, and nothing that one of `without` begins. */
static bool is_http_url(struct span url, const char *without)
{
    struct span left = url;
    struct span plain = take_until(&left, without);
    if (left.size > 0 || (!take(&plain, "http://") && !take(&plain, "https://"))) {
        return false;
    }
    return host_is_good(take_until(&plain, "/?"));
}

static bool http_url_is_good(const char *text)
{
    return is_http_url(span_text(text), "@?# \t\r\n");
}

/* Of a receiver with a key in its query, as many have. */
static bool webhook_url_is_good(const char *text)
{
    return is_http_url(span_text(text), "@# \t\r\n");
}

static bool http_urls_are_good(const char *text)
{
    struct span left = span_text(text);
    size_t count = 0;
    do {
        if (!is_http_url(take_until(&left, ","), "@?# \t\r\n") || ++count > ALERTMANAGERS_MAX) {
            return false;
        }
    } while (take(&left, ","));
    return true;
}

/* "severity=warning,team=cx", with Prometheus' names of labels; those that an alert has of its own are not for giving.
 */
static bool labels_are_good(const char *text)
{
    static const char *const taken[] = {"alertname", "agency", "subject", "kind", "episode"};
    struct span left = span_text(text);
    do {
        struct span name = take_until(&left, "=,");
        if (!consists_of(name, LETTERS DIGITS "_") || strchr(DIGITS, name.data[0]) || !take(&left, "=") ||
            take_until(&left, ",").size == 0) {
            return false;
        }
        for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
            if (span_equal(name, span_text(taken[i]))) {
                return false;
            }
        }
    } while (take(&left, ","));
    return true;
}

/* A file of the folder or of one below it: "web.avsc", "v2/web.avsc"; no way out of it, and nothing hidden. */
static bool file_is_good(struct span file)
{
    do {
        struct span part = take_until(&file, "/");
        if (part.size == 0 || part.data[0] == '.') {
            return false;
        }
    } while (take(&file, "/"));
    return true;
}

static bool raw_schema_is_good(const char *text)
{
    return number_is_in(span_text(text), 1, INT32_MAX) || file_is_good(span_text(text));
}

/* "1=web_interaction.avsc,2=phone/v2.avsc", without the folder */
static bool ids_are_good(const char *text)
{
    struct span left = span_text(text);
    do {
        struct span id = take_until(&left, "=,");
        if (!number_is_in(id, 1, INT32_MAX) || !take(&left, "=")) {
            return false;
        }
        struct span file = take_until(&left, ",");
        if (!file_is_good(file)) {
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

#define FRAMING_RAW_CHOICE 5 /* of FRAMING_CHOICES */
#define ALLOWED_RAW        "an id of the registry or of schemas.ids, or the name of a file of schemas.folder"

/* A key that cannot be guessed; who puts a word there is told. */
static bool webhook_secret_is_good(const char *text)
{
    return strlen(text) >= 16;
}

static const struct setting_check checks[] = {
    {"app", name_is_good, "1 to 64 of a-z A-Z 0-9 . _ -", false},
    {"instance", name_is_good, "1 to 64 of a-z A-Z 0-9 . _ -", false},
    {"topics.", topic_is_good, "a topic name: 1 to 249 of a-z A-Z 0-9 . _ -, and not . or ..", false},
    {"kafka.brokers", brokers_are_good, "host:port,host:port…", true},
    {"redis.url", redis_url_is_good,
     "redis://[user@]host[:port][/db] or rediss://…, with the password in redis.password", true},
    {"registry.url", http_url_is_good,
     "http:// or https:// host[:port][/path], with user and password in registry.username and registry.password", true},
    {"schemas.ids", ids_are_good, "ID=FILE,ID=FILE… with files of schemas.folder", false},
    {"schemas.web", raw_schema_is_good, ALLOWED_RAW, false},
    {"schemas.phone", raw_schema_is_good, ALLOWED_RAW, false},
    {"schemas.office", raw_schema_is_good, ALLOWED_RAW, false},
    {"schemas.chat", raw_schema_is_good, ALLOWED_RAW, false},
    {"board.url", http_url_is_good, "http:// or https:// host[:port][/path]", true},
    {"alertmanager.urls", http_urls_are_good,
     "1 to 8 of http:// or https:// host[:port][/path], comma-separated, with user and password in "
     "alertmanager.username and alertmanager.password",
     true},
    {"alertmanager.labels", labels_are_good,
     "NAME=VALUE,NAME=VALUE… with other names than alertname, agency, subject, kind and episode", false},
    {"webhook.url", webhook_url_is_good, "http:// or https:// host[:port][/path][?query], without user and password",
     true},
    {"webhook.secret", webhook_secret_is_good, "16 bytes or more", true},
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

/* A schema for raw messages is of use only where they are raw, and a file only where there is a folder. */
static void check_raw(struct loading *self)
{
    static const char *const channels[] = {"web", "phone", "office", "chat"};
    for (size_t c = 0; c < sizeof channels / sizeof *channels; c++) {
        char name[32];
        size_t schema;
        size_t framing;
        snprintf(name, sizeof name, "schemas.%s", channels[c]);
        bool found = setting_find(name, &schema);
        snprintf(name, sizeof name, "framing.%s", channels[c]);
        if (!found || !setting_find(name, &framing)) {
            continue;
        }
        const char *text = setting_text(self->config, schema);
        const char *origin = config_origin(self->config, schema);
        if (*text && setting_number(self->config, framing) != FRAMING_RAW_CHOICE) {
            problem(self->problems, origin, 0, 0, "%s: got a schema, allowed only with %s: raw",
                    settings_table[schema].name, name);
        } else if (*text && !number_is_in(span_text(text), 1, INT32_MAX) && !self->config->schemas_folder) {
            problem(self->problems, origin, 0, 0,
                    "%s: got the name of a file, allowed only with schemas.folder, where the files are",
                    settings_table[schema].name);
        }
    }
}

/* A complaint about a setting that is wrong because of another. */
static void complain_together(struct loading *self, const char *name, const char *text)
{
    size_t index;
    if (setting_find(name, &index)) {
        problem(self->problems, config_origin(self->config, index), 0, 0, "%s: %s", name, text);
    }
}

/* Who is told of alerts, and how: half of it is a mistake. */
static void check_sinks(struct loading *self)
{
    const struct config *config = self->config;
    if (config->alertmanager_token && config->alertmanager_username) {
        complain_together(self, "alertmanager.token", "got a token and a user, allowed one of them");
    }
    if (config->alertmanager_password && !config->alertmanager_username) {
        complain_together(self, "alertmanager.password", "got a password, allowed only with alertmanager.username");
    }
    if (config->alertmanager_ends_after < 2 * config->alertmanager_resend) {
        complain_together(self, "alertmanager.ends_after",
                          "got less than twice alertmanager.resend, allowed twice of it or more: one answer that is "
                          "late must not end an alert");
    }
    if (config->webhook_url && !config->webhook_secret) {
        complain_together(self, "webhook.secret", "got nothing, allowed a key of 16 bytes or more: webhook.url is set");
    }
    if (config->webhook_secret && !config->webhook_url) {
        complain_together(self, "webhook.secret", "got a key, allowed only with webhook.url");
    }
}

/* Settings of the registry that go only with, or without, another one. */
static void check_registry(struct loading *self)
{
    const struct config *config = self->config;
    const bool https = config->registry_url && strncmp(config->registry_url, "https://", 8) == 0;
    const struct {
        const char *name, *problem;
        bool wrong;
    } rules[] = {
        {"registry.token", "got a token, allowed only without registry.username",
         config->registry_token && config->registry_username},
        {"registry.tls.ca", "got a file, allowed only with an https:// registry.url",
         config->registry_tls_ca && !https},
        {"registry.tls.certificate", "got a file, allowed only with an https:// registry.url",
         config->registry_tls_certificate && !https},
        {"registry.tls.key", "got a file, allowed only with registry.tls.certificate, whose key it is",
         config->registry_tls_key && !config->registry_tls_certificate},
        {"registry.tls.key_password", "got a password, allowed only with registry.tls.certificate",
         config->registry_tls_key_password && !config->registry_tls_certificate},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].wrong) {
            complain_together(self, rules[i].name, rules[i].problem);
        }
    }
}

void config_check(struct loading *self)
{
    static void (*const together[])(struct loading *) = {check_topics, check_schemas, check_raw, check_registry,
                                                         check_sinks};
    for (size_t i = 0; i < sizeof together / sizeof *together; i++) {
        together[i](self);
    }
}
