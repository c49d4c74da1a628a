/* tls.c - TLS to Redis. */
#include "tls.h"

#include <arpa/inet.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

static const char *openssl_error(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return text ? text : "no reason given";
}

enum outcome tls_open(SSL_CTX **tls, struct reason *why)
{
    SSL_CTX *made = SSL_CTX_new(TLS_client_method());
    if (!made || SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_default_verify_paths(made) != 1) {
        SSL_CTX_free(made);
        return FAIL(why, STOP, REASON_FATAL, "TLS: %s", openssl_error());
    }
    SSL_CTX_set_verify(made, SSL_VERIFY_PEER, NULL);
    *tls = made;
    return DONE;
}

void tls_close(SSL_CTX *tls)
{
    SSL_CTX_free(tls);
}

static void ssl_drop(SSL **ssl)
{
    SSL_free(*ssl);
}

/* Names are asked for (SNI) and matched; addresses only matched, against the certificate's IP entries. */
static bool expect_host(SSL *ssl, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, (char *)(uintptr_t)host) == 1;
}

enum outcome tls_start(SSL_CTX *tls, redisContext *connection, const char *host, struct reason *why)
{
    SSL *ssl CLEANUP(ssl_drop) = SSL_new(tls);
    if (!ssl || !expect_host(ssl, host)) {
        return FAIL(why, STOP, REASON_FATAL, "TLS to %s: %s", host, openssl_error());
    }
    if (redisInitiateSSL(connection, ssl) == REDIS_OK) {
        ssl = NULL; /* the connection owns it now */
        return DONE;
    }
    long verified = SSL_get_verify_result(ssl);
    if (verified != X509_V_OK) {
        return FAIL(why, STOP, REASON_REFUSED, "TLS: the certificate of %s is not good: %s", host,
                    X509_verify_cert_error_string(verified));
    }
    return FAIL(why, RETRY, REASON_UNAVAILABLE, "TLS to %s: %s", host, connection->errstr);
}
