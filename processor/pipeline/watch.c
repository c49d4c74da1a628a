/* watch.c - intake's progress, seen from a task. */
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>

#define FRESH_US (30 * US_PER_SECOND)

void watch_init(struct watch *self)
{
    memset(self, 0, sizeof *self);
}

void watch_done(struct watch *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->topics[i].seen);
    }
    memset(self, 0, sizeof *self);
}

static struct watch_topic *topic_of(struct watch *self, struct span name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (span_equal(name, span_text(self->topics[i].name))) {
            return &self->topics[i];
        }
    }
    if (self->count == SIGNAL_BATCH_SOURCES_MAX || name.size >= sizeof self->topics[0].name) {
        return NULL;
    }
    struct watch_topic *added = &self->topics[self->count++];
    *added = (struct watch_topic){0};
    snprintf(added->name, sizeof added->name, "%.*s", SPAN_FORMAT(name));
    return added;
}

/* Topics only grow. An instance that does not know the count yet tells 0. */
static void set_partitions(struct watch_topic *topic, int32_t partitions)
{
    if (partitions <= topic->partitions || partitions > SIGNAL_BATCH_PROGRESS_MAX) {
        return;
    }
    struct watch_partition *grown = realloc(topic->seen, (size_t)partitions * sizeof *grown);
    ASSERT(grown);
    memset(grown + topic->partitions, 0, (size_t)(partitions - topic->partitions) * sizeof *grown);
    topic->seen = grown;
    topic->partitions = partitions;
}

static void see(struct watch_partition *self, const struct source_progress *told)
{
    self->at_us = told->at_us;
    if (told->stable_offset < 0) {
        return;
    }
    if (told->position >= told->stable_offset) {
        self->complete_us = told->at_us;
        self->goal_us = 0;
        return;
    }
    if (self->goal_us && told->position >= self->goal) {
        self->complete_us = self->goal_us;
        self->goal_us = 0;
    }
    if (!self->goal_us) {
        self->goal = told->stable_offset;
        self->goal_us = told->at_us;
    }
}

/* A topic that intake reads no longer says nothing about silence. (A batch sealed early names no topics at all.) */
static void forget_unnamed(struct watch *self, const struct batch_header *header)
{
    for (size_t i = self->count; header->source_count && i-- > 0;) {
        size_t named = 0;
        while (named < header->source_count &&
               !span_equal(header->sources[named].name, span_text(self->topics[i].name))) {
            named++;
        }
        if (named == header->source_count) {
            free(self->topics[i].seen);
            self->topics[i] = self->topics[--self->count];
        }
    }
}

void watch_tell(struct watch *self, const struct batch_header *header)
{
    forget_unnamed(self, header);
    for (size_t i = 0; i < header->source_count; i++) {
        struct watch_topic *topic = topic_of(self, header->sources[i].name);
        if (topic) {
            set_partitions(topic, header->sources[i].partitions);
        }
    }
    for (size_t i = 0; i < header->progress_count; i++) {
        const struct source_progress *told = &header->progress[i];
        struct watch_topic *topic = topic_of(self, header->sources[told->topic].name);
        if (topic && told->partition < topic->partitions && told->at_us >= topic->seen[told->partition].at_us) {
            see(&topic->seen[told->partition], told);
        }
    }
}

struct event_time watch_complete_until(const struct watch *self, struct event_time now)
{
    int64_t oldest = INT64_MAX;
    for (size_t t = 0; t < self->count; t++) {
        const struct watch_topic *topic = &self->topics[t];
        for (int32_t p = 0; p < topic->partitions; p++) {
            int64_t until = topic->seen[p].complete_us;
            oldest = until < oldest ? until : oldest;
        }
        if (topic->partitions == 0) {
            oldest = INT64_MIN;
        }
    }
    if (self->count == 0 || oldest < now.us - FRESH_US) {
        return (struct event_time){INT64_MIN};
    }
    return (struct event_time){oldest < now.us ? oldest : now.us};
}
