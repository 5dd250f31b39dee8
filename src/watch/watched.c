// SPDX-License-Identifier: Apache-2.0
#include "watch/watched.h"

#include "base/json.h"
#include "captured/time.h"
#include "watch/period.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const gd_watched_result_names[GD_WATCHED_RESULTS] = {"fine",   "violated",   "few",    "empty",
                                                                 "failed", "unreadable", "skipped"};
const char *const gd_watched_event_names[GD_WATCHED_EVENTS] = {"none", "violation", "recovery"};
enum { MOST_STREAK = 1000000 };
static const char *const state_names[2] = {"ok", "violated"};

void gd_watched_say(gd_watched *window, const char *summary)
{
    size_t length = 0, next;
    uint32_t character;
    const size_t all = strlen(summary);
    while (length < all) {
        next = (size_t)gd_utf8_decode(summary + length, all - length, &character);
        next = next > 0 ? next : 1;
        if (length + next >= sizeof window->summary)
            break;
        length += next;
    }
    memcpy(window->summary, summary, length);
    window->summary[length] = '\0';
}

void gd_watched_follow(gd_watched *window, const gd_watched *before, int violate_after, int recover_after,
                       int64_t windows)
{
    const bool says = window->result == GD_WATCHED_FINE || window->result == GD_WATCHED_VIOLATED;
    const bool against = says && (window->result == GD_WATCHED_VIOLATED) != (before && before->violated);
    window->violated = before && before->violated;
    window->event = GD_WATCHED_NOTHING;
    window->streak = before ? before->streak : 0;
    if (says)
        window->streak = against ? window->streak + 1 : 0;
    if (against && window->streak >= (window->violated ? recover_after : violate_after)) {
        window->event = window->violated ? GD_WATCHED_RECOVERY : GD_WATCHED_VIOLATION;
        window->violated = !window->violated;
        window->streak = 0;
    }
    for (int i = 0; i < GD_WATCHED_RESULTS; i++)
        window->totals[i] = before ? before->totals[i] : 0;
    window->totals[window->result] += windows;
}

/* ---- out ---- */

void gd_watched_print(const gd_watched *window, gd_text *out)
{
    char from[GD_TIME_TEXT], to[GD_TIME_TEXT];
    gd_text_add(out, "{\"from\":\"%s\",\"to\":\"%s\",\"result\":\"%s\",\"pictures\":%" PRId64 ",\"violations\":%d",
                gd_time_text(window->from_ms, from), gd_time_text(window->to_ms, to),
                gd_watched_result_names[window->result], window->pictures, window->violations);
    if (isnan(window->accuracy.value + window->accuracy.low + window->accuracy.high))
        gd_text_add(out, ",\"accuracy\":null");
    else
        gd_text_add(out, ",\"accuracy\":[%.6g,%.6g,%.6g]", window->accuracy.value, window->accuracy.low,
                    window->accuracy.high);
    gd_text_add(out, ",\"summary\":");
    gd_text_add_json(out, window->summary);
    gd_text_add(out, ",\"state\":\"%s\",\"event\":\"%s\",\"streak\":%d,\"totals\":{", state_names[window->violated],
                gd_watched_event_names[window->event], window->streak);
    for (int i = 0; i < GD_WATCHED_RESULTS; i++)
        gd_text_add(out, "%s\"%s\":%" PRId64, i ? "," : "", gd_watched_result_names[i], window->totals[i]);
    gd_text_add(out, "}}");
}

/* ---- in ---- */

typedef struct line {
    const gd_attr *root;
    gd_place place;
    gd_error *error;
} line;

static gd_status broken(const line *l, const char *key)
{
    return gd_fail_at(l->error, GD_FORMAT, l->place,
                      "'%s' of a window is not there or not what a watch writes; take the line out, or give the watch "
                      "another folder",
                      key);
}

static const char *text_of(const line *l, const char *key)
{
    const gd_attr *value = gd_attr_find(l->root, key);
    return value && value->kind == GD_ATTR_SCALAR && value->quoted ? value->text : "";
}

static gd_status read_time(const line *l, const char *key, int64_t *ms)
{
    const char *text = text_of(l, key);
    return gd_time_read(text, strlen(text), ms) && *ms >= 0 && *ms % 1000 == 0 ? GD_OK : broken(l, key);
}

static gd_status read_name(const line *l, const char *key, const char *const *names, int n, int *value)
{
    for (*value = 0; *value < n; ++*value) {
        if (strcmp(text_of(l, key), names[*value]) == 0)
            return GD_OK;
    }
    return broken(l, key);
}

static gd_status read_count(const line *l, const gd_attr *map, const char *key, int64_t most, int64_t *value)
{
    const gd_attr *number = gd_attr_find(map, key);
    char *end;
    if (!number || number->kind != GD_ATTR_SCALAR || number->quoted || !*number->text)
        return broken(l, key);
    errno = 0;
    *value = strtoll(number->text, &end, 10);
    return *end || errno || *value < 0 || *value > most ? broken(l, key) : GD_OK;
}

static gd_status read_accuracy(const line *l, gd_estimate *accuracy)
{
    double *const values[] = {&accuracy->value, &accuracy->low, &accuracy->high};
    const gd_attr *list = gd_attr_find(l->root, "accuracy");
    int n = 0;
    *accuracy = (gd_estimate){NAN, NAN, NAN, NAN};
    if (list && list->kind == GD_ATTR_SCALAR && !list->quoted && !*list->text)
        return GD_OK;
    for (const gd_attr *number = list ? list->first : NULL; number; number = number->next, n++) {
        if (n == 3 || number->kind != GD_ATTR_SCALAR || number->quoted || !gd_json_number(number->text))
            return broken(l, "accuracy");
        *values[n] = strtod(number->text, NULL);
        if (!(*values[n] >= 0 && *values[n] <= 1))
            return broken(l, "accuracy");
    }
    return n == 3 ? GD_OK : broken(l, "accuracy");
}

static gd_status read_line(const line *l, gd_watched *window)
{
    int64_t violations, streak;
    int result, state, event;
    GD_TRY(read_time(l, "from", &window->from_ms));
    GD_TRY(read_time(l, "to", &window->to_ms));
    if (window->to_ms <= window->from_ms)
        return broken(l, "to");
    GD_TRY(read_name(l, "result", gd_watched_result_names, GD_WATCHED_RESULTS, &result));
    GD_TRY(read_name(l, "state", state_names, 2, &state));
    GD_TRY(read_name(l, "event", gd_watched_event_names, GD_WATCHED_EVENTS, &event));
    GD_TRY(read_count(l, l->root, "pictures", INT64_MAX, &window->pictures));
    GD_TRY(read_count(l, l->root, "violations", INT32_MAX, &violations));
    GD_TRY(read_count(l, l->root, "streak", MOST_STREAK, &streak));
    for (int i = 0; i < GD_WATCHED_RESULTS; i++) {
        const gd_attr *totals = gd_attr_find(l->root, "totals");
        window->totals[i] = 0;
        if (i == GD_WATCHED_UNREADABLE && !gd_attr_find(totals, gd_watched_result_names[i]))
            continue; /* a line of before there was such a thing */
        GD_TRY(read_count(l, totals, gd_watched_result_names[i], INT64_MAX / 2, &window->totals[i]));
    }
    window->result = (gd_watched_result)result;
    window->violated = state == 1;
    window->event = (gd_watched_event)event;
    window->violations = (int)violations;
    window->streak = (int)streak;
    gd_watched_say(window, text_of(l, "summary"));
    return read_accuracy(l, &window->accuracy);
}

gd_status gd_watched_read(const char *file, int number, const char *text, size_t length, gd_watched *window,
                          gd_error *error)
{
    gd_arena arena = {0};
    gd_attr *root;
    gd_error why = {0};
    line l = {.place = {file, number, 1}, .error = error};
    gd_status status = gd_json_parse(&arena, file, text, length, (gd_json_limits){4, 64}, &root, &why);
    if (status == GD_FORMAT)
        status = gd_fail_at(error, GD_FORMAT, (gd_place){file, number, why.column},
                            "%s; take the line out, or give the watch another folder", why.message);
    else if (status != GD_OK)
        gd_fail(error, status, "%s", why.message);
    l.root = root;
    if (status == GD_OK)
        status = read_line(&l, window);
    gd_arena_release(&arena);
    return status;
}
