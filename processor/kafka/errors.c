#include "errors.h"

struct verdict {
    enum outcome outcome;
    enum reason_code code;
};

static struct verdict verdict_of(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
        return (struct verdict){STOP, REASON_FENCED};

    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_ASSIGNOR:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
        return (struct verdict){STOP, REASON_REFUSED};

    case RD_KAFKA_RESP_ERR__FATAL:
        return (struct verdict){STOP, REASON_FATAL};

    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return (struct verdict){SKIP, REASON_TOO_LARGE};

    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        return (struct verdict){RETRY, REASON_FULL};

    default: /* brokers away, leaders and coordinators on the move, time-outs */
        return (struct verdict){RETRY, REASON_UNAVAILABLE};
    }
}

enum outcome kafka_fail(struct reason *why, rd_kafka_resp_err_t code, const char *doing, const char *text)
{
    struct verdict verdict = verdict_of(code);
    return FAIL(why, verdict.outcome, verdict.code, "%s: %s (%s)", doing, text ? text : rd_kafka_err2str(code),
                rd_kafka_err2name(code));
}

enum outcome kafka_fail_error(struct reason *why, const rd_kafka_error_t *error, const char *doing)
{
    return kafka_fail(why, rd_kafka_error_code(error), doing, rd_kafka_error_string(error));
}

bool kafka_is_fatal(rd_kafka_t *handle, const char *doing, enum outcome *outcome, struct reason *why)
{
    char text[sizeof why->text];
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(handle, text, sizeof text);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    *outcome = kafka_fail(why, code, doing, text);
    if (*outcome != STOP) { /* whatever it was, this client will not work again */
        *outcome = FAIL(why, STOP, REASON_FATAL, "%s: %s (%s)", doing, text, rd_kafka_err2name(code));
    }
    return true;
}

enum outcome kafka_soften(enum outcome outcome, bool proven, const struct reason *why)
{
    return outcome == STOP && why->code == REASON_REFUSED && proven ? RETRY : outcome;
}
