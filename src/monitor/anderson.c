// SPDX-License-Identifier: Apache-2.0
#include "monitor/anderson.h"

#include "monitor/special.h"

#include <math.h>
#include <stdbool.h>

double gd_anderson_weight(double below, double l)
{
    const double h = below + l / 2, room = h * (1 - h) - l / 4;
    return room > 0 ? l / room : 0;
}

double gd_anderson_scale(double n, double m) { return n / (n + m) * m / (n + m) * (n + m - 1); }

static double share_of(const double *share, size_t n, size_t i) { return share ? share[i] : 1 / (double)n; }

/* K and its first two derivatives at t. */
typedef struct cumulants {
    double k, slope, bend;
} cumulants;

/* False where t is too great for E exp(t A^2) to be finite. */
static bool walk(double t, const double *share, size_t n, cumulants *c)
{
    double below = share_of(share, n, 0), log_of = 0, product = below;
    const double first = gd_anderson_weight(0, below) / 2;
    double p = 1 / below - t * first, dp = -first, ddp = 0; /* precision, and its derivatives by t */
    *c = (cumulants){0};
    for (size_t i = 1; i < n; i++) {
        const double l = share_of(share, n, i), dq = gd_anderson_weight(below, l) / 2, q = t * dq;
        const double a = 1 + l * (p - q), da = l * (dp - dq), dda = l * ddp;
        if (!(a > 0))
            return false;
        const double each = 1 / a, turn = da * each, stay = 1 - l * q;
        product *= a;
        if (product < 1e-100 || product > 1e100) {
            log_of += log(product);
            product = 1;
        }
        c->slope -= turn / 2;
        c->bend -= (dda * each - turn * turn) / 2;
        const double p_next = (p * stay - 4 * q) * each;
        const double dp_next = (dp * stay - p * l * dq - 4 * dq - p_next * da) * each;
        ddp = (ddp * stay - 2 * dp * l * dq - 2 * dp_next * da - p_next * dda) * each;
        dp = dp_next;
        p = p_next;
        below += l;
    }
    c->k = -(log_of + log(product)) / 2;
    return true;
}

/* The t where K has the slope a, by Newton's steps on ln K' between bounds that close in. */
static cumulants saddle(double a, const double *share, size_t n, double *t)
{
    double low = a < 1 ? -1 : 0, high = a < 1 ? 0 : 1; /* lambda_1 >= 1/2: beyond 1 nothing is finite */
    cumulants c = {0};
    while (a < 1 && walk(low, share, n, &c) && c.slope > a && low > -1e9)
        low *= 4;
    *t = a < 1 ? low / 2 : (1 - 1 / a) / 2;
    for (int i = 0; i < 80; i++) {
        const bool finite = walk(*t, share, n, &c);
        if (finite && fabs(c.slope - a) <= 1e-9 * a)
            break;
        if (finite && c.slope < a)
            low = *t;
        else
            high = *t;
        const double next = finite ? *t + c.slope * log(a / c.slope) / c.bend : high;
        *t = next > low && next < high ? next : (low + high) / 2;
    }
    return c;
}

static double away_from_mean(double a, const double *share, size_t n)
{
    double t;
    const cumulants c = saddle(a, share, n, &t);
    const double r = copysign(sqrt(fmax(0, 2 * (t * a - c.k))), t), v = t * sqrt(c.bend);
    return gd_normal_upper(r + log(v / r) / r);
}

double gd_anderson_upper(double a, const double *share, size_t n)
{
    const double near = 0.02; /* at the mean the formula is 0 / 0 */
    if (n < 2 || !(a > 1e-6))
        return 1;
    if (fabs(a - 1) >= near)
        return away_from_mean(a, share, n);
    const double above = away_from_mean(1 + near, share, n), under = away_from_mean(1 - near, share, n);
    return under + (above - under) * (a - 1 + near) / (2 * near);
}

double gd_anderson_rarest(size_t n, size_t m) { return 2 * exp(-gd_log_choose((double)n + (double)m, (double)m)); }

double gd_anderson_apart(size_t n, size_t m)
{
    const size_t all = n + m;
    double a = 0;
    for (size_t i = 0; i < all; i++) {
        const double f = i < n ? ((double)i + 0.5) / (double)n : 1, g = i < n ? 0 : ((double)(i - n) + 0.5) / (double)m;
        a += gd_anderson_weight((double)i / (double)all, 1 / (double)all) * (f - g) * (f - g);
    }
    a *= gd_anderson_scale((double)n, (double)m);
    return fmax(gd_anderson_rarest(n, m), gd_anderson_upper(a, NULL, all));
}
