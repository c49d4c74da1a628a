/* counted_heap.h - how often the code under test asks for memory: linked with --wrap of malloc, calloc and realloc. */
#ifndef SLIPSTREAM_TESTS_COUNTED_HEAP_H
#define SLIPSTREAM_TESTS_COUNTED_HEAP_H

#include <stddef.h>
#include <stdint.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static int64_t allocations; /* what the C library and test tools ask for among themselves is not counted */

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    allocations++;
    return __real_realloc(memory, size);
}

#endif
