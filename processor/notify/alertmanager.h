/* alertmanager.h - the alerts that Alertmanager's instances hear of, and a thread for each of these.
 *
 * Alertmanager (API v2) is told states, not transitions: every alert that is open again and again, with an end that
 * lies ahead; one that is over with the end it had, for a while. A transition is delivered when one instance has taken
 * the alert as it is from then on: instances are a cluster, and every one is told at its next turn anyway. */
#ifndef SLIPSTREAM_NOTIFY_ALERTMANAGER_H
#define SLIPSTREAM_NOTIFY_ALERTMANAGER_H

#include "delivery.h"

struct alertmanager;
enum outcome alertmanager_open(const struct notify_settings *settings, struct delivery *delivery,
                               struct alertmanager **alertmanager, struct reason *why) MUST_CHECK;
enum outcome alertmanager_post(struct alertmanager *self, const struct notice *notice, uint64_t token,
                               struct reason *why);
void alertmanager_stand(struct alertmanager *self, const struct notice *notice);
void alertmanager_forget(struct alertmanager *self, int32_t partition);
void alertmanager_counts(const struct alertmanager *self, struct notify_counts *counts);
/* After delivery->stop was set. */
void alertmanager_close(struct alertmanager *self);

/* alertmanager_body.c: one alert of API v2's list, appended. False (and nothing appended) when the notice is no JSON
 * object. Labels: alertname (of the kind), episode (the id), and agency, subject, kind, service and channel where the
 * notice has them, beside `labels`. Annotations: summary (text), description, and every other figure there is. */
struct alert_times {
    struct event_time now;
    int64_t ends_after_us;
    bool is_over;
};
bool alertmanager_body(struct buffer *out, struct span notice, const char *labels, const struct alert_times *times);

#endif
