#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128

union endpoint {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Numbers only: a name would have to be looked up, and may have several. Gives the size, or 0. */
static socklen_t endpoint_parse(const char *address, uint16_t port, union endpoint *endpoint)
{
    memset(endpoint, 0, sizeof *endpoint);
    if (inet_pton(AF_INET, address, &endpoint->v4.sin_addr) == 1) {
        endpoint->v4.sin_family = AF_INET;
        endpoint->v4.sin_port = htons(port);
        return sizeof endpoint->v4;
    }
    if (inet_pton(AF_INET6, address, &endpoint->v6.sin6_addr) == 1) {
        endpoint->v6.sin6_family = AF_INET6;
        endpoint->v6.sin6_port = htons(port);
        return sizeof endpoint->v6;
    }
    return 0;
}

static bool socket_listen(int descriptor, const union endpoint *endpoint, socklen_t size)
{
    const int on = 1;
    const int off = 0; /* "::" takes IPv4 too, whatever the system's default */
    return setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           (endpoint->any.sa_family != AF_INET6 ||
            setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
           bind(descriptor, &endpoint->any, size) == 0 && listen(descriptor, BACKLOG) == 0;
}

enum outcome listener_open(const char *address, uint16_t port, int *descriptor, uint16_t *bound, struct reason *why)
{
    union endpoint endpoint;
    socklen_t size = endpoint_parse(address, port, &endpoint);
    if (size == 0) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "%s is not an IPv4 or IPv6 address", address);
    }
    int opened = socket(endpoint.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (opened < 0 || !socket_listen(opened, &endpoint, size) || getsockname(opened, &endpoint.any, &size) != 0) {
        int error = errno;
        if (opened >= 0) {
            close(opened);
        }
        return FAIL(why, STOP, REASON_BAD_CONFIG, "cannot listen on %s port %u: %s", address, port, strerror(error));
    }
    *bound = ntohs(endpoint.any.sa_family == AF_INET ? endpoint.v4.sin_port : endpoint.v6.sin6_port);
    *descriptor = opened;
    return DONE;
}
