// SPDX-License-Identifier: Apache-2.0
/* Source: RFC 8259. Recursive descent with a bound on its depth. */
#include "base/json.h"
#include "base/text.h"

#include <string.h>

typedef struct parser {
    gd_arena *arena;
    const char *file, *at, *end;
    const char *marked; /* up to here lines and columns are counted */
    int line, column;
    int depth, nodes; /* how many more are allowed */
    gd_error *error;
} parser;

/* The place of p->at. Counts from the last one on, so that all places together cost one pass. */
static gd_place place(parser *p)
{
    for (; p->marked < p->at; p->marked++) {
        if (*p->marked == '\n') {
            p->line++;
            p->column = 1;
        } else if (((unsigned char)*p->marked & 0xc0u) != 0x80u) {
            p->column++;
        }
    }
    return (gd_place){p->file, p->line, p->column};
}

static gd_status malformed(parser *p, const char *what)
{
    return gd_fail_at(p->error, GD_FORMAT, place(p), "%s", what);
}

static gd_status no_memory(parser *p) { return gd_fail_at(p->error, GD_NOMEM, place(p), "out of memory"); }

static void skip_space(parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

static bool take(parser *p, char c)
{
    skip_space(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

/* Four hexadecimal digits behind `\u`. */
static bool hex4(const parser *p, const char *at, uint32_t *value)
{
    *value = 0;
    if (p->end - at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* What stands behind a backslash, p->at on it. */
static gd_status parse_escape(parser *p, char **to)
{
    static const char from[] = "\"\\/bfnrt", becomes[] = "\"\\/\b\f\n\r\t";
    uint32_t c, low;
    const char *letter = p->at + 1 < p->end && p->at[1] ? strchr(from, p->at[1]) : NULL;
    if (letter) {
        *(*to)++ = becomes[letter - from];
        p->at += 2;
        return GD_OK;
    }
    if (p->at + 1 == p->end || p->at[1] != 'u' || !hex4(p, p->at + 2, &c))
        return malformed(p, "not an escape sequence");
    if (c == 0)
        return malformed(p, "a text must not contain \\u0000");
    if (c >= 0xd800 && c < 0xe000) { /* a pair of surrogates is one character beyond U+FFFF */
        if (c >= 0xdc00 || p->end - p->at < 12 || p->at[6] != '\\' || p->at[7] != 'u' || !hex4(p, p->at + 8, &low) ||
            low < 0xdc00 || low >= 0xe000)
            return malformed(p, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
        p->at += 6;
    }
    p->at += 6;
    *to = put_utf8(*to, c);
    return GD_OK;
}

/* p->at behind the opening quote. The text is never longer than its source. */
static gd_status parse_string(parser *p, const char **text)
{
    const char *close = p->at;
    while (close < p->end && *close != '"')
        close += *close == '\\' && close + 1 < p->end ? 2 : 1;
    char *to = gd_arena_alloc(p->arena, (size_t)(close - p->at) + 1, 1);
    if (!to)
        return no_memory(p);
    *text = to;
    while (p->at < p->end && *p->at != '"') {
        uint32_t c;
        if (*p->at == '\\') {
            GD_TRY(parse_escape(p, &to));
            continue;
        }
        int length = gd_utf8_decode(p->at, (size_t)(p->end - p->at), &c);
        if (length == 0)
            return malformed(p, "not UTF-8");
        if (c < 0x20)
            return malformed(p, "a control character stands unescaped in a text");
        memcpy(to, p->at, (size_t)length);
        to += length;
        p->at += length;
    }
    if (p->at == p->end)
        return malformed(p, "the text ends within a string");
    p->at++;
    return GD_OK;
}

static size_t number_length(const char *text, const char *end)
{
    const char *c = text, *digits;
    if (c < end && *c == '-')
        c++;
    for (digits = c; c < end && *c >= '0' && *c <= '9';)
        c++;
    if (c == digits || (*digits == '0' && c - digits > 1))
        return 0;
    if (c < end && *c == '.') {
        for (digits = ++c; c < end && *c >= '0' && *c <= '9';)
            c++;
        if (c == digits)
            return 0;
    }
    if (c < end && (*c == 'e' || *c == 'E')) {
        c++;
        if (c < end && (*c == '+' || *c == '-'))
            c++;
        for (digits = c; c < end && *c >= '0' && *c <= '9';)
            c++;
        if (c == digits)
            return 0;
    }
    return (size_t)(c - text);
}

size_t gd_json_number(const char *text) { return number_length(text, text + strlen(text)); }

/* true, false, null or a number. */
static gd_status parse_plain(parser *p, gd_attr **node)
{
    static const char *const words[] = {"true", "false", "null"};
    size_t left = (size_t)(p->end - p->at), length = 0;
    for (int i = 0; i < 3 && length == 0; i++) {
        size_t n = strlen(words[i]);
        length = n <= left && memcmp(p->at, words[i], n) == 0 ? n : 0;
    }
    if (length == 0)
        length = number_length(p->at, p->end);
    if (length == 0)
        return malformed(p, p->at == p->end ? "the text ends where a value is expected" : "not a JSON value");
    const char *text = *p->at == 'n' ? "" : gd_arena_text_n(p->arena, p->at, length);
    *node = text ? gd_attr_new(p->arena, GD_ATTR_SCALAR, text) : NULL;
    if (!*node)
        return no_memory(p);
    p->at += length;
    return GD_OK;
}

static gd_status parse_value(parser *p, gd_attr **node);

/* The members behind `[` or `{`. */
static gd_status parse_members(parser *p, gd_attr *node)
{
    char close = node->kind == GD_ATTR_LIST ? ']' : '}';
    if (take(p, close))
        return GD_OK;
    do {
        const char *key = NULL;
        gd_attr *child;
        gd_place key_place = {0};
        if (node->kind == GD_ATTR_MAP) {
            skip_space(p);
            key_place = place(p);
            if (!take(p, '"'))
                return malformed(p, "a key in quotes is expected");
            GD_TRY(parse_string(p, &key));
            if (!take(p, ':'))
                return malformed(p, "':' is expected behind a key");
        }
        GD_TRY(parse_value(p, &child));
        child->key_place = key_place;
        if (gd_attr_append(p->arena, node, key, child) != GD_OK)
            return no_memory(p);
    } while (take(p, ','));
    if (!take(p, close))
        return malformed(p, close == ']' ? "',' or ']' is expected" : "',' or '}' is expected");
    return node->kind == GD_ATTR_MAP ? gd_attr_check_keys(node, GD_FORMAT, p->error) : GD_OK;
}

static gd_status parse_value(parser *p, gd_attr **node)
{
    skip_space(p);
    gd_place start = place(p);
    if (p->nodes-- == 0)
        return malformed(p, "the document has too many values");
    if (take(p, '"')) {
        const char *text;
        GD_TRY(parse_string(p, &text));
        *node = gd_attr_new(p->arena, GD_ATTR_SCALAR, text);
        if (!*node)
            return no_memory(p);
        (*node)->quoted = true;
    } else if (p->at < p->end && (*p->at == '[' || *p->at == '{')) {
        *node = gd_attr_new(p->arena, *p->at == '[' ? GD_ATTR_LIST : GD_ATTR_MAP, NULL);
        if (!*node)
            return no_memory(p);
        (*node)->place = start;
        if (p->depth-- == 0)
            return malformed(p, "the document is nested too deeply");
        p->at++;
        GD_TRY(parse_members(p, *node));
        p->depth++;
    } else {
        GD_TRY(parse_plain(p, node));
    }
    (*node)->place = start;
    return GD_OK;
}

gd_status gd_json_parse(gd_arena *arena, const char *file, const char *text, size_t length, gd_json_limits limits,
                        gd_attr **root, gd_error *error)
{
    parser p = {arena, file, text, text + length, text, 1, 1, 0, 0, error};
    p.depth = limits.depth > 0 ? limits.depth : 64;
    p.nodes = limits.nodes > 0 ? limits.nodes : 1000000;
    GD_TRY(parse_value(&p, root));
    skip_space(&p);
    return p.at == p.end ? GD_OK : malformed(&p, "something follows the document");
}
