#include "slipstream/base/span.h"

#include "utf8.h"

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Bytes that a sequence beginning with `first` has, and the range its second byte must lie in: that range is what
 * excludes overlong forms, surrogates and everything above U+10FFFF. */
static size_t sequence_shape(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
        return 2;
    }
    if ((first & 0xF0) == 0xE0) {
        *low = first == 0xE0 ? 0xA0 : 0x80;
        *high = first == 0xED ? 0x9F : 0xBF;
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        *low = first == 0xF0 ? 0x90 : 0x80;
        *high = first == 0xF4 ? 0x8F : 0xBF;
        return 4;
    }
    return 0;
}

size_t utf8_sequence(const uint8_t *text, size_t left)
{
    if (text[0] < 0x80) {
        return 1;
    }
    uint8_t low;
    uint8_t high;
    size_t length = sequence_shape(text[0], &low, &high);
    if (length == 0 || length > left || text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (!is_continuation(text[i])) {
            return 0;
        }
    }
    return length;
}

size_t utf8_cut(const uint8_t *text, size_t size)
{
    size_t tail = 0; /* continuation bytes at the end; a sequence has three at most */
    while (tail < 3 && tail < size && is_continuation(text[size - 1 - tail])) {
        tail++;
    }
    if (tail == size || text[size - 1 - tail] < 0xC0) {
        return size; /* ends in ASCII, or was no UTF-8 before the cut either */
    }
    size_t start = size - 1 - tail;
    return utf8_sequence(text + start, size - start) == 0 ? start : size;
}

bool span_is_text(struct span text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);
    const uint8_t *at = text.data;
    size_t left = text.size;
    while (left > 0) {
        uint64_t word;
        if (left >= sizeof word) {
            memcpy(&word, at, sizeof word);
            if (((word | (word - ones)) & tops) == 0) { /* eight bytes of 01 to 7F: the borrow of a 00 sets a top bit */
                at += sizeof word;
                left -= sizeof word;
                continue;
            }
        }
        size_t length = at[0] == 0 ? 0 : utf8_sequence(at, left);
        if (length == 0) {
            return false;
        }
        at += length;
        left -= length;
    }
    return true;
}
