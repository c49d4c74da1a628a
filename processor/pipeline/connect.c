/* connect.c - a configuration as the settings of each edge. */
#include "slipstream/pipeline.h"

#define NOTIFY_LEASE_US                                                                                                \
    (30 * US_PER_SECOND)           /* less than it takes until another is given the partitions of one that stopped */
#define REGISTRY_NEGATIVE_MS 30000 /* how soon a schema that was not there is asked for again */
#define REGISTRY_PATIENCE_MS 50    /* a turn of the loop waits for an answer no longer than that */

struct kafka_settings connect_kafka(const struct config *config, struct log *log)
{
    return (struct kafka_settings){
        .log = log,
        .brokers = config->kafka_brokers,
        .client_id = config->app,
        .instance = config->instance,
        .properties = (const char *const(*)[2])config->kafka_properties,
        .property_count = config->kafka_property_count,
        .queued_kbytes_max = config->kafka_queued_max / 1024,
    };
}

struct registry_settings connect_registry(const struct config *config)
{
    return (struct registry_settings){
        .url = config->registry_url,
        .username = config->registry_username,
        .password = config->registry_password,
        .token = config->registry_token,
        .tls_ca = config->registry_tls_ca,
        .tls_certificate = config->registry_tls_certificate,
        .tls_key = config->registry_tls_key,
        .tls_key_password = config->registry_tls_key_password,
        .folder = config->schemas_folder,
        .ids = config->schemas_ids,
        .timeout_ms = config->registry_timeout / US_PER_MS,
        .patience_ms = REGISTRY_PATIENCE_MS,
        .negative_ttl_ms = REGISTRY_NEGATIVE_MS,
    };
}

struct notify_settings connect_notify(const struct config *config, struct log *log)
{
    return (struct notify_settings){
        .log = log,
        .alertmanager = {.urls = config->alertmanager_urls,
                         .username = config->alertmanager_username,
                         .password = config->alertmanager_password,
                         .token = config->alertmanager_token,
                         .labels = config->alertmanager_labels,
                         .timeout_us = config->alertmanager_timeout,
                         .resend_us = config->alertmanager_resend,
                         .ends_after_us = config->alertmanager_ends_after,
                         .resolved_for_us = config->alertmanager_resolved_for},
        .webhook = {.url = config->webhook_url,
                    .secret = config->webhook_secret,
                    .timeout_us = config->webhook_timeout,
                    .backoff_max_us = config->webhook_backoff_max,
                    .give_up_us = config->webhook_give_up},
        .tls_ca = config->tls_ca,
        .lease_us = NOTIFY_LEASE_US,
    };
}

struct store_settings connect_store(const struct config *config, struct log *log)
{
    return (struct store_settings){
        .log = log,
        .url = config->redis_url,
        .username = config->redis_username,
        .password = config->redis_password,
        .app = config->app,
        .timeout_ms = config->redis_timeout / US_PER_MS,
    };
}
