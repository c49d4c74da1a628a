/* fake_store.h - Redis in memory, behind the table of functions in slipstream/store.h, for one thread.
 *
 * Shape: a server that keeps tasks and views and outlives its clients, each of them a struct store. Claims and applies
 * mean what store.h says, and what breaks its contract aborts the test: a field twice in an apply, a reserved one. What
 * goes wrong is asked for call by call, or drawn from the seed by odds. What load hands out is gone when the callback
 * returns, and some of it comes twice, as from HSCAN. */
#ifndef SLIPSTREAM_TESTS_FAKE_STORE_H
#define SLIPSTREAM_TESTS_FAKE_STORE_H

#include "slipstream/store.h"

#include "seeded.h"

/* One in so many goes wrong; 0: none. */
struct fake_store_odds {
    uint64_t refused, reply_lost, load_fails, view_fails;
};

struct fake_redis;
struct fake_redis *fake_redis_open(uint64_t seed);
void fake_redis_close(struct fake_redis *self);
struct fake_store_odds *fake_redis_odds(struct fake_redis *self);
void fake_redis_down(struct fake_redis *self, bool down);
void fake_redis_flush(struct fake_redis *self); /* it comes back empty */
size_t fake_redis_fail_over(struct fake_redis *self,
                            size_t writes); /* the last claims and applies are lost; how many */
void fake_redis_newer(struct fake_redis *self, int32_t partition, bool newer); /* its meta is of a newer format */
/* Called once, when the next apply has reached the server and before it is looked at. */
void fake_redis_before_apply(struct fake_redis *self, void (*hook)(void *context), void *context);

/* What is stored. */
bool fake_redis_has(struct fake_redis *self, int32_t partition); /* an apply was accepted */
uint64_t fake_redis_seq(struct fake_redis *self, int32_t partition);
struct owner fake_redis_owner(struct fake_redis *self, int32_t partition);
struct task_meta *fake_redis_meta(struct fake_redis *self, int32_t partition);
struct span fake_redis_field(struct fake_redis *self, int32_t partition, struct span name); /* data NULL: none */
void fake_redis_set(struct fake_redis *self, int32_t partition, struct span name, struct span value);
void fake_redis_each(struct fake_redis *self, int32_t partition,
                     void (*field)(void *context, struct span name, struct span value), void *context);
size_t fake_redis_count(struct fake_redis *self, int32_t partition,
                        const char *kind);                                    /* fields whose first word it is */
struct span fake_redis_view(struct fake_redis *self, struct span key);        /* data NULL: none */
size_t fake_redis_applies(struct fake_redis *self, enum apply_result result); /* with that answer, heard or not */

/* ---- a client ---- */

enum fake_trouble {
    TROUBLE_NONE,
    TROUBLE_REFUSED,    /* RETRY, and nothing was done */
    TROUBLE_REPLY_LOST, /* RETRY, and it was done */
    TROUBLE_DIES,       /* STOP, and it was done: as when the process ends between the write and its answer */
};
struct store *fake_store_open(struct fake_redis *redis);
void fake_store_next(struct store *self, enum fake_trouble trouble); /* of the next call but write_view */

#endif
