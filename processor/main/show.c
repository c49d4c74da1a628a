/* show.c - `slipstream scores`, `alerts`, `explain` and `state`: the live view, and what is stored, for people. */
#include "show_fleet.h"
#include "shown.h"

#include <stdio.h>

#define STATE_MAX ((size_t)1 << 30)

static void print_estimate(const json_t *card, const char *key)
{
    const json_t *estimate = json_object_get(card, key);
    if (!estimate) {
        printf("  %-24s", "not enough data yet");
        return;
    }
    char text[64];
    snprintf(text, sizeof text, "%.1f (%.1f to %.1f)", json_number_value(json_object_get(estimate, "value")),
             json_number_value(json_object_get(estimate, "low")), json_number_value(json_object_get(estimate, "high")));
    printf("  %-24s", text);
}

/* What the second scoring file makes of the same window, and how far it is from the first. */
static void print_shadow(const json_t *view, const json_t *card, const char *window)
{
    const json_t *shadow = json_object_get(view, "shadow");
    const json_t *other = shadow ? shown_card(shadow, window) : NULL;
    const json_t *cx = json_object_get(card, "cx");
    const json_t *other_cx = json_object_get(other, "cx");
    if (!shadow) {
        printf("  %-24s  %8s", "no shadow", "");
        return;
    }
    print_estimate(other, "cx");
    if (cx && other_cx) {
        printf("  %+8.1f",
               json_number_value(json_object_get(other_cx, "value")) - json_number_value(json_object_get(cx, "value")));
    } else {
        printf("  %8s", "");
    }
}

static void print_score(const json_t *view, const char *window, bool with_shadow)
{
    const json_t *card = shown_card(view, window);
    printf("%-32s", json_string_value(json_object_get(view, "agency")));
    if (!card || json_is_true(json_object_get(card, "suppressed"))) {
        printf("  %-24s\n", "too few people to show");
        return;
    }
    print_estimate(card, "cx");
    if (with_shadow) {
        print_shadow(view, card, window);
    }
    printf("  %10lld  %s%s\n", (long long)json_integer_value(json_object_get(card, "interactions")),
           json_string_value(json_object_get(view, "as_of")),
           json_is_true(json_object_get(view, "catching_up")) ? "  catching up" : "");
}

static void print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_COMPACT);
    printf("\n");
}

static enum outcome show_fleet(struct shown *self, bool as_json, struct reason *why)
{
    json_t *fleet = NULL;
    TRY(shown_key(self, "fleet", &fleet, why));
    if (!fleet) {
        return FAIL(why, STOP, REASON_UNAVAILABLE,
                    "there is no fleet in the live view: nobody runs the score stage yet");
    }
    if (as_json) {
        print_json(fleet);
    } else {
        show_fleet_print(fleet);
    }
    json_decref(fleet);
    return DONE;
}

static enum exit_code run_scores(const struct command *self, int argc, char **argv)
{
    struct shown shown;
    enum exit_code code;
    if (!shown_open(&shown, self, argc, argv, &code)) {
        return code;
    }
    const char *window = argument(self, &shown.setup.arguments, "window");
    bool with_shadow = argument(self, &shown.setup.arguments, "shadow") != NULL;
    bool as_json = argument(self, &shown.setup.arguments, "json") != NULL;
    struct reason why;
    if (argument(self, &shown.setup.arguments, "fleet")) {
        enum outcome told = show_fleet(&shown, as_json, &why);
        return shown_finish(&shown, self, told, &why);
    }
    json_t *views = NULL;
    enum outcome read = shown_views(&shown, &views, &why);
    if (read == DONE && as_json) {
        print_json(views);
    } else if (read == DONE) {
        size_t i;
        const json_t *view;
        printf("%-32s  %-24s", "agency", "CX score (95 % interval)");
        if (with_shadow) {
            printf("  %-24s  %8s", "in the shadow", "apart");
        }
        printf("  %10s  %s\n", "contacts", "as of");
        json_array_foreach(views, i, view)
        {
            print_score(view, window ? window : "24h", with_shadow);
        }
    }
    json_decref(views);
    return shown_finish(&shown, self, read, &why);
}

const struct command command_scores = {
    .name = "scores",
    .arguments = "[AGENCY]...",
    .summary = "prints the live scores, of all agencies or those named",
    .example = "slipstream scores --config slipstream.yaml --window 7d",
    .has_config = true,
    .options = {{"window", "WINDOW", "1h, 4h, 24h (the default), 7d or 28d"},
                {"shadow", NULL, "beside it the score by scoring.shadow, and how far apart they are"},
                {"fleet", NULL, "instead, all agencies together: average, best, worst, spread, in every window"},
                {"json", NULL, "the whole view, as JSON"}},
    .run = run_scores,
};

/* A view's open alerts, or the one with the id. */
static void add_alerts(json_t *alerts, const json_t *view, const char *id)
{
    size_t i;
    json_t *alert;
    json_array_foreach(json_object_get(view, "alerts"), i, alert)
    {
        const char *has = json_string_value(json_object_get(alert, "id"));
        if (!id || (has && strcmp(has, id) == 0)) {
            json_array_append(alerts, alert);
        }
    }
}

/* Why, what it costs, what to fix first. */
static void print_explanation(const json_t *alert)
{
    const char *text = json_string_value(json_object_get(json_object_get(alert, "explanation"), "text"));
    if (text && *text) {
        printf("%s\n", text);
    }
}

/* What is said of one beside its sentence: every figure it has. */
static void print_figures(json_t *alert)
{
    const char *name;
    json_t *value;
    json_object_foreach(alert, name, value)
    {
        if (json_is_string(value) && strcmp(name, "text") != 0) {
            printf("  %-10s %s\n", name, json_string_value(value));
        } else if (json_is_integer(value)) {
            printf("  %-10s %lld\n", name, (long long)json_integer_value(value));
        } else if (json_is_real(value)) {
            printf("  %-10s %.1f\n", name, json_real_value(value));
        }
    }
}

/* What it is of, how it stands, and what to ask for to see it in full. */
static void print_identity(const json_t *alert)
{
    static const char *const names[] = {"kind", "subject", "state", "since", "id"};
    printf(" ");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = json_string_value(json_object_get(alert, names[i]));
        printf(" %s %s", names[i], value ? value : "-");
    }
    printf("\n");
}

static void print_alerts(json_t *alerts, bool in_full)
{
    size_t i;
    json_t *alert;
    if (json_array_size(alerts) == 0) {
        printf("no open alerts\n");
    }
    json_array_foreach(alerts, i, alert)
    {
        const char *text = json_string_value(json_object_get(alert, "text"));
        printf("%s\n", text ? text : "");
        if (in_full) {
            print_explanation(alert);
            print_figures(alert);
        } else {
            print_identity(alert);
        }
    }
}

static enum exit_code run_alerts(const struct command *self, int argc, char **argv)
{
    struct shown shown;
    enum exit_code code;
    if (!shown_open(&shown, self, argc, argv, &code)) {
        return code;
    }
    struct reason why;
    json_t *views = NULL;
    json_t *alerts = json_array();
    enum outcome read = shown_views(&shown, &views, &why);
    const char *id = argument(self, &shown.setup.arguments, "id");
    size_t i;
    json_t *view;
    json_array_foreach(views, i, view)
    {
        add_alerts(alerts, view, id);
    }
    if (read == DONE && id && json_array_size(alerts) == 0) {
        read = FAIL(&why, STOP, REASON_UNAVAILABLE, "no open alert has the id %.40s", id);
    } else if (read == DONE && argument(self, &shown.setup.arguments, "json")) {
        print_json(alerts);
    } else if (read == DONE) {
        print_alerts(alerts, id != NULL);
    }
    json_decref(alerts);
    json_decref(views);
    return shown_finish(&shown, self, read, &why);
}

const struct command command_alerts = {
    .name = "alerts",
    .arguments = "[AGENCY]...",
    .summary = "prints the open alerts, of all agencies or those named",
    .example = "slipstream alerts --config slipstream.yaml",
    .has_config = true,
    .detail = "From the live view: what is open now. What has closed is on the topic of alerts.",
    .options = {{"open", NULL, "those that are open, which is what it shows without it, too"},
                {"id", "ID", "the one with this id, with its figures; exit code 1 when it is not open"},
                {"json", NULL, "as a JSON array"}},
    .run = run_alerts,
};

/* The one that is explained: the score's own slip, then another slip, then a target of the score, then any. */
static const json_t *chief_alert(const json_t *alerts)
{
    const json_t *chief = NULL;
    int chief_rank = -1;
    size_t i;
    const json_t *alert;
    json_array_foreach(alerts, i, alert)
    {
        const char *kind = json_string_value(json_object_get(alert, "kind"));
        const char *subject = json_string_value(json_object_get(alert, "subject"));
        int rank = (kind && strcmp(kind, "slip") == 0 ? 2 : 0) + (subject && strcmp(subject, "cx") == 0);
        if (rank > chief_rank) {
            chief = alert;
            chief_rank = rank;
        }
    }
    return chief;
}

/* Nothing has slipped: how it stands, and what would gain most. */
static void print_outlook(const json_t *view)
{
    const char *fixes = json_string_value(json_object_get(view, "fix_first_text"));
    printf("%s: nothing has slipped, as of %s.\n", json_string_value(json_object_get(view, "agency")),
           json_string_value(json_object_get(view, "as_of")));
    for (unsigned w = 0; w < WINDOWS; w++) {
        const char *window = window_shapes[w].word;
        const json_t *card = shown_card(view, window);
        const json_t *cx = json_object_get(card, "cx");
        if (json_is_true(json_object_get(card, "suppressed"))) {
            printf("  CX score, %3s: too few people to show\n", window);
        } else if (!cx) {
            printf("  CX score, %3s: not enough data yet\n", window);
        } else {
            printf("  CX score, %3s: %.1f, between %.1f and %.1f, from %lld interactions\n", window,
                   json_number_value(json_object_get(cx, "value")), json_number_value(json_object_get(cx, "low")),
                   json_number_value(json_object_get(cx, "high")),
                   (long long)json_integer_value(json_object_get(cx, "n")));
        }
    }
    if (fixes && *fixes) {
        printf("What would gain most, over 7 days:\n%s", fixes);
    }
}

static void print_why(const json_t *view)
{
    const json_t *alerts = json_object_get(view, "alerts");
    const json_t *chief = chief_alert(alerts);
    size_t others = json_array_size(alerts) - 1;
    bool is_catching_up = json_is_true(json_object_get(view, "catching_up"));
    if (is_catching_up && !chief) {
        printf("%s: catching up, at %s; whether anything has slipped is known when all has been read.\n",
               json_string_value(json_object_get(view, "agency")), json_string_value(json_object_get(view, "as_of")));
        return;
    }
    if (is_catching_up) {
        printf("(catching up: what follows may be over)\n");
    }
    if (!chief) {
        print_outlook(view);
        return;
    }
    const char *text = json_string_value(json_object_get(chief, "text"));
    printf("%s\n", text ? text : "");
    print_explanation(chief);
    if (others) {
        printf("%zu more open; see slipstream alerts.\n", others);
    }
}

static enum exit_code run_explain(const struct command *self, int argc, char **argv)
{
    struct shown shown;
    enum exit_code code;
    if (!shown_open(&shown, self, argc, argv, &code)) {
        return code;
    }
    const struct arguments *arguments = &shown.setup.arguments;
    if (arguments->positional_count != 1) {
        fprintf(stderr, "slipstream explain: say one agency, as in: slipstream explain tax\n");
        shown_close(&shown);
        return EXIT_USAGE;
    }
    struct reason why;
    json_t *view = NULL;
    enum outcome read = shown_view(&shown, arguments->positional[0], &view, &why);
    if (read == DONE && !view) {
        read = FAIL(&why, STOP, REASON_UNAVAILABLE,
                    "there is no agency %.100s in the live view; slipstream scores lists those there are",
                    arguments->positional[0]);
    } else if (read == DONE && argument(self, arguments, "json")) {
        json_t *out = json_pack("{s:O,s:O,s:O,s:O}", "agency", json_object_get(view, "agency"), "as_of",
                                json_object_get(view, "as_of"), "alerts", json_object_get(view, "alerts"), "fix_first",
                                json_object_get(view, "fix_first"));
        print_json(out);
        json_decref(out);
    } else if (read == DONE) {
        print_why(view);
    }
    json_decref(view);
    return shown_finish(&shown, self, read, &why);
}

const struct command command_explain = {
    .name = "explain",
    .arguments = "AGENCY",
    .summary = "tells in one screen what slipped at an agency, since when, why, what it costs and what to fix first",
    .detail =
        "From the live view. An explanation is of the window that the slip was seen in, and is made anew when that\n"
        "whole window has passed. When nothing has slipped it tells how things stand and what would gain most.",
    .example = "slipstream explain --config slipstream.yaml tax",
    .has_config = true,
    .options = {{"json", NULL, "every figure, as JSON"}},
    .run = run_explain,
};

static enum exit_code run_state(const struct command *self, int argc, char **argv)
{
    struct shown shown;
    enum exit_code code;
    if (!shown_open(&shown, self, argc, argv, &code)) {
        return code;
    }
    const struct arguments *arguments = &shown.setup.arguments;
    if (arguments->positional_count != 1 || strcmp(arguments->positional[0], "show") != 0) {
        fprintf(stderr, "slipstream state: say show\n");
        shown_close(&shown);
        return EXIT_USAGE;
    }
    struct reason why;
    enum outcome read = DONE;
    for (int32_t p = 0; p < shown.setup.config.signals_partitions && read == DONE; p++) {
        struct buffer lines;
        buffer_init(&lines, STATE_MAX);
        read = state_show(shown.store, p, &lines, &why);
        if (lines.size > 0) {
            fwrite(lines.data, 1, lines.size, stdout);
        }
        buffer_done(&lines);
    }
    return shown_finish(&shown, self, read, &why);
}

const struct command command_state = {
    .name = "state",
    .arguments = "show",
    .summary = "prints the stored counts of every cell and window, as JSON lines",
    .detail =
        "For operators: these are exact counts, not suppressed. Reads only; what it prints of a task that is being\n"
        "written to may be of two moments.",
    .example = "slipstream state show --config slipstream.yaml",
    .has_config = true,
    .run = run_state,
};
