// SPDX-License-Identifier: Apache-2.0
#include "watch/alert.h"

#include "base/file.h"
#include "watch/period.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 10, VIOLATIONS_BYTES = 1 << 20 };

typedef struct field {
    const char *name, *value;
    bool number;
} field;

static void print_body(const field *fields, const char *violations, gd_text *out)
{
    for (int i = 0; i < FIELDS; i++) {
        gd_text_add(out, "%c\"%s\":", i ? ',' : '{', fields[i].name);
        if (fields[i].number)
            gd_text_add(out, "%s", fields[i].value);
        else
            gd_text_add_json(out, fields[i].value);
    }
    gd_text_add(out, ",\"constraint_violations\":%s}\n", violations ? violations : "null");
}

static const char *variable(const field *f, gd_arena *arena)
{
    char *text = gd_arena_printf(arena, "GRIDDLE_%s=%s", f->name, f->value);
    for (char *c = text; c && *c != '='; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    return text;
}

static const char *const *print_environment(const field *fields, const char *const *more, gd_arena *arena)
{
    size_t n = 0;
    while (more[n])
        n++;
    const char **list = gd_arena_alloc(arena, FIELDS + n + 1, sizeof *list);
    for (int i = 0; list && i < FIELDS; i++) {
        list[i] = variable(&fields[i], arena);
        if (!list[i])
            return NULL;
    }
    if (list)
        memcpy(list + FIELDS, more, n * sizeof *list);
    return list;
}

gd_status gd_alert_make(const char *folder, const char *title, const gd_watched *window, const char *const *more,
                        gd_arena *arena, gd_alert *alert, gd_error *error)
{
    char from[GD_TIME_TEXT], to[GD_TIME_TEXT], name[GD_TIME_TEXT], *violations = NULL;
    size_t length;
    char *whole = realpath(folder, NULL);
    const char *place = gd_arena_printf(arena, "%s/%s", whole ? whole : folder, gd_period_name(window->from_ms, name));
    const char *report = gd_arena_printf(arena, "%s/report.html", place);
    const char *file = gd_arena_printf(arena, "%s/constraint_violations.json", place);
    const char *text = gd_arena_printf(
        arena, "%s, %s to %s: %s. %s", title, gd_time_text(window->from_ms, from), gd_time_text(window->to_ms, to),
        window->event == GD_WATCHED_RECOVERY ? "recovered" : "something has changed", window->summary);
    const char *pictures = gd_arena_printf(arena, "%" PRId64, window->pictures);
    const char *count = gd_arena_printf(arena, "%d", window->violations);
    free(whole);
    if (!place || !report || !file || !text || !pictures || !count)
        return gd_fail(error, GD_NOMEM, "out of memory for an alert");
    if (gd_file_read(file, VIOLATIONS_BYTES, arena, &violations, &length, NULL) != GD_OK)
        violations = NULL; /* removed meanwhile: the alert goes out all the same */

    const field fields[FIELDS] = {{"text", text, false},
                                  {"event", gd_watched_event_names[window->event], false},
                                  {"state", window->violated ? "violated" : "ok", false},
                                  {"title", title, false},
                                  {"from", from, false},
                                  {"to", to, false},
                                  {"pictures", pictures, true},
                                  {"violations", count, true},
                                  {"summary", window->summary, false},
                                  {"report", report, false}};
    gd_text body = {0};
    print_body(fields, violations, &body);
    gd_status status = gd_text_status(&body, error);
    alert->body = status == GD_OK ? gd_arena_text(arena, body.at) : NULL;
    alert->environment = print_environment(fields, more, arena);
    gd_text_release(&body);
    if (status == GD_OK && (!alert->body || !alert->environment))
        status = gd_fail(error, GD_NOMEM, "out of memory for an alert");
    return status;
}
