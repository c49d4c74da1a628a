/* certificate.h - a certificate that signs itself, and its key, as PEM files: for tests of TLS. Link OpenSSL. */
#ifndef SLIPSTREAM_TESTS_CERTIFICATE_H
#define SLIPSTREAM_TESTS_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>

static inline bool certificate_extend(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static inline bool certificate_fill(X509 *certificate, EVP_PKEY *key, const char *names, long days)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_set_version(certificate, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
           X509_time_adj_ex(X509_getm_notBefore(certificate), -2, 0, NULL) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, 0, NULL) != NULL &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)"test", -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 && X509_set_pubkey(certificate, key) == 1 &&
           certificate_extend(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
           certificate_extend(certificate, NID_subject_alt_name, names) &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* names as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1". Good from two days ago for so many days from now. */
static inline bool certificate_write(const char *names, long days, const char *certificate_file, const char *key_file)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    FILE *to_certificate = fopen(certificate_file, "w");
    FILE *to_key = fopen(key_file, "w");
    bool written = key && certificate && to_certificate && to_key && certificate_fill(certificate, key, names, days) &&
                   PEM_write_X509(to_certificate, certificate) == 1 &&
                   PEM_write_PrivateKey(to_key, key, NULL, NULL, 0, NULL, NULL) == 1;
    written = to_certificate && fclose(to_certificate) == 0 && written;
    written = to_key && fclose(to_key) == 0 && written;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return written;
}

#endif
