/* test_config.c - settings from file, environment and command line; secrets; what is shipped beside the program. What
 * is said of settings that are wrong has test_config_problems.c, the scoring file test_scoring_file.c.
 *
 * Oracles: texts written out here, and the files in deploy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_folder.h"

#define REFERENCE_FILE "deploy/settings.md"

static size_t index_of(const char *setting)
{
    for (size_t i = 0; i < settings_count; i++) {
        if (strcmp(settings_table[i].name, setting) == 0) {
            return i;
        }
    }
    fail_msg("no setting %s", setting);
    return 0;
}

/* A setting's value and origin as "value (origin)"; of a property when its name begins with that of the map. */
static const char *value_of(const struct config *config, const char *setting, char out[TEXT_MAX])
{
    struct buffer text;
    const char *origin = "nobody";
    const size_t prefix = strlen("kafka.properties.");
    buffer_init(&text, TEXT_MAX);
    if (strncmp(setting, "kafka.properties.", prefix) != 0) {
        config_value(config, index_of(setting), &text);
        origin = config_origin(config, index_of(setting));
    }
    for (size_t i = 0; i < config->kafka_property_count; i++) {
        if (strlen(setting) > prefix && strcmp(config->kafka_properties[i][0], setting + prefix) == 0) {
            config_property_value(config, i, &text);
            origin = config_property_origin(config, i);
        }
    }
    buffer_text(&text, " (%s)", origin);
    text_of(&text, out);
    buffer_done(&text);
    return out;
}

/* ---- the table itself ---- */

static void every_default_holds(void **state)
{
    (void)state;
    struct config config;
    struct problems problems;
    assert_int_equal(load(&(struct said){0}, &config, &problems), DONE);
    check_problems("defaults", &problems, "");
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        char argument[512];
        struct config same;
        struct problems none;
        assert_string_equal(config_origin(&config, i), "default");
        assert_true(strlen(setting->help) > 0);
        snprintf(argument, sizeof argument, "%s=%s", setting->name, setting->initial);
        const char *const overrides[] = {argument, NULL};
        assert_int_equal(load(&(struct said){.overrides = overrides}, &same, &none), DONE);
        assert_string_equal(config_origin(&same, i), "--set");
        config_done(&same);
        problems_done(&none);
    }
    assert_string_equal(config.kafka_brokers, "127.0.0.1:9092");
    assert_int_equal(config.kafka_queued_max, 4 * 1024 * 1024);
    assert_int_equal(config.commit_interval, 250 * US_PER_MS);
    assert_int_equal(config.http_port, 9600);
    assert_int_equal(config.stage, STAGE_ALL);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_null(config.registry_url);
    assert_null(config.redis_password);
    config_done(&config);
    config_done(&config); /* nothing is left to free */
    problems_done(&problems);
}

static void the_instance_is_the_host(void **state)
{
    (void)state;
    struct config config;
    struct problems problems;
    char host[256] = "";
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    host[64] = '\0';
    assert_int_equal(load(&(struct said){0}, &config, &problems), DONE);
    assert_int_equal(strlen(config.instance), strlen(host));
    for (size_t i = 0; host[i]; i++) {
        const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
        assert_int_equal(config.instance[i], strchr(allowed, host[i]) ? host[i] : '-');
    }
    config_done(&config);
    problems_done(&problems);
}

/* ---- values that are good ---- */

static const struct {
    const char *name;
    const char *yaml;
    const char *environment[VALUES_MAX];
    const char *overrides[VALUES_MAX];
    const char *setting;
    const char *value;
} values[] = {
    {"the default", "", {0}, {0}, "http.port", "9600 (default)"},
    {"the file over the default", "http:\n  port: 1\n", {0}, {0}, "http.port", "1 (c.yaml:2:9)"},
    {"the environment over the file",
     "http: {port: 1}",
     {"SLIPSTREAM__HTTP__PORT=2"},
     {0},
     "http.port",
     "2 (environment)"},
    {"--set over the environment",
     "http: {port: 1}",
     {"SLIPSTREAM__HTTP__PORT=2"},
     {"http.port=3"},
     "http.port",
     "3 (--set)"},
    {"the last --set", NULL, {0}, {"http.port=3", "http.port=4"}, "http.port", "4 (--set)"},
    {"a quoted number", "http: {port: \"17\"}", {0}, {0}, "http.port", "17 (c.yaml:1:14)"},
    {"an empty document", "# nothing\n---\n", {0}, {0}, "app", "slipstream (default)"},
    {"an empty section", "http:\nlog: ~\n", {0}, {0}, "http.port", "9600 (default)"},
    {"empty text where that is allowed", "redis: {username: }", {0}, {0}, "redis.username", " (c.yaml:1:19)"},
    {"a level's own underscore",
     NULL,
     {"SLIPSTREAM__KAFKA__QUEUED_MAX=1GiB"},
     {0},
     "kafka.queued_max",
     "1GiB (environment)"},
    {"bytes", NULL, {0}, {"kafka.queued_max=1048577B"}, "kafka.queued_max", "1048577B (--set)"},
    {"kibibytes", NULL, {0}, {"kafka.queued_max=1025KiB"}, "kafka.queued_max", "1025KiB (--set)"},
    {"a size in a larger unit", NULL, {0}, {"kafka.queued_max=2048KiB"}, "kafka.queued_max", "2MiB (--set)"},
    {"milliseconds", NULL, {0}, {"redis.timeout=1500ms"}, "redis.timeout", "1500ms (--set)"},
    {"a duration in a larger unit", NULL, {0}, {"redis.timeout=60s"}, "redis.timeout", "1m (--set)"},
    {"hours", NULL, {0}, {"dedupe.horizon=36h"}, "dedupe.horizon", "36h (--set)"},
    {"days", NULL, {0}, {"dedupe.horizon=7d"}, "dedupe.horizon", "7d (--set)"},
    {"a choice", "stage: score", {0}, {0}, "stage", "score (c.yaml:1:8)"},
    {"the last choice", "log: {level: debug}", {0}, {0}, "log.level", "debug (c.yaml:1:14)"},
    {"several brokers", NULL, {0}, {"kafka.brokers=a:1,[::1]:2,b"}, "kafka.brokers", "a:1,[::1]:2,b (--set)"},
    {"a Redis user and database",
     NULL,
     {0},
     {"redis.url=rediss://me@r:1/15"},
     "redis.url",
     "rediss://me@r:1/15 (--set)"},
    {"an IPv6 address", NULL, {0}, {"http.address=::"}, "http.address", ":: (--set)"},
    {"what Kubernetes sets",
     NULL,
     {"SLIPSTREAM_PORT=tcp://10.0.0.1:80", "SLIPSTREAM_HTTP_PORT=1"},
     {0},
     "http.port",
     "9600 (default)"},
    {"a secret from a file",
     NULL,
     {"SLIPSTREAM__REDIS__PASSWORD_FILE=secret"},
     {0},
     "redis.password",
     "set (environment)"},
    {"text from a file", NULL, {"SLIPSTREAM__APP_FILE=crlf"}, {0}, "app", "two (environment)"},
    {"an exact name before _FILE",
     NULL,
     {"SLIPSTREAM__SCORING__FILE=secret"},
     {0},
     "scoring.file",
     "secret (environment)"},
    {"the file of a file", NULL, {"SLIPSTREAM__SCORING__FILE_FILE=crlf"}, {0}, "scoring.file", "two (environment)"},
    {"an empty secret", NULL, {"SLIPSTREAM__REDIS__PASSWORD_FILE=empty"}, {0}, "redis.password", " (environment)"},
    {"a property", "kafka: {properties: {linger.ms: 5}}", {0}, {0}, "kafka.properties.linger.ms", "5 (c.yaml:1:33)"},
    {"a property over another",
     "kafka: {properties: {linger.ms: 5}}",
     {"SLIPSTREAM__KAFKA__PROPERTIES__LINGER_MS=6"},
     {0},
     "kafka.properties.linger.ms",
     "6 (environment)"},
    {"a property over both",
     "kafka: {properties: {linger.ms: 5}}",
     {"SLIPSTREAM__KAFKA__PROPERTIES__LINGER_MS=6"},
     {"kafka.properties.linger.ms=7"},
     "kafka.properties.linger.ms",
     "7 (--set)"},
    {"a property with = in it",
     NULL,
     {0},
     {"kafka.properties.sasl.oauthbearer.config=a=b"},
     "kafka.properties.sasl.oauthbearer.config",
     "a=b (--set)"},
    {"a secret property",
     "kafka: {properties: {ssl.key.password: " SECRET "}}",
     {0},
     {0},
     "kafka.properties.ssl.key.password",
     "set (c.yaml:1:40)"},
    {"a secret property from a file",
     NULL,
     {"SLIPSTREAM__KAFKA__PROPERTIES__SASL_PASSWORD_FILE=secret"},
     {0},
     "kafka.properties.sasl.password",
     "set (environment)"},
    {"one newline only is cut off",
     NULL,
     {"SLIPSTREAM__KAFKA__PROPERTIES__SSL_CA_PEM_FILE=lines"},
     {0},
     "kafka.properties.ssl.ca.pem",
     "pem\n (environment)"},
};

static void good_values_are_kept(void **state)
{
    (void)state;
    static char value[TEXT_MAX];
    for (size_t i = 0; i < COUNT(values); i++) {
        struct config config;
        struct problems problems;
        const struct said said = {values[i].yaml, values[i].environment, values[i].overrides};
        enum outcome outcome = load(&said, &config, &problems);
        check_problems(values[i].name, &problems, "");
        assert_int_equal(outcome, DONE);
        if (strcmp(value_of(&config, values[i].setting, value), values[i].value) != 0) {
            fail_msg("%s: %s", values[i].name, value);
        }
        config_done(&config);
        problems_done(&problems);
    }
}

static void a_secret_is_what_was_said(void **state)
{
    (void)state;
    struct config config;
    struct problems problems;
    const char *const environment[] = {"SLIPSTREAM__REDIS__PASSWORD_FILE=secret",
                                       "SLIPSTREAM__KAFKA__PROPERTIES__SASL_PASSWORD=" SECRET, NULL};
    assert_int_equal(load(&(struct said){.environment = environment}, &config, &problems), DONE);
    assert_string_equal(config.redis_password, SECRET);
    assert_int_equal(config.kafka_property_count, 1);
    assert_string_equal(config.kafka_properties[0][0], "sasl.password");
    assert_string_equal(config.kafka_properties[0][1], SECRET);
    config_done(&config);
    problems_done(&problems);
}

/* ---- secrets ---- */

static const struct {
    const char *name;
    const char *yaml;
    const char *environment[VALUES_MAX];
    const char *overrides[VALUES_MAX];
} planted[] = {
    {"in its place", "redis: {password: " SECRET "}\nregistry: {password: " SECRET "}", {0}, {0}},
    {"in a list", "redis: {password: [" SECRET "]}", {0}, {0}},
    {"in place of a section", "redis: " SECRET, {0}, {0}},
    {"under a misspelt key", "redis: {passwrd: " SECRET "}", {0}, {0}},
    {"twice", "redis: {password: " SECRET ", password: " SECRET "}", {0}, {0}},
    {"in a URL", "redis: {url: 'redis://:" SECRET "@a'}\nregistry: {url: 'https://a:" SECRET "@b'}", {0}, {0}},
    {"in a URL's query",
     "redis: {url: 'redis://a?password=" SECRET "'}\nregistry: {url: 'https://b?key=" SECRET "'}",
     {0},
     {0}},
    {"in half a URL", "redis: {url: 'redis://:" SECRET "'}", {0}, {0}},
    {"in the brokers", "kafka: {brokers: 'SASL_SSL://a:" SECRET "@b'}", {0}, {0}},
    {"in a property",
     "kafka: {properties: {sasl.password: " SECRET ", ssl.key.pem: " SECRET ", a.TOKEN: " SECRET "}}",
     {0},
     {0}},
    {"in a property's levels", "kafka: {properties: {sasl: {password: " SECRET "}}}", {0}, {0}},
    {"too long", NULL, {0}, {"redis.password=" SECRET SECRET SECRET SECRET SECRET SECRET SECRET SECRET}},
    {"before a mistake", "redis: {password: " SECRET "\nstage: [", {0}, {0}},
    {"in the environment", NULL, {"SLIPSTREAM__REDIS__PASSWORD=" SECRET, "SLIPSTREAM__REDIS__PASSWRD=" SECRET}, {0}},
    {"where a path should be", NULL, {"SLIPSTREAM__REDIS__PASSWORD_FILE=" SECRET}, {0}},
    {"on the command line", NULL, {0}, {"redis.password=" SECRET, "redis.passwrd=" SECRET, "redis.password:" SECRET}},
};

static void secrets_are_never_shown(void **state)
{
    (void)state;
    static char text[TEXT_MAX];
    for (size_t i = 0; i < COUNT(planted); i++) {
        struct config config;
        struct problems problems;
        struct buffer shown;
        buffer_init(&shown, TEXT_MAX);
        const struct said said = {planted[i].yaml, planted[i].environment, planted[i].overrides};
        enum outcome outcome = load(&said, &config, &problems);
        assert_int_equal(outcome, problems.count ? STOP : DONE);
        for (size_t j = 0; j < settings_count; j++) {
            config_value(&config, j, &shown);
        }
        for (size_t j = 0; j < config.kafka_property_count; j++) {
            config_property_value(&config, j, &shown);
        }
        if (strstr(text_of(&problems.text, text), SECRET) || strstr(text_of(&shown, text), SECRET)) {
            fail_msg("%s: shown", planted[i].name);
        }
        buffer_done(&shown);
        config_done(&config);
        problems_done(&problems);
    }
}

/* ---- what is shipped ---- */

static void the_reference_page_is_up_to_date(void **state)
{
    (void)state;
    static char text[TEXT_MAX];
    size_t size;
    struct buffer page;
    buffer_init(&page, TEXT_MAX);
    config_reference(&page);
    assert_false(page.overflow);
    char *file = project_file(REFERENCE_FILE, &size);
    if (strcmp(file, text_of(&page, text)) != 0) {
        fail_msg(REFERENCE_FILE " is not what the table says; run: slipstream config reference > " REFERENCE_FILE);
    }
    free(file);
    buffer_done(&page);
}

static void the_help_names_every_setting(void **state)
{
    (void)state;
    static char text[TEXT_MAX];
    struct buffer help;
    buffer_init(&help, TEXT_MAX);
    config_help(&help);
    text_of(&help, text);
    for (size_t i = 0; i < settings_count; i++) {
        assert_non_null(strstr(text, settings_table[i].name));
        assert_non_null(strstr(text, settings_table[i].help));
    }
    buffer_done(&help);
}

static void the_example_is_good(void **state)
{
    (void)state;
    size_t size;
    char *example = project_file("deploy/slipstream.yaml", &size);
    struct config config;
    struct problems problems;
    enum outcome outcome = load(&(struct said){.yaml = example}, &config, &problems);
    check_problems("deploy/slipstream.yaml", &problems, "");
    assert_int_equal(outcome, DONE);
    assert_int_equal(config.kafka_property_count, 4);
    config_done(&config);
    problems_done(&problems);
    free(example);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_holds),          cmocka_unit_test(the_instance_is_the_host),
        cmocka_unit_test(good_values_are_kept),         cmocka_unit_test(a_secret_is_what_was_said),
        cmocka_unit_test(secrets_are_never_shown),      cmocka_unit_test(the_reference_page_is_up_to_date),
        cmocka_unit_test(the_help_names_every_setting), cmocka_unit_test(the_example_is_good),
    };
    return cmocka_run_group_tests_name("config", tests, folder_enter, folder_leave);
}
