/* deadletter.c - `slipstream deadletter`: what could not be read, shown, and sent again once the cause is mended. */
#include "letter_list.h"
#include "letter_replay.h"
#include "letter_text.h"
#include "letters.h"

#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST_LIMIT     20
#define REPLAYS_MAX    5
#define OUTPUT_MAX     ((size_t)1 << 30)
#define SHOW_BYTES_MAX ((size_t)16 << 20)

/* One call of the command. */
struct deadletter {
    const struct command *command;
    struct setup setup;
    struct letter_filter filter;
    int64_t limit, replays_max;
    bool json;
};

static bool is_given(const struct deadletter *self, const char *option)
{
    return argument(self->command, &self->setup.arguments, option) != NULL;
}

/* ---- the command line ---- */

static enum outcome read_number(const struct deadletter *self, const char *option, int64_t least, int64_t most,
                                int64_t *number, struct reason *why)
{
    const char *text = argument(self->command, &self->setup.arguments, option);
    if (!text) {
        return DONE;
    }
    char *end;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || value < least || value > most) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "--%s takes a number from %lld to %lld, not \"%s\"", option,
                    (long long)least, (long long)most, text);
    }
    *number = value;
    return DONE;
}

static enum outcome read_times(struct deadletter *self, struct reason *why)
{
    struct event_time now = system_clock.wall(&system_clock);
    const char *since = argument(self->command, &self->setup.arguments, "since");
    const char *until = argument(self->command, &self->setup.arguments, "until");
    if (since) {
        TRY(letter_time_parse(since, now, &self->filter.since, why));
    }
    if (until) {
        TRY(letter_time_parse(until, now, &self->filter.until, why));
    }
    if (self->filter.until.us <= self->filter.since.us) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "--until is not after --since");
    }
    return DONE;
}

/* What stands behind list, show or replay. */
static enum outcome read_places(struct deadletter *self, struct reason *why)
{
    const struct arguments *arguments = &self->setup.arguments;
    _Static_assert(ARGUMENTS_MAX <= FILTER_PLACES_MAX, "room for every argument");
    for (size_t i = 1; i < arguments->positional_count; i++) {
        if (!letter_place_parse(arguments->positional[i], &self->filter.places[self->filter.place_count++])) {
            return FAIL(why, STOP, REASON_BAD_CONFIG,
                        "\"%s\" is no letter: say PARTITION:OFFSET, as `slipstream deadletter list` shows it",
                        arguments->positional[i]);
        }
    }
    return DONE;
}

static enum outcome read_filter(struct deadletter *self, struct reason *why)
{
    const char *reasons = argument(self->command, &self->setup.arguments, "reason");
    self->filter = LETTER_FILTER_ALL;
    self->filter.topics = argument(self->command, &self->setup.arguments, "topic");
    self->filter.pending = is_given(self, "pending");
    self->json = is_given(self, "json");
    self->limit = LIST_LIMIT;
    self->replays_max = REPLAYS_MAX;
    TRY(reasons ? letter_filter_reasons(&self->filter, reasons, why) : DONE);
    TRY(read_number(self, "limit", 0, LETTER_LIST_MAX, &self->limit, why));
    TRY(read_number(self, "max-replays", 1, 1000, &self->replays_max, why));
    TRY(read_times(self, why));
    return read_places(self, why);
}

/* ---- what all three do ---- */

static enum outcome open_letters(struct deadletter *self, struct letters **letters, struct reason *why)
{
    struct kafka_settings kafka = connect_kafka(&self->setup.config, self->setup.log);
    return letters_open(&kafka, self->setup.config.topic_deadletter, &self->filter, letters, why);
}

static void print_all(const struct buffer *text)
{
    fwrite(text->data, 1, text->size, stdout);
}

/* ---- list ---- */

static enum outcome list_letters(struct letters *letters, struct letter_list *list, struct reason *why)
{
    const struct found_letter *found;
    for (;;) {
        TRY(letters_next(letters, &found, why));
        if (!found) {
            return DONE;
        }
        letter_list_add(list, found);
    }
}

static enum exit_code run_list(struct deadletter *self)
{
    struct reason why;
    struct letters *letters = NULL;
    struct letter_list list;
    if (open_letters(self, &letters, &why) != DONE) {
        return complain(self->command, &why);
    }
    letter_list_init(&list, (size_t)self->limit, self->json);
    enum outcome listed = list_letters(letters, &list, &why);
    if (listed == DONE) {
        struct buffer out;
        buffer_init(&out, OUTPUT_MAX);
        letter_list_write(&list, letters_unreadable(letters), &out);
        print_all(&out);
        buffer_done(&out);
    }
    letter_list_done(&list);
    letters_close(letters);
    return listed == DONE ? EXIT_FINE : complain(self->command, &why);
}

/* ---- show ---- */

static void show_letter(const struct deadletter *self, const struct found_letter *found)
{
    struct buffer out;
    bool reveal = is_given(self, "reveal");
    buffer_init(&out, SHOW_BYTES_MAX);
    if (self->json) {
        struct jout json = jout_into(&out);
        letter_json(found, reveal, &json);
        buffer_u8(&out, '\n');
    } else {
        letter_text(found, reveal, &out);
    }
    print_all(&out);
    buffer_done(&out);
}

static enum exit_code run_show(struct deadletter *self)
{
    struct reason why;
    struct letters *letters = NULL;
    if (self->filter.place_count != 1) {
        fprintf(stderr, "slipstream deadletter show: say which one, as PARTITION:OFFSET\n");
        return EXIT_USAGE;
    }
    const struct found_letter *found = NULL;
    enum outcome read = open_letters(self, &letters, &why);
    if (read == DONE) {
        read = letters_next(letters, &found, &why);
    }
    if (found) {
        show_letter(self, found);
    } else if (read == DONE) {
        read = FAIL(&why, STOP, REASON_LOST, "there is no dead letter at %d:%lld",
                    (int)self->filter.places[0].partition, (long long)self->filter.places[0].offset);
    }
    letters_close(letters);
    return read == DONE ? EXIT_FINE : complain(self->command, &why);
}

/* ---- replay ---- */

struct left_out {
    const char *key;
    size_t count;
    const char *text;
};
#define LEFT_OUT 6
static void list_left_out(const struct replay_counts *counts, struct left_out out[LEFT_OUT])
{
    const struct left_out all[LEFT_OUT] = {
        {"before", counts->before, "were replayed before"},
        {"again", counts->again, "were replayed as often as --max-replays allows"},
        {"not_whole", counts->cut, "were too large to be kept whole"},
        {"too_late", counts->hopeless, "are too late for ever (--reason too_late replays them nevertheless)"},
        {"elsewhere", counts->elsewhere, "are of a topic that is not configured, or not there"},
        {"too_large", counts->too_large, "were refused by their topic for their size"},
    };
    memcpy(out, all, sizeof all);
}

static void print_replay_text(const struct replay_counts *counts, const char *const *topics, bool dry_run,
                              bool complete)
{
    struct left_out left[LEFT_OUT];
    list_left_out(counts, left);
    printf("%zu dead letters %s", replay_total(counts), dry_run ? "would be replayed" : "replayed");
    const char *separator = " (";
    for (unsigned c = 0; c < CHANNELS; c++) {
        if (counts->topics[c]) {
            printf("%s%s %zu", separator, topics[c], counts->topics[c]);
            separator = ", ";
        }
    }
    printf("%s%s\n", replay_total(counts) ? ")" : "", complete ? "" : "; stopped before the end");
    for (size_t i = 0; i < LEFT_OUT; i++) {
        if (left[i].count) {
            printf("%zu %s\n", left[i].count, left[i].text);
        }
    }
    if (dry_run && replay_total(counts)) {
        printf("nothing was sent: --go does it\n");
    }
}

static void print_replay_json(const struct replay_counts *counts, const char *const *topics, bool dry_run,
                              bool complete)
{
    struct left_out left[LEFT_OUT];
    struct buffer out;
    buffer_init(&out, 1 << 16);
    struct jout json = jout_into(&out);
    list_left_out(counts, left);
    jout_open(&json, '{');
    jout_key(&json, "dry_run");
    jout_bool(&json, dry_run);
    jout_key(&json, "complete");
    jout_bool(&json, complete);
    jout_key(&json, "replayed");
    jout_int(&json, (int64_t)replay_total(counts));
    jout_key(&json, "topics");
    jout_open(&json, '{');
    for (unsigned c = 0; c < CHANNELS; c++) {
        jout_key(&json, topics[c]);
        jout_int(&json, (int64_t)counts->topics[c]);
    }
    jout_close(&json, '}');
    jout_key(&json, "left_out");
    jout_open(&json, '{');
    for (size_t i = 0; i < LEFT_OUT; i++) {
        jout_key(&json, left[i].key);
        jout_int(&json, (int64_t)left[i].count);
    }
    jout_close(&json, '}');
    jout_close(&json, '}');
    buffer_u8(&out, '\n');
    print_all(&out);
    buffer_done(&out);
}

static enum outcome replay_letters(struct letters *letters, struct replay *replay, struct reason *why)
{
    const struct found_letter *found;
    for (;;) {
        TRY(letters_next(letters, &found, why));
        if (!found) {
            return replay_flush(replay, why);
        }
        TRY(replay_add(replay, found, why));
    }
}

static enum exit_code run_replay(struct deadletter *self)
{
    const struct config *config = &self->setup.config;
    const char *const topics[CHANNELS] = {
        [CHANNEL_WEB] = config->topic_web,
        [CHANNEL_PHONE] = config->topic_phone,
        [CHANNEL_OFFICE] = config->topic_office,
        [CHANNEL_CHAT] = config->topic_chat,
    };
    char transactional_id[256];
    snprintf(transactional_id, sizeof transactional_id, "%s-deadletter-replay", config->app);
    const char *late = reason_word(REASON_TOO_LATE);
    bool dry_run = !is_given(self, "go");
    const struct replay_settings settings = {
        .kafka = connect_kafka(config, self->setup.log),
        .transactional_id = transactional_id,
        .topics = topics,
        .deadletter = config->topic_deadletter,
        .replays_max = (unsigned)self->replays_max,
        .hopeless_too = self->filter.reasons && word_is_listed(self->filter.reasons, span_text(late)),
        .dry_run = dry_run,
    };
    struct reason why;
    struct replay *replay = NULL;
    struct letters *letters = NULL;
    enum outcome outcome = replay_open(&settings, &replay, &why);
    if (outcome != DONE) {
        return complain(self->command, &why);
    }
    outcome = open_letters(self, &letters, &why);
    if (outcome == DONE) {
        outcome = replay_letters(letters, replay, &why);
    }
    letters_close(letters);
    if (letters) {
        (self->json ? print_replay_json : print_replay_text)(replay_counts(replay), topics, dry_run, outcome == DONE);
    }
    replay_close(replay);
    return outcome == DONE ? EXIT_FINE : complain(self->command, &why);
}

/* ---- the command ---- */

static enum exit_code run_verb(struct deadletter *self)
{
    static const struct {
        const char *word;
        enum exit_code (*run)(struct deadletter *self);
    } verbs[] = {{"list", run_list}, {"show", run_show}, {"replay", run_replay}};
    const struct arguments *arguments = &self->setup.arguments;
    struct reason why;
    if (read_filter(self, &why) != DONE) {
        return complain(self->command, &why);
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (arguments->positional_count && strcmp(arguments->positional[0], verbs[i].word) == 0) {
            return verbs[i].run(self);
        }
    }
    fprintf(stderr, "slipstream deadletter: say list, show or replay; see slipstream deadletter --help\n");
    return EXIT_USAGE;
}

static enum exit_code run_deadletter(const struct command *command, int argc, char **argv)
{
    struct deadletter self = {.command = command};
    enum exit_code code;
    if (!setup_open(&self.setup, command, argc, argv, &code)) {
        return code;
    }
    signals_catch();
    code = run_verb(&self);
    setup_close(&self.setup);
    return code;
}

const struct command command_deadletter = {
    .name = "deadletter",
    .arguments = "list|show|replay [PARTITION:OFFSET]...",
    .summary = "lists or shows the messages that could not be read, or sends them again",
    .detail =
        "list: the newest letters, and how many there are of each reason, with what to do about it.\n"
        "show PARTITION:OFFSET: all that is known of one. Its payload may be personal: --reveal shows that too.\n"
        "replay: after the cause is mended, sends the letters that the options pick, or those named, back to their\n"
        "topics, with key, bytes, headers and time as they came. Without --go it only says what it would do. No "
        "letter\n"
        "is sent twice: what was replayed stands on record, written in the same transaction. A message that fails\n"
        "again becomes a new letter.\n"
        "\n"
        "A TIME is 2026-11-22, 2026-11-22T09:30 (UTC) or how long ago: 90m, 6h, 2d; it is that of becoming a letter.\n"
        "Exit 0; 1 when Kafka failed or it was stopped, and the same call goes on from there; 2 when the options are\n"
        "wrong; 3 when another replay has taken over.",
    .example = "slipstream deadletter replay --config slipstream.yaml --reason unknown_schema --since 6h --go",
    .has_config = true,
    .options =
        {
            {"reason", "WORD,...", "only these reasons"},
            {"topic", "TOPIC,...", "only letters from these topics"},
            {"since", "TIME", "from then on; reads less"},
            {"until", "TIME", "before then"},
            {"pending", NULL, "only what was not replayed"},
            {"limit", "N", "list: show so many, 20 when not given"},
            {"reveal", NULL, "show: the key, the bytes and the headers too"},
            {"go", NULL, "replay: really do it"},
            {"max-replays", "N", "replay: leave alone what was replayed N times, 5 when not given"},
            {"json", NULL, "as one JSON object"},
        },
    .run = run_deadletter,
};
