#include "asking.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "fetch.h"

enum state { FREE, ASKED, UNDER_WAY, ANSWERED };

struct request {
    enum state state;
    struct schema_ref ref;
    uint64_t turn; /* the least is asked next; of answers: given up first */
    bool failed;   /* at least once: said says how the last time */
    enum outcome outcome;
    char *text; /* owned, of an answer that is DONE */
    size_t size;
    struct reason said;
};

struct asking {
    struct registry_http *http;
    int64_t patience_us;
    pthread_mutex_t lock; /* over all that follows */
    pthread_cond_t work, answers;
    pthread_t thread;
    bool running, stopping;
    bool is_impatient; /* a wait was in vain */
    struct request requests[REGISTRY_REQUESTS_MAX];
    uint64_t turns;
    int64_t backoff_us; /* 0: the last request was answered */
    int64_t again_us;   /* not asked before */
    struct reason trouble;
};

static int64_t now_us(void)
{
    return system_clock.mono(&system_clock).us;
}

/* A wait until a moment of the monotonic clock. */
static void wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until_us)
{
    struct timespec until = {.tv_sec = until_us / US_PER_SECOND, .tv_nsec = until_us % US_PER_SECOND * 1000};
    (void)pthread_cond_timedwait(condition, lock, &until);
}

/* ---- the thread ---- */

static struct request *next_asked(struct asking *self)
{
    struct request *next = NULL;
    for (size_t i = 0; i < REGISTRY_REQUESTS_MAX; i++) {
        struct request *request = &self->requests[i];
        if (request->state == ASKED && (next == NULL || request->turn < next->turn)) {
            next = request;
        }
    }
    return next;
}

/* The request stays; so do all others, since it is the registry that does not answer. */
static void put_off(struct asking *self, struct request *request, const struct reason *said)
{
    const int64_t most = REGISTRY_RETRY_MAX_MS * US_PER_MS;
    request->state = ASKED;
    request->turn = ++self->turns;
    request->failed = true;
    request->said = *said;
    self->trouble = *said;
    self->backoff_us = self->backoff_us == 0 ? REGISTRY_RETRY_FIRST_MS * US_PER_MS : self->backoff_us * 2;
    self->backoff_us = self->backoff_us < most ? self->backoff_us : most;
    int64_t now = now_us();
    int64_t spread = now % (self->backoff_us / 4); /* several instances shall not come at the same moments */
    self->again_us = now + self->backoff_us - spread;
}

static void take_answer(struct asking *self, struct request *request, const struct request *answer)
{
    if (answer->outcome != DONE && answer->outcome != SKIP) {
        put_off(self, request, &answer->said);
        return;
    }
    request->state = ANSWERED;
    request->turn = ++self->turns;
    request->outcome = answer->outcome;
    request->text = answer->text;
    request->size = answer->size;
    request->said = answer->said;
    self->backoff_us = 0;
    self->again_us = 0;
    self->is_impatient = false;
}

static void *run(void *context)
{
    struct asking *self = context;
    pthread_mutex_lock(&self->lock);
    while (!self->stopping) {
        struct request *request = next_asked(self);
        if (request == NULL) {
            pthread_cond_wait(&self->work, &self->lock);
            continue;
        }
        if (now_us() < self->again_us) {
            wait_until(&self->work, &self->lock, self->again_us);
            continue;
        }
        struct request answer = {.ref = request->ref, .said = {REASON_NONE, ""}};
        request->state = UNDER_WAY;
        pthread_mutex_unlock(&self->lock);
        answer.outcome = fetch_schema(self->http, &answer.ref, &answer.text, &answer.size, &answer.said);
        pthread_mutex_lock(&self->lock);
        take_answer(self, request, &answer);
        pthread_cond_broadcast(&self->answers);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

/* ---- opening ---- */

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    ASSERT(pthread_condattr_init(&attributes) == 0);
    ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(condition, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}

enum outcome asking_open(const struct registry_settings *settings, struct asking **asking, struct reason *why)
{
    struct asking *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return FAIL(why, STOP, REASON_FULL, "no memory for the registry's requests");
    }
    enum outcome opened = registry_http_open(settings, &self->http, why);
    if (opened != DONE) {
        free(self);
        return opened;
    }
    self->patience_us = settings->patience_ms * US_PER_MS;
    ASSERT(pthread_mutex_init(&self->lock, NULL) == 0);
    init_condition(&self->work);
    init_condition(&self->answers);
    *asking = self;
    return DONE;
}

void asking_close(struct asking *self)
{
    if (self == NULL) {
        return;
    }
    pthread_mutex_lock(&self->lock);
    self->stopping = true;
    pthread_cond_broadcast(&self->work);
    pthread_mutex_unlock(&self->lock);
    registry_http_stop(self->http);
    if (self->running) {
        pthread_join(self->thread, NULL);
    }
    for (size_t i = 0; i < REGISTRY_REQUESTS_MAX; i++) {
        free(self->requests[i].text);
    }
    registry_http_close(self->http);
    pthread_cond_destroy(&self->work);
    pthread_cond_destroy(&self->answers);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

/* ---- the other side ---- */

static struct request *find(struct asking *self, const struct schema_ref *ref)
{
    for (size_t i = 0; i < REGISTRY_REQUESTS_MAX; i++) {
        struct request *request = &self->requests[i];
        if (request->state != FREE && schema_ref_equal(&request->ref, ref)) {
            return request;
        }
    }
    return NULL;
}

/* A free entry, or the oldest answer that nobody came for; NULL: all are waited for. */
static struct request *find_room(struct asking *self)
{
    struct request *room = NULL;
    for (size_t i = 0; i < REGISTRY_REQUESTS_MAX; i++) {
        struct request *request = &self->requests[i];
        if (request->state == FREE) {
            return request;
        }
        if (request->state == ANSWERED && (room == NULL || request->turn < room->turn)) {
            room = request;
        }
    }
    return room;
}

static void clear(struct request *request)
{
    free(request->text);
    *request = (struct request){.state = FREE};
}

/* Nothing needs the thread until the first schema is asked for. */
static enum outcome start(struct asking *self, struct reason *why)
{
    if (!self->running && pthread_create(&self->thread, NULL, run, self) != 0) {
        return FAIL(why, RETRY, REASON_FULL, "no thread to ask the registry");
    }
    self->running = true;
    return DONE;
}

static enum outcome ask(struct asking *self, const struct schema_ref *ref, struct request **asked, struct reason *why)
{
    struct request *request = find_room(self);
    if (request == NULL) {
        return FAIL(why, RETRY, REASON_FULL, "%d schemas are asked for already, at %s", REGISTRY_REQUESTS_MAX,
                    registry_http_url(self->http));
    }
    TRY(start(self, why));
    clear(request);
    request->state = ASKED;
    request->ref = *ref;
    request->turn = ++self->turns;
    pthread_cond_signal(&self->work);
    *asked = request;
    return DONE;
}

/* Until it is answered, or it is known that it will take longer. */
static void await(struct asking *self, const struct request *request)
{
    int64_t until = now_us() + self->patience_us;
    while (request->state != ANSWERED && !request->failed && self->backoff_us == 0 && !self->is_impatient) {
        if (now_us() >= until) {
            self->is_impatient = true;
            return;
        }
        wait_until(&self->answers, &self->lock, until);
    }
}

static enum outcome take(struct asking *self, const struct schema_ref *ref, char **text, size_t *size,
                         struct reason *why)
{
    struct request *request = find(self, ref);
    if (request == NULL) {
        TRY(ask(self, ref, &request, why));
        ASSERT(request);
    }
    await(self, request);
    if (request->state == ANSWERED) {
        enum outcome outcome = request->outcome;
        if (outcome == DONE) {
            *text = request->text;
            *size = request->size;
            request->text = NULL;
        } else if (why != NULL) {
            *why = request->said;
        }
        clear(request);
        return outcome;
    }
    if (request->failed || self->backoff_us > 0) {
        const struct reason *said = request->failed ? &request->said : &self->trouble;
        return FAIL(why, RETRY, said->code, "%s", said->text);
    }
    char name[SCHEMA_REF_TEXT_SIZE];
    return FAIL(why, RETRY, REASON_UNAVAILABLE, "%s has been asked for %s and has not answered yet",
                registry_http_url(self->http), schema_ref_text(ref, name));
}

enum outcome asking_take(struct asking *self, const struct schema_ref *ref, char **text, size_t *size,
                         struct reason *why)
{
    pthread_mutex_lock(&self->lock);
    enum outcome taken = take(self, ref, text, size, why);
    pthread_mutex_unlock(&self->lock);
    return taken;
}

bool asking_settled(struct asking *self, const struct schema_ref *ref)
{
    pthread_mutex_lock(&self->lock);
    const struct request *request = find(self, ref);
    bool settled = request != NULL ? request->state == ANSWERED : find_room(self) != NULL;
    pthread_mutex_unlock(&self->lock);
    return settled;
}

enum outcome asking_trouble(struct asking *self, struct reason *why)
{
    pthread_mutex_lock(&self->lock);
    enum outcome outcome = DONE;
    if (self->backoff_us > 0) {
        outcome = FAIL(why, RETRY, self->trouble.code, "%s", self->trouble.text);
    }
    pthread_mutex_unlock(&self->lock);
    return outcome;
}
