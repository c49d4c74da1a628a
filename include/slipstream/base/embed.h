/* embed.h - a file's bytes as a constant in the program.
 *
 * EMBED(name, path) at file scope defines name and name_end. The assembler reads the file, so that the compiler knows
 * nothing of it: CMake must name it in the source file's OBJECT_DEPENDS. */
#ifndef SLIPSTREAM_BASE_EMBED_H
#define SLIPSTREAM_BASE_EMBED_H

#include "slipstream/base/span.h"

#define EMBED(name, path)                                                                                              \
    __asm__(".pushsection .rodata\n" #name ":\n.incbin \"" path "\"\n" #name "_end:\n.byte 0\n.popsection\n");         \
    extern const uint8_t name[] __attribute__((visibility("hidden")));                                                 \
    extern const uint8_t name##_end[] __attribute__((visibility("hidden")))

#define EMBEDDED(name) span_of((name), (size_t)((name##_end) - (name)))

#endif
