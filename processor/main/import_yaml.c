/* import_yaml.c - reads YAML with libyaml's loader, which keeps where everything stands. */
#include "import_yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void complain_syntax(const yaml_parser_t *parser, const char *where, struct problems *problems)
{
    problem(problems, where, parser->problem_mark.line + 1, parser->problem_mark.column + 1, "not YAML: %s%s%s",
            parser->problem ? parser->problem : "out of memory", parser->context ? " " : "",
            parser->context ? parser->context : "");
}

static void refuse_second(const struct yaml_file *self, yaml_parser_t *parser)
{
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second)) {
        complain_syntax(parser, self->where, self->problems);
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    if (root) {
        yaml_complain(self, root, "got a second document, allowed one in a file");
    }
    yaml_document_delete(&second);
}

bool yaml_file_open(struct yaml_file *self, const char *where, struct span text, struct problems *problems)
{
    yaml_parser_t parser;
    self->where = where;
    self->problems = problems;
    if (text.size > YAML_FILE_MAX) {
        problem(problems, where, 0, 0, "got %zu bytes, allowed %zu", text.size, YAML_FILE_MAX);
        return false;
    }
    if (!yaml_parser_initialize(&parser)) {
        problem(problems, where, 0, 0, "out of memory");
        return false;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data, text.size);
    bool loaded = yaml_parser_load(&parser, &self->document);
    if (!loaded) {
        complain_syntax(&parser, where, problems);
    } else {
        refuse_second(self, &parser);
    }
    yaml_parser_delete(&parser);
    return loaded;
}

void yaml_file_close(struct yaml_file *self)
{
    yaml_document_delete(&self->document);
}

/* libyaml's functions take the document as not const, and do not change it. */
static yaml_document_t *document_of(const struct yaml_file *self)
{
    return (yaml_document_t *)(uintptr_t)&self->document;
}

const yaml_node_t *yaml_file_root(const struct yaml_file *self)
{
    return yaml_document_get_root_node(document_of(self));
}

void yaml_complain(const struct yaml_file *self, const yaml_node_t *node, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    problem(self->problems, self->where, node->start_mark.line + 1, node->start_mark.column + 1, "%s", text);
}

/* "~", "null" and nothing at all, unquoted, are no text. */
static bool is_nothing(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

const char *yaml_scalar(const struct yaml_file *self, const yaml_node_t *node, const char *what)
{
    const char *got = node->type == YAML_MAPPING_NODE    ? "a mapping"
                      : node->type == YAML_SEQUENCE_NODE ? "a list"
                      : is_nothing(node)                 ? "nothing"
                                                         : NULL;
    if (!got && strlen((const char *)node->data.scalar.value) != node->data.scalar.length) {
        got = "text with a NUL in it";
    }
    if (got) {
        yaml_complain(self, node, "%s: got %s, allowed text", what, got);
        return NULL;
    }
    return (const char *)node->data.scalar.value;
}

size_t yaml_list_size(const struct yaml_file *self, const yaml_node_t *node, const char *what)
{
    if (node->type == YAML_SCALAR_NODE) {
        return 1;
    }
    if (node->type == YAML_SEQUENCE_NODE) {
        size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
        if (count == 0) {
            yaml_complain(self, node, "%s: got an empty list, allowed one with something in it", what);
        }
        return count;
    }
    yaml_complain(self, node, "%s: got a mapping, allowed text or a list", what);
    return 0;
}

const yaml_node_t *yaml_list_item(const struct yaml_file *self, const yaml_node_t *node, size_t i)
{
    return node->type == YAML_SCALAR_NODE
               ? node
               : yaml_document_get_node(document_of(self), node->data.sequence.items.start[i]);
}

static int compare_places(const void *a, const void *b)
{
    size_t left = ((const struct yaml_entry *)a)->key_node->start_mark.index;
    size_t right = ((const struct yaml_entry *)b)->key_node->start_mark.index;
    return (left > right) - (left < right);
}

static int compare_keys(const void *a, const void *b)
{
    int order = strcmp(((const struct yaml_entry *)a)->key, ((const struct yaml_entry *)b)->key);
    return order ? order : compare_places(a, b);
}

/* The first of a key stays. */
static size_t drop_doubles(const struct yaml_file *self, struct yaml_entry *entries, size_t count)
{
    size_t kept = 0;
    qsort(entries, count, sizeof *entries, compare_keys);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && strcmp(entries[kept - 1].key, entries[i].key) == 0) {
            yaml_complain(self, entries[i].key_node, "%.*s: got the key twice, allowed once; the first is on line %zu",
                          YAML_SHOWN, entries[i].key, entries[kept - 1].key_node->start_mark.line + 1);
        } else {
            entries[kept++] = entries[i];
        }
    }
    qsort(entries, kept, sizeof *entries, compare_places);
    return kept;
}

struct yaml_entry *yaml_entries(const struct yaml_file *self, const yaml_node_t *node, const char *what, size_t *count)
{
    *count = 0;
    if (node->type != YAML_MAPPING_NODE) {
        yaml_complain(self, node, "%s: got %s, allowed a mapping: key: value", what,
                      node->type == YAML_SEQUENCE_NODE ? "a list" : "text");
        return NULL;
    }
    const yaml_node_pair_t *first = node->data.mapping.pairs.start;
    size_t pairs = (size_t)(node->data.mapping.pairs.top - first);
    if (pairs > YAML_ENTRIES_MAX) {
        yaml_complain(self, node, "%s: got %zu entries, allowed %d", what, pairs, YAML_ENTRIES_MAX);
        pairs = YAML_ENTRIES_MAX;
    }
    struct yaml_entry *entries = calloc(pairs + 1, sizeof *entries);
    ASSERT(entries);
    size_t kept = 0;
    for (size_t i = 0; i < pairs; i++) {
        const yaml_node_t *key_node = yaml_document_get_node(document_of(self), first[i].key);
        const yaml_node_t *value = yaml_document_get_node(document_of(self), first[i].value);
        const char *key = yaml_scalar(self, key_node, what);
        if (key) {
            entries[kept++] = (struct yaml_entry){key, key_node, value};
        }
    }
    *count = drop_doubles(self, entries, kept);
    return entries;
}
