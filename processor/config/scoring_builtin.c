/* scoring_builtin.c - deploy/scoring.yaml inside the program. The assembler's include path leads to it (module.cmake). */
#include "slipstream/base/embed.h"
#include "slipstream/config.h"

EMBED(scoring_yaml, "scoring.yaml");

struct span scoring_builtin(void)
{
    return EMBEDDED(scoring_yaml);
}
