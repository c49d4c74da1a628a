#include "slipstream/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "log_line.h"
#include "slipstream/base/hash.h"

#define QUIET_US     (10 * US_PER_SECOND) /* the same event at most once in this time */
#define EVENT_SLOTS  512                  /* events remembered; there are about a hundred event names in the program */
#define EVENT_PROBES 8

/* One event as the limit knows it: level, component, name, and the reason if it has one. */
struct event {
    uint64_t key;           /* hash; 0: a free slot */
    struct mono_time since; /* when it was last written */
    uint64_t left_out;      /* lines held back since then */
};

struct log {
    int descriptor;
    enum log_format format;
    const struct clock *clock;
    _Atomic(enum log_level) level;
    _Atomic(uint64_t) counts[LOG_LEVELS];
    pthread_mutex_t lock;             /* over events */
    struct event events[EVENT_SLOTS]; /* when a slot's neighbourhood is full, the event written longest ago goes */
};

const char *log_level_word(enum log_level level)
{
    static const char *const words[LOG_LEVELS] = {"error", "warn", "info", "debug"};
    ASSERT((unsigned)level < LOG_LEVELS);
    return words[level];
}

struct log *log_open(enum log_level level, enum log_format format, int descriptor)
{
    struct log *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->descriptor = descriptor;
    self->format = format;
    self->clock = &system_clock;
    self->level = level;
    int failed = pthread_mutex_init(&self->lock, NULL);
    ASSERT(failed == 0);
    return self;
}

void log_close(struct log *self)
{
    if (self == NULL) {
        return;
    }
    pthread_mutex_destroy(&self->lock);
    free(self);
}

void log_set_level(struct log *self, enum log_level level)
{
    if (self != NULL) {
        self->level = level;
    }
}

void log_set_clock(struct log *self, const struct clock *clock)
{
    if (self != NULL) {
        self->clock = clock;
    }
}

uint64_t log_count(const struct log *self, enum log_level level)
{
    ASSERT((unsigned)level < LOG_LEVELS);
    return self != NULL ? self->counts[level] : 0;
}

static uint64_t event_key(enum log_level level, const char *component, const char *msg, const struct log_pair *pairs,
                          size_t count)
{
    uint64_t key = hash64(span_text(component), (uint64_t)level);
    key = hash64(span_text(msg), key);
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].kind == LOG_PAIR_TEXT && pairs[i].value.text != NULL && strcmp(pairs[i].key, "reason") == 0) {
            key = hash64(span_text(pairs[i].value.text), key);
        }
    }
    return key != 0 ? key : 1;
}

/* The event's slot, or the one to take for it: a free one, else the one written longest ago. */
static struct event *event_find(struct log *self, uint64_t key)
{
    struct event *oldest = &self->events[key % EVENT_SLOTS];
    for (uint64_t i = 0; i < EVENT_PROBES; i++) {
        struct event *event = &self->events[(key + i) % EVENT_SLOTS];
        if (event->key == key || event->key == 0) {
            return event;
        }
        if (event->since.us < oldest->since.us) {
            oldest = event;
        }
    }
    return oldest;
}

/* Whether this line may be written now; if so, how many like it were held back before. */
static bool event_admit(struct log *self, uint64_t key, struct mono_time now, uint64_t *left_out)
{
    pthread_mutex_lock(&self->lock);
    struct event *event = event_find(self, key);
    bool known = event->key == key;
    bool admitted = !known || now.us - event->since.us >= QUIET_US;
    if (admitted) {
        *left_out = known ? event->left_out : 0;
        *event = (struct event){.key = key, .since = now};
    } else {
        event->left_out++;
    }
    pthread_mutex_unlock(&self->lock);
    return admitted;
}

/* One write a line, so that lines of several threads and programs do not mix. What a full or broken descriptor does
 * not take is lost: there is nobody to tell. */
static void write_line(int descriptor, const struct log_line *line)
{
    ssize_t written;
    do {
        written = write(descriptor, line->text, line->size);
    } while (written < 0 && errno == EINTR);
}

void log_write(struct log *self, enum log_level level, const char *component, const char *msg,
               const struct log_pair *pairs, size_t count)
{
    ASSERT((unsigned)level < LOG_LEVELS);
    if (self == NULL || level > self->level) {
        return;
    }
    self->counts[level]++;
    uint64_t left_out = 0;
    if (level != LOG_DEBUG &&
        !event_admit(self, event_key(level, component, msg, pairs, count), self->clock->mono(self->clock), &left_out)) {
        return;
    }
    char now[CLOCK_TEXT_SIZE];
    struct log_pair head[] = {
        LOG_TEXT("ts", clock_format(self->clock->wall(self->clock), true, now)),
        LOG_TEXT("level", log_level_word(level)),
        LOG_TEXT("msg", msg),
        LOG_TEXT("component", component),
    };
    struct log_line line;
    log_line_begin(&line, self->format);
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        log_line_pair(&line, &head[i]);
    }
    for (size_t i = 0; i < count; i++) {
        log_line_pair(&line, &pairs[i]);
    }
    log_line_end(&line, left_out);
    write_line(self->descriptor, &line);
}
