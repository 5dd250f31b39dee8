// SPDX-License-Identifier: Apache-2.0
/* Probabilities out of an answer's body. Its first character says which form it has, not its content type: a managed
 * endpoint may give any.
 *
 *     [0.97,0.03]  [[0.97,0.03],[0.5,0.5]]                         application/json
 *     {"prediction": [0.97, 0.03]}                                 a line for each picture; also without lines
 *     {"predictions":[{"class":"bicycle","probability":0.97,
 *                      "probabilities":{"bicycle":0.97,…}}]}       application/json;verbose; or rows instead of objects
 *     0.97,0.03                                                    CSV, a line for each picture
 *
 * A number that the model could not give is null; Python writes NaN. */
#include "captured/own.h"
#include "captured/value.h"

#include <math.h>
#include <string.h>

enum { DEPTH = 4 }; /* of lists and objects around a row */

typedef struct answer {
    gd_captured *captured;
    gd_json_scan scan;
    int rows, classes;
    bool named; /* the classes have names */
    size_t n;   /* numbers of all rows, the one being read included */
} answer;

static gd_status too_many(answer *a, const char *what, int most)
{
    return gd_fail_at(a->scan.error, GD_FORMAT, gd_json_place(&a->scan, a->scan.at), "more than %d %s", most, what);
}

static gd_status no_memory(answer *a)
{
    return gd_fail(a->scan.error, GD_NOMEM, "out of memory for an answer of %zu numbers", a->n);
}

/* ---- rows ---- */

static gd_status add_number(answer *a)
{
    double value = NAN;
    if (a->n == GD_CAPTURED_NUMBERS)
        return too_many(a, "numbers", GD_CAPTURED_NUMBERS);
    if (a->n - (size_t)a->rows * (size_t)a->classes == GD_CAPTURED_CLASSES)
        return too_many(a, "numbers of a picture", GD_CAPTURED_CLASSES);
    if (!gd_value_take(&a->scan, "null") && !gd_value_take(&a->scan, "NaN"))
        GD_TRY(gd_value_number(&a->scan, &value));
    double *at = gd_room_for(&a->captured->probability, (a->n + 1) * sizeof *at);
    if (!at)
        return no_memory(a);
    at[a->n++] = value;
    return GD_OK;
}

static gd_status end_row(answer *a)
{
    const int n = (int)(a->n - (size_t)a->rows * (size_t)a->classes);
    if (n == 0)
        return gd_json_malformed(&a->scan, "a row without numbers");
    if (a->rows > 0 && n != a->classes)
        return gd_fail_at(a->scan.error, GD_FORMAT, gd_json_place(&a->scan, a->scan.at),
                          "a row of %d numbers where those before have %d", n, a->classes);
    if (a->rows == GD_CAPTURED_PICTURES)
        return too_many(a, "rows", GD_CAPTURED_PICTURES);
    a->classes = n;
    a->rows++;
    return GD_OK;
}

static gd_status read_row(answer *a)
{
    if (a->rows > 0 && a->named)
        return gd_json_malformed(&a->scan, "a row without names where those before have some");
    for (bool begun = false, more;;) {
        GD_TRY(gd_elements_next(&a->scan, &begun, &more));
        if (!more)
            return end_row(a);
        GD_TRY(add_number(a));
    }
}

/* A class's name, the `i`th of its row: the first row's are kept, others must be the same. */
static gd_status read_name(answer *a, int i)
{
    gd_json_skip_space(&a->scan);
    const char *place = a->scan.at;
    if (!gd_json_take(&a->scan, '"'))
        return gd_json_malformed(&a->scan, "a class's name in quotes is expected");
    char *name = gd_arena_alloc(&a->captured->line, gd_json_string_room(&a->scan) + 1, 1);
    const char **classes = gd_room_for(&a->captured->classes, (size_t)(i + 1) * sizeof *classes);
    size_t length;
    if (!name || !classes)
        return no_memory(a);
    GD_TRY(gd_json_string(&a->scan, name, &length));
    if (a->rows == 0)
        classes[i] = name;
    else if (i >= a->classes || strcmp(classes[i], name) != 0)
        return gd_fail_at(a->scan.error, GD_FORMAT, gd_json_place(&a->scan, place),
                          "class '%.40s' is not the one that rows before have here", name);
    if (!gd_json_take(&a->scan, ':'))
        return gd_json_malformed(&a->scan, "':' is expected behind a name");
    return GD_OK;
}

static gd_status read_named_row(answer *a)
{
    if (a->rows > 0 && !a->named)
        return gd_json_malformed(&a->scan, "a row with names where those before have none");
    a->named = true;
    a->scan.at++; /* the brace */
    if (gd_json_take(&a->scan, '}'))
        return end_row(a);
    for (int i = 0;; i++) {
        GD_TRY(read_name(a, i));
        GD_TRY(add_number(a));
        if (!gd_json_take(&a->scan, ','))
            break;
    }
    return gd_json_take(&a->scan, '}') ? end_row(a) : gd_json_malformed(&a->scan, "',' or '}' is expected");
}

/* ---- what stands around them ---- */

static char next(answer *a)
{
    gd_json_skip_space(&a->scan);
    return a->scan.at < a->scan.end ? *a->scan.at : '\0';
}

static gd_status read_value(answer *a, int depth);

static gd_status read_object(answer *a, int depth)
{
    enum { PREDICTION, PREDICTIONS, PROBABILITIES };
    static const char *const names[] = {"prediction", "predictions", "probabilities", NULL};
    gd_members members = {.names = names};
    const char *begin = a->scan.at;
    for (int key;;) {
        const uint64_t before = members.seen;
        GD_TRY(gd_members_next(&a->scan, &members, &key));
        if (key == GD_MEMBER_END)
            break;
        if (key != GD_MEMBER_OTHER && before)
            return gd_fail_at(a->scan.error, GD_FORMAT, gd_json_place(&a->scan, a->scan.at),
                              "'%s' beside another answer", names[key]);
        if (key == GD_MEMBER_OTHER)
            GD_TRY(gd_value_pass(&a->scan));
        else if (key == PROBABILITIES && next(a) == '{')
            GD_TRY(read_named_row(a));
        else
            GD_TRY(read_value(a, depth + 1));
    }
    if (members.seen)
        return GD_OK;
    return gd_fail_at(a->scan.error, GD_FORMAT, gd_json_place(&a->scan, begin),
                      "an object without 'prediction', 'predictions' or 'probabilities'");
}

static gd_status read_list(answer *a, int depth)
{
    for (bool begun = false, more;;) {
        GD_TRY(gd_elements_next(&a->scan, &begun, &more));
        if (!more)
            return GD_OK;
        GD_TRY(read_value(a, depth + 1));
    }
}

static gd_status read_value(answer *a, int depth)
{
    const char first = next(a);
    if (depth == DEPTH)
        return gd_json_malformed(&a->scan, "too many lists and objects around a row");
    if (first == '{')
        return read_object(a, depth);
    if (first != '[')
        return gd_json_malformed(&a->scan, "a row of probabilities is expected");
    const char *begin = a->scan.at++;
    const char second = next(a);
    a->scan.at = begin;
    return second == '[' || second == '{' ? read_list(a, depth) : read_row(a);
}

/* ---- CSV ---- */

static bool take_blank(answer *a)
{
    while (a->scan.at < a->scan.end && (*a->scan.at == ' ' || *a->scan.at == '\t' || *a->scan.at == '\r'))
        a->scan.at++;
    return a->scan.at == a->scan.end || *a->scan.at == '\n';
}

static gd_status read_csv(answer *a)
{
    while (next(a)) {
        do {
            if (take_blank(a))
                return gd_json_malformed(&a->scan, "a number is expected behind ','");
            GD_TRY(add_number(a));
        } while (!take_blank(a) && gd_json_take(&a->scan, ','));
        if (!take_blank(a))
            return gd_json_malformed(&a->scan, "',' or the end of the line is expected");
        GD_TRY(end_row(a));
    }
    return GD_OK;
}

/* ---- the body ---- */

gd_status gd_captured_read_answer(gd_captured *captured, const char *bytes, size_t length, gd_error *error)
{
    answer a = {.captured = captured, .scan = gd_json_scan_of("answer", bytes, length, error)};
    const char first = next(&a);
    if (!first)
        return gd_json_malformed(&a.scan, "there is none");
    if (first == '[' || first == '{') {
        while (next(&a)) /* one, or a line for each picture */
            GD_TRY(read_value(&a, 0));
    } else {
        GD_TRY(read_csv(&a));
    }
    if (a.scan.at < a.scan.end)
        return gd_json_malformed(&a.scan, "a byte of 0");
    captured->record.n_classes = a.classes;
    captured->record.probability = captured->probability.at;
    captured->record.classes = a.named ? captured->classes.at : NULL;
    captured->record.n_pictures = a.rows;
    return GD_OK;
}
