// SPDX-License-Identifier: Apache-2.0
#include "format/own.h"
#include "format/seal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Tensors on their way into a file; what is made for them is the arena's. */
typedef struct packing {
    gd_arena arena;
    gd_tensor_entry *entry; /* (most) */
    int n, most;
    gd_error *error;
} packing;

static gd_status no_memory(packing *p) { return gd_fail(p->error, GD_NOMEM, "out of memory for a baseline"); }

/* A tensor of that name and type, of `rows` by `columns`; 0 columns: one dimension. Nothing where it has no numbers. */
static gd_status add(packing *p, const char *name, gd_type type, int64_t rows, int64_t columns, const void *data)
{
    const gd_desc desc = columns > 0 ? gd_desc_2(type, rows, columns) : gd_desc_1(type, rows);
    const char *copy = gd_arena_text(&p->arena, name);
    if (rows == 0)
        return GD_OK;
    if (!copy || !data)
        return no_memory(p);
    p->entry[p->n++] = (gd_tensor_entry){.name = copy, .desc = desc, .data = data};
    return GD_OK;
}

static gd_status add_of_column(packing *p, int column, const char *what, gd_type type, int64_t n, const void *data)
{
    char name[64];
    snprintf(name, sizeof name, "column.%d.%s", column, what);
    return add(p, name, type, n, 0, data);
}

/* ---- columns ---- */

static gd_status pack_numbers(packing *p, int i, const gd_column *column)
{
    const gd_sketch *s = column->sketch;
    const gd_moments *m = &s->moments;
    const double values[] = {m->min, m->max, m->sum, m->carry, m->squares, s->variance};
    int64_t *whole = gd_arena_alloc(&p->arena, 5 + 2 * GD_SKETCH_LEVELS, sizeof *whole);
    double *real = gd_arena_alloc(&p->arena, 6, sizeof *real);
    if (!whole || !real)
        return no_memory(p);
    memcpy(real, values, sizeof values);
    whole[0] = (int64_t)m->n;
    whole[1] = (int64_t)m->absent;
    whole[2] = (int64_t)s->seed;
    whole[3] = column->broken;
    whole[4] = (int64_t)s->blocks;
    for (int h = 0; h < s->levels; h++) {
        whole[5 + 2 * h] = s->start[h + 1] - s->start[h];
        whole[6 + 2 * h] = s->halvings[h];
    }
    GD_TRY(add_of_column(p, i, "whole", GD_I64, 5 + 2 * s->levels, whole));
    GD_TRY(add_of_column(p, i, "real", GD_F64, 6, real));
    return add_of_column(p, i, "item", GD_F64, GD_SKETCH_ITEMS - s->start[0], s->item + s->start[0]);
}

static gd_status pack_names(packing *p, int i, const gd_categories *names)
{
    int64_t *count = gd_arena_alloc(&p->arena, (size_t)names->n + 2, sizeof *count);
    if (!count)
        return no_memory(p);
    count[0] = (int64_t)names->other;
    count[1] = (int64_t)names->absent;
    for (int k = 0; k < names->n; k++)
        count[2 + k] = (int64_t)names->category[k].count;
    return add_of_column(p, i, "count", GD_I64, names->n + 2, count);
}

/* ---- features ---- */

static gd_status pack_scatter(packing *p, const gd_scatter *s)
{
    const size_t d = (size_t)s->dims;
    double *triangle = gd_arena_alloc(&p->arena, d * (d + 1) / 2, sizeof *triangle), *to = triangle;
    for (size_t row = 0; triangle && row < d; row++, to += d - row + 1)
        memcpy(to, s->products + row * d + row, (d - row) * sizeof *to);
    GD_TRY(add(p, "features.mean", GD_F64, s->dims, 0, s->mean));
    return add(p, "features.product", GD_F64, (int64_t)(d * (d + 1) / 2), 0, triangle);
}

static gd_status pack_rows(packing *p, const gd_rows *rows)
{
    const size_t d = (size_t)rows->dims;
    int64_t *key = gd_arena_alloc(&p->arena, (size_t)rows->n, sizeof *key);
    float *row = gd_arena_alloc(&p->arena, (size_t)rows->n * d, sizeof *row);
    for (int i = 0; key && row && i < rows->n; i++) {
        key[i] = (int64_t)rows->heap[i].key;
        memcpy(row + (size_t)i * d, rows->row + (size_t)rows->heap[i].at * d, d * sizeof *row);
    }
    GD_TRY(add(p, "features.key", GD_I64, rows->n, 0, key));
    return add(p, "features.row", GD_F32, rows->n, rows->dims, row);
}

static gd_status pack_features(packing *p, const gd_baseline *b)
{
    const gd_scatter *s = &b->profile.features;
    const gd_rows *rows = &b->profile.rows;
    int64_t *whole = gd_arena_alloc(&p->arena, 6, sizeof *whole);
    if (!whole)
        return no_memory(p);
    const int64_t values[] = {s->n,       s->skipped,          rows->seen,
                              rows->most, (int64_t)rows->seed, (int64_t)b->profile.options.stream};
    memcpy(whole, values, sizeof values);
    GD_TRY(add(p, "features.whole", GD_I64, 6, 0, whole));
    if (s->dims > 0)
        GD_TRY(pack_scatter(p, s));
    if (rows->n > 0)
        GD_TRY(pack_rows(p, rows));
    const gd_directions *of = &b->directions;
    GD_TRY(add(p, "directions.mean", GD_F64, of->dims, 0, of->mean));
    GD_TRY(add(p, "directions.variance", GD_F64, of->dims, 0, of->variance));
    return add(p, "directions.vector", GD_F64, of->dims, of->dims, of->vector);
}

/* ---- labels ---- */

static gd_status pack_competence(packing *p, const gd_competence *c, int classes)
{
    const gd_calibration *of = &c->calibration;
    const size_t steps = (size_t)of->n;
    double *real = gd_arena_alloc(&p->arena, 5, sizeof *real), *fit = gd_arena_alloc(&p->arena, 3 * steps, sizeof *fit);
    if (!real || !fit)
        return no_memory(p);
    const double values[] = {c->accuracy.value, c->accuracy.deviation, c->accuracy.low, c->accuracy.high,
                             c->calibration_error};
    memcpy(real, values, sizeof values);
    memcpy(fit, of->top, steps * sizeof *fit);
    memcpy(fit + steps, of->count, steps * sizeof *fit);
    memcpy(fit + 2 * steps, of->right, steps * sizeof *fit);
    GD_TRY(add(p, "competence.real", GD_F64, 5, 0, real));
    GD_TRY(add(p, "competence.confusion", GD_I64, c->confusion ? classes : 0, classes, c->confusion));
    GD_TRY(add(p, "calibration", GD_F64, of->n > 0 ? 3 : 0, of->n, fit));
    GD_TRY(add(p, "shift.edge", GD_F32, c->shift.classes > 0 ? c->shift.parts : 0, 0, c->shift.edge));
    return add(p, "shift.count", GD_I64, (int64_t)c->shift.classes * c->shift.parts, c->shift.classes, c->shift.count);
}

/* ---- pictures ---- */

enum { WHOLE = 5, REAL = GD_FIGURES + 5 };

static gd_status pack_pictures(packing *p, const gd_gallery *g)
{
    const size_t n = (size_t)g->n;
    size_t bytes = 0;
    for (int i = 0; i < g->n; i++)
        bytes += (size_t)g->exhibit[i].height * (size_t)g->exhibit[i].width * 3;
    int64_t *whole = gd_arena_alloc(&p->arena, n * WHOLE, sizeof *whole);
    double *real = gd_arena_alloc(&p->arena, n * REAL, sizeof *real);
    uint8_t *pixel = gd_arena_alloc(&p->arena, bytes, 1), *to = pixel;
    if (!whole || !real || !pixel)
        return no_memory(p);
    for (int i = 0; i < g->n; i++) {
        const gd_exhibit *e = &g->exhibit[i];
        const int64_t w[WHOLE] = {(int64_t)e->key, e->time_ms, e->answer.class, e->height, e->width};
        const double r[5] = {e->answer.confidence, e->answer.uncertainty, e->answer.margin, e->at[0], e->at[1]};
        const size_t here = (size_t)e->height * (size_t)e->width * 3;
        memcpy(whole + i * WHOLE, w, sizeof w);
        memcpy(real + i * REAL, e->figure, sizeof e->figure);
        memcpy(real + i * REAL + GD_FIGURES, r, sizeof r);
        memcpy(to, e->pixels, here);
        to += here;
    }
    GD_TRY(add(p, "typical.whole", GD_I64, g->n, WHOLE, whole));
    GD_TRY(add(p, "typical.real", GD_F64, g->n, REAL, real));
    return add(p, "typical.pixel", GD_U8, (int64_t)bytes, 0, pixel);
}

/* ---- what has names ---- */

static void print_column(gd_json_out *json, const gd_column *column)
{
    gd_json_begin(json, NULL, '{', true);
    gd_json_string_out(json, "name", column->name);
    gd_json_string_out(json, "kind", gd_column_kinds[column->kind]);
    gd_json_string_out(json, "of", gd_column_ofs[column->of]);
    if (column->names) {
        gd_json_begin(json, "names", '[', true);
        for (int i = 0; i < column->names->n; i++)
            gd_json_string_out(json, NULL, column->names->category[i].name);
        gd_json_end(json);
    }
    gd_json_end(json);
}

static void print_about(const gd_baseline *b, gd_text *out)
{
    gd_json_out json = {.text = out};
    const gd_profile *p = &b->profile;
    gd_json_begin(&json, NULL, '{', false);
    gd_json_whole_out(&json, "format_version", GD_BASELINE_VERSION);
    gd_json_string_out(&json, "model", b->model);
    gd_json_string_out(&json, "source", b->source);
    gd_json_whole_out(&json, "items", p->items);
    gd_json_whole_out(&json, "features", p->options.n_features);
    gd_json_whole_out(&json, "labelled", b->competence.n);
    gd_json_begin(&json, "classes", '[', true);
    for (int i = 0; i < p->options.n_classes; i++)
        gd_json_string_out(&json, NULL, p->options.classes[i]);
    gd_json_end(&json);
    gd_json_begin(&json, "columns", '[', false);
    for (int i = 0; i < p->n_columns; i++)
        print_column(&json, &p->column[i]);
    gd_json_end(&json);
    gd_json_begin(&json, "typical", '[', false);
    for (int i = 0; i < b->typical.n; i++)
        gd_json_string_out(&json, NULL, b->typical.exhibit[i].place);
    gd_json_end(&json);
    gd_json_end(&json);
}

static gd_status describe(packing *p, const gd_baseline *b, const char **about)
{
    gd_text text = {0};
    print_about(b, &text);
    gd_status status = gd_text_status(&text, p->error);
    *about = status == GD_OK ? gd_arena_text(&p->arena, text.at) : NULL;
    gd_text_release(&text);
    return status == GD_OK && !*about ? no_memory(p) : status;
}

/* ---- all of it ---- */

static gd_status pack_all(packing *p, const gd_baseline *b)
{
    for (int i = 0; i < b->profile.n_columns; i++) {
        const gd_column *column = &b->profile.column[i];
        GD_TRY(column->names ? pack_names(p, i, column->names) : pack_numbers(p, i, column));
    }
    if (b->profile.options.n_features > 0)
        GD_TRY(pack_features(p, b));
    if (b->competence.n > 0)
        GD_TRY(pack_competence(p, &b->competence, b->profile.options.n_classes));
    return pack_pictures(p, &b->typical);
}

/* Wide types first, as the format wants it; otherwise in the order they came. */
static void widest_first(packing *p, gd_tensor_entry *to)
{
    static const size_t width[] = {8, 4, 1};
    for (int w = 0; w < 3; w++) {
        for (int i = 0; i < p->n; i++) {
            if (gd_type_bytes(p->entry[i].desc.type) == width[w])
                *to++ = p->entry[i];
        }
    }
}

/* The metadata of a file of these tensors, and the statistics.json that belongs to it. */
static gd_status seal(packing *p, const gd_tensor_entry *sorted, const gd_baseline *b, gd_attr **metadata,
                      gd_text *statistics)
{
    const char *about;
    char contents[GD_SEAL_TEXT], beside[GD_SEAL_TEXT];
    GD_TRY(describe(p, b, &about));
    gd_seal_contents(sorted, p->n, about, contents);
    gd_statistics_print_sealed(&b->profile, contents, statistics);
    GD_TRY(gd_text_status(statistics, p->error));
    gd_seal_bytes(statistics->at, statistics->length, beside);
    *metadata = gd_attr_new(&p->arena, GD_ATTR_MAP, NULL);
    if (!*metadata)
        return no_memory(p);
    GD_TRY(gd_metadata_add(&p->arena, *metadata, gd_seal_about, about, p->error));
    GD_TRY(gd_metadata_add(&p->arena, *metadata, gd_seal_digest, contents, p->error));
    return gd_metadata_add(&p->arena, *metadata, gd_seal_statistics, beside, p->error);
}

gd_status gd_pack(const char *path, const gd_baseline *baseline, gd_text *statistics, gd_error *error)
{
    enum { OTHERS = 20, EACH = 3 };
    packing p = {.most = OTHERS + EACH * baseline->profile.n_columns, .error = error};
    gd_attr *metadata;
    gd_status status;
    p.entry = gd_arena_alloc(&p.arena, (size_t)p.most, sizeof *p.entry);
    gd_tensor_entry *sorted = gd_arena_alloc(&p.arena, (size_t)p.most, sizeof *sorted);
    if (!p.entry || !sorted)
        GD_TRY_TO(done, no_memory(&p));
    GD_TRY_TO(done, pack_all(&p, baseline));
    widest_first(&p, sorted);
    GD_TRY_TO(done, seal(&p, sorted, baseline, &metadata, statistics));
    status = gd_safetensors_write(path, sorted, p.n, metadata, error);
done:
    gd_arena_release(&p.arena);
    return status;
}
