#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "errors.h"

/* A client for one question, and where its answer comes. */
struct admin {
    struct kafka_client client;
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
};

static const struct kafka_property admin_defaults[] = {{NULL, NULL}};
static const struct kafka_property admin_fixed[] = {{"allow.auto.create.topics", "false"}, {NULL, NULL}};

static void admin_done(struct admin *self)
{
    if (self->queue) {
        rd_kafka_queue_destroy(self->queue);
    }
    if (self->handle) {
        rd_kafka_destroy(self->handle);
    }
}

static enum outcome admin_init(struct admin *self, const struct kafka_settings *settings, struct reason *why)
{
    rd_kafka_conf_t *conf CLEANUP(kafka_conf_drop) = NULL;
    self->client.log = settings->log;
    TRY(kafka_conf_open(&self->client, settings, admin_defaults, admin_fixed, &conf, why));
    TRY(kafka_client_open(RD_KAFKA_PRODUCER, &conf, &self->handle, why));
    self->queue = rd_kafka_queue_new(self->handle);
    return DONE;
}

static void options_drop(rd_kafka_AdminOptions_t **options)
{
    if (*options) {
        rd_kafka_AdminOptions_destroy(*options);
    }
}

static void event_drop(rd_kafka_event_t **event)
{
    if (*event) {
        rd_kafka_event_destroy(*event);
    }
}

static rd_kafka_AdminOptions_t *options_for(struct admin *self, rd_kafka_admin_op_t operation, int timeout_ms)
{
    char text[256];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(self->handle, operation);
    rd_kafka_resp_err_t code =
        rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms > 0 ? timeout_ms : 1, text, sizeof text);
    ASSERT(!code);
    return options;
}

/* The answer; the caller drops it. A refusal that came as an error of the client is more than "no answer". */
static enum outcome admin_wait(struct admin *self, int timeout_ms, const char *doing, rd_kafka_event_t **answer,
                               struct reason *why)
{
    rd_kafka_event_t *event CLEANUP(event_drop) = rd_kafka_queue_poll(self->queue, timeout_ms + 1000);
    rd_kafka_poll(self->handle, 0);
    if (self->client.trouble == STOP) {
        return kafka_client_trouble(&self->client, why);
    }
    if (!event) {
        return kafka_fail(why, RD_KAFKA_RESP_ERR__TIMED_OUT, doing, NULL);
    }
    if (rd_kafka_event_error(event)) {
        return kafka_fail(why, rd_kafka_event_error(event), doing, rd_kafka_event_error_string(event));
    }
    *answer = event;
    event = NULL;
    return DONE;
}

/* ---- describe ---- */

static enum outcome describe_topic(const rd_kafka_TopicDescription_t *description, struct topic_state *state,
                                   struct reason *why)
{
    size_t partitions = 0;
    const rd_kafka_error_t *error = rd_kafka_TopicDescription_error(description);
    *state = (struct topic_state){.exists = false};
    if (error && rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        return DONE;
    }
    if (error && rd_kafka_error_code(error)) {
        return kafka_fail_error(why, error, rd_kafka_TopicDescription_name(description));
    }
    (void)rd_kafka_TopicDescription_partitions(description, &partitions);
    state->exists = true;
    state->partitions = (int32_t)partitions;
    const rd_kafka_Uuid_t *id = rd_kafka_TopicDescription_topic_id(description);
    if (id && (rd_kafka_Uuid_most_significant_bits(id) || rd_kafka_Uuid_least_significant_bits(id))) {
        snprintf(state->id, sizeof state->id, "%s", rd_kafka_Uuid_base64str(id));
    }
    return DONE;
}

static enum outcome describe_topics(struct admin *admin, const char *const *topics, size_t count, int timeout_ms,
                                    struct topic_state *states, struct reason *why)
{
    rd_kafka_event_t *event CLEANUP(event_drop) = NULL;
    rd_kafka_AdminOptions_t *options CLEANUP(options_drop) =
        options_for(admin, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, timeout_ms);
    const char **names = calloc(count, sizeof *names); /* the library wants them not const */
    if (!names) {
        return FAIL(why, STOP, REASON_FULL, "describing topics: out of memory");
    }
    memcpy(names, topics, count * sizeof *names);
    rd_kafka_TopicCollection_t *collection = rd_kafka_TopicCollection_of_topic_names(names, count);
    rd_kafka_DescribeTopics(admin->handle, collection, options, admin->queue);
    rd_kafka_TopicCollection_destroy(collection);
    free(names);

    TRY(admin_wait(admin, timeout_ms, "describing topics", &event, why));
    size_t found = 0;
    const rd_kafka_TopicDescription_t **descriptions =
        rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &found);
    for (size_t i = 0; i < found; i++) {
        for (size_t t = 0; t < count; t++) {
            if (strcmp(topics[t], rd_kafka_TopicDescription_name(descriptions[i])) == 0) {
                TRY(describe_topic(descriptions[i], &states[t], why));
            }
        }
    }
    return DONE;
}

static enum outcome describe_with(struct admin *admin, const char *const *topics, size_t count, int timeout_ms,
                                  struct topic_state *states, char cluster_id[CLUSTER_ID_SIZE], struct reason *why)
{
    char *id = rd_kafka_clusterid(admin->handle, timeout_ms);
    rd_kafka_poll(admin->handle, 0);
    if (admin->client.trouble == STOP) {
        free(id);
        return kafka_client_trouble(&admin->client, why);
    }
    if (!id) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "no broker answered within %d ms", timeout_ms);
    }
    snprintf(cluster_id, CLUSTER_ID_SIZE, "%s", id);
    rd_kafka_mem_free(admin->handle, id);
    if (count == 0) {
        return DONE;
    }
    return describe_topics(admin, topics, count, timeout_ms, states, why);
}

enum outcome kafka_describe(const struct kafka_settings *settings, const char *const *topics, size_t count,
                            int64_t timeout_ms, struct topic_state *states, char cluster_id[CLUSTER_ID_SIZE],
                            struct reason *why)
{
    struct admin admin CLEANUP(admin_done) = {.client = {.log = NULL}};
    char id[CLUSTER_ID_SIZE];
    struct topic_state *found = calloc(count ? count : 1, sizeof *found);
    if (!found) {
        return FAIL(why, STOP, REASON_FULL, "describing topics: out of memory");
    }
    enum outcome outcome = admin_init(&admin, settings, why);
    if (outcome == DONE) {
        outcome = describe_with(&admin, topics, count, (int)timeout_ms, found, id, why);
    }
    if (outcome == DONE) {
        memcpy(states, found, count * sizeof *found);
        memcpy(cluster_id, id, sizeof id);
    }
    free(found);
    return outcome;
}

/* ---- create ---- */

static void new_topics_drop(rd_kafka_NewTopic_t **topics, size_t count)
{
    rd_kafka_NewTopic_destroy_array(topics, count);
    free(topics);
}

static enum outcome new_topic(const struct topic_spec *spec, rd_kafka_NewTopic_t **topic, struct reason *why)
{
    char text[256] = "";
    *topic = rd_kafka_NewTopic_new(spec->name, spec->partitions, -1 /* the broker's default */, text, sizeof text);
    if (!*topic) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "topic %s: %s", spec->name, text);
    }
    for (size_t i = 0; i < spec->config_count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_NewTopic_set_config(*topic, spec->configs[i][0], spec->configs[i][1]);
        if (code) {
            return FAIL(why, STOP, REASON_BAD_CONFIG, "topic %s: %s: %s", spec->name, spec->configs[i][0],
                        rd_kafka_err2str(code));
        }
    }
    return DONE;
}

/* One that is there already is as good as one that was made. */
static enum outcome count_created(rd_kafka_event_t *event, size_t *made, struct reason *why)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    enum outcome outcome = DONE;
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (!code) {
            (*made)++;
        } else if (code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS && outcome != STOP) {
            outcome = kafka_fail(why, code, rd_kafka_topic_result_name(results[i]),
                                 rd_kafka_topic_result_error_string(results[i]));
        }
    }
    return outcome;
}

static enum outcome create_with(struct admin *admin, rd_kafka_NewTopic_t **topics, size_t count, int timeout_ms,
                                size_t *made, struct reason *why)
{
    char text[256];
    rd_kafka_event_t *event CLEANUP(event_drop) = NULL;
    rd_kafka_AdminOptions_t *options CLEANUP(options_drop) =
        options_for(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
    rd_kafka_resp_err_t code = /* the broker answers when they are there */
        rd_kafka_AdminOptions_set_operation_timeout(options, timeout_ms, text, sizeof text);
    ASSERT(!code);
    rd_kafka_CreateTopics(admin->handle, topics, count, options, admin->queue);
    TRY(admin_wait(admin, timeout_ms, "creating topics", &event, why));
    return count_created(event, made, why);
}

enum outcome kafka_create_topics(const struct kafka_settings *settings, const struct topic_spec *specs, size_t count,
                                 int64_t timeout_ms, size_t *created, struct reason *why)
{
    struct admin admin CLEANUP(admin_done) = {.client = {.log = NULL}};
    size_t made = 0, prepared = 0;
    TRY(admin_init(&admin, settings, why));
    rd_kafka_NewTopic_t **topics = calloc(count ? count : 1, sizeof(rd_kafka_NewTopic_t *));
    if (!topics) {
        return FAIL(why, STOP, REASON_FULL, "creating topics: out of memory");
    }
    enum outcome outcome = DONE;
    while (prepared < count && outcome == DONE) {
        outcome = new_topic(&specs[prepared], &topics[prepared], why);
        prepared += topics[prepared] ? 1 : 0;
    }
    if (outcome == DONE && count > 0) {
        outcome = create_with(&admin, topics, count, (int)timeout_ms, &made, why);
    }
    new_topics_drop(topics, prepared);
    if (outcome == DONE && created) {
        *created = made;
    }
    return outcome;
}
