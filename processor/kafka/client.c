#include "client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "errors.h"

#define LIBRARY_ERROR_SIZE 512

static enum log_level level_of(int syslog_level)
{
    if (syslog_level <= 3) {
        return LOG_ERROR;
    }
    if (syslog_level == 4) {
        return LOG_WARN;
    }
    return syslog_level <= 6 ? LOG_INFO : LOG_DEBUG;
}

/* The library names its lines in capitals ("MAXPOLL"); an event of ours is in snake case. */
static void event_name(const char *facility, char *name, size_t size)
{
    size_t length = (size_t)snprintf(name, size, "client_%s", facility);
    for (size_t i = 0; i < length && i < size - 1; i++) {
        name[i] = isalnum((unsigned char)name[i]) ? (char)tolower((unsigned char)name[i]) : '_';
    }
}

static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    const struct kafka_client *self = rd_kafka_opaque(handle);
    char event[48];
    event_name(facility, event, sizeof event);
    LOG(self->log, level_of(level), "kafka", event, LOG_TEXT("client", rd_kafka_name(handle)), LOG_TEXT("text", text));
}

/* Errors of the client as a whole. The library mends most of them itself, and logs them; what it can't mend, and that
 * no broker is left, the stage must know. */
static void on_error(rd_kafka_t *handle, int code, const char *text, void *opaque)
{
    struct kafka_client *self = opaque;
    struct reason why;
    enum outcome outcome;
    if (!kafka_is_fatal(handle, "client", &outcome, &why)) {
        outcome = kafka_soften(kafka_fail(&why, (rd_kafka_resp_err_t)code, "client", text), self->proven, &why);
    }
    LOG(self->log, outcome == STOP ? LOG_ERROR : LOG_WARN, "kafka", "client_error",
        LOG_TEXT("client", rd_kafka_name(handle)), LOG_REASON(&why));
    if (outcome == STOP || why.code == REASON_REFUSED || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        kafka_client_note(self, outcome, &why);
    }
}

void kafka_conf_drop(rd_kafka_conf_t **conf)
{
    if (*conf) {
        rd_kafka_conf_destroy(*conf);
    }
}

void kafka_error_drop(rd_kafka_error_t **error)
{
    if (*error) {
        rd_kafka_error_destroy(*error);
    }
}

void kafka_list_drop(rd_kafka_topic_partition_list_t **list)
{
    if (*list) {
        rd_kafka_topic_partition_list_destroy(*list);
    }
}

static enum outcome conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct reason *why)
{
    char text[LIBRARY_ERROR_SIZE] = "";
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "kafka property %s: %s", name, text);
    }
    return DONE;
}

static enum outcome conf_set_list(rd_kafka_conf_t *conf, const struct kafka_property *list, struct reason *why)
{
    for (; list->name; list++) {
        TRY(conf_set(conf, list->name, list->value, why));
    }
    return DONE;
}

const char *kafka_property_of(const struct kafka_settings *settings, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < settings->property_count; i++) {
        if (strcmp(settings->properties[i][0], name) == 0) {
            value = settings->properties[i][1];
        }
    }
    return value;
}

enum outcome kafka_conf_open(struct kafka_client *client, const struct kafka_settings *settings,
                             const struct kafka_property *defaults, const struct kafka_property *fixed,
                             rd_kafka_conf_t **conf, struct reason *why)
{
    rd_kafka_conf_t *made CLEANUP(kafka_conf_drop) = rd_kafka_conf_new();
    if (settings->client_id && settings->client_id[0]) {
        TRY(conf_set(made, "client.id", settings->client_id, why));
    }
    TRY(conf_set_list(made, defaults, why));
    for (size_t i = 0; i < settings->property_count; i++) {
        TRY(conf_set(made, settings->properties[i][0], settings->properties[i][1], why));
    }
    TRY(conf_set(made, "bootstrap.servers", settings->brokers, why));
    TRY(conf_set_list(made, fixed, why));
    rd_kafka_conf_set_opaque(made, client);
    rd_kafka_conf_set_log_cb(made, on_log);
    rd_kafka_conf_set_error_cb(made, on_error);
    *conf = made;
    made = NULL;
    return DONE;
}

enum outcome kafka_client_open(rd_kafka_type_t type, rd_kafka_conf_t **conf, rd_kafka_t **handle, struct reason *why)
{
    char text[LIBRARY_ERROR_SIZE] = "";
    rd_kafka_t *made = rd_kafka_new(type, *conf, text, sizeof text);
    if (!made) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "kafka: %s", text);
    }
    *conf = NULL; /* the handle owns it now */
    *handle = made;
    return DONE;
}

int64_t kafka_timestamp_us(const rd_kafka_message_t *message)
{
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, NULL);
    return timestamp_ms < 0 || timestamp_ms > INT64_MAX / US_PER_MS ? -1 : timestamp_ms * US_PER_MS;
}

void kafka_client_note(struct kafka_client *self, enum outcome outcome, const struct reason *why)
{
    if (outcome >= self->trouble) {
        self->trouble = outcome;
        self->why = *why;
    }
}

enum outcome kafka_client_trouble(struct kafka_client *self, struct reason *why)
{
    enum outcome trouble = self->trouble;
    if (trouble != DONE) {
        *why = self->why;
    }
    if (trouble != STOP) {
        self->trouble = DONE;
    }
    return trouble;
}

rd_kafka_topic_t **kafka_topics_open(rd_kafka_t *handle, const char *const *names, size_t count)
{
    rd_kafka_topic_t **topics = calloc(count ? count : 1, sizeof(rd_kafka_topic_t *));
    for (size_t i = 0; topics && i < count; i++) {
        topics[i] = rd_kafka_topic_new(handle, names[i], NULL);
        if (!topics[i]) {
            kafka_topics_close(topics, count);
            return NULL;
        }
    }
    return topics;
}

void kafka_topics_close(rd_kafka_topic_t **topics, size_t count)
{
    for (size_t i = 0; topics && i < count; i++) {
        if (topics[i]) {
            rd_kafka_topic_destroy(topics[i]);
        }
    }
    free(topics);
}
