/* delivery.h - what the sinks' threads share: whether to go on, and what they have to report to the caller's thread. */
#ifndef SLIPSTREAM_NOTIFY_DELIVERY_H
#define SLIPSTREAM_NOTIFY_DELIVERY_H

#include "http.h"

#include <pthread.h>

struct delivered { /* reported by the next serve */
    enum alert_sink sink;
    uint64_t token;
    enum outcome outcome;
};
struct delivery {
    struct log *log;
    int64_t lease_us;
    atomic_bool stop;
    _Atomic int64_t served_us; /* mono: when the caller was last heard of */
    pthread_mutex_t lock;      /* over what follows */
    struct delivered *reports;
    size_t count, capacity; /* as many as were posted and not reported, at most */
};
void delivery_init(struct delivery *self, struct log *log, int64_t lease_us);
void delivery_done(struct delivery *self);
void delivery_report(struct delivery *self, enum alert_sink sink, uint64_t token, enum outcome outcome);
/* Whether the caller still lives, as far as can be known. */
bool delivery_may_go_on(const struct delivery *self, struct mono_time now);

/* A condition that waits by the monotonic clock, and its mutex. */
struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rung;
};
void bell_init(struct bell *self);
void bell_done(struct bell *self);
/* Locked; returns when it was rung, at the time, or within a second: so that nothing is missed for long. */
void bell_wait(struct bell *self, struct mono_time until);

/* Doubles a rest, from a second or `most` on; what to wait is between half of it and all, so that many who failed at
 * once do not come back at once. */
int64_t backoff_next(int64_t *backoff_us, int64_t most_us);

struct sink_counts {
    _Atomic int64_t accepted, failed, dropped, waiting;
};

#endif
