// SPDX-License-Identifier: Apache-2.0
/* Attribute trees as text: values of the command line in, YAML and JSON out. */
#include "base/attr.h"
#include "base/json.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- in ---- */

static const char *skip_space(const char *c)
{
    while (isspace((unsigned char)*c))
        c++;
    return c;
}

/* One scalar at *at; a plain one ends before any of `stops` and loses the white space behind it. */
static gd_status parse_scalar(gd_arena *arena, const char **at, const char *stops, gd_place place, gd_attr **value,
                              gd_error *error)
{
    const char *begin = *at, *end;
    bool quoted = *begin == '"' || *begin == '\'';
    if (quoted) {
        end = strchr(begin + 1, *begin);
        if (!end)
            return gd_fail_at(error, GD_INVALID, place, "the quote in '%s' is not closed", begin);
        begin++;
        *at = end + 1;
    } else {
        *at = end = begin + strcspn(begin, stops);
        while (end > begin && isspace((unsigned char)end[-1]))
            end--;
    }
    const char *text = gd_arena_text_n(arena, begin, (size_t)(end - begin));
    if (text && !quoted && strcmp(text, "null") == 0)
        text = "";
    *value = text ? gd_attr_new(arena, GD_ATTR_SCALAR, text) : NULL;
    if (!*value)
        return gd_fail_at(error, GD_NOMEM, place, "out of memory");
    (*value)->quoted = quoted;
    (*value)->place = place;
    return GD_OK;
}

static gd_status parse_any(gd_arena *arena, const char **at, const char *stops, gd_place place, gd_attr **value,
                           gd_error *error)
{
    const char *open = *at;
    if (*open != '[')
        return parse_scalar(arena, at, stops, place, value, error);
    *value = gd_attr_new(arena, GD_ATTR_LIST, NULL);
    if (!*value)
        return gd_fail_at(error, GD_NOMEM, place, "out of memory");
    (*value)->place = place;
    *at = skip_space(open + 1);
    while (**at != ']') {
        gd_attr *item;
        GD_TRY(parse_scalar(arena, at, ",]", place, &item, error));
        if (!item->quoted && !item->text[0])
            return gd_fail_at(error, GD_INVALID, place, "the list in '%s' has an empty member", open);
        if (gd_attr_append(arena, *value, NULL, item) != GD_OK)
            return gd_fail_at(error, GD_NOMEM, place, "out of memory");
        *at = skip_space(*at);
        if (**at != ',' && **at != ']')
            return gd_fail_at(error, GD_INVALID, place, "the list in '%s' is not closed", open);
        if (**at == ',')
            *at = skip_space(*at + 1);
    }
    ++*at;
    return GD_OK;
}

gd_status gd_attr_parse_value(gd_arena *arena, const char *text, gd_place place, gd_attr **value, gd_error *error)
{
    const char *at = skip_space(text);
    GD_TRY(parse_any(arena, &at, "", place, value, error));
    if (*skip_space(at))
        return gd_fail_at(error, GD_INVALID, place, "'%s' follows the value", skip_space(at));
    return GD_OK;
}

gd_status gd_attr_parse_pairs(gd_arena *arena, const char *text, gd_place place, gd_attr **map, gd_error *error)
{
    *map = gd_attr_new(arena, GD_ATTR_MAP, NULL);
    if (!*map)
        return gd_fail_at(error, GD_NOMEM, place, "out of memory");
    (*map)->place = place;
    for (const char *at = skip_space(text); *at; at = skip_space(at)) {
        size_t length = strcspn(at, "= \t\n\r");
        if (length == 0 || at[length] != '=')
            return gd_fail_at(error, GD_INVALID, place, "'%.*s' is not of the form key=value", (int)strcspn(at, " \t"),
                              at);
        const char *path = gd_arena_text_n(arena, at, length);
        gd_attr *value;
        if (!path)
            return gd_fail_at(error, GD_NOMEM, place, "out of memory");
        at += length + 1;
        GD_TRY(parse_any(arena, &at, " \t\n\r", place, &value, error));
        if (*at && !isspace((unsigned char)*at))
            return gd_fail_at(error, GD_INVALID, place, "'%s' follows the value of '%s'", at, path);
        GD_TRY(gd_attr_set(arena, *map, path, value, error));
    }
    return GD_OK;
}

/* ---- out ---- */

/* Whether YAML reads these bytes as themselves, outside quotes. */
static bool plain_in_yaml(const char *text)
{
    if (!isalnum((unsigned char)text[0]) && !strchr("/_.+-", text[0]))
        return false;
    if (strcmp(text, "-") == 0 || strncmp(text, "---", 3) == 0 || strncmp(text, "...", 3) == 0)
        return false;
    for (const char *c = text; *c; c++) {
        bool inner = *c == ':' && c[1] && c[1] != ' ';
        if (!isalnum((unsigned char)*c) && !strchr("/_.+-", *c) && !inner)
            return false;
    }
    return true;
}

/* Whether YAML's plain style makes anything but a text of it: a number, a truth value, nothing. */
static bool means_something(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(text, words[i]) == 0)
            return true;
    }
    return isdigit((unsigned char)text[0]) || (strchr("+-.", text[0]) && text[1] != '/' && text[1] != '.');
}

static void print_yaml_scalar(const char *text, bool quoted, gd_text *out)
{
    if (!quoted && !text[0])
        gd_text_add(out, "null");
    else if (text[0] && plain_in_yaml(text) && !(quoted && means_something(text)))
        gd_text_add(out, "%s", text);
    else
        gd_text_add_json(out, text);
}

/* Children one a line, each behind `indent` spaces; the first stands where the caller is. */
static void print_yaml(const gd_attr *node, int indent, gd_text *out)
{
    if (node->kind == GD_ATTR_SCALAR)
        print_yaml_scalar(node->text, node->quoted, out);
    else if (!node->first)
        gd_text_add(out, node->kind == GD_ATTR_LIST ? "[]" : "{}");
    for (const gd_attr *child = node->first; child; child = child->next) {
        if (child != node->first)
            gd_text_add(out, "\n%*s", indent, "");
        if (node->kind == GD_ATTR_LIST) {
            gd_text_add(out, "- ");
        } else {
            print_yaml_scalar(child->key, true, out);
            if (child->first)
                gd_text_add(out, ":\n%*s", indent + 2, "");
            else
                gd_text_add(out, ": ");
        }
        print_yaml(child, indent + 2, out);
    }
}

gd_status gd_attr_print_yaml(const gd_attr *node, int indent, gd_text *out)
{
    gd_text_add(out, "%*s", indent, "");
    print_yaml(node, indent, out);
    gd_text_add(out, "\n");
    return gd_text_status(out, NULL);
}

static void print_json(const gd_attr *node, gd_text *out)
{
    if (node->kind == GD_ATTR_SCALAR) {
        const char *text = node->text;
        bool number = text[0] && gd_json_number(text) == strlen(text);
        bool word = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
        if (!node->quoted && !text[0])
            gd_text_add(out, "null");
        else if (!node->quoted && (number || word))
            gd_text_add(out, "%s", text);
        else
            gd_text_add_json(out, text);
        return;
    }
    bool map = node->kind == GD_ATTR_MAP;
    gd_text_add(out, map ? "{" : "[");
    for (const gd_attr *child = node->first; child; child = child->next) {
        if (child != node->first)
            gd_text_add(out, ",");
        if (map) {
            gd_text_add_json(out, child->key);
            gd_text_add(out, ":");
        }
        print_json(child, out);
    }
    gd_text_add(out, map ? "}" : "]");
}

gd_status gd_attr_print_json(const gd_attr *node, gd_text *out)
{
    print_json(node, out);
    return gd_text_status(out, NULL);
}
