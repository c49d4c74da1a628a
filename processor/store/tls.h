/* tls.h - TLS to Redis, with the host's name checked: hiredis's own set-up leaves that out.
 *
 * Trusts the system's certificate authorities (SSL_CERT_FILE and SSL_CERT_DIR name others, as with every OpenSSL
 * program). Errors: RETRY/unavailable when the handshake fails; STOP/refused when the certificate is not valid for the
 * host. */
#ifndef SLIPSTREAM_STORE_TLS_H
#define SLIPSTREAM_STORE_TLS_H

#include <hiredis/hiredis.h>
#include <openssl/ssl.h>

#include "slipstream/base.h"

enum outcome tls_open(SSL_CTX **tls, struct reason *why) MUST_CHECK;
void tls_close(SSL_CTX *tls);

/* The handshake on a connection just made. */
enum outcome tls_start(SSL_CTX *tls, redisContext *connection, const char *host, struct reason *why) MUST_CHECK;

#endif
