/* arena.c - memory that is freed as a whole, and files read into it. */
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK_SIZE 16384

struct config_arena_chunk {
    struct config_arena_chunk *next;
    size_t size, used;
    max_align_t data[];
};

void config_arena_init(struct config_arena *self, size_t ceiling)
{
    *self = (struct config_arena){.ceiling = ceiling};
}

void config_arena_done(struct config_arena *self)
{
    while (self->chunks) {
        struct config_arena_chunk *chunk = self->chunks;
        self->chunks = chunk->next;
        free(chunk);
    }
    *self = (struct config_arena){.ceiling = self->ceiling};
}

static struct config_arena_chunk *add_chunk(struct config_arena *self, size_t size)
{
    if (size > self->ceiling - self->size) {
        return NULL;
    }
    struct config_arena_chunk *chunk = calloc(1, sizeof *chunk + size);
    if (chunk) {
        *chunk = (struct config_arena_chunk){.next = self->chunks, .size = size};
        self->chunks = chunk;
        self->size += size;
    }
    return chunk;
}

void *config_arena_take(struct config_arena *self, size_t size)
{
    const size_t alignment = _Alignof(max_align_t);
    if (self->failed || size > self->ceiling) {
        self->failed = true;
        return NULL;
    }
    size = (size + alignment - 1) / alignment * alignment;
    struct config_arena_chunk *chunk = self->chunks;
    if (!chunk || size > chunk->size - chunk->used) {
        chunk = add_chunk(self, size > CHUNK_SIZE ? size : CHUNK_SIZE);
    }
    if (!chunk) {
        self->failed = true;
        return NULL;
    }
    void *taken = (char *)chunk->data + chunk->used;
    chunk->used += size;
    return taken;
}

char *config_arena_text(struct config_arena *self, const void *text, size_t size)
{
    char *copy = config_arena_take(self, size + 1);
    if (copy && size > 0) {
        memcpy(copy, text, size);
    }
    return copy;
}

static void close_file(const int *descriptor)
{
    if (*descriptor >= 0) {
        close(*descriptor);
    }
}

static void drop_room(char **room)
{
    free(*room);
}

/* Reads until the end, for a pipe does not tell its size; one byte more than allowed is too many. */
static bool read_all(int descriptor, char *room, size_t room_size, size_t *size)
{
    *size = 0;
    while (*size < room_size) {
        ssize_t got = read(descriptor, room + *size, room_size - *size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return false;
        }
        if (got == 0) {
            break;
        }
        *size += (size_t)got;
    }
    return true;
}

bool config_file_read(const char *path, size_t size_max, struct config_arena *memory, struct span *content,
                      const char **why_not)
{
    int descriptor CLEANUP(close_file) = open(path, O_RDONLY | O_CLOEXEC);
    char *room CLEANUP(drop_room) = descriptor >= 0 ? malloc(size_max + 1) : NULL;
    size_t size = 0;
    if (!room || !read_all(descriptor, room, size_max + 1, &size)) {
        const char *said = strerrordesc_np(errno);
        *why_not = said ? said : "cannot be read";
        return false;
    }
    if (size > size_max) {
        *why_not = "too large";
        return false;
    }
    char *copy = config_arena_text(memory, room, size);
    if (!copy) {
        *why_not = "out of memory";
        return false;
    }
    *content = (struct span){(const uint8_t *)copy, size};
    return true;
}
