/* notify.h - those who are told of alerts beside the topic: Alertmanager's instances, and a webhook.
 *
 * What is told is a notice: the alert as JSON (schemas/README.md, "The webhook"). A transition is posted once to each
 * sink and stays the caller's until `delivered` says that the sink has it: what is queued here is a copy that may be
 * lost. An alert that is open is told as it stands, again and again, since Alertmanager forgets what it does not hear
 * of.
 *
 * The caller is one thread; a table of functions, so that the stages run against a fake, too. Behind it every instance
 * of Alertmanager and the webhook have a thread and a connection of their own: one that is slow or away holds up no
 * other, and no call here waits for it. A notifier whose caller has not served it for its lease tells nobody
 * anything: it may have been stopped, and another may own its alerts by now. Bounds: NOTIFY_ALERTS_MAX alerts for
 * Alertmanager, NOTIFY_QUEUE_MAX notices for the webhook, 64 KiB of an answer. Errors: delivered with DONE: it has it.
 * SKIP: it will never have it (refused, given up); told in the log and counted. Secrets are in no text, no log line;
 * answers' bodies neither. Only http and https; redirects are not followed. */
#ifndef SLIPSTREAM_NOTIFY_H
#define SLIPSTREAM_NOTIFY_H

#include "slipstream/model.h"

#define NOTIFY_ALERTS_MAX    4096
#define NOTIFY_QUEUE_MAX     256
#define NOTIFY_INSTANCES_MAX 8
#define NOTIFY_BODY_MAX      ((size_t)48 << 10)

/* Who has to acknowledge an alert. The numbers are stored: add at the end only. The topic is not this module's. */
enum alert_sink { SINK_TOPIC, SINK_ALERTMANAGER, SINK_WEBHOOK, ALERT_SINKS };
extern const char *const alert_sink_words[ALERT_SINKS];
#define SINK_BIT(sink) (1u << (sink))

struct notice {
    int32_t partition;                /* its owner's: forgotten with it */
    uint64_t id;                      /* of the alert: one episode */
    enum alert_transition transition; /* ALERT_NONE: as it stands */
    struct span body;                 /* a JSON object, NOTIFY_BODY_MAX bytes at most */
};

enum notify_state { NOTIFY_UNKNOWN /* never asked */, NOTIFY_DOWN, NOTIFY_UP };

/* What a sink was told so far; `waiting` transitions are queued here. */
struct notify_counts {
    int64_t accepted, failed, dropped; /* transitions, attempts, transitions */
    int64_t waiting;
    enum notify_state state; /* of several instances the worst */
};

struct notifier;
struct notifier_ops {
    /* A transition. RETRY: the sink's queue is full, post it again later. token: not 0; given to `delivered` in a call
     * to serve, unless the partition is forgotten before. */
    enum outcome (*post)(struct notifier *self, enum alert_sink sink, const struct notice *notice, uint64_t token,
                         struct reason *why);
    /* An alert that is open, as it is now. */
    void (*stand)(struct notifier *self, const struct notice *notice);
    /* The partition is another's: nothing more is told of its alerts. */
    void (*forget)(struct notifier *self, int32_t partition);
    /* Hands over what was delivered, and says that the caller lives. */
    void (*serve)(struct notifier *self);
    void (*counts)(const struct notifier *self, enum alert_sink sink, struct notify_counts *counts);
    void (*close)(struct notifier *self);
};
struct notifier {
    const struct notifier_ops *ops;
    unsigned sinks; /* SINK_BIT of those there are */
};

struct notify_settings {
    struct log *log;
    void *context;
    void (*delivered)(void *context, enum alert_sink sink, uint64_t token, enum outcome outcome);
    struct {
        const char *urls;                        /* comma-separated; NULL: none */
        const char *username, *password, *token; /* NULL: none */
        const char *labels;                      /* "name=value,name=value"; NULL: none */
        int64_t timeout_us, resend_us, ends_after_us, resolved_for_us;
    } alertmanager;
    struct {
        const char *url; /* NULL: none */
        const char *secret;
        int64_t timeout_us, backoff_max_us, give_up_us;
    } webhook;
    const char *tls_ca; /* file; NULL: the system's */
    int64_t lease_us;
};
/* The settings' texts are copied. */
enum outcome notify_open(const struct notify_settings *settings, struct notifier **notifier,
                         struct reason *why) MUST_CHECK;

/* The signature of a webhook's body: "t=SECONDS,v1=HEX", HEX the HMAC-SHA256 of "SECONDS.BODY" under the secret. */
#define NOTIFY_SIGNATURE_SIZE 96
void notify_sign(const char *secret, int64_t seconds, struct span body, char signature[NOTIFY_SIGNATURE_SIZE]);

#endif
