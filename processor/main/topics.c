/* topics.c - `slipstream topics`: which topics there should be, and making them. */
#include "command.h"

#include <stdio.h>

#define TIMEOUT_MS 15000

static void print_specs(const struct topic_spec *specs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%-24s partitions=%d", specs[i].name, specs[i].partitions);
        for (size_t c = 0; c < specs[i].config_count; c++) {
            printf(" %s=%s", specs[i].configs[c][0], specs[i].configs[c][1]);
        }
        printf("\n");
    }
}

static enum exit_code run_topics(const struct command *self, int argc, char **argv)
{
    struct setup setup;
    enum exit_code code;
    if (!setup_open(&setup, self, argc, argv, &code)) {
        return code;
    }
    struct topic_spec specs[TOPICS_MAX];
    size_t count = pipeline_topics(&setup.config, specs);
    const char *what = setup.arguments.positional_count == 1 ? setup.arguments.positional[0] : "";
    struct kafka_settings kafka = connect_kafka(&setup.config, setup.log);
    code = EXIT_FINE;
    if (strcmp(what, "print") == 0) {
        print_specs(specs, count);
    } else if (strcmp(what, "create") == 0) {
        struct reason why;
        size_t created = 0;
        if (kafka_create_topics(&kafka, specs, count, TIMEOUT_MS, &created, &why) != DONE) {
            code = complain(self, &why);
        } else {
            printf("%zu topics made, %zu were there\n", created, count - created);
        }
    } else {
        fprintf(stderr, "slipstream topics: say print or create\n");
        code = EXIT_USAGE;
    }
    setup_close(&setup);
    return code;
}

const struct command command_topics = {
    .name = "topics",
    .arguments = "print|create",
    .summary = "prints the topics there should be, or makes those that are missing",
    .detail = "Topics that are there are left as they are. The interactions' topics are made with 4 partitions each;\n"
              "the others with signals.partitions.",
    .example = "slipstream topics create --config slipstream.yaml",
    .has_config = true,
    .run = run_topics,
};
