/* notify.c - the sinks behind one table of functions. */
#include "alertmanager.h"
#include "webhook.h"

#include <stdlib.h>

const char *const alert_sink_words[ALERT_SINKS] = {"topic", "alertmanager", "webhook"};

struct real_notifier {
    struct notifier base;
    void *context;
    void (*delivered)(void *context, enum alert_sink sink, uint64_t token, enum outcome outcome);
    struct delivery delivery;
    struct alertmanager *alertmanager; /* NULL: none */
    struct webhook *webhook;
};

static enum outcome real_post(struct notifier *base, enum alert_sink sink, const struct notice *notice, uint64_t token,
                              struct reason *why)
{
    struct real_notifier *self = (struct real_notifier *)base;
    ASSERT(base->sinks & SINK_BIT(sink) && token && notice->body.size <= NOTIFY_BODY_MAX);
    return sink == SINK_WEBHOOK ? webhook_post(self->webhook, notice, token, why)
                                : alertmanager_post(self->alertmanager, notice, token, why);
}

static void real_stand(struct notifier *base, const struct notice *notice)
{
    struct real_notifier *self = (struct real_notifier *)base;
    ASSERT(notice->body.size && notice->body.size <= NOTIFY_BODY_MAX);
    if (self->alertmanager) {
        alertmanager_stand(self->alertmanager, notice);
    }
}

static void real_forget(struct notifier *base, int32_t partition)
{
    struct real_notifier *self = (struct real_notifier *)base;
    if (self->alertmanager) {
        alertmanager_forget(self->alertmanager, partition);
    }
    if (self->webhook) {
        webhook_forget(self->webhook, partition);
    }
}

static void real_serve(struct notifier *base)
{
    struct real_notifier *self = (struct real_notifier *)base;
    struct delivery *delivery = &self->delivery;
    delivery->served_us = system_clock.mono(&system_clock).us;
    pthread_mutex_lock(&delivery->lock);
    struct delivered *reports = delivery->reports;
    size_t count = delivery->count;
    if (count) { /* taken along: whoever hears of them may post anew */
        delivery->reports = NULL;
        delivery->count = delivery->capacity = 0;
    }
    pthread_mutex_unlock(&delivery->lock);
    for (size_t i = 0; i < count; i++) {
        self->delivered(self->context, reports[i].sink, reports[i].token, reports[i].outcome);
    }
    if (count) {
        free(reports);
    }
}

static void real_counts(const struct notifier *base, enum alert_sink sink, struct notify_counts *counts)
{
    const struct real_notifier *self = (const struct real_notifier *)base;
    *counts = (struct notify_counts){0};
    if (sink == SINK_ALERTMANAGER && self->alertmanager) {
        alertmanager_counts(self->alertmanager, counts);
    } else if (sink == SINK_WEBHOOK && self->webhook) {
        webhook_counts(self->webhook, counts);
    }
}

static void real_close(struct notifier *base)
{
    struct real_notifier *self = (struct real_notifier *)base;
    self->delivery.stop = true;
    alertmanager_close(self->alertmanager);
    webhook_close(self->webhook);
    delivery_done(&self->delivery);
    free(self);
}

static const struct notifier_ops real_ops = {real_post, real_stand, real_forget, real_serve, real_counts, real_close};

enum outcome notify_open(const struct notify_settings *settings, struct notifier **notifier, struct reason *why)
{
    struct real_notifier *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->base.ops = &real_ops;
    self->context = settings->context;
    self->delivered = settings->delivered;
    delivery_init(&self->delivery, settings->log, settings->lease_us);
    enum outcome opened = DONE;
    if (settings->alertmanager.urls) {
        opened = alertmanager_open(settings, &self->delivery, &self->alertmanager, why);
    }
    if (opened == DONE && settings->webhook.url) {
        opened = webhook_open(settings, &self->delivery, &self->webhook, why);
    }
    if (opened != DONE) {
        real_close(&self->base);
        return opened;
    }
    self->base.sinks =
        (self->alertmanager ? SINK_BIT(SINK_ALERTMANAGER) : 0u) | (self->webhook ? SINK_BIT(SINK_WEBHOOK) : 0u);
    *notifier = &self->base;
    return DONE;
}
