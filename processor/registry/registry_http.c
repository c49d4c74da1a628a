#include "registry_http.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REDIRECTS_MAX 3
#define URL_MAX       4096u
#define HEADERS_MAX   ((size_t)64 * 1024) /* bytes of all headers of one answer */

struct registry_http {
    CURL *curl;
    CURLM *multi; /* performs it: unlike the other way, it can be woken */
    atomic_bool stopping;
    char error[CURL_ERROR_SIZE]; /* of the last transfer */
    char *base;                  /* owned: the URL, without credentials and without a slash at its end */
    char *origin;
    struct curl_slist *headers;
    struct buffer body;
    size_t header_bytes;
    int64_t timeout_us;
    int64_t left_us; /* of the request under way, all its redirects together */
};

static void drop_text(char **text)
{
    curl_free(*text);
}

static void drop_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

static size_t take_body(char *data, size_t one, size_t size, void *context)
{
    struct registry_http *self = context;
    (void)one;
    buffer_bytes(&self->body, data, size);
    return self->body.overflow ? 0 : size; /* fewer bytes than given end the transfer */
}

static size_t take_header(char *data, size_t one, size_t size, void *context)
{
    struct registry_http *self = context;
    (void)data;
    (void)one;
    self->header_bytes += size;
    return self->header_bytes > HEADERS_MAX ? 0 : size;
}

static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

/* "http://host:80", or NULL. For the caller to curl_free. */
static char *url_origin(CURLU *url)
{
    CURLU *bare CLEANUP(drop_url) = curl_url_dup(url);
    static const CURLUPart others[] = {CURLUPART_USER,  CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                       CURLUPART_QUERY, CURLUPART_FRAGMENT, CURLUPART_PATH};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (bare == NULL || curl_url_set(bare, others[i], NULL, 0) != CURLUE_OK) {
            return NULL;
        }
    }
    return url_part(bare, CURLUPART_URL, CURLU_DEFAULT_PORT);
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool set_credentials(CURL *curl, CURLU *url, const struct registry_settings *settings)
{
    if (is_set(settings->token)) {
        return curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, settings->token) == CURLE_OK;
    }
    char *user CLEANUP(drop_text) = url_part(url, CURLUPART_USER, CURLU_URLDECODE);
    char *password CLEANUP(drop_text) = url_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE);
    bool set = is_set(settings->username); /* they win over the URL's */
    const char *name = set ? settings->username : user;
    const char *secret = set ? settings->password : password;
    if (name == NULL) {
        return true;
    }
    return curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERNAME, name) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PASSWORD, secret != NULL ? secret : "") == CURLE_OK;
}

/* Takes the settings' URL apart: the credentials go to curl, the rest is kept. The text of a URL that cannot be taken
 * apart is not shown: it may hold a password. */
static enum outcome set_url(struct registry_http *self, const struct registry_settings *settings, struct reason *why)
{
    CURLU *url CLEANUP(drop_url) = curl_url();
    if (url == NULL || curl_url_set(url, CURLUPART_URL, settings->url, 0) != CURLUE_OK) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "registry.url is not a URL, as in http://host:port/path");
    }
    char *scheme CLEANUP(drop_text) = url_part(url, CURLUPART_SCHEME, 0);
    char *query CLEANUP(drop_text) = url_part(url, CURLUPART_QUERY, 0);
    char *fragment CLEANUP(drop_text) = url_part(url, CURLUPART_FRAGMENT, 0);
    if (scheme == NULL || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "registry.url must begin with http:// or https://");
    }
    if (query != NULL || fragment != NULL) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "registry.url must not have a query or a fragment");
    }
    if (!set_credentials(self->curl, url, settings) || curl_url_set(url, CURLUPART_USER, NULL, 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_PASSWORD, NULL, 0) != CURLUE_OK) {
        return FAIL(why, STOP, REASON_FULL, "no memory for the registry's credentials");
    }
    self->base = url_part(url, CURLUPART_URL, 0);
    self->origin = url_origin(url);
    if (self->base == NULL || self->origin == NULL || strlen(self->base) > URL_MAX / 2) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "registry.url is too long");
    }
    size_t length = strlen(self->base);
    while (length > 0 && self->base[length - 1] == '/') {
        self->base[--length] = '\0';
    }
    return DONE;
}

static bool set_headers(struct registry_http *self)
{
    static const char *const lines[] = {
        "Accept: application/vnd.schemaregistry.v1+json, application/json",
        "Content-Type: application/vnd.schemaregistry.v1+json", "Expect:", /* no 100-continue: bodies are small */
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct curl_slist *longer = curl_slist_append(self->headers, lines[i]);
        if (longer == NULL) {
            return false;
        }
        self->headers = longer;
    }
    return curl_easy_setopt(self->curl, CURLOPT_HTTPHEADER, self->headers) == CURLE_OK;
}

/* libcurl would tell of a file that is not there at the first request only. */
static enum outcome set_file(CURL *curl, CURLoption option, const char *name, const char *path, struct reason *why)
{
    if (!is_set(path)) {
        return DONE;
    }
    if (access(path, R_OK) != 0) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "%s: cannot read %s", name, path);
    }
    return curl_easy_setopt(curl, option, path) == CURLE_OK
               ? DONE
               : FAIL(why, STOP, REASON_FULL, "no memory for %s, or libcurl does not support it", name);
}

static enum outcome set_tls(CURL *curl, const struct registry_settings *settings, struct reason *why)
{
    TRY(set_file(curl, CURLOPT_CAINFO, "registry.tls.ca", settings->tls_ca, why));
    TRY(set_file(curl, CURLOPT_SSLCERT, "registry.tls.certificate", settings->tls_certificate, why));
    TRY(set_file(curl, CURLOPT_SSLKEY, "registry.tls.key", settings->tls_key, why));
    if (is_set(settings->tls_key_password) &&
        curl_easy_setopt(curl, CURLOPT_KEYPASSWD, settings->tls_key_password) != CURLE_OK) {
        return FAIL(why, STOP, REASON_FULL, "no memory for registry.tls.key_password");
    }
    if (curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) != CURLE_OK) {
        return FAIL(why, STOP, REASON_FATAL, "libcurl lacks TLS 1.2");
    }
    (void)curl_easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* not of every TLS library, which then keeps none */
    return DONE;
}

/* What stays the same for every request. Redirects are followed by us, where we can see where they lead. */
static bool set_options(struct registry_http *self)
{
    CURL *curl = self->curl;
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&   /* threads */
           curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK && /* a name server may take its time */
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, self->error) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "slipstream") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, self) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, self) == CURLE_OK && set_headers(self);
}

enum outcome registry_http_open(const struct registry_settings *settings, struct registry_http **http,
                                struct reason *why)
{
    if (settings->timeout_ms <= 0) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "registry.timeout must be above 0");
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return FAIL(why, STOP, REASON_FATAL, "libcurl cannot be started");
    }
    struct registry_http *self = calloc(1, sizeof *self);
    if (self == NULL) {
        curl_global_cleanup();
        return FAIL(why, STOP, REASON_FULL, "no memory for the registry's client");
    }
    buffer_init(&self->body, REGISTRY_BODY_MAX);
    self->timeout_us = settings->timeout_ms * US_PER_MS;
    self->curl = curl_easy_init();
    enum outcome outcome = DONE;
    self->multi = curl_multi_init();
    if (self->curl == NULL || self->multi == NULL || !set_options(self)) {
        outcome = FAIL(why, STOP, REASON_FATAL, "libcurl lacks HTTP, or memory");
    } else {
        outcome = set_url(self, settings, why);
    }
    outcome = outcome == DONE ? set_tls(self->curl, settings, why) : outcome;
    if (outcome != DONE) {
        registry_http_close(self);
        return outcome;
    }
    *http = self;
    return DONE;
}

void registry_http_close(struct registry_http *self)
{
    if (self == NULL) {
        return;
    }
    curl_multi_cleanup(self->multi);
    curl_easy_cleanup(self->curl);
    curl_slist_free_all(self->headers);
    curl_free(self->base);
    curl_free(self->origin);
    buffer_done(&self->body);
    free(self);
    curl_global_cleanup();
}

const char *registry_http_url(const struct registry_http *self)
{
    return self->base;
}

void registry_http_stop(struct registry_http *self)
{
    atomic_store(&self->stopping, true);
    curl_multi_wakeup(self->multi);
}

/* Runs the transfer until it has ended, or we are told to stop. */
static CURLcode run_transfer(struct registry_http *self)
{
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    if (curl_multi_add_handle(self->multi, self->curl) != CURLM_OK) {
        return CURLE_OUT_OF_MEMORY;
    }
    int running = 1;
    while (running > 0 && !atomic_load(&self->stopping)) {
        if (curl_multi_perform(self->multi, &running) != CURLM_OK ||
            (running > 0 && curl_multi_poll(self->multi, NULL, 0, 1000, NULL) != CURLM_OK)) {
            break;
        }
    }
    int left;
    const CURLMsg *message = curl_multi_info_read(self->multi, &left);
    if (message != NULL && message->msg == CURLMSG_DONE) {
        code = message->data.result;
    }
    curl_multi_remove_handle(self->multi, self->curl);
    return code;
}

static CURLcode perform(struct registry_http *self, const char *url)
{
    buffer_clear(&self->body);
    self->header_bytes = 0;
    self->error[0] = '\0';
    long left_ms = self->left_us > US_PER_MS ? (long)(self->left_us / US_PER_MS) : 1; /* 0 would be for ever */
    CURLcode code = curl_easy_setopt(self->curl, CURLOPT_URL, url);
    if (code == CURLE_OK) {
        code = curl_easy_setopt(self->curl, CURLOPT_TIMEOUT_MS, left_ms); /* connecting is part of it */
    }
    if (code == CURLE_OK) {
        curl_off_t took_us = 0;
        code = run_transfer(self);
        curl_easy_getinfo(self->curl, CURLINFO_TOTAL_TIME_T, &took_us);
        self->left_us -= took_us;
    }
    return code;
}

/* There was no answer. Trust that is missing does not come by waiting. */
static enum outcome fail_transfer(const struct registry_http *self, CURLcode code, struct reason *why)
{
    const char *said = self->error[0] != '\0' ? self->error : curl_easy_strerror(code);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
        return FAIL(why, STOP, REASON_REFUSED, "%s is not trusted: %s: check registry.tls.ca", self->base, said);
    }
    if (code == CURLE_SSL_CERTPROBLEM) {
        return FAIL(why, STOP, REASON_REFUSED, "%s: %s: check registry.tls.certificate and its key", self->base, said);
    }
    long error = 0; /* "Connection refused"; of no meaning for other codes */
    if (code == CURLE_COULDNT_CONNECT) {
        curl_easy_getinfo(self->curl, CURLINFO_OS_ERRNO, &error);
    }
    bool is_tls = code == CURLE_SSL_CONNECT_ERROR || code == CURLE_RECV_ERROR;
    return FAIL(why, RETRY, REASON_UNAVAILABLE, "%s does not answer: %s%s%s", self->base,
                is_tls ? said : curl_easy_strerror(code), error != 0 ? ": " : "",
                error != 0 ? strerror((int)error) : "");
}

/* One transfer. DONE when there is a status: what a cut body means, the caller knows. */
static enum outcome transfer(struct registry_http *self, const char *url, struct registry_answer *answer,
                             struct reason *why)
{
    CURLcode code = perform(self, url);
    bool cut = code == CURLE_WRITE_ERROR && self->body.overflow;
    if (code != CURLE_OK && !cut) {
        return fail_transfer(self, code, why);
    }
    long status = 0;
    curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, &status);
    *answer = (struct registry_answer){.status = status, .body = buffer_as_span(&self->body), .cut = cut};
    return DONE;
}

/* Where the last answer sends us, absolute, in curl's memory; NULL when it does not. */
static const char *redirect_of(const struct registry_http *self)
{
    char *target = NULL;
    curl_easy_getinfo(self->curl, CURLINFO_REDIRECT_URL, &target);
    return target;
}

/* The same without credentials of its own; NULL when it leads elsewhere. For the caller to curl_free. */
static char *redirect_here(const struct registry_http *self, const char *target)
{
    CURLU *url CLEANUP(drop_url) = curl_url();
    if (strlen(target) > URL_MAX || url == NULL || curl_url_set(url, CURLUPART_URL, target, 0) != CURLUE_OK) {
        return NULL;
    }
    char *origin CLEANUP(drop_text) = url_origin(url);
    if (origin == NULL || strcmp(origin, self->origin) != 0) {
        return NULL;
    }
    curl_url_set(url, CURLUPART_USER, NULL, 0);
    curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
    return url_part(url, CURLUPART_URL, 0);
}

static enum outcome follow(struct registry_http *self, struct registry_answer *answer, struct reason *why)
{
    const char *target = redirect_of(self);
    for (int i = 0; target != NULL && i < REDIRECTS_MAX; i++) {
        char *url CLEANUP(drop_text) = redirect_here(self, target);
        if (url == NULL) {
            return FAIL(why, RETRY, REASON_UNAVAILABLE,
                        "%s redirects to another server: if that is right, set registry.url to it", self->base);
        }
        TRY(transfer(self, url, answer, why));
        target = redirect_of(self);
    }
    if (target != NULL) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "%s redirects more than %d times", self->base, REDIRECTS_MAX);
    }
    return DONE;
}

enum outcome registry_http_ask(struct registry_http *self, const char *path, const char *post,
                               struct registry_answer *answer, struct reason *why)
{
    char url[URL_MAX];
    int length = snprintf(url, sizeof url, "%s%s", self->base, path);
    if (length < 0 || (size_t)length >= sizeof url) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "a URL below %s is too long", self->base);
    }
    CURLcode set = post != NULL ? curl_easy_setopt(self->curl, CURLOPT_COPYPOSTFIELDS, post)
                                : curl_easy_setopt(self->curl, CURLOPT_HTTPGET, 1L);
    if (set != CURLE_OK) {
        return FAIL(why, RETRY, REASON_FULL, "no memory for a request to %s", self->base);
    }
    self->left_us = self->timeout_us;
    struct registry_answer last;
    TRY(transfer(self, url, &last, why));
    if (post == NULL) { /* a POST that is redirected is an answer like any other: it must not be sent twice */
        TRY(follow(self, &last, why));
    }
    *answer = last;
    return DONE;
}
