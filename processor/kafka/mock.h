/* mock.h - for tests only: librdkafka's own handle of the mock cluster, to make its brokers fail. */
#ifndef KAFKA_MOCK_H
#define KAFKA_MOCK_H

#include "slipstream/kafka.h"

struct rd_kafka_mock_cluster_s;
struct rd_kafka_mock_cluster_s *kafka_mock_cluster(struct kafka_mock *self);

#endif
