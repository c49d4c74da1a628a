/* letter_replay.h - dead letters back onto the topics they came from, each once.
 *
 * A transaction carries up to REPLAY_BATCH messages, with their original keys, bytes, headers, times and partitions,
 * and for every partition of the topic of dead letters a record of which letters they were: the one is there exactly
 * when the other is. All replays of an app share one transactional id, and take it over before they read what was
 * replayed: an earlier one that still runs can commit nothing from then on (STOP/fenced). So no letter is replayed
 * twice, however often and wherever replays are started, killed and started again.
 *
 * Bounds: a batch's copies, REPLAY_BYTES. Errors: STOP/fenced, STOP/refused; RETRY/unavailable after a minute of
 * trying. */
#ifndef SLIPSTREAM_MAIN_LETTER_REPLAY_H
#define SLIPSTREAM_MAIN_LETTER_REPLAY_H

#include "letter_filter.h"
#include "slipstream/kafka.h"

#define REPLAY_BATCH 1000
#define REPLAY_BYTES ((size_t)8 << 20)

/* What became of the letters that were asked for. */
struct replay_counts {
    size_t topics[CHANNELS]; /* replayed, by the channel of their topic; in a dry run: would be */
    size_t before;           /* replayed by an earlier run */
    size_t cut;              /* not whole */
    size_t again;            /* replayed too often already */
    size_t elsewhere;        /* of a topic that is not one of ours */
    size_t hopeless;         /* too_late, and not asked for by that name */
    size_t too_large;        /* refused by their topic, for their size */
};
size_t replay_total(const struct replay_counts *self);

struct replay_settings {
    struct kafka_settings kafka;
    const char *transactional_id;
    const char *const *topics; /* by channel */
    const char *deadletter;
    unsigned replays_max; /* of one message, over all its letters */
    bool hopeless_too;
    bool dry_run;
};
struct replay;
/* Unless it is a dry run: takes over. Before what was replayed is read. */
enum outcome replay_open(const struct replay_settings *settings, struct replay **replay, struct reason *why) MUST_CHECK;
enum outcome replay_add(struct replay *self, const struct found_letter *found, struct reason *why) MUST_CHECK;
/* What is still in the batch. */
enum outcome replay_flush(struct replay *self, struct reason *why) MUST_CHECK;
const struct replay_counts *replay_counts(const struct replay *self);
void replay_close(struct replay *self);

#endif
