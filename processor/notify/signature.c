/* signature.c - the webhook's signature, as Stripe's and GitHub's: HMAC-SHA256 over time and body. */
#include "slipstream/notify.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

void notify_sign(const char *secret, int64_t seconds, struct span body, char signature[NOTIFY_SIGNATURE_SIZE])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    struct buffer signed_text;
    buffer_init(&signed_text, body.size + 32);
    buffer_text(&signed_text, "%lld.", (long long)seconds);
    buffer_bytes(&signed_text, body.data, body.size);
    ASSERT(!signed_text.overflow);
    ASSERT(HMAC(EVP_sha256(), secret, (int)strlen(secret), signed_text.data, signed_text.size, sum, &size));
    buffer_done(&signed_text);
    int length = snprintf(signature, NOTIFY_SIGNATURE_SIZE, "t=%lld,v1=", (long long)seconds);
    for (unsigned i = 0; i < size; i++) {
        length += snprintf(signature + length, NOTIFY_SIGNATURE_SIZE - (size_t)length, "%02x", sum[i]);
    }
    ASSERT((size_t)length < NOTIFY_SIGNATURE_SIZE);
}
