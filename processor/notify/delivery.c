/* delivery.c - what the sinks' threads share. */
#include "delivery.h"

#include <stdlib.h>
#include <time.h>

#define BACKOFF_LEAST_US US_PER_SECOND

void delivery_init(struct delivery *self, struct log *log, int64_t lease_us)
{
    *self = (struct delivery){.log = log, .lease_us = lease_us, .served_us = system_clock.mono(&system_clock).us};
    pthread_mutex_init(&self->lock, NULL);
}

void delivery_done(struct delivery *self)
{
    pthread_mutex_destroy(&self->lock);
    free(self->reports);
}

void delivery_report(struct delivery *self, enum alert_sink sink, uint64_t token, enum outcome outcome)
{
    pthread_mutex_lock(&self->lock);
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->reports = realloc(self->reports, self->capacity * sizeof *self->reports);
        ASSERT(self->reports);
    }
    self->reports[self->count++] = (struct delivered){sink, token, outcome};
    pthread_mutex_unlock(&self->lock);
}

bool delivery_may_go_on(const struct delivery *self, struct mono_time now)
{
    return now.us - self->served_us < self->lease_us;
}

void bell_init(struct bell *self)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&self->rung, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&self->lock, NULL);
}

void bell_done(struct bell *self)
{
    pthread_cond_destroy(&self->rung);
    pthread_mutex_destroy(&self->lock);
}

void bell_wait(struct bell *self, struct mono_time until)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_us = (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
    int64_t wait_us = until.us - system_clock.mono(&system_clock).us;
    wait_us = wait_us < 0 ? 0 : wait_us > US_PER_SECOND ? US_PER_SECOND : wait_us;
    int64_t at_us = now_us + wait_us;
    const struct timespec at = {at_us / US_PER_SECOND, at_us % US_PER_SECOND * 1000};
    pthread_cond_timedwait(&self->rung, &self->lock, &at);
}

int64_t backoff_next(int64_t *backoff_us, int64_t most_us)
{
    int64_t rest = *backoff_us ? *backoff_us * 2 : BACKOFF_LEAST_US;
    *backoff_us = rest > most_us ? most_us : rest;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t chance = (uint64_t)now.tv_nsec * UINT64_C(0x9e3779b97f4a7c15) >> 11;
    return *backoff_us / 2 + (int64_t)(chance % (uint64_t)(*backoff_us / 2 + 1));
}
