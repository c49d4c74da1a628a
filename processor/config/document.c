/* document.c - libyaml's events as a tree. The event interface, for it lets depth and aliases be refused on the way. */
#include "document.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

struct parsing {
    yaml_parser_t yaml;
    const char *where;
    struct span text;
    struct config_arena *memory;
    struct problems *problems;
    size_t nodes;
};

static bool read_value(struct parsing *self, const yaml_event_t *event, struct node *node, unsigned depth);

/* A reader error (bytes that are not UTF-8) has an offset only. */
static void place_of_offset(const struct parsing *self, size_t offset, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < offset && i < self->text.size; i++) {
        if (self->text.data[i] == '\n') {
            ++*line;
            *column = 1;
        } else if ((self->text.data[i] & 0xC0) != 0x80) {
            ++*column;
        }
    }
}

/* libyaml's texts are constants: they hold nothing of the file. */
static void complain_syntax(const struct parsing *self)
{
    const yaml_parser_t *yaml = &self->yaml;
    size_t line = yaml->problem_mark.line + 1;
    size_t column = yaml->problem_mark.column + 1;
    if (yaml->error == YAML_READER_ERROR) {
        place_of_offset(self, yaml->problem_offset, &line, &column);
    }
    problem(self->problems, self->where, line, column, "not YAML: %s%s%s",
            yaml->problem ? yaml->problem : "out of memory", yaml->context ? " " : "",
            yaml->context ? yaml->context : "");
}

static bool next_event(struct parsing *self, yaml_event_t *event)
{
    if (yaml_parser_parse(&self->yaml, event)) {
        return true;
    }
    complain_syntax(self);
    return false;
}

static void complain_at(const struct parsing *self, const struct node *node, const char *got, const char *allowed)
{
    char path[NODE_PATH_SIZE];
    struct place place = node_place(self->where, node);
    node_path(node, path);
    COMPLAIN(self->problems, &place, "%s%sgot %s, allowed %s", path, *path ? ": " : "", got, allowed);
}

static void set_place(struct node *node, const yaml_event_t *event)
{
    node->line = event->start_mark.line + 1;
    node->column = event->start_mark.column + 1;
}

static struct node *add_child(struct parsing *self, struct node *parent)
{
    if (++self->nodes > DOCUMENT_NODES_MAX) {
        complain_at(self, parent, "too many entries", "65536 in one file");
        return NULL;
    }
    struct node *node = config_arena_take(self->memory, sizeof *node);
    if (node) {
        node->parent = parent;
    }
    return node;
}

static void append(struct node *parent, struct node *node)
{
    if (parent->last) {
        parent->last->next = node;
    } else {
        parent->first = node;
    }
    parent->last = node;
    parent->count++;
}

static bool is_nothing(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static bool read_scalar(struct parsing *self, const yaml_event_t *event, struct node *node)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    if (memchr(value, '\0', size)) {
        complain_at(self, node, "text with a NUL in it", "text");
        node->kind = NODE_BROKEN;
        return true;
    }
    bool nothing = is_nothing(event);
    node->kind = nothing ? NODE_NOTHING : NODE_TEXT;
    node->size = nothing ? 0 : size;
    node->text = config_arena_text(self->memory, value, node->size);
    return node->text != NULL;
}

static int compare_keys(const void *a, const void *b)
{
    const struct node *left = *(const struct node *const *)a;
    const struct node *right = *(const struct node *const *)b;
    int order = strcmp(left->key, right->key);
    if (order == 0) {
        order = (left->key_line > right->key_line) - (left->key_line < right->key_line);
    }
    return order ? order : (left->key_column > right->key_column) - (left->key_column < right->key_column);
}

/* Sorted, so that a mapping of many keys takes no longer than reading it did. The first of a key stays. */
static bool refuse_doubles(struct parsing *self, struct node *map)
{
    struct node **sorted = config_arena_take(self->memory, (map->count + 1) * sizeof *sorted);
    if (!sorted) {
        return false;
    }
    size_t count = 0;
    for (struct node *child = map->first; child; child = child->next) {
        sorted[count++] = child;
    }
    qsort(sorted, count, sizeof *sorted, compare_keys);
    const struct node *first = sorted[0];
    for (size_t i = 1; i < count; i++) {
        if (strcmp(first->key, sorted[i]->key) != 0) {
            first = sorted[i];
            continue;
        }
        char path[NODE_PATH_SIZE];
        struct place place = node_key_place(self->where, sorted[i]);
        COMPLAIN(self->problems, &place, "%s: got the key twice, allowed once; the first is on line %zu",
                 node_path(sorted[i], path), first->key_line);
        sorted[i]->kind = NODE_BROKEN;
    }
    return true;
}

static bool read_key(struct parsing *self, const yaml_event_t *event, struct node *node)
{
    set_place(node, event);
    node->key_line = node->line;
    node->key_column = node->column;
    bool plain = event->type == YAML_SCALAR_EVENT && !event->data.scalar.anchor && !event->data.scalar.tag &&
                 !memchr(event->data.scalar.value, '\0', event->data.scalar.length);
    if (!plain) {
        complain_at(self, node, "a key that is not plain text", "plain keys, without anchors, aliases or tags");
        return false;
    }
    node->key = config_arena_text(self->memory, event->data.scalar.value, event->data.scalar.length);
    return node->key != NULL;
}

static bool read_children(struct parsing *self, struct node *node, yaml_event_type_t end, unsigned depth)
{
    if (depth >= DOCUMENT_DEPTH_MAX) {
        complain_at(self, node, "too many levels", "16");
        return false;
    }
    for (;;) {
        yaml_event_t event CLEANUP(yaml_event_delete) = {0};
        if (!next_event(self, &event)) {
            return false;
        }
        if (event.type == end) {
            break;
        }
        struct node *child = add_child(self, node);
        if (!child) {
            return false;
        }
        if (node->kind == NODE_MAP) {
            if (!read_key(self, &event, child)) {
                return false;
            }
            yaml_event_delete(&event);
            if (!next_event(self, &event)) {
                return false;
            }
        }
        if (!read_value(self, &event, child, depth + 1)) {
            return false;
        }
        append(node, child);
    }
    return node->kind != NODE_MAP || refuse_doubles(self, node);
}

static bool is_decorated(const yaml_event_t *event)
{
    switch ((int)event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor || event->data.scalar.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor || event->data.mapping_start.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor || event->data.sequence_start.tag;
    default:
        return false;
    }
}

/* False: reading cannot go on. */
static bool read_value(struct parsing *self, const yaml_event_t *event, struct node *node, unsigned depth)
{
    set_place(node, event);
    if (event->type == YAML_ALIAS_EVENT) {
        complain_at(self, node, "an alias", "the value itself");
        node->kind = NODE_BROKEN;
        return true;
    }
    if (is_decorated(event)) {
        complain_at(self, node, "an anchor or a tag", "the value alone");
    }
    if (event->type == YAML_MAPPING_START_EVENT) {
        node->kind = NODE_MAP;
        return read_children(self, node, YAML_MAPPING_END_EVENT, depth);
    }
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        node->kind = NODE_LIST;
        return read_children(self, node, YAML_SEQUENCE_END_EVENT, depth);
    }
    return read_scalar(self, event, node);
}

/* Stream start, document start, a value, document end, stream end; a stream of nothing has no document. */
static bool read_stream(struct parsing *self, struct node *root)
{
    bool seen = false;
    for (;;) {
        yaml_event_t event CLEANUP(yaml_event_delete) = {0};
        if (!next_event(self, &event)) {
            return false;
        }
        switch ((int)event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_STREAM_END_EVENT:
            return true;
        case YAML_DOCUMENT_START_EVENT:
            if (seen) {
                set_place(root, &event);
                complain_at(self, root, "a second document", "one in a file");
                return false;
            }
            seen = true;
            break;
        default:
            if (!read_value(self, &event, root, 0)) {
                return false;
            }
        }
    }
}

const struct node *document_parse(const char *where, struct span text, struct config_arena *memory,
                                  struct problems *problems)
{
    struct node *root = config_arena_take(memory, sizeof *root);
    struct parsing self = {.where = where, .text = text, .memory = memory, .problems = problems};
    if (!root || !yaml_parser_initialize(&self.yaml)) {
        problem(problems, where, 0, 0, "out of memory");
        return NULL;
    }
    *root = (struct node){.kind = NODE_NOTHING, .line = 1, .column = 1, .text = ""};
    yaml_parser_set_encoding(&self.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&self.yaml, text.data, text.size);
    bool read = read_stream(&self, root);
    yaml_parser_delete(&self.yaml);
    if (memory->failed) {
        problem(problems, where, 0, 0, "got more than fits into memory, allowed less");
    }
    if (!read) {
        return NULL;
    }
    if (root->kind == NODE_NOTHING) {
        root->kind = NODE_MAP;
    }
    if (root->kind != NODE_MAP) {
        complain_at(&self, root, root->kind == NODE_LIST ? "a list" : "text", "a mapping: key: value");
        return NULL;
    }
    return root;
}

const struct node *document_open(const char *path, struct config_arena *memory, struct problems *problems)
{
    struct span text;
    const char *why_not;
    if (!config_file_read(path, DOCUMENT_SIZE_MAX, memory, &text, &why_not)) {
        problem(problems, path, 0, 0, "got no file that can be read (%s), allowed a YAML file of at most 1MiB",
                why_not);
        return NULL;
    }
    return document_parse(path, text, memory, problems);
}

const char *node_path(const struct node *node, char out[NODE_PATH_SIZE])
{
    const struct node *chain[DOCUMENT_DEPTH_MAX + 1];
    size_t count = 0;
    for (; node && count < DOCUMENT_DEPTH_MAX + 1; node = node->parent) {
        if (node->key) {
            chain[count++] = node;
        }
    }
    size_t size = 0;
    out[0] = '\0';
    while (count-- > 0 && size < NODE_PATH_SIZE) {
        size += (size_t)snprintf(out + size, NODE_PATH_SIZE - size, "%s%s", size ? "." : "", chain[count]->key);
    }
    return out;
}

const char *node_shown(const struct node *node, char out[SHOWN_SIZE])
{
    switch (node->kind) {
    case NODE_MAP:
        return "a mapping";
    case NODE_LIST:
        return "a list";
    case NODE_NOTHING:
        return "nothing";
    case NODE_BROKEN:
        return "something broken";
    case NODE_TEXT:
        break;
    }
    return text_shown(node->text, out);
}
