#include "mock.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#define BROKERS       2  /* and the controller: leaders and coordinators have somewhere to move to */
#define CONTROLLER_ID 0  /* the cluster names this broker as its controller, and makes it only when asked */
#define JOIN_DELAY_MS 10 /* a new group waits 3 s for more members otherwise */

struct kafka_mock {
    rd_kafka_t *handle; /* the cluster lives in its thread */
    rd_kafka_mock_cluster_t *cluster;
};

static enum outcome mock_fill(struct kafka_mock *self, const struct topic_spec *specs, size_t count, struct reason *why)
{
    char text[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    self->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!self->handle) {
        rd_kafka_conf_destroy(conf);
        return FAIL(why, STOP, REASON_FATAL, "mock cluster: %s", text);
    }
    self->cluster = rd_kafka_mock_cluster_new(self->handle, BROKERS);
    if (!self->cluster || rd_kafka_mock_broker_add(self->cluster, CONTROLLER_ID)) {
        return FAIL(why, STOP, REASON_FATAL, "mock cluster: no port to listen on");
    }
    rd_kafka_mock_group_initial_rebalance_delay_ms(self->cluster, JOIN_DELAY_MS);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(self->cluster, specs[i].name, specs[i].partitions, 1);
        if (code) {
            return FAIL(why, STOP, REASON_BAD_CONFIG, "mock topic %s: %s", specs[i].name, rd_kafka_err2str(code));
        }
    }
    return DONE;
}

enum outcome kafka_mock_open(const struct topic_spec *specs, size_t count, struct kafka_mock **mock, struct reason *why)
{
    struct kafka_mock *self = calloc(1, sizeof *self);
    if (!self) {
        return FAIL(why, STOP, REASON_FULL, "mock cluster: out of memory");
    }
    enum outcome outcome = mock_fill(self, specs, count, why);
    if (outcome != DONE) {
        kafka_mock_close(self);
        return outcome;
    }
    *mock = self;
    return DONE;
}

const char *kafka_mock_brokers(const struct kafka_mock *self)
{
    return rd_kafka_mock_cluster_bootstraps(self->cluster);
}

struct rd_kafka_mock_cluster_s *kafka_mock_cluster(struct kafka_mock *self)
{
    return self->cluster;
}

void kafka_mock_close(struct kafka_mock *self)
{
    if (!self) {
        return;
    }
    if (self->cluster) {
        rd_kafka_mock_cluster_destroy(self->cluster);
    }
    if (self->handle) {
        rd_kafka_destroy(self->handle);
    }
    free(self);
}
