/* methods.c - the slot that the scoring in force is in. A swap leaves those that hold the old one undisturbed. */
#include "slipstream/pipeline.h"

#include <pthread.h>
#include <stdlib.h>

struct held_methods {
    struct methods methods;           /* first: what is handed out */
    struct scoring *scoring, *shadow; /* owned */
    unsigned holders;                 /* the slot is one of them while this is the newest */
};
struct method_slot {
    pthread_mutex_t lock; /* over holders, and who is the newest */
    struct held_methods *newest;
    _Atomic(const struct methods *) known; /* the same, for a look without the lock */
};

static struct held_methods *make(struct scoring *scoring, struct scoring *shadow)
{
    struct held_methods *made = calloc(1, sizeof *made);
    ASSERT(made);
    *made = (struct held_methods){{scoring, shadow}, scoring, shadow, 1};
    return made;
}

/* With the lock. */
static void let_go(struct held_methods *held)
{
    ASSERT(held->holders > 0);
    if (--held->holders == 0) {
        scoring_close(held->scoring);
        scoring_close(held->shadow);
        free(held);
    }
}

struct method_slot *method_slot_open(struct scoring *scoring, struct scoring *shadow)
{
    struct method_slot *self = calloc(1, sizeof *self);
    ASSERT(self);
    pthread_mutex_init(&self->lock, NULL);
    self->newest = make(scoring, shadow);
    self->known = &self->newest->methods;
    return self;
}

void method_slot_swap(struct method_slot *self, struct scoring *scoring, struct scoring *shadow)
{
    struct held_methods *made = make(scoring, shadow);
    pthread_mutex_lock(&self->lock);
    let_go(self->newest);
    self->newest = made;
    self->known = &made->methods;
    pthread_mutex_unlock(&self->lock);
}

const struct methods *method_slot_hold(struct method_slot *self)
{
    pthread_mutex_lock(&self->lock);
    struct held_methods *held = self->newest;
    held->holders++;
    pthread_mutex_unlock(&self->lock);
    return &held->methods;
}

void method_slot_release(struct method_slot *self, const struct methods *held)
{
    pthread_mutex_lock(&self->lock);
    let_go((struct held_methods *)(uintptr_t)held);
    pthread_mutex_unlock(&self->lock);
}

/* What is held is not freed, so no newer one can have its address. */
bool method_slot_has_newer(struct method_slot *self, const struct methods *held)
{
    return self->known != held;
}

void method_slot_close(struct method_slot *self)
{
    if (self) {
        ASSERT(self->newest->holders == 1);
        let_go(self->newest);
        pthread_mutex_destroy(&self->lock);
        free(self);
    }
}
