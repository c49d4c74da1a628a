/* import_lines.c - a file line by line, through one buffer. */
#include "import_lines.h"

#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE  ((size_t)4 << 10) /* small, for files that are read in another order than their own */
#define BUFFER_SIZE (LINE_SIZE_MAX + BLOCK_SIZE)

static const uint8_t byte_order_mark[] = {0xEF, 0xBB, 0xBF};

bool lines_init(struct lines *self, const char *path)
{
    struct stat status;
    *self = (struct lines){.file = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)};
    if (self->file < 0) {
        return false;
    }
    int failed = fstat(self->file, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
    if (failed) {
        lines_done(self);
        errno = failed;
        return false;
    }
    self->regular = S_ISREG(status.st_mode);
    self->buffer = malloc(BUFFER_SIZE);
    ASSERT(self->buffer);
    return true;
}

void lines_done(struct lines *self)
{
    if (self->file > STDIN_FILENO) {
        close(self->file);
    }
    free(self->buffer);
    *self = (struct lines){.file = -1};
}

/* Reads on into the buffer, which has room. False: errno says why. */
static bool read_block(struct lines *self)
{
    if (self->at > 0 && BUFFER_SIZE - self->end < BLOCK_SIZE) {
        memmove(self->buffer, self->buffer + self->at, self->end - self->at);
        self->end -= self->at;
        self->at = 0;
    }
    size_t room = BUFFER_SIZE - self->end;
    room = room < BLOCK_SIZE ? room : BLOCK_SIZE;
    for (;;) {
        int64_t place = self->offset + (int64_t)(self->end - self->at);
        ssize_t got = self->regular ? pread(self->file, self->buffer + self->end, room, place)
                                    : read(self->file, self->buffer + self->end, room);
        if (got >= 0 || (errno == EINTR && signals_stop())) {
            self->ended = got <= 0;
            self->end += got > 0 ? (size_t)got : 0;
            return true;
        }
        if (errno != EINTR) {
            return false;
        }
    }
}

/* Where the line that begins at `at` ends, looking from `from` on; 0: not in the buffer. A CR at the buffer's end may
 * be half of a CRLF. */
static size_t line_end(const struct lines *self, size_t from)
{
    for (size_t i = from; i < self->end; i++) {
        if (self->buffer[i] == '\n') {
            return i + 1;
        }
        if (self->buffer[i] == '\r' && (i + 1 < self->end || self->ended)) {
            return i + 1 < self->end && self->buffer[i + 1] == '\n' ? i + 2 : i + 1;
        }
    }
    return 0;
}

static void pass_over(struct lines *self, size_t size)
{
    self->at += size;
    self->offset += (int64_t)size;
}

/* What is left of a line that is longer than the buffer. */
static enum lines_result pass_over_line(struct lines *self, struct line *line)
{
    size_t end = 0;
    while (end == 0) {
        pass_over(self, self->end - self->at);
        if (self->ended) {
            break;
        }
        if (!read_block(self)) {
            return LINES_FAILED;
        }
        end = line_end(self, self->at);
    }
    if (end > 0) {
        pass_over(self, end - self->at);
    }
    line->text = span_of(NULL, 0);
    line->number = ++self->number;
    return LINES_TOO_LONG;
}

static bool skip_byte_order_mark(struct lines *self)
{
    bool there = self->offset == 0 && self->end - self->at >= sizeof byte_order_mark &&
                 memcmp(self->buffer + self->at, byte_order_mark, sizeof byte_order_mark) == 0;
    pass_over(self, there ? sizeof byte_order_mark : 0);
    return there;
}

/* Until the buffer holds a whole line, the file's end, or as much as a line may be. Says where the line ends. */
static bool fill(struct lines *self, size_t *end)
{
    size_t looked = 0; /* bytes of the line without an end in them */
    for (;;) {
        looked = skip_byte_order_mark(self) ? 0 : looked;
        *end = line_end(self, self->at + looked);
        if (*end > 0 || self->ended || self->end - self->at > LINE_SIZE_MAX) {
            return true;
        }
        looked = self->end - self->at;
        looked -= looked > 0; /* the last may be a CR */
        if (!read_block(self)) {
            return false;
        }
    }
}

enum lines_result lines_next(struct lines *self, struct line *line)
{
    size_t end;
    if (!fill(self, &end)) {
        return LINES_FAILED;
    }
    line->offset = self->offset;
    if (end == 0 && self->end - self->at > LINE_SIZE_MAX) {
        return pass_over_line(self, line);
    }
    if (self->at == self->end) {
        return LINES_END;
    }
    size_t size = (end > 0 ? end : self->end) - self->at;
    if (size > LINE_SIZE_MAX) {
        pass_over(self, size);
        line->text = span_of(NULL, 0);
        line->number = ++self->number;
        return LINES_TOO_LONG;
    }
    line->text = span_of(self->buffer + self->at, size);
    line->number = ++self->number;
    pass_over(self, size);
    return LINES_ONE;
}

void lines_seek(struct lines *self, int64_t offset, size_t number)
{
    ASSERT(self->regular);
    int64_t begin = self->offset - (int64_t)self->at;
    if (offset >= begin && offset < begin + (int64_t)self->end) {
        self->at = (size_t)(offset - begin);
    } else {
        self->at = 0;
        self->end = 0;
        self->ended = false;
    }
    self->offset = offset;
    self->number = number - 1;
}
