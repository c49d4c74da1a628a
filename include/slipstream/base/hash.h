/* hash.h - the hashes that others must be able to repeat, and their sources. */
#ifndef SLIPSTREAM_BASE_HASH_H
#define SLIPSTREAM_BASE_HASH_H

#include "slipstream/base/span.h"

/* XXH3, 64 bits (xxhash 0.8). */
uint64_t hash64(struct span bytes, uint64_t seed);

/* Kafka's murmur2 (org.apache.kafka.common.utils.Utils.murmur2). */
uint32_t murmur2(struct span bytes);

/* The partition that Kafka's default partitioner gives a key: (murmur2 & 0x7fffffff) mod partitions. */
int32_t partition_of(struct span key, int32_t partitions);

/* CRC-64-AVRO, the fingerprint of single-object encoding (Avro 1.11 specification). */
uint64_t crc64_avro(struct span bytes);

#endif
