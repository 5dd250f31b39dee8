// SPDX-License-Identifier: Apache-2.0
#include "monitor/eigen.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void add_scaled(double *to, double factor, const double *from, int n)
{
    for (int i = 0; i < n; i++)
        to[i] += factor * from[i];
}

/* A tridiagonal matrix, and the rotation of space so far: `turned` (n,n) holds the axes as rows. */
typedef struct tridiagonal {
    int n;
    double *diagonal, *beside; /* (n), (n - 1 and one to spare) */
    double *turned;
} tridiagonal;

static double *axis(const tridiagonal *t, int i) { return t->turned + (size_t)i * (size_t)t->n; }

/* The reflection that turns x (n) into (y, 0, 0 …): x becomes its normal, scaled so that it is 1 - factor x x^T. */
static double reflect(double *x, int n, double *y)
{
    const double length = sqrt(dot(x, x, n));
    *y = x[0] > 0 ? -length : length;
    x[0] -= *y; /* of opposite signs: nothing cancels */
    const double square = dot(x, x, n);
    if (square > DBL_MIN)
        return 2 / square;
    *y = 0; /* what a singular matrix leaves behind: 2 / square would be infinite */
    return 0;
}

/* One reflection from both sides: rest (n,n with rows `stride` apart) becomes H rest H. `work` (n). */
static void reflect_both(double *rest, int n, int stride, const double *normal, double factor, double *work)
{
    for (int i = 0; i < n; i++)
        work[i] = factor * dot(rest + (size_t)i * (size_t)stride, normal, n);
    add_scaled(work, -factor / 2 * dot(work, normal, n), normal, n);
    for (int i = 0; i < n; i++) {
        double *row = rest + (size_t)i * (size_t)stride;
        for (int j = 0; j < n; j++)
            row[j] -= normal[i] * work[j] + work[i] * normal[j];
    }
}

/* a (n,n) symmetric; the normals of its reflections are left in its rows. `work` (n,2). */
static void make_tridiagonal(double *a, tridiagonal *t, double *work)
{
    const int n = t->n;
    double *factor = work + n;
    for (int k = 0; k < n; k++) {
        double *row = a + (size_t)k * (size_t)n;
        const int rest = n - k - 1;
        t->diagonal[k] = row[k];
        factor[k] = 0;
        t->beside[k] = rest == 1 ? row[k + 1] : 0;
        if (rest < 2)
            continue;
        factor[k] = reflect(row + k + 1, rest, &t->beside[k]);
        reflect_both(a + (size_t)(k + 1) * (size_t)(n + 1), rest, n, row + k + 1, factor[k], work);
    }
    memset(t->turned, 0, sizeof(double) * (size_t)n * (size_t)n);
    for (int k = n - 1; k >= 0; k--) { /* what later reflections did touches only what lies right of and below k */
        const double *normal = a + (size_t)k * (size_t)n + k + 1;
        axis(t, k)[k] = 1;
        for (int i = k + 1; i < n && factor[k] > 0; i++) {
            double *part = axis(t, i) + k + 1;
            add_scaled(part, -factor[k] * dot(part, normal, n - k - 1), normal, n - k - 1);
        }
    }
}

static void turn(double *a, double *b, double cosine, double sine, int n)
{
    for (int i = 0; i < n; i++) {
        const double was = a[i];
        a[i] = cosine * was + sine * b[i];
        b[i] = cosine * b[i] - sine * was;
    }
}

/* One implicit QR step on rows first to last: a rotation that begins the shifted step leaves an element beside the
 * three diagonals, which the following ones chase out at the end. */
static void qr_step(tridiagonal *t, int first, int last)
{
    double *d = t->diagonal, *e = t->beside;
    const double half = (d[last - 1] - d[last]) / 2, square = e[last - 1] * e[last - 1];
    const double shift = d[last] - square / (half + copysign(hypot(half, e[last - 1]), half)); /* Wilkinson's */
    double kept = d[first] - shift, chased = e[first];
    for (int k = first; k < last; k++) {
        const double length = hypot(kept, chased);
        const double c = length > 0 ? kept / length : 1, s = length > 0 ? chased / length : 0;
        const double a = d[k], b = d[k + 1], f = e[k];
        if (k > first)
            e[k - 1] = length;
        d[k] = c * c * a + 2 * c * s * f + s * s * b;
        d[k + 1] = s * s * a - 2 * c * s * f + c * c * b;
        e[k] = c * s * (b - a) + (c * c - s * s) * f;
        kept = e[k];
        chased = s * e[k + 1]; /* of the last k: not used */
        if (k + 1 < last)
            e[k + 1] *= c;
        turn(axis(t, k), axis(t, k + 1), c, s, t->n);
    }
}

static gd_status make_diagonal(tridiagonal *t, gd_error *error)
{
    double norm = 0;
    for (int i = 0; i < t->n; i++)
        norm = fmax(norm, fabs(t->diagonal[i]) + fabs(t->beside[i]));
    int steps = 0;
    for (int last = t->n - 1; last > 0;) {
        if (fabs(t->beside[last - 1]) <= DBL_EPSILON * norm) {
            t->beside[--last] = 0;
            continue;
        }
        int first = last - 1;
        while (first > 0 && fabs(t->beside[first - 1]) > DBL_EPSILON * norm)
            first--;
        if (++steps > 30 * t->n) /* two or three a value are usual */
            return gd_fail(error, GD_NUMERIC, "eigenvalues of a %dx%d matrix are not found in %d steps", t->n, t->n,
                           steps);
        qr_step(t, first, last);
    }
    return GD_OK;
}

/* From the greatest value down, each vector with its sign. */
static void order(tridiagonal *t, double *vectors, double *value)
{
    const int n = t->n;
    for (int k = 0; k < n; k++) {
        int best = -1, peak = 0;
        for (int i = 0; i < n; i++) {
            if (!isnan(t->diagonal[i]) && (best < 0 || t->diagonal[i] > t->diagonal[best]))
                best = i;
        }
        const double *from = axis(t, best);
        for (int i = 1; i < n; i++)
            peak = fabs(from[i]) > fabs(from[peak]) ? i : peak;
        for (int i = 0; i < n; i++)
            vectors[(size_t)k * (size_t)n + (size_t)i] = from[peak] < 0 ? -from[i] : from[i];
        value[k] = t->diagonal[best];
        t->diagonal[best] = NAN; /* taken */
    }
}

gd_status gd_symmetric_eigen(int n, double *matrix, double *value, gd_error *error)
{
    double most = 0;
    for (int i = 0; i < n; i++) {
        for (int j = i; j < n; j++) {
            const double x = matrix[(size_t)i * (size_t)n + (size_t)j];
            if (!isfinite(x))
                return gd_fail(error, GD_NUMERIC, "the matrix holds %g in row %d, column %d", x, i, j);
            most = fmax(most, fabs(x));
        }
    }
    double *work = malloc(sizeof(double) * (size_t)n * ((size_t)n + 4));
    if (!work)
        return gd_fail(error, GD_NOMEM, "out of memory for the eigenvalues of a %dx%d matrix", n, n);
    int scale;
    frexp(most, &scale); /* of elements around 1 no square over- or underflows */
    for (int i = 0; i < n; i++) {
        for (int j = i; j < n; j++)
            matrix[(size_t)i * (size_t)n + (size_t)j] = matrix[(size_t)j * (size_t)n + (size_t)i] =
                ldexp(matrix[(size_t)i * (size_t)n + (size_t)j], -scale);
    }
    tridiagonal t = {n, work, work + n, work + 4 * (size_t)n};
    make_tridiagonal(matrix, &t, work + 2 * (size_t)n);
    const gd_status status = make_diagonal(&t, error);
    if (status == GD_OK)
        order(&t, matrix, value);
    for (int i = 0; i < n && status == GD_OK; i++)
        value[i] = ldexp(value[i], scale);
    free(work);
    return status;
}
