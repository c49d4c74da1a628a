/* alertmanager.c - a table of alerts, and a thread for each instance that tells it of them. */
#include "alertmanager.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH_ALERTS    64
#define BATCH_BYTES_MAX ((size_t)2 << 20)
#define PATH            "/api/v2/alerts"

struct known {
    uint64_t id; /* 0: nothing is here */
    int32_t partition;
    uint64_t version; /* the table's, when it was changed last */
    bool is_over;
    bool was_heard; /* that it is over, by some instance */
    struct mono_time leaves;
    uint8_t *body; /* owned, and reused */
    size_t size, capacity;
    uint64_t tokens[ALERT_TRANSITIONS]; /* not delivered yet; 0: none */
};
struct instance {
    struct alertmanager *all;
    struct http *http;
    pthread_t thread;
    bool started;
    _Atomic int state; /* enum notify_state of the last answer */
    uint64_t told;     /* everything up to this version */
    int64_t backoff_us;
    struct mono_time tells_all, rests_until;
    bool singly; /* a batch was refused: which of its alerts was it? */
    struct buffer notices, body;
};
struct alertmanager {
    struct delivery *delivery;
    char *labels;
    int64_t resend_us, ends_after_us, resolved_for_us;
    struct instance instances[NOTIFY_INSTANCES_MAX];
    size_t instance_count;
    struct sink_counts counts;
    struct bell bell; /* over what follows */
    struct known known[NOTIFY_ALERTS_MAX];
    size_t used; /* no more than so many places have ever had something */
    uint64_t version;
};

/* ---- the table; locked ---- */

static struct known *find(struct alertmanager *self, uint64_t id)
{
    for (size_t i = 0; i < self->used; i++) {
        if (self->known[i].id == id) {
            return &self->known[i];
        }
    }
    return NULL;
}

static struct known *place(struct alertmanager *self, const struct notice *notice)
{
    struct known *known = find(self, notice->id);
    known = known ? known : find(self, 0);
    if (!known && self->used < NOTIFY_ALERTS_MAX) {
        known = &self->known[self->used++];
    }
    if (known) {
        known->id = notice->id;
        known->partition = notice->partition;
    }
    return known;
}

static void drop(struct alertmanager *self, struct known *known)
{
    for (unsigned t = 0; t < ALERT_TRANSITIONS; t++) {
        self->counts.waiting -= known->tokens[t] != 0;
    }
    free(known->body);
    *known = (struct known){0};
}

static void set_body(struct known *known, struct span body)
{
    if (known->capacity < body.size) {
        free(known->body);
        known->capacity = body.size + body.size / 4;
        known->body = malloc(known->capacity);
        ASSERT(known->body);
    }
    memcpy(known->body, body.data, body.size);
    known->size = body.size;
}

/* ---- the caller's side ---- */

enum outcome alertmanager_post(struct alertmanager *self, const struct notice *notice, uint64_t token,
                               struct reason *why)
{
    pthread_mutex_lock(&self->bell.lock);
    struct known *known = place(self, notice);
    if (known) {
        bool is_stale =
            known->is_over && notice->transition != ALERT_CLOSED; /* told in another order than it happened */
        if (!is_stale) {
            set_body(known, notice->body);
        }
        known->is_over |= notice->transition == ALERT_CLOSED;
        self->counts.waiting += known->tokens[notice->transition] == 0;
        known->tokens[notice->transition] = token;
        known->version = ++self->version;
        pthread_cond_broadcast(&self->bell.rung);
    }
    pthread_mutex_unlock(&self->bell.lock);
    return known ? DONE : FAIL(why, RETRY, REASON_FULL, "%d alerts are with Alertmanager", NOTIFY_ALERTS_MAX);
}

void alertmanager_stand(struct alertmanager *self, const struct notice *notice)
{
    pthread_mutex_lock(&self->bell.lock);
    struct known *known = place(self, notice);
    if (known && !known->is_over) {
        bool is_new = known->size == 0;
        set_body(known, notice->body);
        if (is_new) {
            known->version = ++self->version;
            pthread_cond_broadcast(&self->bell.rung);
        }
    }
    pthread_mutex_unlock(&self->bell.lock);
}

void alertmanager_forget(struct alertmanager *self, int32_t partition)
{
    pthread_mutex_lock(&self->bell.lock);
    for (size_t i = 0; i < self->used; i++) {
        if (self->known[i].id && self->known[i].partition == partition) {
            drop(self, &self->known[i]);
        }
    }
    pthread_mutex_unlock(&self->bell.lock);
}

void alertmanager_counts(const struct alertmanager *self, struct notify_counts *counts)
{
    enum notify_state state = NOTIFY_UP;
    for (size_t i = 0; i < self->instance_count; i++) {
        enum notify_state one = (enum notify_state)self->instances[i].state;
        state = one == NOTIFY_DOWN || state == NOTIFY_DOWN ? NOTIFY_DOWN : one < state ? one : state;
    }
    *counts = (struct notify_counts){self->counts.accepted, self->counts.failed, self->counts.dropped,
                                     self->counts.waiting, state};
}

/* ---- an instance's side ---- */

struct batch {
    size_t places[BATCH_ALERTS];
    uint64_t ids[BATCH_ALERTS], versions[BATCH_ALERTS];
    bool is_over[BATCH_ALERTS];
    size_t ends[BATCH_ALERTS]; /* of their notices */
    size_t count;
};

/* Copies what is to be told next, from place *at on; locked. */
static void gather(struct instance *self, uint64_t since, size_t *at, struct batch *batch)
{
    const struct alertmanager *all = self->all;
    size_t most = self->singly ? 1 : BATCH_ALERTS;
    batch->count = 0;
    buffer_clear(&self->notices);
    for (; *at < all->used && batch->count < most && self->notices.size < BATCH_BYTES_MAX / 2; (*at)++) {
        const struct known *known = &all->known[*at];
        if (known->id && known->size && known->version > since) {
            buffer_bytes(&self->notices, known->body, known->size);
            batch->places[batch->count] = *at;
            batch->ids[batch->count] = known->id;
            batch->versions[batch->count] = known->version;
            batch->is_over[batch->count] = known->is_over;
            batch->ends[batch->count++] = self->notices.size;
        }
    }
}

static void render(struct instance *self, const struct batch *batch)
{
    const struct alertmanager *all = self->all;
    struct alert_times times = {.now = system_clock.wall(&system_clock), .ends_after_us = all->ends_after_us};
    bool is_first = true;
    size_t begin = 0;
    buffer_clear(&self->body);
    buffer_u8(&self->body, '[');
    for (size_t i = 0; i < batch->count; i++) {
        size_t before = self->body.size;
        if (!is_first) {
            buffer_u8(&self->body, ',');
        }
        times.is_over = batch->is_over[i];
        struct span notice = span_of(self->notices.data + begin, batch->ends[i] - begin);
        begin = batch->ends[i];
        if (alertmanager_body(&self->body, notice, all->labels, &times)) {
            is_first = false;
        } else {
            self->body.size = before;
        }
    }
    buffer_u8(&self->body, ']');
    ASSERT(!self->body.overflow);
}

/* SKIP: refused for what it says. */
static enum outcome judge(const struct instance *self, const struct http_answer *answer, struct reason *why)
{
    long status = answer->status;
    if (status >= 200 && status < 300) {
        return DONE;
    }
    if (status == 400 || status == 413 || status == 422) {
        return FAIL(why, SKIP, REASON_REFUSED, "HTTP %ld from %s", status, http_origin(self->http));
    }
    const char *hint = status == 401 || status == 403   ? ": check alertmanager.username, password and token"
                       : status == 404 || status == 405 ? ": check the path in alertmanager.urls"
                       : status >= 300 && status < 400
                           ? ": redirects are not followed, set alertmanager.urls to where it leads"
                           : "";
    return FAIL(why, RETRY, REASON_UNAVAILABLE, "HTTP %ld from %s%s", status, http_origin(self->http), hint);
}

/* Told, or refused: transitions up to the version that was sent are delivered. Locked. */
static void settle(struct instance *self, const struct batch *batch, enum outcome outcome)
{
    struct alertmanager *all = self->all;
    struct mono_time now = system_clock.mono(&system_clock);
    for (size_t i = 0; i < batch->count; i++) {
        struct known *known = &all->known[batch->places[i]];
        if (known->id != batch->ids[i] || known->version > batch->versions[i]) {
            continue; /* forgotten, or changed since: the next turn tells */
        }
        for (unsigned t = 0; t < ALERT_TRANSITIONS; t++) {
            if (known->tokens[t]) {
                delivery_report(all->delivery, SINK_ALERTMANAGER, known->tokens[t], outcome);
                known->tokens[t] = 0;
                all->counts.waiting--;
                *(outcome == DONE ? &all->counts.accepted : &all->counts.dropped) += 1;
            }
        }
        if (known->is_over && !known->was_heard) {
            known->was_heard = true;
            known->leaves.us = now.us + all->resolved_for_us;
        }
    }
}

/* One request, unlocked meanwhile. */
static enum outcome tell(struct instance *self, const struct batch *batch, struct reason *why)
{
    struct alertmanager *all = self->all;
    struct http_answer answer;
    pthread_mutex_unlock(&all->bell.lock);
    render(self, batch);
    enum outcome told = http_post(self->http, buffer_as_span(&self->body), NULL, &answer, why);
    told = told == DONE ? judge(self, &answer, why) : told;
    self->state = told == RETRY ? NOTIFY_DOWN : NOTIFY_UP;
    pthread_mutex_lock(&all->bell.lock);
    return told;
}

/* Everything that has changed since a version, in as many requests as it takes. An empty list is sent, too, when all is
 * to be told: whether Alertmanager answers should be known before there is an alert. */
static enum outcome tell_since(struct instance *self, uint64_t since, struct reason *why)
{
    struct batch batch;
    size_t at = 0;
    bool is_first = since == 0;
    self->singly = false;
    for (;;) {
        size_t from = at;
        gather(self, since, &at, &batch);
        if (batch.count == 0 && !is_first) {
            return DONE;
        }
        is_first = false;
        enum outcome told = tell(self, &batch, why);
        if (told == SKIP && batch.count > 1) {
            self->singly = true;
            at = from;
            continue;
        }
        if (told == RETRY || self->all->delivery->stop) {
            return RETRY;
        }
        if (told == SKIP) {
            LOG(self->all->delivery->log, LOG_ERROR, "notify", "alertmanager_refuses", LOG_REASON(why));
        }
        settle(self, &batch, told);
    }
}

static void drop_old(struct alertmanager *self, struct mono_time now)
{
    for (size_t i = 0; i < self->used; i++) {
        struct known *known = &self->known[i];
        if (known->id && known->was_heard && known->leaves.us <= now.us) {
            drop(self, known);
        }
    }
}

/* When there will be something to tell. */
static struct mono_time next_turn(const struct instance *self, struct mono_time now)
{
    bool has_news = self->all->version > self->told;
    struct mono_time due = has_news ? now : self->tells_all;
    return due.us > self->rests_until.us ? due : self->rests_until;
}

static void turn(struct instance *self, struct mono_time now)
{
    struct reason why = {REASON_NONE, ""};
    bool all = now.us >= self->tells_all.us;
    uint64_t version = self->all->version;
    drop_old(self->all, now);
    enum outcome told = tell_since(self, all ? 0 : self->told, &why);
    now = system_clock.mono(&system_clock);
    if (told == DONE) {
        self->told = version;
        self->backoff_us = 0;
        self->rests_until.us = 0;
        if (all) {
            self->tells_all.us = now.us + self->all->resend_us;
        }
    } else if (!self->all->delivery->stop) {
        self->all->counts.failed++;
        self->tells_all = now; /* who was away may have forgotten everything */
        self->rests_until.us = now.us + backoff_next(&self->backoff_us, self->all->resend_us);
        LOG(self->all->delivery->log, LOG_WARN, "notify", "alertmanager_failed", LOG_REASON(&why));
    }
}

static void *instance_main(void *context)
{
    struct instance *self = context;
    struct alertmanager *all = self->all;
    pthread_setname_np(pthread_self(), "alertmanager");
    pthread_mutex_lock(&all->bell.lock);
    while (!all->delivery->stop) {
        struct mono_time now = system_clock.mono(&system_clock);
        struct mono_time next = next_turn(self, now);
        bool may = delivery_may_go_on(all->delivery, now);
        if (next.us <= now.us && may) {
            turn(self, now);
        } else {
            bell_wait(&all->bell, may ? next : (struct mono_time){now.us + US_PER_SECOND});
        }
    }
    pthread_mutex_unlock(&all->bell.lock);
    return NULL;
}

/* ---- opening, closing ---- */

static enum outcome open_instance(struct alertmanager *self, struct span url, const struct notify_settings *settings,
                                  struct reason *why)
{
    char text[4096 + sizeof PATH];
    struct instance *instance = &self->instances[self->instance_count];
    while (url.size && url.data[url.size - 1] == '/') {
        url.size--;
    }
    if (url.size > 4096) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "a URL of alertmanager.urls is too long");
    }
    snprintf(text, sizeof text, "%.*s%s", SPAN_FORMAT(url), PATH);
    instance->all = self;
    const struct http_settings http = {.url = text,
                                       .username = settings->alertmanager.username,
                                       .password = settings->alertmanager.password,
                                       .token = settings->alertmanager.token,
                                       .tls_ca = settings->tls_ca,
                                       .timeout_us = settings->alertmanager.timeout_us,
                                       .stop = &self->delivery->stop};
    TRY(http_open(&http, &instance->http, why));
    buffer_init(&instance->notices, BATCH_BYTES_MAX);
    buffer_init(&instance->body, 2 * BATCH_BYTES_MAX);
    self->instance_count++;
    if (pthread_create(&instance->thread, NULL, instance_main, instance) != 0) {
        return FAIL(why, STOP, REASON_FATAL, "a thread cannot be started for Alertmanager");
    }
    instance->started = true;
    return DONE;
}

static enum outcome open_instances(struct alertmanager *self, const struct notify_settings *settings,
                                   struct reason *why)
{
    const char *urls = settings->alertmanager.urls;
    while (*urls) {
        size_t size = strcspn(urls, ",");
        if (self->instance_count == NOTIFY_INSTANCES_MAX) {
            return FAIL(why, STOP, REASON_BAD_CONFIG, "alertmanager.urls has more than %d", NOTIFY_INSTANCES_MAX);
        }
        TRY(open_instance(self, span_of(urls, size), settings, why));
        urls += size + (urls[size] == ',');
    }
    return DONE;
}

enum outcome alertmanager_open(const struct notify_settings *settings, struct delivery *delivery,
                               struct alertmanager **alertmanager, struct reason *why)
{
    struct alertmanager *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->delivery = delivery;
    self->labels = strdup(settings->alertmanager.labels ? settings->alertmanager.labels : "");
    ASSERT(self->labels);
    self->resend_us = settings->alertmanager.resend_us;
    self->ends_after_us = settings->alertmanager.ends_after_us;
    self->resolved_for_us = settings->alertmanager.resolved_for_us;
    bell_init(&self->bell);
    enum outcome opened = open_instances(self, settings, why);
    if (opened != DONE) {
        delivery->stop = true;
        alertmanager_close(self);
        return opened;
    }
    *alertmanager = self;
    return DONE;
}

void alertmanager_close(struct alertmanager *self)
{
    if (!self) {
        return;
    }
    pthread_mutex_lock(&self->bell.lock);
    pthread_cond_broadcast(&self->bell.rung);
    pthread_mutex_unlock(&self->bell.lock);
    for (size_t i = 0; i < self->instance_count; i++) {
        struct instance *instance = &self->instances[i];
        if (instance->started) {
            pthread_join(instance->thread, NULL);
        }
        http_close(instance->http);
        buffer_done(&instance->notices);
        buffer_done(&instance->body);
    }
    for (size_t i = 0; i < self->used; i++) {
        free(self->known[i].body);
    }
    bell_done(&self->bell);
    free(self->labels);
    free(self);
}
