/* store_addresses.h - the part of test_store.c about getting there: URLs, users, TLS. */
#ifndef SLIPSTREAM_TESTS_STORE_ADDRESSES_H
#define SLIPSTREAM_TESTS_STORE_ADDRESSES_H

#include "certificate.h"
#include "store_fixture.h"

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *url;
        bool good;
    } rows[] = {
        {"host only", "redis://localhost", true},
        {"everything", "rediss://us%65r:p%40ss@redis-1.example:6380/15", true},
        {"password only", "redis://:" SECRET "@host", true},
        {"an at sign not encoded", "redis://u:p@" SECRET "@host", true},
        {"IPv6", "redis://[::1]:6379", true},
        {"trailing slash", "redis://host/", true},
        {"nothing", "", false},
        {"no scheme", "localhost:6379", false},
        {"another scheme", "http://" SECRET "@localhost", false},
        {"no host", "redis://:6379", false},
        {"no host after credentials", "redis://user:" SECRET "@", false},
        {"port 0", "redis://host:0", false},
        {"port too large", "redis://host:65536", false},
        {"port with letters", "redis://host:63x", false},
        {"database with letters", "redis://host/" SECRET, false},
        {"query", "redis://host/0?password=" SECRET, false},
        {"a broken escape", "redis://user:%4" SECRET "@host", false},
        {"an escape at the end", "redis://user:%4@host", false},
        {"an escaped NUL", "redis://user:" SECRET "%00@host", false},
        {"bracket left open", "redis://[::1", true},
        {"something after the bracket", "redis://[::1]x:1", false},
        {"a blank", "redis://ho st", false},
        {"a slash in the password", "redis://user:" SECRET "/x@host", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("  %s\n", rows[i].name);
        struct store_settings settings = {.url = rows[i].url, .app = "test", .timeout_ms = TIMEOUT_MS};
        struct store *store CLEANUP(close_store) = NULL;
        struct reason why = {0};
        assert_int_equal(redis_store_open(&settings, &store, &why), rows[i].good ? DONE : STOP);
        assert_int_equal(why.code, rows[i].good ? REASON_NONE : REASON_BAD_CONFIG);
        assert_null(strstr(why.text, SECRET));
    }
}

static void test_url_is_used(void **state)
{
    (void)state;
    char url[128];
    (void)snprintf(url, sizeof url, "redis://al%%69ce:p%%40ss@127.0.0.1:%d/3", server.port);
    redis_server_do(&server, "ACL SETUSER alice reset on >p@ss ~* +@all");
    struct store *store CLEANUP(close_store) = open_as(url, NULL, NULL, TIMEOUT_MS);
    (void)claim_now(store);
    redisReply *reply = redis_server_ask(&server, "CLIENT LIST");
    assert_non_null(strstr(reply->str, "name=test:store"));
    assert_non_null(strstr(reply->str, "user=alice"));
    freeReplyObject(reply);
    redis_server_do(&server, "SELECT 3");
    reply = redis_server_ask(&server, "EXISTS %s", KEY);
    assert_int_equal(reply->integer, 1);
    freeReplyObject(reply);
    redis_server_do(&server, "SELECT 0");
}

/* Files of one folder: what the server shows, and what a client trusts. */
struct certificates {
    char folder[32];
    char shown[48], key[48], other[48];
};

static void make_certificates(struct certificates *made, const char *names, int days)
{
    (void)snprintf(made->folder, sizeof made->folder, "/tmp/slipstream-tls-XXXXXX");
    assert_non_null(mkdtemp(made->folder));
    (void)snprintf(made->shown, sizeof made->shown, "%s/shown", made->folder);
    (void)snprintf(made->key, sizeof made->key, "%s/key", made->folder);
    (void)snprintf(made->other, sizeof made->other, "%s/other", made->folder);
    assert_true(certificate_write(names, days, made->other, made->key));
    assert_true(certificate_write(names, days, made->shown, made->key));
}

static void test_tls(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *names; /* in the certificate */
        int days;          /* until it expires */
        bool trusted;
        const char *scheme, *host;
        enum outcome outcome;
        enum reason_code code;
    } rows[] = {
        {"the name is right", "DNS:localhost", 2, true, "rediss", "localhost", DONE, REASON_NONE},
        {"the address is right", "IP:127.0.0.1", 2, true, "rediss", "127.0.0.1", DONE, REASON_NONE},
        {"another name", "DNS:example.org", 2, true, "rediss", "localhost", STOP, REASON_REFUSED},
        {"another address", "IP:127.0.0.2", 2, true, "rediss", "127.0.0.1", STOP, REASON_REFUSED},
        {"an authority that is not trusted", "DNS:localhost", 2, false, "rediss", "localhost", STOP, REASON_REFUSED},
        {"expired", "DNS:localhost", -1, true, "rediss", "localhost", STOP, REASON_REFUSED},
        {"plain to a TLS port", "DNS:localhost", 2, true, "redis", "localhost", RETRY, REASON_UNAVAILABLE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("  %s\n", rows[i].name);
        struct certificates files;
        struct redis_server secure;
        char url[64], port[8];
        int tls_port = redis_server_free_port();
        (void)snprintf(port, sizeof port, "%d", tls_port);
        (void)snprintf(url, sizeof url, "%s://%s:%d", rows[i].scheme, rows[i].host, tls_port);
        make_certificates(&files, rows[i].names, rows[i].days);
        const char *options[] = {"--tls-port",
                                 port,
                                 "--tls-cert-file",
                                 files.shown,
                                 "--tls-key-file",
                                 files.key,
                                 "--tls-ca-cert-file",
                                 files.shown,
                                 "--tls-auth-clients",
                                 "no",
                                 NULL};
        redis_server_start(&secure, options);
        setenv("SSL_CERT_FILE", rows[i].trusted ? files.shown : files.other, 1);
        struct store *store CLEANUP(close_store) = open_as(url, NULL, NULL, TIMEOUT_MS);
        struct reason why = {0};
        enum outcome outcome = store->ops->ping(store, &why);
        unsetenv("SSL_CERT_FILE");
        redis_server_stop(&secure);
        nftw(files.folder, redis_server_remove, 8, FTW_DEPTH | FTW_PHYS);
        print_message("    %s\n", why.text);
        assert_int_equal(outcome, rows[i].outcome);
        assert_int_equal(why.code, rows[i].code);
    }
}

#endif
