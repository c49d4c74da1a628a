/* http.c - one HTTP connection, by libcurl. */
#include "http.h"

#include <curl/curl.h>
#include <stdlib.h>

#define RETRY_AFTER_MAX_S 3600

struct http {
    CURL *curl;
    char *origin;    /* curl's: "https://host:443" */
    size_t answered; /* bytes of headers and body of the answer under way */
    const atomic_bool *stop;
    int64_t stopped_us; /* when the transfer under way was seen to be stopped; 0: it was not */
};

static void drop_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void drop_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

/* Headers and body alike: counted and thrown away. Fewer bytes than given end the transfer. */
static size_t take_bytes(char *data, size_t one, size_t size, void *context)
{
    struct http *self = context;
    (void)data;
    (void)one;
    self->answered += size;
    return self->answered > HTTP_ANSWER_MAX ? 0 : size;
}

static int give_up_when_stopped(void *context, curl_off_t down, curl_off_t downs, curl_off_t up, curl_off_t ups)
{
    struct http *self = context;
    (void)down;
    (void)downs;
    (void)up;
    (void)ups;
    if (!*self->stop) {
        return 0;
    }
    int64_t now = system_clock.mono(&system_clock).us;
    self->stopped_us = self->stopped_us ? self->stopped_us : now;
    return now - self->stopped_us > HTTP_GRACE_US;
}

/* "https://host:443": what may be shown of a URL. */
static char *origin_of(const char *text)
{
    CURLU *url CLEANUP(drop_url) = curl_url();
    static const CURLUPart others[] = {CURLUPART_USER,  CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                       CURLUPART_QUERY, CURLUPART_FRAGMENT, CURLUPART_PATH};
    if (url == NULL || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (curl_url_set(url, others[i], NULL, 0) != CURLUE_OK) {
            return NULL;
        }
    }
    char *origin = NULL;
    return curl_url_get(url, CURLUPART_URL, &origin, CURLU_DEFAULT_PORT) == CURLUE_OK ? origin : NULL;
}

static bool set_credentials(CURL *curl, const struct http_settings *settings)
{
    if (settings->token) {
        return curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, settings->token) == CURLE_OK;
    }
    if (settings->username) {
        const char *password = settings->password ? settings->password : "";
        return curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_USERNAME, settings->username) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_PASSWORD, password) == CURLE_OK;
    }
    return true;
}

static bool set_options(struct http *self, const struct http_settings *settings)
{
    CURL *curl = self->curl;
    return curl_easy_setopt(curl, CURLOPT_URL, settings->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK && /* threads */
           curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "slipstream") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(settings->timeout_us / US_PER_MS)) == CURLE_OK &&
           (!settings->tls_ca || curl_easy_setopt(curl, CURLOPT_CAINFO, settings->tls_ca) == CURLE_OK) &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, self) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_bytes) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, self) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, give_up_when_stopped) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, self) == CURLE_OK && set_credentials(curl, settings);
}

enum outcome http_open(const struct http_settings *settings, struct http **http, struct reason *why)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return FAIL(why, STOP, REASON_FATAL, "libcurl cannot be started");
    }
    struct http *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->stop = settings->stop;
    self->curl = curl_easy_init();
    self->origin = origin_of(settings->url);
    enum outcome outcome = DONE;
    if (!self->origin) {
        outcome = FAIL(why, STOP, REASON_BAD_CONFIG, "a URL of alertmanager.urls or webhook.url cannot be taken apart");
    } else if (!self->curl || !set_options(self, settings)) {
        outcome = FAIL(why, STOP, REASON_FATAL, "libcurl lacks HTTP, TLS or memory for %s", self->origin);
    }
    if (outcome != DONE) {
        http_close(self);
        return outcome;
    }
    *http = self;
    return DONE;
}

void http_close(struct http *self)
{
    if (!self) {
        return;
    }
    curl_easy_cleanup(self->curl);
    curl_free(self->origin);
    free(self);
    curl_global_cleanup();
}

const char *http_origin(const struct http *self)
{
    return self->origin;
}

static struct curl_slist *list_of(const char *const *headers)
{
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
    ASSERT(list);
    ASSERT(curl_slist_append(list, "Expect:")); /* no 100-continue: bodies are small */
    for (size_t i = 0; headers && headers[i]; i++) {
        ASSERT(i < HTTP_HEADERS_MAX && curl_slist_append(list, headers[i]));
    }
    return list;
}

enum outcome http_post(struct http *self, struct span body, const char *const *headers, struct http_answer *answer,
                       struct reason *why)
{
    struct curl_slist *list CLEANUP(drop_list) = list_of(headers);
    self->answered = 0;
    self->stopped_us = 0;
    bool set = curl_easy_setopt(self->curl, CURLOPT_HTTPHEADER, list) == CURLE_OK &&
               curl_easy_setopt(self->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size) == CURLE_OK &&
               curl_easy_setopt(self->curl, CURLOPT_POSTFIELDS, (const char *)body.data) == CURLE_OK;
    CURLcode code = set ? curl_easy_perform(self->curl) : CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(self->curl, CURLOPT_HTTPHEADER, NULL);
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(self->curl, CURLINFO_RETRY_AFTER, &retry_after);
    bool is_cut = code == CURLE_WRITE_ERROR && self->answered > HTTP_ANSWER_MAX && status >= 200;
    if ((code != CURLE_OK && !is_cut) || status == 0) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "%s does not answer: %s", self->origin, curl_easy_strerror(code));
    }
    *answer = (struct http_answer){
        .status = status,
        .retry_after_us = (retry_after < RETRY_AFTER_MAX_S ? retry_after : RETRY_AFTER_MAX_S) * US_PER_SECOND};
    return DONE;
}
