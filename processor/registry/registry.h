/* registry.h - what a registry is made of, between the parts of this module. */
#ifndef SLIPSTREAM_REGISTRY_PARTS_H
#define SLIPSTREAM_REGISTRY_PARTS_H

#include "asking.h"
#include "schema_cache.h"
#include "schema_folder.h"

struct registry {
    struct schema_folder folder;
    struct registry_http *http; /* of the caller's thread; NULL: the folder only */
    struct asking *asking;      /* NULL likewise */
    struct schema_cache known;
    struct schema_cache refused; /* apart from the known: made-up ids must not push schemas out */
    int64_t refusal_us;
    uint64_t ours[CHANNELS]; /* fingerprints of our own schemas */
};

#endif
