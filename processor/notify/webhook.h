/* webhook.h - the receiver of signed JSON: a bounded queue, and the thread that empties it in order.
 *
 * One notice at a time. What fails is tried again with growing rests, and holds up those behind it, for webhook.give_up
 * at most; a status that will not change (4xx but 408 and 429) drops it at once. */
#ifndef SLIPSTREAM_NOTIFY_WEBHOOK_H
#define SLIPSTREAM_NOTIFY_WEBHOOK_H

#include "delivery.h"

struct webhook;
enum outcome webhook_open(const struct notify_settings *settings, struct delivery *delivery, struct webhook **webhook,
                          struct reason *why) MUST_CHECK;
enum outcome webhook_post(struct webhook *self, const struct notice *notice, uint64_t token, struct reason *why);
void webhook_forget(struct webhook *self, int32_t partition);
void webhook_counts(const struct webhook *self, struct notify_counts *counts);
/* After delivery->stop was set. */
void webhook_close(struct webhook *self);

#endif
