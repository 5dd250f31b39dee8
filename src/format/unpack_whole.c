// SPDX-License-Identifier: Apache-2.0
#include "format/unpack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES = 4096, WHOLE = 5, REAL = GD_FIGURES + 5 };

/* ---- features ---- */

static gd_status restore_scatter(gd_unpacking *u, const int64_t *whole)
{
    gd_scatter *s = &u->baseline->profile.features;
    const size_t d = (size_t)s->dims;
    const void *mean, *product;
    const int64_t triangle = (int64_t)(d * (d + 1) / 2);
    GD_TRY(gd_unpack_want(u, "features.mean", GD_F64, s->dims, &mean));
    GD_TRY(gd_unpack_want(u, "features.product", GD_F64, triangle, &product));
    if (!gd_are_finite(mean, s->dims) || !gd_are_finite(product, triangle))
        return gd_unpack_wrong(u, "the features' moments are not finite");
    s->n = whole[0];
    s->skipped = whole[1];
    memcpy(s->mean, mean, d * sizeof *s->mean);
    const double *from = product;
    for (size_t row = 0; row < d; row++, from += d - row + 1)
        memcpy(s->products + row * d + row, from, (d - row) * sizeof *from);
    return GD_OK;
}

static gd_status restore_rows(gd_unpacking *u, const int64_t *whole, int64_t n)
{
    gd_rows *rows = &u->baseline->profile.rows;
    const void *of_key, *row;
    GD_TRY(gd_unpack_want(u, "features.key", GD_I64, n, &of_key));
    GD_TRY(gd_unpack_want(u, "features.row", GD_F32, n * rows->dims, &row));
    const int64_t *key = of_key;
    for (int i = 0; i < (int)n; i++) {
        rows->heap[i] = (gd_rows_key){(uint64_t)key[i], i};
        if ((i > 0 && rows->heap[(i - 1) / 2].key < rows->heap[i].key) ||
            !gd_features_finite((const float *)row + (size_t)i * (size_t)rows->dims, rows->dims))
            return gd_unpack_wrong(u, "the features' rows are not finite, or their keys no heap");
    }
    memcpy(rows->row, row, (size_t)n * (size_t)rows->dims * sizeof *rows->row);
    rows->n = (int)n;
    rows->seen = whole[2];
    return GD_OK;
}

gd_status gd_unpack_features(gd_unpacking *u, gd_profile_options *options)
{
    static const int64_t none[6];
    gd_profile *profile = &u->baseline->profile;
    const void *data;
    const int64_t *whole = none;
    int64_t n = 0;
    if (options->n_features > 0) {
        GD_TRY(gd_unpack_want(u, "features.whole", GD_I64, 6, &data));
        whole = data;
        GD_TRY(gd_unpack_take(u, "features.key", GD_I64, &data, &n));
    }
    if (!gd_are_counts(whole, 4) || n > whole[3] || whole[3] > GD_FEATURES_TEST_MOST || whole[5] < 0 ||
        whole[5] > UINT32_MAX)
        return gd_unpack_wrong(u, "the features' counts are malformed");
    options->rows = (int)whole[3];
    options->scatter = gd_safetensors_find(u->file, "features.mean") != NULL;
    options->seed = (uint64_t)whole[4];
    options->stream = (uint32_t)whole[5];
    GD_TRY(gd_profile_init(profile, options, u->error));
    if (profile->features.dims > 0)
        GD_TRY(restore_scatter(u, whole));
    return n > 0 ? restore_rows(u, whole, n) : GD_OK;
}

/* Owned. NULL, and the error is set: no memory. */
static void *copy_of(gd_unpacking *u, const char *name, const void *data, size_t bytes)
{
    void *to = malloc(bytes);
    if (to)
        memcpy(to, data, bytes);
    else
        (void)gd_fail(u->error, GD_NOMEM, "out of memory for %zu bytes of '%s'", bytes, name);
    return to;
}

static gd_status copy_reals(gd_unpacking *u, const char *name, int64_t n, double **to)
{
    const void *data;
    GD_TRY(gd_unpack_want(u, name, GD_F64, n, &data));
    if (!gd_are_finite(data, n))
        return gd_unpack_wrong(u, "a direction of the features is not finite");
    *to = copy_of(u, name, data, (size_t)n * sizeof **to);
    return *to ? GD_OK : GD_NOMEM;
}

gd_status gd_unpack_directions(gd_unpacking *u)
{
    gd_directions *d = &u->baseline->directions;
    const int64_t dims = u->baseline->profile.options.n_features;
    if (dims == 0 || !gd_safetensors_find(u->file, "directions.mean"))
        return GD_OK;
    d->dims = (int)dims;
    GD_TRY(copy_reals(u, "directions.mean", dims, &d->mean));
    GD_TRY(copy_reals(u, "directions.variance", dims, &d->variance));
    return copy_reals(u, "directions.vector", dims * dims, &d->vector);
}

/* ---- labels ---- */

static bool is_share(double x) { return x >= 0 && x <= 1; }

static gd_status restore_calibration(gd_unpacking *u, gd_calibration *c)
{
    const void *data;
    int64_t n;
    GD_TRY(gd_unpack_take(u, "calibration", GD_F64, &data, &n));
    if (n % 3 != 0 || n / 3 > GD_CALIBRATION_STEPS)
        return gd_unpack_wrong(u, "a calibration of too many steps");
    const double *top = data;
    const int64_t steps = n / 3;
    for (int64_t k = 0; k < steps; k++) {
        const double count = top[steps + k], right = top[2 * steps + k];
        if (!is_share(top[k]) || (k > 0 && !(top[k] > top[k - 1])) || !(count >= 1 && count <= 0x1p40) ||
            !(right >= 0 && right <= count))
            return gd_unpack_wrong(u, "a calibration whose steps do not rise, or count nothing");
        c->top[k] = top[k];
        c->count[k] = count;
        c->right[k] = right;
    }
    c->n = (int)steps;
    return GD_OK;
}

static gd_status copy_counts(gd_unpacking *u, const char *name, int64_t n, int64_t **to)
{
    const void *data;
    GD_TRY(gd_unpack_want(u, name, GD_I64, n, &data));
    if (!gd_are_counts(data, n))
        return gd_unpack_wrong(u, "counts that are none");
    *to = copy_of(u, name, data, (size_t)n * sizeof **to);
    return *to ? GD_OK : GD_NOMEM;
}

static gd_status restore_shift(gd_unpacking *u, gd_shift_table *t, int classes)
{
    const void *edge;
    int64_t parts;
    GD_TRY(gd_unpack_take(u, "shift.edge", GD_F32, &edge, &parts));
    if (parts == 0)
        return GD_OK;
    if (parts > GD_SHIFT_PARTS || classes < 1 || classes > GD_SHIFT_CLASSES || classes * parts > GD_SHIFT_CELLS)
        return gd_unpack_wrong(u, "a shift table of too many classes or parts");
    memcpy(t->edge, edge, (size_t)parts * sizeof t->edge[0]);
    const int64_t cells = classes * parts * classes;
    GD_TRY(copy_counts(u, "shift.count", cells, &t->count));
    t->parts = (int)parts;
    t->classes = classes;
    for (int64_t i = 0; i < cells; i++) {
        if (t->count[i] > 0)
            return GD_OK;
    }
    return gd_unpack_wrong(u, "a shift table that counts nothing");
}

gd_status gd_unpack_competence(gd_unpacking *u)
{
    gd_competence *c = &u->baseline->competence;
    const int classes = u->baseline->profile.options.n_classes;
    const void *data;
    GD_TRY(gd_unpack_want(u, "competence.real", GD_F64, 5, &data));
    const double *real = data;
    if (!gd_are_finite(real, 5) || !is_share(real[0]) || real[1] < 0 || !is_share(real[2]) || !is_share(real[3]))
        return gd_unpack_wrong(u, "an accuracy that is none");
    c->accuracy = (gd_estimate){real[0], real[1], real[2], real[3]};
    c->calibration_error = real[4];
    GD_TRY(restore_calibration(u, &c->calibration));
    GD_TRY(restore_shift(u, &c->shift, classes));
    if (!gd_safetensors_find(u->file, "competence.confusion"))
        return GD_OK;
    return copy_counts(u, "competence.confusion", (int64_t)classes * classes, &c->confusion);
}

/* ---- pictures ---- */

static gd_status restore_picture(gd_unpacking *u, const int64_t *whole, const double *real, const uint8_t **pixel,
                                 int64_t *left, const char *place)
{
    gd_gallery *g = &u->baseline->typical;
    gd_exhibit *e = &g->exhibit[g->n];
    if (whole[3] < 1 || whole[3] > GD_GALLERY_SIDE || whole[4] < 1 || whole[4] > GD_GALLERY_SIDE ||
        whole[3] * whole[4] * 3 > *left || whole[2] < -1 || whole[2] >= u->baseline->profile.options.n_classes)
        return gd_unpack_wrong(u, "a typical picture is malformed");
    const size_t bytes = (size_t)(whole[3] * whole[4] * 3), length = strlen(place);
    *e = (gd_exhibit){.key = (uint64_t)whole[0],
                      .time_ms = whole[1],
                      .height = (int)whole[3],
                      .width = (int)whole[4],
                      .answer = {(int)whole[2], real[GD_FIGURES], real[GD_FIGURES + 1], real[GD_FIGURES + 2]},
                      .at = {real[GD_FIGURES + 3], real[GD_FIGURES + 4]}};
    memcpy(e->figure, real, sizeof e->figure);
    memcpy(e->pixels, *pixel, bytes);
    memcpy(e->place, place, length < sizeof e->place ? length : sizeof e->place - 1);
    *pixel += bytes;
    *left -= (int64_t)bytes;
    g->n++;
    return GD_OK;
}

gd_status gd_unpack_pictures(gd_unpacking *u, const gd_attr *places)
{
    const void *whole, *real, *pixel;
    int64_t n, left;
    GD_TRY(gd_unpack_take(u, "typical.whole", GD_I64, &whole, &n));
    n /= WHOLE;
    if (n == 0)
        return GD_OK;
    if (n > PICTURES)
        return gd_unpack_wrong(u, "too many typical pictures");
    GD_TRY(gd_unpack_want(u, "typical.whole", GD_I64, n * WHOLE, &whole));
    GD_TRY(gd_unpack_want(u, "typical.real", GD_F64, n * REAL, &real));
    GD_TRY(gd_unpack_take(u, "typical.pixel", GD_U8, &pixel, &left));
    GD_TRY(gd_gallery_init(&u->baseline->typical, (int)n, 0, u->error));
    const uint8_t *at = pixel;
    const gd_attr *place = places ? places->first : NULL;
    for (int64_t i = 0; i < n; i++) {
        GD_TRY(restore_picture(u, (const int64_t *)whole + i * WHOLE, (const double *)real + i * REAL, &at, &left,
                               place && place->kind == GD_ATTR_SCALAR ? place->text : ""));
        place = place ? place->next : NULL;
    }
    return left == 0 ? GD_OK : gd_unpack_wrong(u, "pixels that belong to no typical picture");
}
