#include "slipstream/serve.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "listener.h"

#define CONNECTIONS_MAX 64u
#define IDLE_SECONDS    10u
#define CONNECTION_BYTES                                                                                               \
    ((size_t)16 * 1024)                 /* request and response headers; a longer request is refused by the library */
#define PAGE_MAX      ((size_t)4 << 20) /* a page that grows beyond it is a 500 */
#define DRAIN_SECONDS 2                 /* close waits so long at most for a client that does not read */

struct server {
    struct MHD_Daemon *daemon; /* one thread: callbacks never run side by side */
    const struct serve_page *pages;
    size_t page_count;
    uint16_t port;
    pthread_mutex_t lock; /* over under_way */
    pthread_cond_t idle;
    unsigned under_way; /* requests whose answer has not been sent whole */
};

static void request_began(struct server *self)
{
    pthread_mutex_lock(&self->lock);
    self->under_way++;
    pthread_mutex_unlock(&self->lock);
}

static void request_ended(void *context, struct MHD_Connection *connection, void **request,
                          enum MHD_RequestTerminationCode how)
{
    struct server *self = context;
    (void)connection;
    (void)how;
    if (*request == NULL) {
        return;
    }
    *request = NULL;
    pthread_mutex_lock(&self->lock);
    if (--self->under_way == 0) {
        pthread_cond_signal(&self->idle);
    }
    pthread_mutex_unlock(&self->lock);
}

/* Sends `body`, whose memory passes to the answer, or a status alone when there is no memory for it. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *content_type,
                              struct buffer *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(body->size, body->data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        return MHD_NO; /* closes the connection */
    }
    body->data = NULL; /* the response owns it now */
    enum MHD_Result sent = MHD_NO;
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) == MHD_YES &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES &&
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES &&
        (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
         MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES)) {
        sent = MHD_queue_response(connection, status, response);
    }
    MHD_destroy_response(response); /* our reference; the connection holds its own */
    return sent;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
    struct buffer body CLEANUP(buffer_done);
    buffer_init(&body, 100);
    buffer_text(&body, "%s\n", text);
    return answer(connection, status, "text/plain; charset=utf-8", &body);
}

static enum MHD_Result answer_page(struct MHD_Connection *connection, const struct serve_page *page)
{
    struct buffer body CLEANUP(buffer_done);
    buffer_init(&body, PAGE_MAX);
    unsigned status = page->render(page->context, &body);
    if (body.overflow || status < 200 || status > 599) {
        return answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the page could not be made");
    }
    return answer(connection, status, page->content_type, &body);
}

static const struct serve_page *page_find(const struct server *self, const char *path)
{
    for (size_t i = 0; i < self->page_count; i++) {
        if (strcmp(self->pages[i].path, path) == 0) {
            return &self->pages[i];
        }
    }
    return NULL;
}

/* Called first when the headers are there, then for each piece of a body, then once more to be answered. A method that
 * is not allowed is answered at the first call, so that its body is never read; a GET with a body is cut off. */
static enum MHD_Result request_handle(void *context, struct MHD_Connection *connection, const char *path,
                                      const char *method, const char *version, const char *upload, size_t *upload_size,
                                      void **request)
{
    struct server *self = context;
    (void)version;
    (void)upload;
    bool first = *request == NULL;
    if (first) {
        *request = self;
        request_began(self);
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are allowed here");
    }
    if (*upload_size > 0) {
        return MHD_NO;
    }
    if (first) {
        return MHD_YES;
    }
    const struct serve_page *page = page_find(self, path);
    return page != NULL ? answer_page(connection, page) : answer_text(connection, MHD_HTTP_NOT_FOUND, "no such page");
}

/* The program's signals are for its main thread: the server's is born with all of them blocked. */
static struct MHD_Daemon *daemon_start(struct server *self, int listener)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, request_handle, self,
                         MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                         CONNECTION_BYTES, MHD_OPTION_NOTIFY_COMPLETED, request_ended, self, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

static struct server *server_new(const struct serve_page *pages, size_t count)
{
    struct server *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->pages = pages;
    self->page_count = count;
    pthread_condattr_t attributes;
    int failed = pthread_mutex_init(&self->lock, NULL) | pthread_condattr_init(&attributes) |
                 pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) | pthread_cond_init(&self->idle, &attributes);
    ASSERT(failed == 0);
    pthread_condattr_destroy(&attributes);
    return self;
}

static void server_free(struct server *self)
{
    pthread_cond_destroy(&self->idle);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

enum outcome server_open(const char *address, uint16_t port, const struct serve_page *pages, size_t count,
                         struct server **server, struct reason *why)
{
    struct server *self = server_new(pages, count);
    if (self == NULL) {
        return FAIL(why, STOP, REASON_FULL, "no memory for a server");
    }
    int listener = -1;
    enum outcome opened = listener_open(address, port, &listener, &self->port, why);
    if (opened != DONE) {
        server_free(self);
        return opened;
    }
    self->daemon = daemon_start(self, listener);
    if (self->daemon == NULL) { /* it has left the socket open */
        int error = errno;
        close(listener);
        server_free(self);
        return FAIL(why, STOP, REASON_FATAL, "cannot start the HTTP server on %s port %u: %s", address, port,
                    strerror(error));
    }
    *server = self;
    return DONE;
}

static void wait_until_idle(struct server *self)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += DRAIN_SECONDS;
    pthread_mutex_lock(&self->lock);
    while (self->under_way > 0 && pthread_cond_timedwait(&self->idle, &self->lock, &deadline) == 0) {
    }
    pthread_mutex_unlock(&self->lock);
}

void server_close(struct server *self)
{
    if (self == NULL) {
        return;
    }
    int listener = MHD_quiesce_daemon(self->daemon); /* no new connections from here on; the socket is ours again */
    wait_until_idle(self);
    MHD_stop_daemon(self->daemon);
    if (listener >= 0) {
        close(listener);
    }
    server_free(self);
}

uint16_t server_port(const struct server *self)
{
    return self->port;
}
