/* store.h - the edge to Redis: a task's state in one hash, claimed and applied with a fence; and the live view.
 *
 * A task is one partition of cx.signals; its state is ONE hash {app:score:PARTITION}: it is there as a whole or not at
 * all. Reserved fields: "owner" "seq" "meta"; all others are the pipeline's. Every write names its owner and the seq it
 * follows; the script checks both, validates everything, and only then writes.
 * Errors: RETRY/unavailable (time-out, LOADING, BUSY, OOM, READONLY, NOREPLICAS, CLUSTERDOWN …), STOP/refused (NOAUTH,
 * NOPERM, a wrong maxmemory-policy, a state format from a newer release). Owner: who opened closes. One a thread.
 * The program ignores SIGPIPE: hiredis writes to a connection that may be gone. */
#ifndef SLIPSTREAM_STORE_H
#define SLIPSTREAM_STORE_H

#include "slipstream/model.h"

struct store_settings {
    struct log *log;
    const char *url;      /* redis://[user@]host[:port][/db] or rediss://… */
    const char *username; /* NULL: none */
    const char *password; /* NULL: none */
    const char *app;      /* first part of every key */
    int64_t timeout_ms;   /* connecting, and for a reply */
};

/* Later claims are greater: epoch = max(stored + 1, wall clock in ms). */
struct owner {
    uint64_t epoch;
    uint64_t random;
};

/* What is stored beside the state, read by a claim and written by every apply. */
struct task_meta {
    int64_t next;         /* offset of cx.signals to read next */
    int32_t leader_epoch; /* of the record before it; -1: not known */
    int32_t partitions;   /* P when it was written */
    int64_t as_of_us;
    int64_t complete_since_us; /* nothing before this time is missing; INT64_MIN: nothing is */
    char cluster_id[64];
    char topic_id[32];
};

struct claim {
    struct owner owner;    /* out: what we are now */
    struct owner previous; /* out: who it was; 0 when nothing was stored */
    bool stored;           /* out: whether there is state: seq and meta mean something */
    uint64_t seq;          /* out */
    struct task_meta meta; /* out */
};

struct state_change {
    struct span field;
    struct span value;
    bool removes; /* value is not used */
};

enum apply_result { APPLY_DONE, APPLY_DUPLICATE, APPLY_FENCED, APPLY_GAP, APPLY_FAILED, APPLY_RESULTS };
extern const char *const apply_result_words[APPLY_RESULTS];

struct apply {
    int32_t partition;
    struct owner owner;
    uint64_t seq; /* what is stored now, as we believe; the apply writes seq + 1 */
    struct task_meta meta;
    const struct state_change *changes; /* at most 500,000 and 256 MiB, else STOP/full; a field once */
    size_t change_count;
    enum apply_result result; /* out */
};

/* One value of the view, a plain key. "view:AGENCY" also puts the agency's name on the list. */
struct view_change {
    struct span key; /* without the app's prefix, 1 to 1,024 bytes: "view:AGENCY" */
    struct span value;
};

struct store;
struct store_ops {
    enum outcome (*claim)(struct store *self, int32_t partition, struct event_time now, struct claim *claim,
                          struct reason *why);
    /* What a claim would tell of the state, without claiming: stored, seq, meta. */
    enum outcome (*peek)(struct store *self, int32_t partition, struct claim *claim, struct reason *why);
    /* Hands out every field of the task's state but the reserved ones; HSCAN, so a field may come twice. */
    enum outcome (*load)(struct store *self, int32_t partition,
                         enum outcome (*field)(void *context, struct span name, struct span value, struct reason *why),
                         void *context, struct reason *why);
    /* One fenced call a task, sent together (in groups of 64 MiB) before the replies are read. DONE when every one has
     * a result other than APPLY_FAILED; else RETRY (results say which: an unknown one may have been written, and says
     * DUPLICATE when sent again, so it is sent again as it was) or STOP. */
    enum outcome (*apply)(struct store *self, struct apply *applies, size_t count, struct reason *why);
    enum outcome (*write_view)(struct store *self, const struct view_change *changes, size_t count, struct reason *why);
    /* The value of a view key; SKIP when it is not there, STOP/full when it does not fit. */
    enum outcome (*read_view)(struct store *self, struct span key, struct buffer *value, struct reason *why);
    /* Answers, right settings (maxmemory-policy noeviction), right version. */
    enum outcome (*ping)(struct store *self, struct reason *why);
    void (*close)(struct store *self);
};
struct store {
    const struct store_ops *ops;
};
/* Does not connect: the first call does, and every call after an error connects again. After an attempt that failed,
 * calls say the same again at once for 100 ms, doubling to 2 s. What username and password say goes before the URL. */
enum outcome redis_store_open(const struct store_settings *settings, struct store **store,
                              struct reason *why) MUST_CHECK;

/* Reading, for subcommands: the value of a view key (SKIP when it is not there), and the agencies' names in the list.
 */
enum outcome redis_view_read(struct store *store, struct span key, struct buffer *value, struct reason *why) MUST_CHECK;
enum outcome redis_view_list(struct store *store, struct buffer *json_array, struct reason *why) MUST_CHECK;

#endif
