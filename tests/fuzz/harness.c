/* harness.c - runs one input and measures what it uses. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define COUNTS_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTS_HEAP 1
#endif
#endif

static struct {
    size_t allocations;
    size_t in_use;  /* bytes */
    size_t begun;   /* bytes in use before the input */
    size_t highest; /* of all inputs: bytes more than before it */
    int64_t slowest_ms;
    size_t allowed; /* bytes in use; 0: any */
    int file;
    char path[64];
} self = {.file = -1};

void fuzz_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

/* ---- the heap ---- */

#ifdef COUNTS_HEAP
/* sanitizer/allocator_interface.h: clang has it, gcc has only what it declares. */
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
                                              void (*free_hook)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *memory);
size_t __sanitizer_get_current_allocated_bytes(void);

static _Thread_local bool is_counted; /* libFuzzer has a thread of its own, which watches */

static void on_malloc(const volatile void *memory, size_t size)
{
    if (memory == NULL || !is_counted) {
        return;
    }
    self.allocations++;
    self.in_use += size;
    if (self.in_use > self.begun + self.highest && self.allowed != 0) {
        self.highest = self.in_use - self.begun;
    }
    if (self.allowed != 0 && self.in_use > self.allowed) {
        size_t in_use = self.in_use;
        self.allowed = 0; /* what follows may allocate */
        fprintf(stderr, "%zu bytes of heap in use, the last %zu of them asked for here\n", in_use, size);
        fuzz_failed("in_use <= allowed", __FILE__, __LINE__);
    }
}

static void on_free(const volatile void *memory)
{
    if (memory != NULL && is_counted) {
        self.in_use -= __sanitizer_get_allocated_size(memory);
    }
}

static void count_heap(void)
{
    CHECK(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) != 0);
    self.in_use = __sanitizer_get_current_allocated_bytes();
    is_counted = true;
}
#else
static void count_heap(void)
{
}
#endif

size_t fuzz_allocations(void)
{
    return self.allocations;
}

/* ---- inputs ---- */

static int64_t cpu_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What the greediest inputs took: tests/fuzz/run reads this. */
static void tell_highest(void)
{
    fprintf(stderr, "measured: %zu bytes of heap, %lld ms\n", self.highest, (long long)self.slowest_ms);
}

void fuzz_measure(struct span input)
{
    static bool is_ready;
    if (!is_ready) {
        count_heap();
        fuzz_set_up();
        CHECK(atexit(tell_highest) == 0);
        is_ready = true;
    }
    CHECK(fuzz_heap_max <= FUZZ_HEAP_MAX);
    self.begun = self.in_use;
    self.allowed = self.in_use + fuzz_heap_max;
    int64_t begun = cpu_ms();
    fuzz_one(input);
    int64_t took = cpu_ms() - begun;
    self.allowed = 0;
    self.slowest_ms = took > self.slowest_ms ? took : self.slowest_ms;
    if (took > FUZZ_CPU_MS_MAX) {
        fprintf(stderr, "%lld ms of the processor for %zu bytes\n", (long long)took, input.size);
        fuzz_failed("took <= FUZZ_CPU_MS_MAX", __FILE__, __LINE__);
    }
}

const char *fuzz_file(struct span content)
{
    if (self.file < 0) {
        self.file = memfd_create("input", MFD_CLOEXEC);
        CHECK(self.file >= 0);
        snprintf(self.path, sizeof self.path, "/proc/self/fd/%d", self.file);
    }
    CHECK(ftruncate(self.file, 0) == 0);
    for (size_t at = 0; at < content.size;) {
        ssize_t written = pwrite(self.file, content.data + at, content.size - at, (off_t)at);
        CHECK(written > 0);
        at += (size_t)written;
    }
    return self.path;
}

bool fuzz_says_why(const struct reason *why)
{
    return why->code > REASON_NONE && why->code < REASON_COUNT && why->text[0] != '\0' &&
           memchr(why->text, '\0', sizeof why->text) != NULL;
}

/* ---- libFuzzer's way in ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_measure(span_of(data, size));
    return 0;
}
