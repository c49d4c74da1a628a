/* scoring_builtin.c - deploy/scoring.yaml inside the program. The assembler's include path leads to it (module.cmake).
 */
#include "slipstream/config.h"

__asm__(".section .rodata\n"
        ".balign 16\n"
        ".hidden scoring_yaml_first\n"
        ".global scoring_yaml_first\n"
        "scoring_yaml_first:\n"
        ".incbin \"scoring.yaml\"\n"
        ".hidden scoring_yaml_end\n"
        ".global scoring_yaml_end\n"
        "scoring_yaml_end:\n"
        ".byte 0\n"
        ".previous\n");
extern const uint8_t scoring_yaml_first[];
extern const uint8_t scoring_yaml_end[];

struct span scoring_builtin(void)
{
    return (struct span){scoring_yaml_first, (size_t)((uintptr_t)scoring_yaml_end - (uintptr_t)scoring_yaml_first)};
}
