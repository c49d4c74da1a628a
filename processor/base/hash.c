#include "slipstream/base/hash.h"

#include "slipstream/base/outcome.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash64(struct span bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

static uint32_t little_endian32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

uint32_t murmur2(struct span bytes)
{
    const uint32_t multiplier = 0x5bd1e995;
    const uint32_t seed = 0x9747b28c;
    uint32_t hash = seed ^ (uint32_t)bytes.size;
    const uint8_t *at = bytes.data;
    size_t left = bytes.size;
    for (; left >= 4; at += 4, left -= 4) {
        uint32_t word = little_endian32(at) * multiplier;
        hash = (hash * multiplier) ^ ((word ^ word >> 24) * multiplier);
    }
    if (left > 0) {
        uint32_t tail = 0;
        for (size_t i = 0; i < left; i++) {
            tail |= (uint32_t)at[i] << (8 * i);
        }
        hash = (hash ^ tail) * multiplier;
    }
    hash = (hash ^ hash >> 13) * multiplier;
    return hash ^ hash >> 15;
}

int32_t partition_of(struct span key, int32_t partitions)
{
    ASSERT(partitions > 0);
    return (int32_t)(murmur2(key) & 0x7fffffff) % partitions;
}

/* The specification's shift register, four steps at a time: only schemas are hashed with it, so sixteen entries do. */
#define CRC_EMPTY     UINT64_C(0xc15d213aa4d7a795)
#define CRC_STEP(x)   (((x) >> 1) ^ (CRC_EMPTY & (UINT64_C(0) - ((x)&1))))
#define CRC_NIBBLE(x) CRC_STEP(CRC_STEP(CRC_STEP(CRC_STEP(UINT64_C(x)))))

uint64_t crc64_avro(struct span bytes)
{
    static const uint64_t table[16] = {CRC_NIBBLE(0),  CRC_NIBBLE(1),  CRC_NIBBLE(2),  CRC_NIBBLE(3),
                                       CRC_NIBBLE(4),  CRC_NIBBLE(5),  CRC_NIBBLE(6),  CRC_NIBBLE(7),
                                       CRC_NIBBLE(8),  CRC_NIBBLE(9),  CRC_NIBBLE(10), CRC_NIBBLE(11),
                                       CRC_NIBBLE(12), CRC_NIBBLE(13), CRC_NIBBLE(14), CRC_NIBBLE(15)};
    uint64_t crc = CRC_EMPTY;
    for (size_t i = 0; i < bytes.size; i++) {
        crc = (crc >> 4) ^ table[(crc ^ bytes.data[i]) & 15];
        crc = (crc >> 4) ^ table[(crc ^ (uint64_t)(bytes.data[i] >> 4)) & 15];
    }
    return crc;
}
