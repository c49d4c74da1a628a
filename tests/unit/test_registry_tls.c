/* test_registry_tls.c - the registry over TLS: whom we trust, and who we say we are. The other end is OpenSSL's.
 *
 * Certificates sign themselves (certificate.h), so that each is its own authority. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#include "certificate.h"
#include "fake_registry.h"
#include "slipstream/registry.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SECRET      "s3cret-word"

static char folder[] = "/tmp/slipstream-tls-XXXXXX";
static const char *const names[] = {"server", "other", "elsewhere", "expired", "client"};

static const char *file(const char *name, const char *kind, char path[128])
{
    snprintf(path, 128, "%s/%s.%s", folder, name, kind);
    return path;
}

static int make_files(void **state)
{
    (void)state;
    bool good = mkdtemp(folder) != NULL;
    for (size_t i = 0; i < COUNT(names); i++) {
        char certificate[128];
        char key[128];
        const char *hosts =
            strcmp(names[i], "elsewhere") == 0 ? "DNS:registry.example.org" : "DNS:localhost,IP:127.0.0.1";
        good = good && certificate_write(hosts, strcmp(names[i], "expired") == 0 ? -1 : 1,
                                         file(names[i], "pem", certificate), file(names[i], "key", key));
    }
    return good ? 0 : -1;
}

static int remove_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[128];
        remove(file(names[i], "pem", path));
        remove(file(names[i], "key", path));
    }
    return rmdir(folder);
}

/* wants: the authority of the certificate that a client must show; NULL: none. */
static SSL_CTX *server(const char *name, const char *wants)
{
    char path[128];
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate_file(context, file(name, "pem", path), SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(context, file(name, "key", path), SSL_FILETYPE_PEM), 1);
    if (wants) {
        assert_int_equal(SSL_CTX_load_verify_locations(context, file(wants, "pem", path), NULL), 1);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        SSL_CTX_set_session_id_context(context, (const unsigned char *)"t", 1);
    }
    return context;
}

static const struct {
    const char *name;
    const char *server, *wants;
    const char *ca, *certificate;
    enum outcome outcome;
    enum reason_code code;
    const char *text;
} rows[] = {
    {"trusted", "server", NULL, "server", NULL, DONE, REASON_NONE, ""},
    {"nobody we trust", "server", NULL, "other", NULL, STOP, REASON_REFUSED, "is not trusted"},
    {"not by the system's authorities", "server", NULL, NULL, NULL, STOP, REASON_REFUSED, "check registry.tls.ca"},
    {"of another host", "elsewhere", NULL, "elsewhere", NULL, STOP, REASON_REFUSED, "is not trusted"},
    {"expired", "expired", NULL, "expired", NULL, STOP, REASON_REFUSED, "is not trusted"},
    {"we show who we are", "server", "client", "server", "client", DONE, REASON_NONE, ""},
    {"we should have", "server", "client", "server", NULL, RETRY, REASON_UNAVAILABLE, "does not answer"},
    {"we are somebody else", "server", "client", "server", "other", RETRY, REASON_UNAVAILABLE, "does not answer"},
};

static void a_server_is_trusted_or_not(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(rows); row++) {
        char ca[128];
        char certificate[128];
        char key[128];
        char url[64];
        struct fake_registry *fake = fake_registry_open(server(rows[row].server, rows[row].wants));
        fake_registry_says_all(fake, "200 OK", "{\"schema\":\"\\\"int\\\"\"}");
        snprintf(url, sizeof url, "https://127.0.0.1:%u", fake->port);
        const struct registry_settings settings = {
            .url = url,
            .token = SECRET,
            .tls_ca = rows[row].ca ? file(rows[row].ca, "pem", ca) : NULL,
            .tls_certificate = rows[row].certificate ? file(rows[row].certificate, "pem", certificate) : NULL,
            .tls_key = rows[row].certificate ? file(rows[row].certificate, "key", key) : NULL,
            .timeout_ms = 5000,
            .patience_ms = 20000,
        };
        struct registry *registry = NULL;
        struct span schema;
        struct reason why = {REASON_NONE, ""};
        const struct schema_ref ref = schema_by_id(7);
        assert_int_equal(registry_open(&settings, &registry, &why), DONE);
        enum outcome outcome = registry_ping(registry, &why);
        if (outcome != rows[row].outcome || why.code != rows[row].code || !strstr(why.text, rows[row].text)) {
            fail_msg("%s: %d, %s: %s", rows[row].name, outcome, reason_word(why.code), why.text);
        }
        assert_null(strstr(why.text, SECRET));
        outcome = registry_lookup(registry, &ref, (struct mono_time){0}, &schema, &why); /* a lookup is tried again */
        assert_int_equal(outcome, rows[row].outcome == DONE ? DONE : RETRY);
        assert_true(outcome == DONE || why.code == rows[row].code);
        assert_int_equal(fake_registry_requests(fake), outcome == DONE ? 2 : 0); /* who is not trusted hears nothing */
        assert_true(outcome != DONE || fake_registry_heard(fake, "Authorization: Bearer " SECRET "\r\n"));
        registry_close(registry);
        fake_registry_close(fake);
    }
}

static void a_file_that_cannot_be_read_is_told_of(void **state)
{
    (void)state;
    static const char *const settings_names[] = {"registry.tls.ca", "registry.tls.certificate", "registry.tls.key"};
    for (size_t i = 0; i < COUNT(settings_names); i++) {
        struct registry_settings settings = {.url = "https://127.0.0.1:1", .timeout_ms = 1000};
        *(i == 0 ? &settings.tls_ca : i == 1 ? &settings.tls_certificate : &settings.tls_key) = "/nowhere/a.pem";
        struct registry *registry = NULL;
        struct reason why;
        assert_int_equal(registry_open(&settings, &registry, &why), STOP);
        assert_int_equal(why.code, REASON_BAD_CONFIG);
        assert_non_null(strstr(why.text, settings_names[i]));
        assert_non_null(strstr(why.text, "/nowhere/a.pem"));
    }
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    signal(SIGPIPE, SIG_IGN); /* as the program has it: OpenSSL writes to what is gone */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_trusted_or_not),
        cmocka_unit_test(a_file_that_cannot_be_read_is_told_of),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
