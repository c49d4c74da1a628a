/* webhook.c - a queue of notices and the thread that posts them. */
#include "webhook.h"

#include <stdio.h>
#include <stdlib.h>

struct item {
    uint64_t token;
    int32_t partition;
    uint64_t id;
    enum alert_transition transition;
    uint8_t *body; /* owned */
    size_t size;
    struct mono_time queued;
    bool forgotten; /* while it was under way */
};
struct webhook {
    struct delivery *delivery;
    char *secret;
    int64_t backoff_max_us, give_up_us;
    struct http *http; /* the thread's */
    pthread_t thread;
    bool started;
    struct sink_counts counts;
    _Atomic int state; /* enum notify_state of the last answer */
    struct bell bell;  /* over what follows */
    struct item items[NOTIFY_QUEUE_MAX];
    size_t first, count;
    bool under_way; /* the first of them */
};

static struct item *item_at(struct webhook *self, size_t i)
{
    return &self->items[(self->first + i) % NOTIFY_QUEUE_MAX];
}

static void drop_first(struct webhook *self)
{
    free(item_at(self, 0)->body);
    *item_at(self, 0) = (struct item){0};
    self->first = (self->first + 1) % NOTIFY_QUEUE_MAX;
    self->count--;
    self->counts.waiting = (int64_t)self->count;
}

/* ---- the caller's side ---- */

enum outcome webhook_post(struct webhook *self, const struct notice *notice, uint64_t token, struct reason *why)
{
    enum outcome outcome = DONE;
    pthread_mutex_lock(&self->bell.lock);
    if (self->count == NOTIFY_QUEUE_MAX) {
        outcome = FAIL(why, RETRY, REASON_FULL, "%d notices wait for the webhook", NOTIFY_QUEUE_MAX);
    } else {
        struct item *item = item_at(self, self->count++);
        *item = (struct item){.token = token,
                              .partition = notice->partition,
                              .id = notice->id,
                              .transition = notice->transition,
                              .size = notice->body.size,
                              .queued = system_clock.mono(&system_clock)};
        item->body = malloc(notice->body.size + 1);
        ASSERT(item->body);
        memcpy(item->body, notice->body.data, notice->body.size);
        self->counts.waiting = (int64_t)self->count;
        pthread_cond_signal(&self->bell.rung);
    }
    pthread_mutex_unlock(&self->bell.lock);
    return outcome;
}

void webhook_forget(struct webhook *self, int32_t partition)
{
    pthread_mutex_lock(&self->bell.lock);
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        struct item *item = item_at(self, i);
        bool goes = item->partition == partition;
        if (goes && !(i == 0 && self->under_way)) {
            free(item->body);
            *item = (struct item){0};
            continue;
        }
        item->forgotten |= goes;
        struct item moved = *item;
        *item = (struct item){0};
        *item_at(self, kept++) = moved;
    }
    self->count = kept;
    self->counts.waiting = (int64_t)kept;
    pthread_mutex_unlock(&self->bell.lock);
}

void webhook_counts(const struct webhook *self, struct notify_counts *counts)
{
    *counts = (struct notify_counts){self->counts.accepted, self->counts.failed, self->counts.dropped,
                                     self->counts.waiting, (enum notify_state)self->state};
}

/* ---- the thread's side ---- */

static enum outcome judge(struct webhook *self, const struct http_answer *answer, struct reason *why)
{
    long status = answer->status;
    if (status >= 200 && status < 300) {
        return DONE;
    }
    bool is_final = status >= 400 && status < 500 && status != 408 && status != 429;
    return FAIL(why, is_final ? SKIP : RETRY, is_final ? REASON_REFUSED : REASON_UNAVAILABLE, "HTTP %ld from %s%s",
                status, http_origin(self->http),
                status >= 300 && status < 400 ? ": redirects are not followed, set webhook.url to where it leads" : "");
}

/* One attempt; the item is not touched by others meanwhile. */
static enum outcome attempt(struct webhook *self, const struct item *item, int64_t *retry_after_us, struct reason *why)
{
    struct span body = span_of(item->body, item->size);
    char signature[NOTIFY_SIGNATURE_SIZE];
    char lines[3][NOTIFY_SIGNATURE_SIZE + 32];
    struct http_answer answer = {0};
    notify_sign(self->secret, system_clock.wall(&system_clock).us / US_PER_SECOND, body, signature);
    snprintf(lines[0], sizeof lines[0], "Slipstream-Signature: %s", signature);
    snprintf(lines[1], sizeof lines[1], "Slipstream-Event: alert.%s", alert_transition_words[item->transition]);
    snprintf(lines[2], sizeof lines[2], "Slipstream-Delivery: %016llx-%s-%016llx", (unsigned long long)item->id,
             alert_transition_words[item->transition], (unsigned long long)hash64(body, 0));
    const char *const headers[] = {lines[0], lines[1], lines[2], NULL};
    enum outcome sent = http_post(self->http, body, headers, &answer, why);
    *retry_after_us = answer.retry_after_us;
    self->state = sent == DONE && answer.status < 500 ? NOTIFY_UP : NOTIFY_DOWN;
    return sent == DONE ? judge(self, &answer, why) : sent;
}

/* The first item's attempt came to this. Locked. Returns how long to rest. */
static int64_t settle(struct webhook *self, enum outcome outcome, int64_t retry_after_us, int64_t *backoff_us,
                      const struct reason *why)
{
    struct item *item = item_at(self, 0);
    char id[17];
    snprintf(id, sizeof id, "%016llx", (unsigned long long)item->id);
    bool is_late = system_clock.mono(&system_clock).us - item->queued.us > self->give_up_us;
    if (outcome == RETRY && !is_late && !item->forgotten) {
        self->counts.failed++;
        LOG(self->delivery->log, LOG_WARN, "notify", "webhook_failed", LOG_TEXT("alert", id), LOG_REASON(why));
        int64_t rest = backoff_next(backoff_us, self->backoff_max_us);
        int64_t asked = retry_after_us > self->backoff_max_us ? self->backoff_max_us : retry_after_us;
        return rest > asked ? rest : asked;
    }
    if (outcome == DONE) {
        self->counts.accepted++;
    } else if (!item->forgotten) {
        self->counts.dropped++;
        LOG(self->delivery->log, LOG_ERROR, "notify", "webhook_dropped", LOG_TEXT("alert", id),
            LOG_TEXT("transition", alert_transition_words[item->transition]), LOG_REASON(why));
    }
    if (!item->forgotten) {
        delivery_report(self->delivery, SINK_WEBHOOK, item->token, outcome == DONE ? DONE : SKIP);
    }
    drop_first(self);
    *backoff_us = 0;
    return 0;
}

static void *webhook_main(void *context)
{
    struct webhook *self = context;
    int64_t backoff_us = 0;
    struct mono_time rests_until = {0};
    pthread_setname_np(pthread_self(), "webhook");
    pthread_mutex_lock(&self->bell.lock);
    while (!self->delivery->stop) {
        struct mono_time now = system_clock.mono(&system_clock);
        if (!self->count || now.us < rests_until.us || !delivery_may_go_on(self->delivery, now)) {
            bell_wait(&self->bell, self->count && rests_until.us > now.us ? rests_until
                                                                          : (struct mono_time){now.us + US_PER_SECOND});
            continue;
        }
        struct item item = *item_at(self, 0);
        struct reason why = {REASON_NONE, ""};
        int64_t retry_after_us = 0;
        self->under_way = true;
        pthread_mutex_unlock(&self->bell.lock);
        enum outcome outcome = attempt(self, &item, &retry_after_us, &why);
        pthread_mutex_lock(&self->bell.lock);
        self->under_way = false;
        rests_until.us = system_clock.mono(&system_clock).us + settle(self, outcome, retry_after_us, &backoff_us, &why);
    }
    pthread_mutex_unlock(&self->bell.lock);
    return NULL;
}

enum outcome webhook_open(const struct notify_settings *settings, struct delivery *delivery, struct webhook **webhook,
                          struct reason *why)
{
    struct webhook *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->delivery = delivery;
    self->secret = strdup(settings->webhook.secret);
    ASSERT(self->secret);
    self->backoff_max_us = settings->webhook.backoff_max_us;
    self->give_up_us = settings->webhook.give_up_us;
    bell_init(&self->bell);
    const struct http_settings http = {.url = settings->webhook.url,
                                       .tls_ca = settings->tls_ca,
                                       .timeout_us = settings->webhook.timeout_us,
                                       .stop = &delivery->stop};
    enum outcome opened = http_open(&http, &self->http, why);
    if (opened == DONE && pthread_create(&self->thread, NULL, webhook_main, self) != 0) {
        opened = FAIL(why, STOP, REASON_FATAL, "a thread cannot be started for the webhook");
    }
    if (opened != DONE) {
        webhook_close(self);
        return opened;
    }
    self->started = true;
    *webhook = self;
    return DONE;
}

void webhook_close(struct webhook *self)
{
    if (!self) {
        return;
    }
    if (self->started) {
        pthread_mutex_lock(&self->bell.lock);
        pthread_cond_signal(&self->bell.rung);
        pthread_mutex_unlock(&self->bell.lock);
        pthread_join(self->thread, NULL);
    }
    while (self->count) {
        drop_first(self);
    }
    http_close(self->http);
    bell_done(&self->bell);
    free(self->secret);
    free(self);
}
