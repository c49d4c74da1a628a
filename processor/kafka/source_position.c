#include <stdlib.h>

#include "source.h"

#define STABLE_EVERY_US   US_PER_SECOND
#define STABLE_TIMEOUT_MS 5000
#define STABLE_AGE_US     (15 * US_PER_SECOND) /* older than this, what the broker told is no knowledge any more */

static bool is_started(const struct source_partition *entry)
{
    return entry->started;
}

static bool is_assigned(const struct source_partition *entry)
{
    return entry->assigned;
}

static bool has_moved(const struct source_partition *entry)
{
    return entry->started && entry->next >= 0 && entry->next != entry->safe;
}

static rd_kafka_topic_partition_list_t *list_of(struct kafka_source *self,
                                                bool (*wanted)(const struct source_partition *entry))
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    struct source_partition *entry;
    for (size_t t = 0, p = 0; (entry = source_each(self, &t, &p)); p++) {
        if (wanted(entry)) {
            rd_kafka_topic_partition_t *element =
                rd_kafka_topic_partition_list_add(list, self->topics[t].name, (int32_t)p);
            element->offset = entry->next;
            rd_kafka_topic_partition_set_leader_epoch(element, entry->leader_epoch);
        }
    }
    return list;
}

static struct source_partition *entry_of(struct kafka_source *self, const rd_kafka_topic_partition_t *element)
{
    return source_partition_of(self, source_topic_named(self, element->topic), element->partition);
}

/* The library's position is past a transaction's marker too, which comes with no record. Not so while it closes the
 * consumer (2.14.2): then it throws away what it had read ahead, yet takes note of the markers among it. */
void source_follow(struct kafka_source *self)
{
    if (self->closing) {
        return;
    }
    rd_kafka_topic_partition_list_t *list CLEANUP(kafka_list_drop) = list_of(self, is_started);
    rd_kafka_position(self->consumer, list); /* local; never fails as a whole */
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *element = &list->elems[i];
        struct source_partition *entry = entry_of(self, element);
        if (entry && entry->followed && !element->err && element->offset >= entry->next) {
            entry->next = element->offset;
            entry->leader_epoch = rd_kafka_topic_partition_get_leader_epoch(element);
        }
    }
}

size_t source_positions(struct source *base, struct source_position *out, size_t max)
{
    struct kafka_source *self = kafka_source_of(base);
    struct mono_time now = system_clock.mono(&system_clock);
    struct source_partition *entry;
    size_t count = 0;
    source_follow(self);
    for (size_t t = 0, p = 0; count < max && (entry = source_each(self, &t, &p)); p++) {
        bool known = entry->stable_at.us > 0 && now.us - entry->stable_at.us < STABLE_AGE_US;
        out[count++] = (struct source_position){
            .topic = (uint32_t)t,
            .partition = (int32_t)p,
            .position = entry->next,
            .stable_offset = known ? entry->stable_offset : OFFSET_UNSET,
            .leader_epoch = entry->leader_epoch,
        };
    }
    return count;
}

void source_on_committed(rd_kafka_t *consumer, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t *offsets,
                         void *opaque)
{
    (void)consumer;
    (void)error; /* what failed is tried with the next */
    (void)offsets;
    struct kafka_client *client = opaque;
    struct kafka_source *self = client->owner;
    self->committing = false;
}

/* One at a time: without a coordinator they would pile up, and the library gives up no partition while any is out. */
void source_commit(struct source *base, const struct source_position *positions, size_t count)
{
    struct kafka_source *self = kafka_source_of(base);
    if (self->committing) {
        return;
    }
    rd_kafka_topic_partition_list_t *list CLEANUP(kafka_list_drop) = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        if (positions[i].position >= 0 && positions[i].topic < self->topic_count) {
            rd_kafka_topic_partition_t *element =
                rd_kafka_topic_partition_list_add(list, self->topics[positions[i].topic].name, positions[i].partition);
            element->offset = positions[i].position;
            rd_kafka_topic_partition_set_leader_epoch(element, positions[i].leader_epoch);
        }
    }
    if (list->cnt > 0) {
        self->committing = rd_kafka_commit(self->consumer, list, 1 /* without waiting */) == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
}

/* ---- for the sink ---- */

rd_kafka_topic_partition_list_t *kafka_source_moved(struct source *base)
{
    struct kafka_source *self = kafka_source_of(base);
    source_follow(self);
    return list_of(self, has_moved);
}

rd_kafka_consumer_group_metadata_t *kafka_source_member(struct source *base)
{
    rd_kafka_consumer_group_metadata_t *member = rd_kafka_consumer_group_metadata(kafka_source_of(base)->consumer);
    if (member && rd_kafka_consumer_group_metadata_generation_id(member) < 1) {
        /* Without a generation the broker would take the offsets from anyone. */
        rd_kafka_consumer_group_metadata_destroy(member);
        member = NULL;
    }
    return member;
}

void kafka_source_committed(struct source *base, const rd_kafka_topic_partition_list_t *positions)
{
    struct kafka_source *self = kafka_source_of(base);
    for (int i = 0; i < positions->cnt; i++) {
        const rd_kafka_topic_partition_t *element = &positions->elems[i];
        struct source_partition *entry = entry_of(self, element);
        if (entry && entry->assigned) {
            entry->safe = element->offset;
            entry->safe_epoch = rd_kafka_topic_partition_get_leader_epoch(element);
        }
    }
}

/* ---- last stable offsets ----
 *
 * rd_kafka_get_watermark_offsets() knows the high watermark, not the last stable offset, and statistics would be a
 * large JSON text a second. ListOffsets for read-committed readers asks just this, without waiting, and apart from the
 * fetcher: so it also shows a fetcher that stands still. */

static void take_answer(struct kafka_source *self, rd_kafka_event_t *event, struct mono_time now)
{
    const rd_kafka_ListOffsets_result_t *result = rd_kafka_event_ListOffsets_result(event);
    size_t count = 0;
    const rd_kafka_ListOffsetsResultInfo_t **infos = NULL;
    if (result && !rd_kafka_event_error(event)) {
        infos = rd_kafka_ListOffsets_result_infos(result, &count);
    }
    for (size_t i = 0; infos && i < count; i++) {
        const rd_kafka_topic_partition_t *element = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
        struct source_partition *entry = entry_of(self, element);
        if (entry && entry->assigned && !element->err && element->offset >= 0) {
            entry->stable_offset = element->offset;
            entry->stable_at = now;
        }
    }
}

static void ask(struct kafka_source *self, rd_kafka_topic_partition_list_t *list)
{
    char text[256];
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = RD_KAFKA_OFFSET_SPEC_LATEST;
    }
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(self->consumer, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
    rd_kafka_error_t *error CLEANUP(kafka_error_drop) =
        rd_kafka_AdminOptions_set_isolation_level(options, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED);
    rd_kafka_resp_err_t code = rd_kafka_AdminOptions_set_request_timeout(options, STABLE_TIMEOUT_MS, text, sizeof text);
    ASSERT(!error && !code); /* both are constants that the library knows */
    rd_kafka_ListOffsets(self->consumer, list, options, self->answers);
    rd_kafka_AdminOptions_destroy(options);
}

void source_ask_stable(struct kafka_source *self, struct mono_time now)
{
    if (self->asked) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(self->answers, 0);
        if (event) {
            take_answer(self, event, now);
            rd_kafka_event_destroy(event);
            self->asked = false;
        }
    } else if (now.us - self->asked_at.us >= STABLE_EVERY_US) {
        rd_kafka_topic_partition_list_t *list CLEANUP(kafka_list_drop) = list_of(self, is_assigned);
        if (list->cnt > 0) {
            ask(self, list);
            self->asked = true;
            self->asked_at = now;
        }
    }
}
