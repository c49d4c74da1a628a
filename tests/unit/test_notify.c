/* test_notify.c - the webhook and Alertmanager's instances as the other end sees them, whatever that end does.
 *
 * Oracle: the bytes that a socket received (support/fake_receiver.h); jansson; signatures made by `openssl dgst`.
 * Threads are real here, and so is the clock: every wait is for a condition, with a deadline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <time.h>

#include "fake_receiver.h"
#include "slipstream/notify.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define MS          US_PER_MS
#define DEADLINE_US (10 * US_PER_SECOND)
#define SECRET      "s3cret-key-of-the-webhook"
#define PASSWORD    "s3cret-password"
#define REPORTS_MAX 1024
#define FOR_EVER_US (100 * US_PER_SECOND)

/* Everything of one test: receivers, the notifier, what was reported, and the log. */
struct heard {
    struct fake_receiver receivers[2];
    struct notifier *notifier;
    struct {
        enum alert_sink sink;
        uint64_t token;
        enum outcome outcome;
    } reports[REPORTS_MAX];
    size_t count;
    struct log *log;
    char path[64];
    int descriptor;
};

static void on_delivered(void *context, enum alert_sink sink, uint64_t token, enum outcome outcome)
{
    struct heard *self = context;
    assert_true(self->count < REPORTS_MAX);
    self->reports[self->count].sink = sink;
    self->reports[self->count].token = token;
    self->reports[self->count++].outcome = outcome;
}

static struct heard *hear(enum manner manner, const char *head)
{
    struct heard *self = calloc(1, sizeof *self);
    assert_non_null(self);
    assert_true(fake_receiver_start(&self->receivers[0], manner, head));
    assert_true(fake_receiver_start(&self->receivers[1], manner, head));
    snprintf(self->path, sizeof self->path, "/tmp/slipstream-notify-XXXXXX");
    self->descriptor = mkstemp(self->path);
    assert_true(self->descriptor >= 0);
    self->log = log_open(LOG_DEBUG, LOG_LOGFMT, self->descriptor);
    return self;
}

/* What was logged; secrets are not. */
static void check_log(struct heard *self, const char *says)
{
    char text[65536];
    ssize_t size = pread(self->descriptor, text, sizeof text - 1, 0);
    assert_true(size >= 0);
    text[size] = '\0';
    assert_null(strstr(text, "s3cret"));
    if (says && !strstr(text, says)) {
        fail_msg("the log does not say %s:\n%s", says, text);
    }
}

static void done_hearing(struct heard *self)
{
    if (self->notifier) {
        self->notifier->ops->close(self->notifier);
    }
    check_log(self, NULL);
    fake_receiver_stop(&self->receivers[0]);
    fake_receiver_stop(&self->receivers[1]);
    log_close(self->log);
    close(self->descriptor);
    unlink(self->path);
    free(self);
}

static struct notify_settings base_settings(struct heard *self)
{
    return (struct notify_settings){
        .log = self->log, .context = self, .delivered = on_delivered, .lease_us = FOR_EVER_US};
}

static void open_webhook(struct heard *self, int64_t give_up_us)
{
    char url[64];
    struct reason why;
    struct notify_settings settings = base_settings(self);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/hook?key=s3cret", self->receivers[0].port);
    settings.webhook.url = url;
    settings.webhook.secret = SECRET;
    settings.webhook.timeout_us = 300 * MS;
    settings.webhook.backoff_max_us = 20 * MS;
    settings.webhook.give_up_us = give_up_us;
    assert_int_equal(notify_open(&settings, &self->notifier, &why), DONE);
    assert_int_equal(self->notifier->sinks, SINK_BIT(SINK_WEBHOOK));
}

static struct notify_settings alertmanager_settings(struct heard *self, char urls[128])
{
    struct notify_settings settings = base_settings(self);
    snprintf(urls, 128, "http://127.0.0.1:%u/am/,http://127.0.0.1:%u", self->receivers[0].port,
             self->receivers[1].port);
    settings.alertmanager.urls = urls;
    settings.alertmanager.labels = "severity=warning,team=cx";
    settings.alertmanager.timeout_us = 300 * MS;
    settings.alertmanager.resend_us = 50 * MS;
    settings.alertmanager.ends_after_us = 240 * US_PER_SECOND;
    settings.alertmanager.resolved_for_us = 200 * MS;
    return settings;
}

static void open_alertmanager(struct heard *self)
{
    char urls[128];
    struct reason why;
    struct notify_settings settings = alertmanager_settings(self, urls);
    assert_int_equal(notify_open(&settings, &self->notifier, &why), DONE);
    assert_int_equal(self->notifier->sinks, SINK_BIT(SINK_ALERTMANAGER));
}

/* Serves until a condition holds; false at the deadline. */
#define UNTIL(self, condition)                                                                                         \
    do {                                                                                                               \
        int64_t until_us = system_clock.mono(&system_clock).us + DEADLINE_US;                                          \
        while (!(condition)) {                                                                                         \
            if (system_clock.mono(&system_clock).us > until_us) {                                                      \
                fail_msg("%s: not within the deadline", #condition);                                                   \
            }                                                                                                          \
            nanosleep(&(const struct timespec){0, 1000 * 1000}, NULL);                                                 \
            (self)->notifier->ops->serve((self)->notifier);                                                            \
        }                                                                                                              \
    } while (0)

static const char *body_of(uint64_t id, const char *closed_at, char body[512])
{
    snprintf(body, 512,
             "{\"transition\":\"opened\",\"id\":\"%016llx\",\"agency\":\"tax \\\"north\\\"\",\"subject\":\"cx\","
             "\"kind\":\"silent_channel\",\"state\":\"firing\",\"opened_at\":\"2026-11-22T09:00:00Z\"%s%s%s,"
             "\"target\":71.5,\"estimate\":{\"value\":50,\"n\":100},\"nothing\":null,\"text\":\"It fell.\","
             "\"url\":\"https://board.example/agency/tax\"}",
             (unsigned long long)id, closed_at ? ",\"closed_at\":\"" : "", closed_at ? closed_at : "",
             closed_at ? "\"" : "");
    return body;
}

static enum outcome post(struct heard *self, enum alert_sink sink, uint64_t id, enum alert_transition transition,
                         const char *closed_at)
{
    char body[512];
    struct reason why;
    const struct notice notice = {.partition = (int32_t)(id % 2),
                                  .id = id,
                                  .transition = transition,
                                  .body = span_text(body_of(id, closed_at, body))};
    return self->notifier->ops->post(self->notifier, sink, &notice, id * 10 + transition, &why);
}

static void stand(struct heard *self, uint64_t id)
{
    char body[512];
    const struct notice notice = {.partition = (int32_t)(id % 2), .id = id, .body = span_text(body_of(id, NULL, body))};
    self->notifier->ops->stand(self->notifier, &notice);
}

static struct notify_counts counts_of(struct heard *self, enum alert_sink sink)
{
    struct notify_counts counts;
    self->notifier->ops->counts(self->notifier, sink, &counts);
    return counts;
}

/* ---- the webhook ---- */

static void the_signature_is_what_others_make(void **state)
{
    (void)state;
    static const struct {
        const char *secret, *body, *signature;
        int64_t seconds;
    } rows[] = {
        {"0123456789abcdef", "{\"a\":1}",
         "t=1700000000,v1=9eb18f493f8ec135d9eb2dad817c369bb4e9cbfa818657897a7437c1cd8c3a23", 1700000000},
        {"0123456789abcdef", "", "t=1,v1=20c68bf776cf0744ace7f3bf6c863f7634d7a7c5df183eb0c84320c0a26672bf", 1},
    };
    for (size_t row = 0; row < COUNT(rows); row++) {
        char signature[NOTIFY_SIGNATURE_SIZE];
        notify_sign(rows[row].secret, rows[row].seconds, span_text(rows[row].body), signature);
        assert_string_equal(signature, rows[row].signature);
    }
}

static void the_webhook_gets_the_notice_signed(void **state)
{
    (void)state;
    struct heard *self = hear(ANSWERS, "204 No Content");
    char body[512];
    char expected[NOTIFY_SIGNATURE_SIZE];
    long long seconds = 0;
    open_webhook(self, FOR_EVER_US);
    assert_int_equal(post(self, SINK_WEBHOOK, 7, ALERT_OPENED, NULL), DONE);
    UNTIL(self, self->count == 1);
    assert_int_equal(self->reports[0].sink, SINK_WEBHOOK);
    assert_int_equal(self->reports[0].token, 71);
    assert_int_equal(self->reports[0].outcome, DONE);
    const char *request = fake_receiver_at(&self->receivers[0], 0);
    assert_non_null(strstr(request, "POST /hook?key=s3cret HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(request, "Slipstream-Event: alert.opened\r\n"));
    assert_non_null(strstr(request, "Slipstream-Delivery: 0000000000000007-opened-"));
    assert_string_equal(fake_receiver_body(&self->receivers[0], 0), body_of(7, NULL, body));
    const char *signature = strstr(request, "Slipstream-Signature: ");
    assert_non_null(signature);
    assert_int_equal(sscanf(signature, "Slipstream-Signature: t=%lld,", &seconds), 1);
    assert_in_range(seconds, time(NULL) - 60, time(NULL) + 1);
    notify_sign(SECRET, seconds, span_text(body), expected);
    assert_memory_equal(signature + strlen("Slipstream-Signature: "), expected, strlen(expected));
    struct notify_counts counts = counts_of(self, SINK_WEBHOOK);
    assert_true(counts.accepted == 1 && counts.failed == 0 && counts.dropped == 0 && counts.waiting == 0);
    assert_int_equal(counts.state, NOTIFY_UP);
    done_hearing(self);
}

static const struct {
    const char *name;
    enum manner manner;
    const char *head;
    enum outcome outcome; /* RETRY: it is sent again until it is taken */
} answers[] = {
    {"taken", ANSWERS, "200 OK", DONE},
    {"taken, with an endless body", ANSWERS_FOR_EVER, "200 OK", DONE},
    {"taken, with endless headers", HEADS_FOR_EVER, "202 Accepted", DONE},
    {"a fault of its own", ANSWERS, "500 Internal Server Error", RETRY},
    {"an endless fault", ANSWERS_FOR_EVER, "503 Service Unavailable", RETRY},
    {"asks for time, a day of it", ANSWERS, "429 Too Many Requests\r\nRetry-After: 86400", RETRY},
    {"was too slow", ANSWERS, "408 Request Timeout", RETRY},
    {"never takes it", ANSWERS, "400 Bad Request", SKIP},
    {"nothing there", ANSWERS, "404 Not Found", SKIP},
    {"not for us", ANSWERS, "403 Forbidden", SKIP},
    {"gone", ANSWERS, "410 Gone", SKIP},
    {"elsewhere", ANSWERS, "307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/", RETRY},
    {"a file", ANSWERS, "302 Found\r\nLocation: file:///etc/passwd", RETRY},
    {"silence", IS_SILENT, "", RETRY},
    {"nobody stays", HANGS_UP, "", RETRY},
    {"no HTTP", ANSWERS, "\1\2\3", RETRY},
};

static void an_answer_is_judged(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(answers); row++) {
        struct heard *self = hear(answers[row].manner, answers[row].head);
        open_webhook(self, FOR_EVER_US);
        assert_int_equal(post(self, SINK_WEBHOOK, 7, ALERT_OPENED, NULL), DONE);
        if (answers[row].outcome == RETRY) {
            UNTIL(self, fake_receiver_count(&self->receivers[0]) >= 2);
            if (self->count) {
                fail_msg("%s: reported %d", answers[row].name, self->reports[0].outcome);
            }
            struct notify_counts counts = counts_of(self, SINK_WEBHOOK);
            assert_true(counts.failed >= 1 && counts.waiting == 1);
            check_log(self, "msg=webhook_failed");
            fake_receiver_set(&self->receivers[0], ANSWERS, "200 OK");
        }
        UNTIL(self, self->count == 1);
        if (self->reports[0].outcome != (answers[row].outcome == SKIP ? SKIP : DONE)) {
            fail_msg("%s: reported %d", answers[row].name, self->reports[0].outcome);
        }
        assert_int_equal(counts_of(self, SINK_WEBHOOK).dropped, answers[row].outcome == SKIP);
        check_log(self, answers[row].outcome == SKIP ? "msg=webhook_dropped" : NULL);
        done_hearing(self);
    }
}

static void the_queue_has_a_bound_and_an_order(void **state)
{
    (void)state;
    struct heard *self = hear(ANSWERS, "500 Oops");
    open_webhook(self, FOR_EVER_US);
    for (uint64_t i = 0; i < NOTIFY_QUEUE_MAX; i++) {
        assert_int_equal(post(self, SINK_WEBHOOK, i + 1, ALERT_OPENED, NULL), DONE);
    }
    assert_int_equal(post(self, SINK_WEBHOOK, 9999, ALERT_OPENED, NULL), RETRY);
    assert_int_equal(counts_of(self, SINK_WEBHOOK).waiting, NOTIFY_QUEUE_MAX);
    UNTIL(self, fake_receiver_count(&self->receivers[0]) >= 3);
    fake_receiver_set(&self->receivers[0], ANSWERS, "200 OK");
    UNTIL(self, self->count == NOTIFY_QUEUE_MAX);
    for (uint64_t i = 0; i < NOTIFY_QUEUE_MAX; i++) {
        assert_int_equal(self->reports[i].token, (i + 1) * 10 + ALERT_OPENED);
        assert_int_equal(self->reports[i].outcome, DONE);
    }
    assert_int_equal(post(self, SINK_WEBHOOK, 9999, ALERT_OPENED, NULL), DONE);
    done_hearing(self);
}

static void what_nobody_takes_is_given_up(void **state)
{
    (void)state;
    struct heard *self = hear(ANSWERS, "500 Oops");
    open_webhook(self, 100 * MS);
    assert_int_equal(post(self, SINK_WEBHOOK, 7, ALERT_OPENED, NULL), DONE);
    UNTIL(self, self->count == 1);
    assert_int_equal(self->reports[0].outcome, SKIP);
    assert_int_equal(counts_of(self, SINK_WEBHOOK).dropped, 1);
    check_log(self, "msg=webhook_dropped");
    done_hearing(self);
}

/* The partitions with odd numbers are another's: the one under way, too. */
static void what_was_forgotten_is_not_told(void **state)
{
    (void)state;
    struct heard *self = hear(IS_SILENT, "");
    open_webhook(self, FOR_EVER_US);
    for (uint64_t id = 1; id <= 20; id++) {
        assert_int_equal(post(self, SINK_WEBHOOK, id, ALERT_OPENED, NULL), DONE);
    }
    UNTIL(self, fake_receiver_count(&self->receivers[0]) >= 1);
    self->notifier->ops->forget(self->notifier, 1);
    fake_receiver_set(&self->receivers[0], ANSWERS, "200 OK");
    UNTIL(self, self->count == 10);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(self->reports[i].token, (i + 1) * 20 + ALERT_OPENED);
    }
    for (size_t i = 1; i < fake_receiver_count(&self->receivers[0]); i++) {
        json_t *body = json_loads(fake_receiver_body(&self->receivers[0], i), 0, NULL);
        unsigned long long id = strtoull(json_string_value(json_object_get(body, "id")), NULL, 16);
        assert_int_equal(id % 2, 0);
        json_decref(body);
    }
    done_hearing(self);
}

/* The caller was stopped, and wakes: until it has served again, nobody is told anything. */
static void without_its_caller_it_is_silent(void **state)
{
    (void)state;
    struct heard *self = hear(ANSWERS, "200 OK");
    char urls[128];
    struct reason why;
    struct notify_settings settings = alertmanager_settings(self, urls);
    settings.lease_us = 200 * MS;
    assert_int_equal(notify_open(&settings, &self->notifier, &why), DONE);
    stand(self, 2);
    UNTIL(self, fake_receiver_count(&self->receivers[0]) >= 2);
    nanosleep(&(const struct timespec){0, 350 * 1000 * 1000}, NULL); /* the lease, and what was under way */
    size_t before = fake_receiver_count(&self->receivers[0]);
    nanosleep(&(const struct timespec){0, 200 * 1000 * 1000}, NULL);
    assert_int_equal(fake_receiver_count(&self->receivers[0]), before);
    UNTIL(self, fake_receiver_count(&self->receivers[0]) > before);
    done_hearing(self);
}

/* ---- Alertmanager ---- */

/* Alert i of the newest request that has any; NULL: there is none. The caller decrefs. */
static json_t *newest(struct fake_receiver *receiver, size_t i)
{
    for (size_t r = fake_receiver_count(receiver); r > 0; r--) {
        json_t *list = json_loads(fake_receiver_body(receiver, r - 1), 0, NULL);
        assert_true(json_is_array(list));
        json_t *alert = json_incref(json_array_get(list, i));
        json_decref(list);
        if (alert) {
            return alert;
        }
    }
    return NULL;
}

static bool has_any(struct fake_receiver *receiver)
{
    json_t *alert = newest(receiver, 0);
    json_decref(alert);
    return alert;
}

static const char *text_at(const json_t *alert, const char *group, const char *name)
{
    const json_t *object = group ? json_object_get(alert, group) : alert;
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void alertmanager_gets_the_alert(void **state)
{
    (void)state;
    struct heard *self = hear(ANSWERS, "200 OK");
    open_alertmanager(self);
    assert_int_equal(post(self, SINK_ALERTMANAGER, 7, ALERT_OPENED, NULL), DONE);
    UNTIL(self, self->count == 1);
    assert_int_equal(self->reports[0].token, 71);
    UNTIL(self, has_any(&self->receivers[0]) && has_any(&self->receivers[1])); /* every instance */
    assert_non_null(strstr(fake_receiver_at(&self->receivers[0], 0), "POST /am/api/v2/alerts HTTP/1.1\r\n"));
    assert_non_null(strstr(fake_receiver_at(&self->receivers[1], 0), "POST /api/v2/alerts HTTP/1.1\r\n"));
    json_t *alert = newest(&self->receivers[0], 0);
    static const char *const expected[][3] = {
        {"labels", "alertname", "SlipstreamSilentChannel"},
        {"labels", "episode", "0000000000000007"},
        {"labels", "agency", "tax \"north\""},
        {"labels", "subject", "cx"},
        {"labels", "kind", "silent_channel"},
        {"labels", "severity", "warning"},
        {"labels", "team", "cx"},
        {"annotations", "summary", "It fell."},
        {"annotations", "target", "71.5"},
        {"annotations", "estimate_value", "50"},
        {"annotations", "estimate_n", "100"},
        {"annotations", "state", "firing"},
        {NULL, "startsAt", "2026-11-22T09:00:00Z"},
        {NULL, "generatorURL", "https://board.example/agency/tax"},
    };
    for (size_t row = 0; row < COUNT(expected); row++) {
        assert_string_equal(text_at(alert, expected[row][0], expected[row][1]), expected[row][2]);
    }
    assert_int_equal(json_object_size(json_object_get(alert, "labels")), 7); /* identity alone, and what was set */
    assert_int_equal(json_object_size(json_object_get(alert, "annotations")), 5);
    struct tm ends = {0};
    assert_non_null(strptime(text_at(alert, NULL, "endsAt"), "%Y-%m-%dT%H:%M:%S", &ends));
    assert_in_range(timegm(&ends), time(NULL) + 200, time(NULL) + 241);
    json_decref(alert);
    done_hearing(self);
}

static void an_open_alert_is_sent_again_until_it_was_over_for_a_while(void **state)
{
    (void)state;
    struct heard *self = hear(ANSWERS, "200 OK");
    struct fake_receiver *receiver = &self->receivers[0];
    open_alertmanager(self);
    stand(self, 7);
    UNTIL(self, has_any(receiver));
    size_t before = fake_receiver_count(receiver);
    UNTIL(self, fake_receiver_count(receiver) >= before + 4);
    assert_int_equal(post(self, SINK_ALERTMANAGER, 7, ALERT_CLOSED, "2026-11-22T10:30:00Z"), DONE);
    UNTIL(self, self->count == 1);
    before = fake_receiver_count(receiver);
    UNTIL(self, fake_receiver_count(receiver) >= before + 2); /* again, that it is over */
    json_t *alert = newest(receiver, 0);
    assert_string_equal(text_at(alert, NULL, "endsAt"), "2026-11-22T10:30:00Z");
    json_decref(alert);
    stand(self, 7); /* said late: it stays over */
    UNTIL(self, strcmp(fake_receiver_body(receiver, fake_receiver_count(receiver) - 1), "[]") == 0);
    assert_int_equal(counts_of(self, SINK_ALERTMANAGER).accepted, 1);
    done_hearing(self);
}

/* Opened and closed while nobody answered: both are delivered once somebody does, as what is over. */
static void an_outage_loses_nothing(void **state)
{
    (void)state;
    struct heard *self = hear(ANSWERS, "503 Oops");
    open_alertmanager(self);
    UNTIL(self, counts_of(self, SINK_ALERTMANAGER).state == NOTIFY_DOWN);
    assert_int_equal(post(self, SINK_ALERTMANAGER, 7, ALERT_OPENED, NULL), DONE);
    assert_int_equal(post(self, SINK_ALERTMANAGER, 8, ALERT_OPENED, NULL), DONE);
    assert_int_equal(post(self, SINK_ALERTMANAGER, 7, ALERT_CLOSED, "2026-11-22T10:30:00Z"), DONE);
    assert_int_equal(counts_of(self, SINK_ALERTMANAGER).waiting, 3);
    int64_t failed = counts_of(self, SINK_ALERTMANAGER).failed;
    UNTIL(self, counts_of(self, SINK_ALERTMANAGER).failed > failed + 3);
    assert_int_equal(self->count, 0);
    fake_receiver_set(&self->receivers[1], ANSWERS, "200 OK"); /* one of the two is enough */
    UNTIL(self, self->count == 3);
    json_t *over = newest(&self->receivers[1], 0);
    json_t *open = newest(&self->receivers[1], 1);
    assert_string_equal(text_at(over, NULL, "endsAt"), "2026-11-22T10:30:00Z");
    assert_string_equal(text_at(open, "labels", "episode"), "0000000000000008");
    json_decref(over);
    json_decref(open);
    assert_int_equal(counts_of(self, SINK_ALERTMANAGER).state, NOTIFY_DOWN); /* the worst of the two */
    fake_receiver_set(&self->receivers[0], ANSWERS, "200 OK");
    UNTIL(self, counts_of(self, SINK_ALERTMANAGER).state == NOTIFY_UP);
    check_log(self, "msg=alertmanager_failed");
    done_hearing(self);
}

/* A list that is refused is sent one by one, to find out whose fault it is. */
static void a_refused_alert_is_told_of_alone(void **state)
{
    (void)state;
    struct heard *self = hear(ANSWERS, "400 Bad Request");
    open_alertmanager(self);
    for (uint64_t id = 1; id <= 5; id++) {
        assert_int_equal(post(self, SINK_ALERTMANAGER, id, ALERT_OPENED, NULL), DONE);
    }
    UNTIL(self, self->count == 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(self->reports[i].outcome, SKIP);
    }
    assert_int_equal(counts_of(self, SINK_ALERTMANAGER).dropped, 5);
    bool alone = false;
    for (unsigned i = 0; i < 2; i++) { /* whichever of them was first */
        for (size_t r = 0; r < fake_receiver_count(&self->receivers[i]); r++) {
            json_t *list = json_loads(fake_receiver_body(&self->receivers[i], r), 0, NULL);
            alone |= json_array_size(list) == 1;
            json_decref(list);
        }
    }
    assert_true(alone);
    check_log(self, "msg=alertmanager_refuses");
    done_hearing(self);
}

static void more_than_a_request_holds_are_sent_in_several(void **state)
{
    (void)state;
    struct heard *self = hear(ANSWERS, "200 OK");
    open_alertmanager(self);
    for (uint64_t id = 1; id <= 300; id++) {
        assert_int_equal(post(self, SINK_ALERTMANAGER, id, ALERT_OPENED, NULL), DONE);
    }
    UNTIL(self, self->count == 300);
    done_hearing(self);
}

static void the_table_has_a_bound(void **state)
{
    (void)state;
    struct heard *self = hear(HANGS_UP, "");
    open_alertmanager(self);
    for (uint64_t id = 1; id <= NOTIFY_ALERTS_MAX; id++) {
        stand(self, id);
    }
    stand(self, 9999);
    assert_int_equal(post(self, SINK_ALERTMANAGER, 9999, ALERT_OPENED, NULL), RETRY);
    assert_int_equal(post(self, SINK_ALERTMANAGER, 5, ALERT_CLOSED, "2026-11-22T10:30:00Z"), DONE);
    self->notifier->ops->forget(self->notifier, 0);
    assert_int_equal(post(self, SINK_ALERTMANAGER, 9999, ALERT_OPENED, NULL), DONE);
    done_hearing(self);
}

static void credentials_go_into_the_header_alone(void **state)
{
    (void)state;
    static const struct {
        const char *username, *password, *token, *header;
    } rows[] = {
        {"u", PASSWORD, NULL, "Authorization: Basic dTpzM2NyZXQtcGFzc3dvcmQ=\r\n"},
        {NULL, NULL, "s3cret-token", "Authorization: Bearer s3cret-token\r\n"},
    };
    for (size_t row = 0; row < COUNT(rows); row++) {
        struct heard *self = hear(ANSWERS, "401 Unauthorized");
        char urls[128];
        struct reason why;
        struct notify_settings settings = alertmanager_settings(self, urls);
        settings.alertmanager.username = rows[row].username;
        settings.alertmanager.password = rows[row].password;
        settings.alertmanager.token = rows[row].token;
        assert_int_equal(notify_open(&settings, &self->notifier, &why), DONE);
        UNTIL(self, counts_of(self, SINK_ALERTMANAGER).failed > 0);
        UNTIL(self, fake_receiver_count(&self->receivers[0]) > 0);
        assert_non_null(strstr(fake_receiver_at(&self->receivers[0], 0), rows[row].header));
        check_log(self, "check alertmanager.username");
        done_hearing(self);
    }
}

/* Both ends silent: closing does not wait for them for long. */
static void closing_is_quick(void **state)
{
    (void)state;
    struct heard *self = hear(IS_SILENT, "");
    char urls[128];
    struct reason why;
    struct notify_settings settings = alertmanager_settings(self, urls);
    settings.alertmanager.timeout_us = FOR_EVER_US;
    assert_int_equal(notify_open(&settings, &self->notifier, &why), DONE);
    UNTIL(self, fake_receiver_count(&self->receivers[0]) > 0);
    int64_t began = system_clock.mono(&system_clock).us;
    self->notifier->ops->close(self->notifier);
    self->notifier = NULL;
    assert_true(system_clock.mono(&system_clock).us - began < 5 * US_PER_SECOND);
    done_hearing(self);
}

static void nobody_to_tell_is_fine(void **state)
{
    (void)state;
    struct reason why;
    struct notifier *notifier;
    const struct notify_settings settings = {.lease_us = FOR_EVER_US};
    assert_int_equal(notify_open(&settings, &notifier, &why), DONE);
    assert_int_equal(notifier->sinks, 0);
    const struct notice notice = {.id = 1, .body = span_text("{}")};
    notifier->ops->stand(notifier, &notice);
    notifier->ops->forget(notifier, 0);
    notifier->ops->serve(notifier);
    notifier->ops->close(notifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_is_what_others_make),
        cmocka_unit_test(the_webhook_gets_the_notice_signed),
        cmocka_unit_test(an_answer_is_judged),
        cmocka_unit_test(the_queue_has_a_bound_and_an_order),
        cmocka_unit_test(what_nobody_takes_is_given_up),
        cmocka_unit_test(what_was_forgotten_is_not_told),
        cmocka_unit_test(without_its_caller_it_is_silent),
        cmocka_unit_test(alertmanager_gets_the_alert),
        cmocka_unit_test(an_open_alert_is_sent_again_until_it_was_over_for_a_while),
        cmocka_unit_test(an_outage_loses_nothing),
        cmocka_unit_test(a_refused_alert_is_told_of_alone),
        cmocka_unit_test(more_than_a_request_holds_are_sent_in_several),
        cmocka_unit_test(the_table_has_a_bound),
        cmocka_unit_test(credentials_go_into_the_header_alone),
        cmocka_unit_test(closing_is_quick),
        cmocka_unit_test(nobody_to_tell_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
