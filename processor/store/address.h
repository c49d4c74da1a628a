/* address.h - where Redis is and who we are there: redis://[user[:password]@]host[:port][/database], rediss:// for TLS.
 *
 * User and password may be percent-encoded; a host in brackets is an IPv6 address. Errors: STOP/bad_config; no part of
 * the URL is ever in the reason, since a mistyped one may hold a password. */
#ifndef SLIPSTREAM_STORE_ADDRESS_H
#define SLIPSTREAM_STORE_ADDRESS_H

#include "slipstream/base.h"

struct address {
    bool tls;
    int port;
    int database;
    char host[256];
    char username[257];  /* empty: none */
    char password[1025]; /* empty: none */
};

enum outcome address_parse(const char *url, struct address *address, struct reason *why) MUST_CHECK;

#endif
