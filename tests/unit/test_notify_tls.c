/* test_notify_tls.c - the webhook over TLS: who shows another's certificate, an old one or one that nobody vouches for
 * is told nothing.
 *
 * Oracle: OpenSSL's server side, which counts the requests that it could read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "certificate.h"
#include "slipstream/notify.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define MS          US_PER_MS

static const struct {
    const char *name, *names;
    long days;
    bool vouched; /* tls.ca is this certificate, and not another of the same names */
    bool taken;
} rows[] = {
    {"as it should be", "DNS:localhost,IP:127.0.0.1", 2, true, true},
    {"of another host", "DNS:example.org,IP:127.0.0.2", 2, true, false},
    {"expired yesterday", "DNS:localhost,IP:127.0.0.1", -1, true, false},
    {"vouched for by nobody", "DNS:localhost,IP:127.0.0.1", 2, false, false},
};

struct server {
    SSL_CTX *context;
    int listener;
    unsigned port;
    atomic_int requests;
    pthread_t thread;
};

static void *serve(void *context)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    struct server *self = context;
    for (int visitor; (visitor = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0; close(visitor)) {
        char heard[4096];
        SSL *tls = SSL_new(self->context);
        if (tls && SSL_set_fd(tls, visitor) == 1 && SSL_accept(tls) == 1 && SSL_read(tls, heard, sizeof heard) > 0) {
            self->requests++;
            SSL_write(tls, answer, sizeof answer - 1);
            SSL_shutdown(tls);
        }
        SSL_free(tls);
    }
    return NULL;
}

static void start(struct server *self, const char *certificate, const char *key)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    *self = (struct server){.context = SSL_CTX_new(TLS_server_method())};
    assert_int_equal(SSL_CTX_use_certificate_file(self->context, certificate, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(self->context, key, SSL_FILETYPE_PEM), 1);
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(self->listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(self->listener, 8), 0);
    assert_int_equal(getsockname(self->listener, (struct sockaddr *)&at, &size), 0);
    self->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&self->thread, NULL, serve, self), 0);
}

static void stop(struct server *self)
{
    shutdown(self->listener, SHUT_RDWR);
    pthread_join(self->thread, NULL);
    close(self->listener);
    SSL_CTX_free(self->context);
}

static void on_delivered(void *context, enum alert_sink sink, uint64_t token, enum outcome outcome)
{
    (void)sink;
    (void)token;
    *(int *)context += outcome == DONE;
}

static struct notify_counts counts_of(struct notifier *notifier)
{
    struct notify_counts counts;
    notifier->ops->counts(notifier, SINK_WEBHOOK, &counts);
    return counts;
}

static void check_row(size_t row, const char *folder)
{
    char shown[96], other[96], key[96], url[64];
    struct server server;
    struct notifier *notifier;
    struct reason why;
    int delivered = 0;
    snprintf(shown, sizeof shown, "%s/shown", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    snprintf(key, sizeof key, "%s/key", folder);
    assert_true(certificate_write(rows[row].names, rows[row].days, other, key));
    assert_true(certificate_write(rows[row].names, rows[row].days, shown, key)); /* the key is this one's */
    start(&server, shown, key);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", server.port);
    const struct notify_settings settings = {
        .context = &delivered,
        .delivered = on_delivered,
        .webhook = {url, "0123456789abcdef", 2 * US_PER_SECOND, 10 * MS, 100 * US_PER_SECOND},
        .tls_ca = rows[row].vouched ? shown : other,
        .lease_us = 100 * US_PER_SECOND,
    };
    assert_int_equal(notify_open(&settings, &notifier, &why), DONE);
    const struct notice notice = {.id = 1, .transition = ALERT_OPENED, .body = span_text("{}")};
    assert_int_equal(notifier->ops->post(notifier, SINK_WEBHOOK, &notice, 1, &why), DONE);
    int64_t until = system_clock.mono(&system_clock).us + 10 * US_PER_SECOND;
    while (!delivered && counts_of(notifier).failed < 2 && system_clock.mono(&system_clock).us < until) {
        nanosleep(&(const struct timespec){0, 1000 * 1000}, NULL);
        notifier->ops->serve(notifier);
    }
    if (delivered != rows[row].taken || server.requests != (int)rows[row].taken ||
        (counts_of(notifier).state == NOTIFY_UP) != rows[row].taken) {
        fail_msg("%s: delivered %d, requests %d", rows[row].name, delivered, (int)server.requests);
    }
    notifier->ops->close(notifier);
    stop(&server);
    unlink(shown);
    unlink(other);
    unlink(key);
}

static void a_certificate_is_checked(void **state)
{
    (void)state;
    char folder[] = "/tmp/slipstream-tls-XXXXXX";
    assert_non_null(mkdtemp(folder));
    for (size_t row = 0; row < COUNT(rows); row++) {
        check_row(row, folder);
    }
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_certificate_is_checked)};
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
