// SPDX-License-Identifier: Apache-2.0
/* Probabilities out of an answer's body. Its first character says which form it has, not its content type: a managed
 * endpoint may give any.
 *
 *     [0.97,0.03]  [[0.97,0.03],[0.5,0.5]]                         application/json
 *     {"prediction": [0.97, 0.03]}                                 a line for each picture; also without lines
 *     {"predictions":[{"class":"bicycle","probability":0.97,
 *                      "probabilities":{"bicycle":0.97,…}}]}       application/json;verbose; or rows instead of objects
 *     0.97,0.03                                                    CSV, a line for each picture
 *     0.93  [0.93]  {"prediction": 0.93}                           a row of one number
 *     "bicycle"  ["bicycle","bicycle"]  {"class":"bicycle"}        classes alone, without probabilities;
 * predicted_label, too; in quotes, or as CSV, a line for each picture
 *
 * A number that the model could not give is null; Python writes NaN. */
#include "base/text.h"
#include "captured/own.h"
#include "captured/value.h"

#include <math.h>
#include <string.h>

enum { DEPTH = 4 /* of lists and objects around a row */, NAME = 255 /* bytes of a class that stands in no quotes */ };

typedef struct answer {
    gd_captured *captured;
    gd_json_scan scan;
    int rows, classes;
    bool named; /* the classes have names */
    bool alone; /* rows are classes, without numbers */
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

static gd_status begin_row(answer *a, bool named)
{
    if (a->alone)
        return gd_json_malformed(&a->scan, "probabilities where rows before are classes alone");
    if (a->rows > 0 && a->named != named)
        return gd_json_malformed(&a->scan, named ? "a row with names where those before have none"
                                                 : "a row without names where those before have some");
    a->named = named;
    return GD_OK;
}

static gd_status read_row(answer *a)
{
    GD_TRY(begin_row(a, false));
    for (bool begun = false, more;;) {
        GD_TRY(gd_elements_next(&a->scan, &begun, &more));
        if (!more)
            return end_row(a);
        GD_TRY(add_number(a));
    }
}

static gd_status read_scalar(answer *a)
{
    GD_TRY(begin_row(a, false));
    GD_TRY(add_number(a));
    return end_row(a);
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
    GD_TRY(begin_row(a, true));
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

/* ---- classes alone ---- */

/* Takes a name in the line's arena. */
static gd_status add_class(answer *a, const char *name)
{
    if (a->rows > 0 && !a->alone)
        return gd_json_malformed(&a->scan, "a class alone where rows before have probabilities");
    if (!name[0])
        return gd_json_malformed(&a->scan, "a class without a name");
    if (a->rows == GD_CAPTURED_PICTURES)
        return too_many(a, "rows", GD_CAPTURED_PICTURES);
    const char **classes = gd_room_for(&a->captured->classes, (size_t)(a->rows + 1) * sizeof *classes);
    if (!classes)
        return no_memory(a);
    classes[a->rows++] = name;
    a->alone = true;
    return GD_OK;
}

/* The one that stands in quotes at `from`, and has been passed. */
static gd_status add_quoted(answer *a, const char *from)
{
    gd_json_scan scan = a->scan;
    size_t length;
    scan.at = from + 1;
    char *name = gd_arena_alloc(&a->captured->line, gd_json_string_room(&scan) + 1, 1);
    if (!name)
        return no_memory(a);
    GD_TRY(gd_json_string(&scan, name, &length));
    return add_class(a, name);
}

static bool is_plain(const char *text, size_t n)
{
    uint32_t character;
    for (int length; n > 0; text += length, n -= (size_t)length) {
        length = gd_utf8_decode(text, n, &character);
        if (length == 0 || character < ' ' || character == 0x7f)
            return false;
    }
    return true;
}

/* A line without quotes. */
static gd_status read_line(answer *a)
{
    const char *begin = a->scan.at, *newline = memchr(begin, '\n', (size_t)(a->scan.end - begin));
    size_t n = (size_t)((newline ? newline : a->scan.end) - begin);
    while (n > 0 && strchr(" \t\r", begin[n - 1]))
        n--;
    if (n > NAME || !is_plain(begin, n))
        return gd_json_malformed(&a->scan, "neither a number nor the name of a class");
    const char *name = gd_arena_text_n(&a->captured->line, begin, n);
    if (!name)
        return no_memory(a);
    GD_TRY(add_class(a, name));
    a->scan.at = begin + n;
    return GD_OK;
}

/* ---- what stands around them ---- */

static char next(answer *a)
{
    gd_json_skip_space(&a->scan);
    return a->scan.at < a->scan.end ? *a->scan.at : '\0';
}

/* Or one that the model could not give. */
static bool is_number(char first) { return first && strchr("-0123456789nN", first); }

static gd_status read_value(answer *a, int depth);

static gd_status read_object(answer *a, int depth)
{
    enum { PREDICTION, PREDICTIONS, PROBABILITIES, CLASS, PREDICTED_LABEL };
    static const char *const names[] = {"prediction", "predictions", "probabilities", "class", "predicted_label", NULL};
    static const uint64_t answers = (UINT64_C(1) << CLASS) - 1;
    gd_members members = {.names = names};
    const char *begin = a->scan.at, *class = NULL;
    for (int key;;) {
        const uint64_t before = members.seen & answers;
        GD_TRY(gd_members_next(&a->scan, &members, &key));
        if (key == GD_MEMBER_END)
            break;
        if (key >= PREDICTION && key < CLASS && before)
            return gd_fail_at(a->scan.error, GD_FORMAT, gd_json_place(&a->scan, a->scan.at),
                              "'%s' beside another answer", names[key]);
        const char first = next(a);
        if (key >= CLASS && first == '"' && !class)
            class = a->scan.at;
        if (key == GD_MEMBER_OTHER || key >= CLASS)
            GD_TRY(gd_value_pass(&a->scan));
        else if (key == PROBABILITIES && first == '{')
            GD_TRY(read_named_row(a));
        else if (is_number(first))
            GD_TRY(read_scalar(a));
        else
            GD_TRY(read_value(a, depth + 1));
    }
    if (members.seen & answers)
        return GD_OK;
    if (class)
        return add_quoted(a, class);
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
    if (first == '"') {
        const char *quote = a->scan.at;
        GD_TRY(gd_value_pass(&a->scan));
        return add_quoted(a, quote);
    }
    if (first != '[')
        return gd_json_malformed(&a->scan, "a row of probabilities is expected");
    const char *begin = a->scan.at++;
    const char second = next(a);
    a->scan.at = begin;
    return second && strchr("[{\"", second) ? read_list(a, depth) : read_row(a);
}

/* ---- CSV ---- */

static bool take_blank(answer *a)
{
    while (a->scan.at < a->scan.end && (*a->scan.at == ' ' || *a->scan.at == '\t' || *a->scan.at == '\r'))
        a->scan.at++;
    return a->scan.at == a->scan.end || *a->scan.at == '\n';
}

static gd_status read_numbers(answer *a)
{
    GD_TRY(begin_row(a, false));
    do {
        if (take_blank(a))
            return gd_json_malformed(&a->scan, "a number is expected behind ','");
        GD_TRY(add_number(a));
    } while (!take_blank(a) && gd_json_take(&a->scan, ','));
    return take_blank(a) ? end_row(a) : gd_json_malformed(&a->scan, "',' or the end of the line is expected");
}

/* A class whose name begins like a number stands in quotes. */
static bool begins_with_number(answer *a)
{
    gd_json_scan scan = a->scan;
    return strchr("-0123456789", *scan.at) || gd_value_take(&scan, "null") || gd_value_take(&scan, "NaN");
}

static gd_status read_csv(answer *a)
{
    while (next(a))
        GD_TRY(begins_with_number(a) ? read_numbers(a) : read_line(a));
    return GD_OK;
}

/* ---- the body ---- */

gd_status gd_captured_read_answer(gd_captured *captured, const char *bytes, size_t length, gd_error *error)
{
    answer a = {.captured = captured, .scan = gd_json_scan_of("answer", bytes, length, error)};
    const char first = next(&a);
    if (!first)
        return gd_json_malformed(&a.scan, "there is none");
    if (strchr("[{\"", first)) {
        while (next(&a)) /* one, or a line for each picture */
            GD_TRY(read_value(&a, 0));
    } else {
        GD_TRY(read_csv(&a));
    }
    if (a.scan.at < a.scan.end)
        return gd_json_malformed(&a.scan, "a byte of 0");
    captured->record.n_classes = a.classes;
    captured->record.probability = a.alone ? NULL : captured->probability.at;
    captured->record.classes = a.named ? captured->classes.at : NULL;
    captured->record.answered = a.alone ? captured->classes.at : NULL;
    captured->record.n_pictures = a.rows;
    return GD_OK;
}
