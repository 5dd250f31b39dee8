// SPDX-License-Identifier: Apache-2.0
#include "monitor/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const gd_column_kind_words[] = {
    [GD_COLUMN_NUMBERS] = "numbers",
    [GD_COLUMN_WHOLE] = "whole numbers",
    [GD_COLUMN_CIRCLE] = "degrees",
    [GD_COLUMN_NAMES] = "names",
};
const char *const gd_managed_types[] = {
    [GD_COLUMN_NUMBERS] = "Fractional",
    [GD_COLUMN_WHOLE] = "Integral",
    [GD_COLUMN_CIRCLE] = "Fractional",
    [GD_COLUMN_NAMES] = "String",
};

/* ---- the columns of pictures ---- */

enum { BYTES = GD_FIGURES, QUALITY, CONFIDENCE, UNCERTAINTY, MARGIN, NUMBERS, BLOCK = 256, ROWS = 64 };

static const struct {
    const char *name;
    gd_column_kind kind;
    gd_column_of of;
} further[NUMBERS - GD_FIGURES] = {
    {"bytes", GD_COLUMN_WHOLE, GD_OF_FILE},          {"quality", GD_COLUMN_WHOLE, GD_OF_FILE},
    {"confidence", GD_COLUMN_NUMBERS, GD_OF_ANSWER}, {"uncertainty", GD_COLUMN_NUMBERS, GD_OF_ANSWER},
    {"margin", GD_COLUMN_NUMBERS, GD_OF_ANSWER},
};

static const char *name_of(int i) { return i < GD_FIGURES ? gd_figure_table[i].name : further[i - GD_FIGURES].name; }

static gd_column_kind kind_of(int i)
{
    if (i >= GD_FIGURES)
        return further[i - GD_FIGURES].kind;
    return i == GD_HUE ? GD_COLUMN_CIRCLE : i == GD_HEIGHT || i == GD_WIDTH ? GD_COLUMN_WHOLE : GD_COLUMN_NUMBERS;
}

/* Sketches take numbers by the hundred, and matrices rows. */
struct gd_profile_block {
    int n[NUMBERS];
    double value[NUMBERS][BLOCK];
    int64_t *class; /* (n_classes) answers */
    int answers;    /* of them */
    int n_rows;
    uint64_t rows_seen; /* before these */
    float *rows;        /* (ROWS, n_features) */
};

/* ---- init, release ---- */

static gd_status copy_classes(gd_profile *p, gd_error *error)
{
    const int n = p->options.n_classes;
    const char *const *from = p->options.classes;
    const char **to = gd_arena_alloc(&p->arena, (size_t)n + 1, sizeof *to);
    for (int i = 0; to && i < n; i++) {
        to[i] = gd_arena_text(&p->arena, from[i]);
        if (!to[i])
            to = NULL;
    }
    p->options.classes = to;
    return to ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for the names of %d classes", n);
}

gd_status gd_profile_init(gd_profile *p, const gd_profile_options *options, gd_error *error)
{
    gd_status status;
    *p = (gd_profile){.options = *options};
    const gd_profile_options *o = &p->options;
    if (o->n_classes < 0 || o->n_features < 0 || o->rows < 0 || o->n_features > GD_FEATURES_MOST)
        return gd_fail(error, GD_INVALID,
                       "a profile of %d classes and %d features, %d of them kept: %d features at most", o->n_classes,
                       o->n_features, o->rows, GD_FEATURES_MOST);
    GD_TRY_TO(failed, copy_classes(p, error));
    if (o->n_features > 0 && o->scatter)
        GD_TRY_TO(failed, gd_scatter_init(&p->features, o->n_features, error));
    if (o->n_features > 0 && o->rows > 0)
        GD_TRY_TO(failed, gd_rows_init(&p->rows, o->n_features, o->rows, o->seed, error));
    p->block = calloc(1, sizeof *p->block);
    if (p->block) {
        p->block->class = calloc((size_t)o->n_classes + 1, sizeof *p->block->class);
        p->block->rows = calloc((size_t)o->n_features * ROWS + 1, sizeof *p->block->rows);
    }
    if (p->block && p->block->class && p->block->rows)
        return GD_OK;
    status = gd_fail(error, GD_NOMEM, "out of memory for a profile");
failed:
    gd_profile_release(p);
    return status;
}

void gd_profile_release(gd_profile *p)
{
    for (int i = 0; i < p->n_columns; i++) {
        free(p->column[i].sketch);
        if (p->column[i].names)
            gd_categories_release(p->column[i].names);
        free(p->column[i].names);
    }
    gd_scatter_release(&p->features);
    gd_rows_release(&p->rows);
    if (p->block) {
        free(p->block->class);
        free(p->block->rows);
    }
    free(p->block);
    gd_arena_release(&p->arena);
    *p = (gd_profile){0};
}

/* ---- columns ---- */

const gd_column *gd_profile_column(const gd_profile *p, const char *name)
{
    for (int i = 0; i < p->n_columns; i++) {
        if (strcmp(p->column[i].name, name) == 0)
            return &p->column[i];
    }
    return NULL;
}

int64_t gd_column_present(const gd_column *column)
{
    return column->names ? (int64_t)gd_categories_total(column->names) : (int64_t)column->sketch->moments.n;
}

int64_t gd_profile_possible(const gd_profile *p, const gd_column *column)
{
    return p->items - (column->of == GD_OF_ANSWER && column->kind != GD_COLUMN_NAMES ? p->alone : 0);
}

static uint64_t seed_of(const gd_profile *p, const char *name)
{
    uint64_t seed = p->options.seed ^ ((uint64_t)p->options.stream << 32);
    for (; *name; name++) /* FNV-1a: coins of different columns are different ones */
        seed = (seed ^ (unsigned char)*name) * 0x100000001B3u;
    return seed;
}

static gd_status fill_column(const gd_profile *p, gd_column *column, gd_error *error)
{
    const gd_column *like = p->options.like ? gd_profile_column(p->options.like, column->name) : NULL;
    if (column->kind != GD_COLUMN_NAMES) {
        column->sketch = malloc(sizeof *column->sketch);
        if (!column->sketch)
            return gd_fail(error, GD_NOMEM, "out of memory for column '%s'", column->name);
        gd_sketch_init(column->sketch, seed_of(p, column->name));
        return GD_OK;
    }
    column->names = calloc(1, sizeof *column->names);
    if (!column->names)
        return gd_fail(error, GD_NOMEM, "out of memory for column '%s'", column->name);
    return like && like->names ? gd_categories_know(column->names, like->names, error) : GD_OK;
}

/* The one of that name, made where it is not there. */
static gd_status take_column(gd_profile *p, const char *name, gd_column_kind kind, gd_column_of of, gd_column **result,
                             gd_error *error)
{
    *result = (gd_column *)gd_profile_column(p, name);
    if (*result && (*result)->kind == kind)
        return GD_OK;
    if (*result)
        return gd_fail(error, GD_INVALID, "column '%s' is of two kinds", name);
    if (p->n_columns == GD_PROFILE_COLUMNS || strlen(name) >= GD_COLUMN_NAME)
        return gd_fail(error, GD_INVALID, "no room for column '%.40s': at most %d, with names of up to %d bytes", name,
                       GD_PROFILE_COLUMNS, GD_COLUMN_NAME - 1);
    gd_column *column = &p->column[p->n_columns];
    *column = (gd_column){.kind = kind, .of = of};
    memcpy(column->name, name, strlen(name) + 1);
    p->n_columns++; /* released with the others, also when it is half made */
    *result = column;
    return fill_column(p, column, error);
}

static void add_numbers(gd_column *column, const double *x, size_t n)
{
    for (size_t i = 0; column->kind == GD_COLUMN_WHOLE && i < n; i++)
        column->broken += isfinite(x[i]) && x[i] != floor(x[i]);
    gd_sketch_add(column->sketch, x, n);
}

/* ---- what is on its way ---- */

static gd_status flush_numbers(gd_profile *p, int i, gd_error *error)
{
    struct gd_profile_block *b = p->block;
    gd_column *column;
    if (b->n[i] == 0)
        return GD_OK;
    GD_TRY(take_column(p, name_of(i), kind_of(i), i < GD_FIGURES ? GD_OF_PICTURE : further[i - GD_FIGURES].of, &column,
                       error));
    add_numbers(column, b->value[i], (size_t)b->n[i]);
    b->n[i] = 0;
    return GD_OK;
}

static gd_status flush_answers(gd_profile *p, gd_error *error)
{
    struct gd_profile_block *b = p->block;
    gd_column *column;
    if (b->answers == 0)
        return GD_OK;
    GD_TRY(take_column(p, "prediction", GD_COLUMN_NAMES, GD_OF_ANSWER, &column, error));
    for (int i = 0; i < p->options.n_classes; i++) {
        const char *name = p->options.classes[i];
        if (b->class[i] > 0)
            GD_TRY(gd_categories_add(column->names, name, strlen(name), (uint64_t)b->class[i], error));
        b->class[i] = 0;
    }
    b->answers = 0;
    return GD_OK;
}

static void flush_rows(gd_profile *p)
{
    struct gd_profile_block *b = p->block;
    if (p->features.dims > 0)
        gd_scatter_add(&p->features, b->rows, b->n_rows);
    if (p->rows.most > 0)
        gd_rows_add(&p->rows, p->options.stream, b->rows_seen, b->rows, b->n_rows);
    b->rows_seen += (uint64_t)b->n_rows;
    b->n_rows = 0;
}

gd_status gd_profile_settle(gd_profile *p, gd_error *error)
{
    for (int i = 0; i < NUMBERS; i++)
        GD_TRY(flush_numbers(p, i, error));
    GD_TRY(flush_answers(p, error));
    flush_rows(p);
    for (int i = 0; i < p->n_columns; i++) {
        gd_column *column = &p->column[i];
        const uint64_t absent = (uint64_t)(p->items - gd_column_present(column));
        *(column->names ? &column->names->absent : &column->sketch->moments.absent) = absent;
    }
    return GD_OK;
}

/* ---- adding ---- */

gd_answer_figures gd_answer_of(const float *probability, int n_classes)
{
    gd_answer_figures a = {-1, NAN, NAN, NAN};
    double first = -INFINITY, second = 0, entropy = 0;
    int class = -1;
    for (int i = 0; i < n_classes; i++) {
        const double p = (double)probability[i];
        if (!(p >= 0 && p <= 1.001)) /* rounded, as clients see it */
            return a;
        entropy -= p > 0 ? p * log(p) : 0;
        second = p > first ? first : fmax(second, p);
        if (p > first) {
            first = p;
            class = i;
        }
    }
    if (class < 0)
        return a;
    a.class = class;
    a.confidence = fmin(first, 1);
    a.uncertainty = n_classes > 1 ? fmin(fmax(entropy / log(n_classes), 0), 1) : 0;
    a.margin = fmin(first - fmax(second, 0), 1);
    return a;
}

gd_answer_figures gd_answer_alone(int class) { return (gd_answer_figures){class, NAN, NAN, NAN}; }

gd_answer_figures gd_sighting_answer(const gd_sighting *s, int n_classes)
{
    return s->probability ? gd_answer_of(s->probability, n_classes) : gd_answer_alone(s->class_alone - 1);
}

static gd_status add_number(gd_profile *p, int i, double x, gd_error *error)
{
    struct gd_profile_block *b = p->block;
    if (!isfinite(x))
        return GD_OK;
    b->value[i][b->n[i]++] = x;
    return b->n[i] == BLOCK ? flush_numbers(p, i, error) : GD_OK;
}

static gd_status add_answer(gd_profile *p, const gd_sighting *s, gd_error *error)
{
    const gd_answer_figures answer = gd_sighting_answer(s, p->options.n_classes);
    if (answer.class < 0)
        return GD_OK;
    p->alone += s->probability == NULL;
    p->block->class[answer.class]++;
    p->block->answers++;
    GD_TRY(add_number(p, CONFIDENCE, answer.confidence, error));
    GD_TRY(add_number(p, UNCERTAINTY, answer.uncertainty, error));
    return add_number(p, MARGIN, answer.margin, error);
}

static void add_row(gd_profile *p, const float *features)
{
    struct gd_profile_block *b = p->block;
    const size_t n = (size_t)p->options.n_features;
    memcpy(b->rows + (size_t)b->n_rows * n, features, n * sizeof *features);
    if (++b->n_rows == ROWS)
        flush_rows(p);
}

gd_status gd_profile_add(gd_profile *p, const gd_sighting *s, gd_error *error)
{
    gd_column *format;
    p->items++;
    for (int i = 0; i < GD_FIGURES; i++)
        GD_TRY(add_number(p, i, s->figure[i], error));
    GD_TRY(add_number(p, BYTES, s->bytes >= 0 ? (double)s->bytes : NAN, error));
    GD_TRY(add_number(p, QUALITY, s->quality > 0 ? s->quality : NAN, error));
    if (s->format) {
        GD_TRY(take_column(p, "format", GD_COLUMN_NAMES, GD_OF_FILE, &format, error));
        GD_TRY(gd_categories_add(format->names, s->format, strlen(s->format), 1, error));
    }
    if (p->options.n_classes > 0)
        GD_TRY(add_answer(p, s, error));
    if (s->features && p->options.n_features > 0)
        add_row(p, s->features);
    return GD_OK;
}

gd_status gd_profile_add_numbers(gd_profile *p, const char *name, gd_column_kind kind, const double *x, size_t n,
                                 gd_error *error)
{
    gd_column *column;
    GD_TRY(take_column(p, name, kind, GD_OF_TABLE, &column, error));
    add_numbers(column, x, n);
    const int64_t seen = (int64_t)(column->sketch->moments.n + column->sketch->moments.absent);
    p->items = seen > p->items ? seen : p->items;
    return GD_OK;
}

/* ---- merging ---- */

static gd_status check_alike(const gd_profile *p, const gd_profile *other, gd_error *error)
{
    const gd_profile_options *a = &p->options, *b = &other->options;
    const bool classes = a->n_classes > 0 && b->n_classes > 0, features = a->n_features > 0 && b->n_features > 0;
    if ((classes && a->n_classes != b->n_classes) || (features && a->n_features != b->n_features))
        return gd_fail(error, GD_INVALID, "profiles of %d and %d classes, %d and %d features do not add up",
                       a->n_classes, b->n_classes, a->n_features, b->n_features);
    for (int i = 0; classes && i < a->n_classes; i++) {
        if (strcmp(a->classes[i], b->classes[i]) != 0)
            return gd_fail(error, GD_INVALID, "profiles do not add up: class %d is '%s' in one and '%s' in the other",
                           i, a->classes[i], b->classes[i]);
    }
    return GD_OK;
}

gd_status gd_profile_merge(gd_profile *p, const gd_profile *other, gd_error *error)
{
    GD_TRY(check_alike(p, other, error));
    for (int i = 0; i < other->n_columns; i++) {
        const gd_column *from = &other->column[i];
        gd_column *to;
        GD_TRY(take_column(p, from->name, from->kind, from->of, &to, error));
        to->broken += from->broken;
        if (from->names)
            GD_TRY(gd_categories_merge(to->names, from->names, error));
        else
            gd_sketch_merge(to->sketch, from->sketch);
    }
    if (p->features.dims > 0 && other->features.dims > 0)
        gd_scatter_merge(&p->features, &other->features);
    if (p->rows.most > 0 && other->rows.most > 0)
        gd_rows_merge(&p->rows, &other->rows);
    p->items += other->items;
    p->alone += other->alone;
    return gd_profile_settle(p, error);
}
