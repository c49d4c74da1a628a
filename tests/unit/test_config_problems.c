/* test_config_problems.c - what is said of settings that are wrong: where, what was got, what is allowed, what was
 * meant.
 *
 * Oracle: the lines and columns of texts written out here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_folder.h"

#define ALLOWED_REDIS "redis://[user@]host[:port][/db] or rediss://…, with the password in redis.password"
#define ALLOWED_ALERTMANAGERS                                                                                          \
    "1 to 8 of http:// or https:// host[:port][/path], comma-separated, with user and password in "                    \
    "alertmanager.username and alertmanager.password, or nothing"
#define ALLOWED_REGISTRY                                                                                               \
    "http:// or https:// host[:port][/path], with user and password in registry.username and registry.password, or "   \
    "nothing"
#define ALLOWED_TOPIC "a topic name: 1 to 249 of a-z A-Z 0-9 . _ -, and not . or .."
#define ALLOWED_NAME  "1 to 64 of a-z A-Z 0-9 . _ -"
#define ALLOWED_TOP                                                                                                    \
    "app, instance, stage, kafka, topics, framing, signals, intake, registry, schemas, redis, score, dedupe, "         \
    "agencies, "                                                                                                       \
    "services, scoring, board, alertmanager, webhook, tls, http, log, mapping"
#define ALLOWED_SETTINGS "got an unknown setting, allowed those of \"slipstream config reference\""

/* ---- files that are wrong ---- */

static const struct {
    const char *name;
    const char *yaml;
    const char *problems;
} bad_files[] = {
    {"not YAML", "app: [a\nb: 1\n",
     "c.yaml:2:2: not YAML: did not find expected ',' or ']' while parsing a flow sequence\n"},
    {"a tab", "app: a\n\tstage: all\n",
     "c.yaml:2:1: not YAML: found a tab character that violates indentation while scanning a plain scalar\n"},
    {"not UTF-8", "app: a\nlog:\n  level: \xff\n", "c.yaml:3:10: not YAML: invalid leading UTF-8 octet\n"},
    {"a list", "- a\n", "c.yaml:1:1: got a list, allowed a mapping: key: value\n"},
    {"text", "\n  " SECRET "\n", "c.yaml:2:3: got text, allowed a mapping: key: value\n"},
    {"two documents", "app: a\n---\napp: b\n", "c.yaml:2:1: got a second document, allowed one in a file\n"},
    {"an anchor", "app: &a b\n", "c.yaml:1:6: app: got an anchor or a tag, allowed the value alone\n"},
    {"an alias", "app: *a\n", "c.yaml:1:6: app: got an alias, allowed the value itself\n"},
    {"a tag", "app: !vault b\n", "c.yaml:1:6: app: got an anchor or a tag, allowed the value alone\n"},
    {"a key twice", "http:\n  port: 1\n  port: 2\n",
     "c.yaml:3:3: http.port: got the key twice, allowed once; the first is on line 2\n"},
    {"a section twice", "http: {port: 1}\nlog: {}\nhttp: {port: x}\n",
     "c.yaml:3:1: http: got the key twice, allowed once; the first is on line 1\n"},
    {"a key that is a mapping", "{a: b}: c\n",
     "c.yaml:1:1: got a key that is not plain text, allowed plain keys, without anchors, aliases or tags\n"},
    {"too deep", "a: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", "c.yaml:1:19: a: got too many levels, allowed 16\n"},
    {"a NUL", "app: \"a\\0b\"\n", "c.yaml:1:6: app: got text with a NUL in it, allowed text\n"},
    {"an unknown key", "zebra: 1\n", "c.yaml:1:1: zebra: got an unknown key, allowed " ALLOWED_TOP "\n"},
    {"an unknown section, two letters swapped", "kafak:\n  brokers: x\n",
     "c.yaml:1:1: kafak: got an unknown key, allowed " ALLOWED_TOP ", did you mean kafka\n"},
    {"an unknown key in a section", "kafka:\n  broker: a:1\n",
     "c.yaml:2:3: kafka.broker: got an unknown key, allowed brokers, queued_max, properties, did you mean "
     "kafka.brokers\n"},
    {"a key in the wrong section", "redis:\n  brokers: a:1\n",
     "c.yaml:2:3: redis.brokers: got an unknown key, allowed url, username, password, timeout, did you mean "
     "kafka.brokers\n"},
    {"a key with dots", "http.port: 1\n",
     "c.yaml:1:1: http.port: got a key with dots, allowed one level below another: a: {b: value}\n"},
    {"text for a section", "http: 9600\n", "c.yaml:1:7: http: got text, allowed a mapping of address, port\n"},
    {"a mapping for text", "app: {name: a}\n", "c.yaml:1:6: app: got a mapping, allowed " ALLOWED_NAME "\n"},
    {"a list for text", "kafka:\n  brokers:\n    - a:1\n",
     "c.yaml:3:5: kafka.brokers: got a list, allowed host:port,host:port…\n"},
    {"not a number", "http: {port: http}\n",
     "c.yaml:1:14: http.port: got \"http\", allowed a whole number from 0 to 65535\n"},
    {"not a whole number", "intake: {batch: 1e3}\n",
     "c.yaml:1:17: intake.batch: got \"1e3\", allowed a whole number from 1 to 100000\n"},
    {"a number out of bounds", "http: {port: 65536}\n",
     "c.yaml:1:14: http.port: got \"65536\", allowed a whole number from 0 to 65535\n"},
    {"a number beyond 64 bits", "http: {port: 99999999999999999999}\n",
     "c.yaml:1:14: http.port: got \"99999999999999999999\", allowed a whole number from 0 to 65535\n"},
    {"a duration without a unit", "redis: {timeout: 10}\n",
     "c.yaml:1:18: redis.timeout: got \"10\", allowed a duration from 100ms to 1m in ms, s, m, h or d, did you mean "
     "10s\n"},
    {"a duration in another unit", "redis: {timeout: 10 sec}\n",
     "c.yaml:1:18: redis.timeout: got \"10 sec\", allowed a duration from 100ms to 1m in ms, s, m, h or d, did you "
     "mean 10s\n"},
    {"a duration out of bounds", "dedupe: {horizon: 8d}\n",
     "c.yaml:1:19: dedupe.horizon: got \"8d\", allowed a duration from 1s to 7d in ms, s, m, h or d\n"},
    {"a size in another unit", "kafka: {queued_max: 32MB}\n",
     "c.yaml:1:21: kafka.queued_max: got \"32MB\", allowed a size from 1MiB to 1GiB in B, KiB, MiB or GiB, did you "
     "mean 32MiB\n"},
    {"a size out of bounds", "kafka: {queued_max: 2GiB}\n",
     "c.yaml:1:21: kafka.queued_max: got \"2GiB\", allowed a size from 1MiB to 1GiB in B, KiB, MiB or GiB\n"},
    {"a choice misspelt", "log: {level: wran}\n",
     "c.yaml:1:14: log.level: got \"wran\", allowed one of error, warn, info, debug, did you mean warn\n"},
    {"a choice that is none", "stage: everything\n",
     "c.yaml:1:8: stage: got \"everything\", allowed one of all, intake, score\n"},
    {"empty text", "app: ''\n", "c.yaml:1:6: app: got \"\", allowed " ALLOWED_NAME "\n"},
    {"braces in the name", "app: '{a}'\n", "c.yaml:1:6: app: got \"{a}\", allowed " ALLOWED_NAME "\n"},
    {"text too long", "app: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
     "c.yaml:1:6: app: got 65 bytes, allowed " ALLOWED_NAME "\n"},
    {"a line break in text", "redis: {username: \"a\\nb\"}\n",
     "c.yaml:1:19: redis.username: got \"a\\x0Ab\", allowed text of at most 256 bytes\n"},
    {"not a topic name", "topics: {web: a/b}\n", "c.yaml:1:15: topics.web: got \"a/b\", allowed " ALLOWED_TOPIC "\n"},
    {"two dots as a topic", "topics: {web: ..}\n", "c.yaml:1:15: topics.web: got \"..\", allowed " ALLOWED_TOPIC "\n"},
    {"one topic for two", "topics:\n  web: a\n  chat: a\n",
     "c.yaml:3:9: topics.chat: got \"a\", allowed a topic of its own: topics.web has that one\n"},
    {"the default of another topic", "topics: {web: cx.alerts}\n",
     "c.yaml:1:15: topics.web: got \"cx.alerts\", allowed a topic of its own: topics.alerts has that one\n"},
    {"a broker's port", "kafka: {brokers: 'a:1,b:0'}\n",
     "c.yaml:1:18: kafka.brokers: got \"a:1,b:0\", allowed host:port,host:port…\n"},
    {"a comma too many", "kafka: {brokers: 'a:1,'}\n",
     "c.yaml:1:18: kafka.brokers: got \"a:1,\", allowed host:port,host:port…\n"},
    {"another scheme", "redis: {url: http://a}\n",
     "c.yaml:1:14: redis.url: got \"http://a\", allowed " ALLOWED_REDIS "\n"},
    {"a registry without a scheme", "registry: {url: 'a:8081'}\n",
     "c.yaml:1:17: registry.url: got \"a:8081\", allowed " ALLOWED_REGISTRY "\n"},
    {"an Alertmanager among others without a scheme", "alertmanager: {urls: 'http://a:9093,b:9093'}\n",
     "c.yaml:1:22: alertmanager.urls: got \"http://a:9093,b:9093\", allowed " ALLOWED_ALERTMANAGERS "\n"},
    {"one with a password", "alertmanager: {urls: 'http://u:secret@a:9093'}\n",
     "c.yaml:1:22: alertmanager.urls: got text that may hold a password and is not shown, "
     "allowed " ALLOWED_ALERTMANAGERS "\n"},
    {"nine of them",
     "alertmanager: {urls: 'http://a,http://a,http://a,http://a,http://a,http://a,http://a,http://a,http://a'}\n",
     "c.yaml:1:22: alertmanager.urls: got "
     "\"http://a,http://a,http://a,http://a,http://a,http://a,http://a,http://a…\", allowed " ALLOWED_ALERTMANAGERS
     "\n"},
    {"a label that an alert has of its own", "alertmanager: {labels: 'team=cx,agency=a'}\n",
     "c.yaml:1:24: alertmanager.labels: got \"team=cx,agency=a\", allowed NAME=VALUE,NAME=VALUE… with other names than "
     "alertname, agency, subject, kind and episode, or nothing\n"},
    {"an end before it is sent again", "alertmanager: {resend: 1m, ends_after: 90s}\n",
     "c.yaml:1:40: alertmanager.ends_after: got less than twice alertmanager.resend, allowed twice of it or more: one "
     "answer that is late must not end an alert\n"},
    {"a token and a user", "alertmanager: {token: t, username: u}\n",
     "c.yaml:1:23: alertmanager.token: got a token and a user, allowed one of them\n"},
    {"a password for nobody", "alertmanager: {password: p}\n",
     "c.yaml:1:26: alertmanager.password: got a password, allowed only with alertmanager.username\n"},
    {"a webhook that is not signed", "webhook: {url: 'https://a/b?key=1'}\n",
     "default: webhook.secret: got nothing, allowed a key of 16 bytes or more: webhook.url is set\n"},
    {"a key that can be guessed", "webhook: {secret: hunter2}\n",
     "c.yaml:1:19: webhook.secret: got a secret that is not shown, allowed 16 bytes or more, or nothing\n"},
    {"a webhook with a user", "webhook: {url: 'https://u:p@a/', secret: 0123456789abcdef}\n",
     "c.yaml:1:16: webhook.url: got a secret that is not shown, allowed http:// or https:// "
     "host[:port][/path][?query], without user and password, or nothing\n"
     "c.yaml:1:42: webhook.secret: got a key, allowed only with webhook.url\n"},
    {"a token beside a user", "registry: {url: 'https://a', username: u, token: t}\n",
     "c.yaml:1:50: registry.token: got a token, allowed only without registry.username\n"},
    {"TLS without it", "registry:\n  url: http://a\n  tls: {ca: a.pem, certificate: b.pem}\n",
     "c.yaml:3:13: registry.tls.ca: got a file, allowed only with an https:// registry.url\n"
     "c.yaml:3:33: registry.tls.certificate: got a file, allowed only with an https:// registry.url\n"},
    {"a key without its certificate", "registry: {url: 'https://a', tls: {key: a.pem, key_password: secret}}\n",
     "c.yaml:1:41: registry.tls.key: got a file, allowed only with registry.tls.certificate, whose key it is\n"
     "c.yaml:1:62: registry.tls.key_password: got a password, allowed only with registry.tls.certificate\n"},
    {"a name for an address", "http: {address: localhost}\n",
     "c.yaml:1:17: http.address: got \"localhost\", allowed an IP address such as 127.0.0.1, 0.0.0.0 or ::\n"},
    {"ids without a folder", "schemas: {ids: 1=a.avsc}\n",
     "c.yaml:1:16: schemas.ids: got ids of files, allowed only with schemas.folder, where the files are\n"},
    {"ids without a number", "schemas: {folder: a, ids: a.avsc}\n",
     "c.yaml:1:27: schemas.ids: got \"a.avsc\", allowed ID=FILE,ID=FILE… with files of schemas.folder, or nothing\n"},
    {"ids outside of the folder", "schemas: {folder: a, ids: 1=../a.avsc}\n",
     "c.yaml:1:27: schemas.ids: got \"1=../a.avsc\", allowed ID=FILE,ID=FILE… with files of schemas.folder, or "
     "nothing\n"},
    {"a framing that is none", "framing: {web: confluence}\n",
     "c.yaml:1:16: framing.web: got \"confluence\", allowed one of auto, confluent, guid, header, single_object, raw, "
     "did you mean confluent\n"},
    {"a raw schema outside of the folder", "framing: {web: raw}\nschemas: {folder: a, web: /etc/a.avsc}\n",
     "c.yaml:2:27: schemas.web: got \"/etc/a.avsc\", allowed an id of the registry or of schemas.ids, or the name of a "
     "file of schemas.folder, or nothing\n"},
    {"a raw schema of what is not raw", "schemas: {chat: 7}\n",
     "c.yaml:1:17: schemas.chat: got a schema, allowed only with framing.chat: raw\n"},
    {"a raw schema's file without a folder", "framing: {phone: raw}\nschemas: {phone: a.avsc}\n",
     "c.yaml:2:18: schemas.phone: got the name of a file, allowed only with schemas.folder, where the files are\n"},
    {"a property of ours", "kafka: {properties: {isolation.level: read_uncommitted}}\n",
     "c.yaml:1:39: kafka.properties.isolation.level: got a property that Slipstream sets itself, allowed any other: "
     "only what was committed may be counted\n"},
    {"a property that is a setting", "kafka: {properties: {bootstrap.servers: a}}\n",
     "c.yaml:1:41: kafka.properties.bootstrap.servers: got a property that Slipstream sets itself, allowed any other: "
     "use kafka.brokers\n"},
    {"a property in levels", "kafka: {properties: {sasl: {mechanism: PLAIN}}}\n",
     "c.yaml:1:28: kafka.properties.sasl: got a mapping, allowed one value; a property's name keeps its dots\n"},
    {"a property with a blank", "kafka: {properties: {linger ms: 1}}\n",
     "c.yaml:1:33: kafka.properties: got the name \"linger ms\", allowed a librdkafka property: a-z 0-9 . _ -\n"},
    {"properties as a list", "kafka: {properties: [a]}\n",
     "c.yaml:1:21: kafka.properties: got a list, allowed a mapping of names to values\n"},
    {"five mistakes", "app: a b\nkafka:\n  broker: a:1\n  queued_max: lots\nhttp: {port: -1}\nstage: itnake\n",
     "c.yaml:1:6: app: got \"a b\", allowed " ALLOWED_NAME "\n"
     "c.yaml:3:3: kafka.broker: got an unknown key, allowed brokers, queued_max, properties, did you mean "
     "kafka.brokers\n"
     "c.yaml:4:15: kafka.queued_max: got \"lots\", allowed a size from 1MiB to 1GiB in B, KiB, MiB or GiB\n"
     "c.yaml:5:14: http.port: got \"-1\", allowed a whole number from 0 to 65535\n"
     "c.yaml:6:8: stage: got \"itnake\", allowed one of all, intake, score, did you mean intake\n"},
};

/* Whatever was wrong, the config is complete: the default stands where a value was refused. */
static void bad_files_name_every_problem(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_files); i++) {
        struct config config;
        struct problems problems;
        enum outcome outcome = load(&(struct said){.yaml = bad_files[i].yaml}, &config, &problems);
        check_problems(bad_files[i].name, &problems, bad_files[i].problems);
        assert_int_equal(outcome, STOP);
        assert_int_equal(config.log_level, LOG_INFO);
        assert_int_equal(config.signals_partitions, 16);
        config_done(&config);
        problems_done(&problems);
    }
}

static const struct {
    const char *name;
    const char *path;
    const char *problems;
} bad_paths[] = {
    {"missing", "none.yaml",
     "none.yaml: got no file that can be read (No such file or directory), allowed a YAML file of at most 1MiB\n"},
    {"a folder", ".", ".: got no file that can be read (Is a directory), allowed a YAML file of at most 1MiB\n"},
    {"too large", "large", "large: got no file that can be read (too large), allowed a YAML file of at most 1MiB\n"},
};

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_paths); i++) {
        struct config config;
        struct problems problems;
        struct scoring *scoring = NULL;
        problems_init(&problems);
        assert_int_equal(config_load(&(struct config_sources){.file = bad_paths[i].path}, &config, &problems), STOP);
        check_problems(bad_paths[i].name, &problems, bad_paths[i].problems);
        config_done(&config);
        problems_done(&problems);
        assert_int_equal(scoring_load(bad_paths[i].path, &scoring, &problems), STOP);
        check_problems(bad_paths[i].name, &problems, bad_paths[i].problems);
        assert_null(scoring);
        problems_done(&problems);
    }
}

static const struct {
    const char *name;
    const char *environment[VALUES_MAX];
    const char *overrides[VALUES_MAX];
    const char *problems;
} bad_words[] = {
    {"an unknown variable",
     {"SLIPSTREAM__PORT=1"},
     {0},
     "SLIPSTREAM__PORT: " ALLOWED_SETTINGS ", did you mean SLIPSTREAM__HTTP__PORT\n"},
    {"a variable misspelt",
     {"SLIPSTREAM__REDIS__PASSWRD=" SECRET},
     {0},
     "SLIPSTREAM__REDIS__PASSWRD: " ALLOWED_SETTINGS ", did you mean SLIPSTREAM__REDIS__PASSWORD\n"},
    {"a file's variable misspelt",
     {"SLIPSTREAM__REDIS__PASSWRD_FILE=secret"},
     {0},
     "SLIPSTREAM__REDIS__PASSWRD_FILE: " ALLOWED_SETTINGS ", did you mean SLIPSTREAM__REDIS__PASSWORD_FILE\n"},
    {"not in capitals",
     {"SLIPSTREAM__kafka__brokers=a"},
     {0},
     "SLIPSTREAM__kafka__brokers: " ALLOWED_SETTINGS ", did you mean SLIPSTREAM__KAFKA__BROKERS\n"},
    {"nothing like a setting",
     {"SLIPSTREAM__COLOUR_OF_THE_DOOR=green"},
     {0},
     "SLIPSTREAM__COLOUR_OF_THE_DOOR: " ALLOWED_SETTINGS "\n"},
    {"no name at all", {"SLIPSTREAM__=1"}, {0}, "SLIPSTREAM__: " ALLOWED_SETTINGS "\n"},
    {"a value out of bounds",
     {"SLIPSTREAM__HTTP__PORT=70000"},
     {0},
     "SLIPSTREAM__HTTP__PORT: http.port: got \"70000\", allowed a whole number from 0 to 65535\n"},
    {"an empty value",
     {"SLIPSTREAM__HTTP__PORT="},
     {0},
     "SLIPSTREAM__HTTP__PORT: http.port: got \"\", allowed a whole number from 0 to 65535\n"},
    {"not UTF-8",
     {"SLIPSTREAM__REDIS__USERNAME=a\xff"},
     {0},
     "SLIPSTREAM__REDIS__USERNAME: redis.username: got \"a\\xFF\", allowed text of at most 256 bytes\n"},
    {"both, the file second",
     {"SLIPSTREAM__REDIS__PASSWORD=a", "SLIPSTREAM__REDIS__PASSWORD_FILE=secret"},
     {0},
     "SLIPSTREAM__REDIS__PASSWORD_FILE: redis.password: got a value from both SLIPSTREAM__REDIS__PASSWORD and "
     "SLIPSTREAM__REDIS__PASSWORD_FILE, allowed one of them\n"},
    {"both, the file first",
     {"SLIPSTREAM__REDIS__PASSWORD_FILE=secret", "SLIPSTREAM__REDIS__PASSWORD=a"},
     {0},
     "SLIPSTREAM__REDIS__PASSWORD_FILE: redis.password: got a value from both SLIPSTREAM__REDIS__PASSWORD and "
     "SLIPSTREAM__REDIS__PASSWORD_FILE, allowed one of them\n"},
    {"a missing file",
     {"SLIPSTREAM__REDIS__PASSWORD_FILE=" SECRET},
     {0},
     "SLIPSTREAM__REDIS__PASSWORD_FILE: redis.password: got no file that can be read (No such file or directory), "
     "allowed one of at most 64KiB\n"},
    {"a large file",
     {"SLIPSTREAM__REDIS__PASSWORD_FILE=large"},
     {0},
     "SLIPSTREAM__REDIS__PASSWORD_FILE: redis.password: got no file that can be read (too large), allowed one of at "
     "most 64KiB\n"},
    {"a file with a NUL",
     {"SLIPSTREAM__REDIS__PASSWORD_FILE=nul"},
     {0},
     "SLIPSTREAM__REDIS__PASSWORD_FILE: redis.password: got a file with a NUL in it, allowed text\n"},
    {"a property of ours",
     {"SLIPSTREAM__KAFKA__PROPERTIES__GROUP_ID=a"},
     {0},
     "SLIPSTREAM__KAFKA__PROPERTIES__GROUP_ID: kafka.properties.group.id: got a property that Slipstream sets itself, "
     "allowed any other: it follows from app and the stage\n"},
    {"an argument misspelt", {0}, {"htp.port=1"}, "--set: htp.port: " ALLOWED_SETTINGS ", did you mean http.port\n"},
    {"an argument without a value",
     {0},
     {"redis.password:" SECRET},
     "--set: redis.password: got no value, allowed KEY=VALUE\n"},
    {"an argument without a key", {0}, {"=" SECRET}, "--set: got no key, allowed KEY=VALUE\n"},
    {"an argument out of bounds",
     {0},
     {"score.batch=0"},
     "--set: score.batch: got \"0\", allowed a whole number from 1 to 10000\n"},
    {"a section as an argument", {0}, {"kafka=a"}, "--set: kafka: " ALLOWED_SETTINGS "\n"},
    {"a property of ours as an argument",
     {0},
     {"kafka.properties.transactional.id=a"},
     "--set: kafka.properties.transactional.id: got a property that Slipstream sets itself, allowed any other: it "
     "follows from app and instance, so that a restart takes over its own transaction\n"},
    {"a topic taken over two ways",
     {"SLIPSTREAM__TOPICS__WEB=a"},
     {"topics.chat=a"},
     "--set: topics.chat: got \"a\", allowed a topic of its own: topics.web has that one\n"},
};

static void bad_words_name_every_problem(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_words); i++) {
        struct config config;
        struct problems problems;
        const struct said said = {NULL, bad_words[i].environment, bad_words[i].overrides};
        enum outcome outcome = load(&said, &config, &problems);
        check_problems(bad_words[i].name, &problems, bad_words[i].problems);
        assert_int_equal(outcome, STOP);
        config_done(&config);
        problems_done(&problems);
    }
}

static void all_sources_are_told_at_once(void **state)
{
    (void)state;
    struct config config;
    struct problems problems;
    const char *const environment[] = {"SLIPSTREAM__HTTP__PORT=y", NULL};
    const char *const overrides[] = {"http.port=z", NULL};
    assert_int_equal(load(&(struct said){"http: {port: x}", environment, overrides}, &config, &problems), STOP);
    check_problems("three", &problems,
                   "c.yaml:1:14: http.port: got \"x\", allowed a whole number from 0 to 65535\n"
                   "SLIPSTREAM__HTTP__PORT: http.port: got \"y\", allowed a whole number from 0 to 65535\n"
                   "--set: http.port: got \"z\", allowed a whole number from 0 to 65535\n");
    assert_int_equal(config.http_port, 9600);
    config_done(&config);
    problems_done(&problems);
}

static void problems_beyond_the_bound_are_counted(void **state)
{
    (void)state;
    static char yaml[TEXT_MAX];
    static char text[TEXT_MAX];
    size_t size = 0;
    for (int i = 0; i < 250; i++) {
        size += (size_t)snprintf(yaml + size, sizeof yaml - size, "key%d: 1\n", i);
    }
    struct config config;
    struct problems problems;
    assert_int_equal(load(&(struct said){.yaml = yaml}, &config, &problems), STOP);
    assert_int_equal(problems.count, 250);
    text_of(&problems.text, text);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++) {
        lines++;
    }
    assert_int_equal(lines, PROBLEMS_MAX + 1);
    assert_string_equal(strstr(text, "and "), "and 150 more\n");
    config_done(&config);
    problems_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_name_every_problem),          cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(bad_words_name_every_problem),          cmocka_unit_test(all_sources_are_told_at_once),
        cmocka_unit_test(problems_beyond_the_bound_are_counted),
    };
    return cmocka_run_group_tests_name("config_problems", tests, folder_enter, folder_leave);
}
