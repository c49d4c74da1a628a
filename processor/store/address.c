/* address.c - reading a Redis URL, front to back. */
#include "address.h"

#define DEFAULT_PORT 6379
#define DATABASE_MAX 65535

static enum outcome bad(struct reason *why, const char *what)
{
    return FAIL(why, STOP, REASON_BAD_CONFIG, "redis.url: %s; as in redis://user@host:6379/0", what);
}

static bool holds(struct span text, char c)
{
    return text.size > 0 && memchr(text.data, c, text.size) != NULL;
}

/* What stands before `size` is handed out; it and the one byte after it are cut off the front of *text. */
static struct span cut(struct span *text, size_t size)
{
    struct span head = span_of(text->data, size);
    size_t gone = size < text->size ? size + 1 : size;
    *text = span_of(text->data + gone, text->size - gone);
    return head;
}

static size_t find_first(struct span text, char c)
{
    size_t at = 0;
    while (at < text.size && text.data[at] != (uint8_t)c) {
        at++;
    }
    return at;
}

static size_t find_last(struct span text, char c)
{
    size_t at = text.size;
    while (at > 0 && text.data[at - 1] != (uint8_t)c) {
        at--;
    }
    return at > 0 ? at - 1 : text.size;
}

static bool read_number(struct span text, int least, int most, int *number)
{
    if (text.size == 0 || text.size > 5) {
        return false;
    }
    int value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value = 10 * value + (text.data[i] - '0');
    }
    *number = value;
    return value >= least && value <= most;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes into out, NUL-terminated. False: too long, a broken escape, or a NUL in it. */
static bool decode(struct span text, char *out, size_t capacity)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.size ? hex_digit(text.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;
            c = low < 0 ? 0 : high * 16 + low;
            i += 2;
        }
        if (c == 0 || size + 1 >= capacity) {
            return false;
        }
        out[size++] = (char)c;
    }
    out[size] = '\0';
    return true;
}

/* "user", "user:password", ":password". The last '@' ends it: passwords that were not encoded may hold one. */
static enum outcome read_credentials(struct span *rest, struct address *address, struct reason *why)
{
    if (!holds(*rest, '@')) {
        return DONE;
    }
    struct span both = cut(rest, find_last(*rest, '@'));
    struct span username = cut(&both, find_first(both, ':'));
    if (!decode(username, address->username, sizeof address->username) ||
        !decode(both, address->password, sizeof address->password)) {
        return bad(why, "the user or password is too long, or a % in it is not followed by two hex digits");
    }
    return DONE;
}

static bool is_host(struct span host, bool bracketed)
{
    for (size_t i = 0; i < host.size; i++) {
        uint8_t c = host.data[i];
        bool letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!letter && c != '.' && c != '-' && c != '_' && !(bracketed && (c == ':' || c == '%'))) {
            return false;
        }
    }
    return host.size > 0;
}

static enum outcome read_host(struct span *rest, struct address *address, struct reason *why)
{
    bool bracketed = rest->size > 0 && rest->data[0] == '[';
    if (bracketed) {
        cut(rest, 0);
    }
    struct span host = cut(rest, find_first(*rest, bracketed ? ']' : ':'));
    if (!is_host(host, bracketed) || host.size >= sizeof address->host) {
        return bad(why, "the host is missing or holds what a name can't");
    }
    memcpy(address->host, host.data, host.size);
    address->host[host.size] = '\0';
    if (bracketed && rest->size > 0 && cut(rest, find_first(*rest, ':')).size > 0) {
        return bad(why, "something stands between ] and the port");
    }
    return DONE;
}

static enum outcome read_scheme(struct span *rest, struct address *address, struct reason *why)
{
    static const char *const schemes[] = {"redis://", "rediss://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t size = strlen(schemes[i]);
        if (rest->size >= size && memcmp(rest->data, schemes[i], size) == 0) {
            address->tls = i == 1;
            cut(rest, size - 1);
            return DONE;
        }
    }
    return bad(why, "it must begin with redis:// or, for TLS, rediss://");
}

enum outcome address_parse(const char *url, struct address *address, struct reason *why)
{
    struct address read = {.port = DEFAULT_PORT};
    struct span rest = span_text(url);
    TRY(read_scheme(&rest, &read, why));
    if (holds(rest, '?') || holds(rest, '#')) {
        return bad(why, "it takes no ? or # part (in a password they are %3F and %23)");
    }
    size_t slash = find_first(rest, '/');
    struct span authority = cut(&rest, slash);
    TRY(read_credentials(&authority, &read, why));
    TRY(read_host(&authority, &read, why));
    if (authority.size > 0 && !read_number(authority, 1, 65535, &read.port)) {
        return bad(why, "the port must be 1 to 65535");
    }
    if (rest.size > 0 && !read_number(rest, 0, DATABASE_MAX, &read.database)) {
        return bad(why, "what follows the / must be a database number");
    }
    *address = read;
    return DONE;
}
