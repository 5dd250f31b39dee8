// SPDX-License-Identifier: Apache-2.0
#include "plan/tune_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "griddle tuned entries 1";
static const char name_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
static const int64_t longest = (int64_t)1000 * 1000 * 1000 * 1000; /* nanoseconds: a quarter of an hour */

/* ---- a line at a time ---- */

typedef struct lines {
    const char *at, *end;
    int number; /* of the line that was taken last, from 1 */
} lines;

/* The next line without its end, as [*line, *line + *length). A last line without an end is a line cut short. */
static bool next_line(lines *text, const char **line, size_t *length)
{
    const char *end = text->at < text->end ? memchr(text->at, '\n', (size_t)(text->end - text->at)) : NULL;
    if (!end)
        return false;
    *line = text->at;
    *length = (size_t)(end - text->at);
    text->at = end + 1;
    text->number++;
    return true;
}

/* "mma 41200 simt 130500 | problem" in a text of its own that ends with 0. False: it is none. */
static bool parse_line(char *line, gd_tuned *tuned)
{
    tuned->n = 0;
    while (*line != '|') {
        size_t length = strspn(line, name_characters);
        if (length == 0 || length >= sizeof tuned->entry->name || line[length] != ' ' || tuned->n == GD_TUNED_ENTRIES)
            return false;
        memset(tuned->entry[tuned->n].name, 0, sizeof tuned->entry->name);
        memcpy(tuned->entry[tuned->n].name, line, length);
        int64_t value = 0;
        const char *digits = line + length + 1;
        for (line = line + length + 1; *line >= '0' && *line <= '9' && value <= longest; line++)
            value = 10 * value + (*line - '0');
        if (line == digits || *line++ != ' ')
            return false;
        tuned->entry[tuned->n++].nanoseconds = value;
    }
    tuned->problem = line + 2;
    return line[1] == ' ';
}

static gd_status check(const gd_tuned *tuned, gd_error *error)
{
    size_t length = strlen(tuned->problem);
    if (length == 0 || length > GD_TUNED_PROBLEM)
        return gd_fail(error, GD_INVALID, "a problem of %zu characters", length);
    for (const char *c = tuned->problem; *c; c++) {
        if (*c < ' ' || *c > '~')
            return gd_fail(error, GD_INVALID, "a problem with the character %d", (unsigned char)*c);
    }
    if (tuned->n < 1 || tuned->n > GD_TUNED_ENTRIES)
        return gd_fail(error, GD_INVALID, "%d entries", tuned->n);
    for (int i = 0; i < tuned->n; i++) {
        const char *name = tuned->entry[i].name;
        int64_t time = tuned->entry[i].nanoseconds;
        if (!name[0] || name[strspn(name, name_characters)])
            return gd_fail(error, GD_INVALID, "an entry named '%s'", name);
        if (time < 0 || time > longest)
            return gd_fail(error, GD_INVALID, "%lld nanoseconds", (long long)time);
    }
    return GD_OK;
}

/* ---- the table ---- */

static gd_tuned *find(const gd_tune_table *table, const char *problem)
{
    for (int i = table->n - 1; i >= 0; i--) {
        if (strcmp(table->at[i].problem, problem) == 0)
            return &table->at[i];
    }
    return NULL;
}

const gd_tuned *gd_tune_table_find(const gd_tune_table *table, const char *problem) { return find(table, problem); }

gd_status gd_tune_table_put(gd_tune_table *table, const gd_tuned *tuned, gd_error *error)
{
    GD_TRY(check(tuned, error));
    gd_tuned *place = find(table, tuned->problem);
    const char *problem = place ? place->problem : gd_arena_text(&table->arena, tuned->problem);
    if (!place && table->n == table->capacity && table->n < GD_TUNED_PROBLEMS) {
        int capacity = table->capacity ? 2 * table->capacity : 64;
        gd_tuned *grown = realloc(table->at, sizeof *grown * (size_t)capacity);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for a table of entries");
        table->at = grown;
        table->capacity = capacity;
    }
    if (!problem)
        return gd_fail(error, GD_NOMEM, "out of memory for a table of entries");
    if (!place && table->n == GD_TUNED_PROBLEMS) {
        memmove(table->at, table->at + 1, sizeof *table->at * (size_t)--table->n);
    }
    if (!place)
        place = &table->at[table->n++];
    *place = *tuned;
    place->problem = problem;
    return GD_OK;
}

static bool is_line(const char *line, size_t length, const char *wanted)
{
    return strlen(wanted) == length && memcmp(line, wanted, length) == 0;
}

/* The lines behind the first two into a table of their own. */
static gd_status parse_problems(gd_tune_table *table, lines *text, gd_error *error)
{
    char copy[GD_TUNED_PROBLEM + GD_TUNED_ENTRIES * 32 + 4];
    const char *line;
    size_t length;
    gd_tuned tuned;
    while (next_line(text, &line, &length)) {
        bool fits = length < sizeof copy;
        if (fits) {
            memcpy(copy, line, length);
            copy[length] = '\0';
        }
        if (!fits || strlen(copy) != length || !parse_line(copy, &tuned) || check(&tuned, NULL) != GD_OK)
            return gd_fail(error, GD_FORMAT, "line %d is malformed", text->number);
        if (table->n == GD_TUNED_PROBLEMS)
            return gd_fail(error, GD_FORMAT, "it has more than %d lines", GD_TUNED_PROBLEMS);
        GD_TRY(gd_tune_table_put(table, &tuned, error));
    }
    return text->at == text->end ? GD_OK : gd_fail(error, GD_FORMAT, "line %d is cut short", text->number + 1);
}

gd_status gd_tune_table_parse(gd_tune_table *table, const char *machine, const char *text, size_t length,
                              gd_error *error)
{
    lines all = {text, text + length, 0};
    const char *line;
    size_t n;
    if (length > GD_TUNED_BYTES)
        return gd_fail(error, GD_FORMAT, "it has more than %d bytes", GD_TUNED_BYTES);
    if (!next_line(&all, &line, &n) || !is_line(line, n, head))
        return gd_fail(error, GD_FORMAT, "it does not begin with '%s'", head);
    if (!next_line(&all, &line, &n) || !is_line(line, n, machine))
        return gd_fail(error, GD_FORMAT, "it was not measured on '%s'", machine);
    gd_tune_table its = {0};
    gd_status status = parse_problems(&its, &all, error);
    for (int i = 0; i < its.n && status == GD_OK; i++)
        status = gd_tune_table_put(table, &its.at[i], error);
    gd_tune_table_release(&its);
    return status;
}

void gd_tune_table_print(const gd_tune_table *table, const char *machine, gd_text *out)
{
    gd_text_add(out, "%s\n%s\n", head, machine);
    for (int i = 0; i < table->n; i++) {
        const gd_tuned *tuned = &table->at[i];
        for (int e = 0; e < tuned->n; e++)
            gd_text_add(out, "%s %lld ", tuned->entry[e].name, (long long)tuned->entry[e].nanoseconds);
        gd_text_add(out, "| %s\n", tuned->problem);
    }
}

const char *gd_tuned_fastest(const gd_tuned *tuned)
{
    int64_t best = tuned->entry[0].nanoseconds;
    for (int i = 1; i < tuned->n; i++)
        best = tuned->entry[i].nanoseconds < best ? tuned->entry[i].nanoseconds : best;
    int first = 0;
    while (tuned->entry[first].nanoseconds * 100 > best * 103)
        first++;
    return tuned->entry[first].name;
}

void gd_tune_table_release(gd_tune_table *table)
{
    gd_arena_release(&table->arena);
    free(table->at);
    *table = (gd_tune_table){0};
}
