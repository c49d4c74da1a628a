/* fake_notifier.h - a notifier without sinks behind it: a test says who takes what, and reads what was told.
 *
 * Ownership: the notifier keeps copies of the first FAKE_NOTICES_MAX notices. Acknowledges when served. */
#ifndef SLIPSTREAM_TESTS_FAKE_NOTIFIER_H
#define SLIPSTREAM_TESTS_FAKE_NOTIFIER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "slipstream/notify.h"

#define FAKE_NOTICES_MAX 8192

struct fake_notice {
    enum alert_sink sink; /* SINK_TOPIC: as it stands, posted to none */
    enum alert_transition transition;
    int32_t partition;
    uint64_t id, token; /* token 0: acknowledged, or forgotten */
    char *body;
};
struct fake_notifier {
    struct notifier base;
    void *context;
    void (*delivered)(void *context, enum alert_sink sink, uint64_t token, enum outcome outcome);
    enum outcome answers[ALERT_SINKS]; /* DONE, SKIP; RETRY: away, nothing is acknowledged */
    size_t room[ALERT_SINKS];          /* how many may be unacknowledged */
    struct fake_notice *notices;
    size_t count;
    int64_t forgotten; /* calls */
};

static inline size_t fake_notifier_pending(const struct fake_notifier *self, enum alert_sink sink)
{
    size_t pending = 0;
    for (size_t i = 0; i < self->count; i++) {
        pending += self->notices[i].sink == sink && self->notices[i].token;
    }
    return pending;
}

static inline void fake_notifier_keep(struct fake_notifier *self, enum alert_sink sink, const struct notice *notice,
                                      uint64_t token)
{
    assert_true(self->count < FAKE_NOTICES_MAX && notice->body.size > 0);
    char *body = malloc(notice->body.size + 1);
    assert_non_null(body);
    memcpy(body, notice->body.data, notice->body.size);
    body[notice->body.size] = '\0';
    self->notices[self->count++] =
        (struct fake_notice){sink, notice->transition, notice->partition, notice->id, token, body};
}

static inline enum outcome fake_notifier_post(struct notifier *base, enum alert_sink sink, const struct notice *notice,
                                              uint64_t token, struct reason *why)
{
    struct fake_notifier *self = (struct fake_notifier *)base;
    assert_true(base->sinks & SINK_BIT(sink) && token && notice->transition != ALERT_NONE);
    if (fake_notifier_pending(self, sink) >= self->room[sink]) {
        return FAIL(why, RETRY, REASON_FULL, "full");
    }
    fake_notifier_keep(self, sink, notice, token);
    return DONE;
}

static inline void fake_notifier_stand(struct notifier *base, const struct notice *notice)
{
    assert_int_equal(notice->transition, ALERT_NONE);
    fake_notifier_keep((struct fake_notifier *)base, SINK_TOPIC, notice, 0);
}

static inline void fake_notifier_forget(struct notifier *base, int32_t partition)
{
    struct fake_notifier *self = (struct fake_notifier *)base;
    self->forgotten++;
    for (size_t i = 0; i < self->count; i++) {
        if (self->notices[i].partition == partition) {
            self->notices[i].token = 0;
        }
    }
}

static inline void fake_notifier_serve(struct notifier *base)
{
    struct fake_notifier *self = (struct fake_notifier *)base;
    for (size_t i = 0; i < self->count; i++) {
        struct fake_notice *notice = &self->notices[i];
        if (notice->token && self->answers[notice->sink] != RETRY) {
            uint64_t token = notice->token;
            notice->token = 0;
            self->delivered(self->context, notice->sink, token, self->answers[notice->sink]);
        }
    }
}

static inline void fake_notifier_counts(const struct notifier *base, enum alert_sink sink, struct notify_counts *counts)
{
    const struct fake_notifier *self = (const struct fake_notifier *)base;
    *counts = (struct notify_counts){.waiting = (int64_t)fake_notifier_pending(self, sink)};
}

static inline void fake_notifier_close(struct notifier *base)
{
    struct fake_notifier *self = (struct fake_notifier *)base;
    for (size_t i = 0; i < self->count; i++) {
        free(self->notices[i].body);
    }
    free(self->notices);
    free(self);
}

static inline struct fake_notifier *fake_notifier_open(unsigned sinks)
{
    static const struct notifier_ops ops = {fake_notifier_post,  fake_notifier_stand,  fake_notifier_forget,
                                            fake_notifier_serve, fake_notifier_counts, fake_notifier_close};
    struct fake_notifier *self = calloc(1, sizeof *self);
    assert_non_null(self);
    self->base = (struct notifier){&ops, sinks};
    self->notices = calloc(FAKE_NOTICES_MAX, sizeof *self->notices);
    assert_non_null(self->notices);
    for (unsigned s = 0; s < ALERT_SINKS; s++) {
        self->room[s] = FAKE_NOTICES_MAX;
    }
    return self;
}

#endif
