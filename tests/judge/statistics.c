// SPDX-License-Identifier: Apache-2.0
/* What a judge asks of src/monitor: tails, columns, counts and p-values in, figures out; and what they cost. */
#include "cli/command.h"
#include "monitor/alarm.h"
#include "monitor/category.h"
#include "monitor/compare.h"
#include "monitor/special.h"
#include "sorted.h"
#include "store/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Lines "name x freedom" on standard input: a value each. */
static gd_status tails(gd_command *command, gd_error *error)
{
    (void)command;
    char name[16];
    double x, freedom;
    while (scanf("%15s %lf %lf", name, &x, &freedom) == 3) {
        double y;
        if (strcmp(name, "normal") == 0)
            y = gd_normal_upper(x);
        else if (strcmp(name, "point") == 0)
            y = gd_normal_point(x);
        else if (strcmp(name, "chi") == 0)
            y = gd_chi_square_upper(x, freedom);
        else if (strcmp(name, "kuiper") == 0)
            y = gd_kuiper_upper(x);
        else
            return gd_fail(error, GD_INVALID, "no tail '%s'", name);
        printf("%.17g\n", y);
    }
    return GD_OK;
}

static gd_status compare_pair(const gd_tensor_entry *f, const gd_tensor_entry *g, double period, gd_error *error)
{
    gd_sample reference = {0}, current = {0};
    gd_comparison c;
    gd_status status = sample_of_floats(&reference, f->data, (size_t)f->desc.dim[0], error);
    if (status == GD_OK)
        status = sample_of_floats(&current, g->data, (size_t)g->desc.dim[0], error);
    if (status == GD_OK)
        status = period > 0 ? gd_sample_compare_circular(&reference, &current, period, &c, error)
                            : gd_sample_compare(&reference, &current, &c, error);
    const gd_moments *m = &current.moments;
    if (status == GD_OK)
        printf("%.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %llu %llu %.17g %.17g %.17g %.17g\n", c.ks, c.robust,
               c.p, c.kuiper, c.psi, c.js, c.wasserstein, c.anderson, (unsigned long long)m->n,
               (unsigned long long)m->absent, gd_moments_sum(m), gd_moments_mean(m), gd_moments_deviation(m),
               gd_sample_quantile(&current, 0.3));
    gd_sample_release(&reference);
    gd_sample_release(&current);
    return status;
}

/* Tensors 0, 1 … two by two: a line each of figures, then of the second one's moments. */
static gd_status compare(gd_command *command, gd_error *error)
{
    int period;
    gd_safetensors file;
    GD_TRY(gd_command_int(command, "--period", 0, 1000, 0, &period, error));
    GD_TRY(gd_safetensors_open(command->word[0], &file, error));
    gd_status status = GD_OK;
    for (int i = 0; i + 1 < file.n && status == GD_OK; i += 2)
        status = compare_pair(&file.tensor[i], &file.tensor[i + 1], period, error);
    gd_safetensors_close(&file);
    return status;
}

/* Standard input: n, n counts of the reference, n of now, and so on. */
static gd_status mixes(gd_command *command, gd_error *error)
{
    (void)command;
    static double count[2][GD_CATEGORIES];
    static gd_categories table[2];
    int n;
    while (scanf("%d", &n) == 1 && n <= GD_CATEGORIES) {
        gd_category_comparison c;
        for (int row = 0; row < 2; row++) {
            gd_categories_release(&table[row]);
            for (int i = 0; i < n; i++) {
                char name[16];
                snprintf(name, sizeof name, "%d", i);
                if (scanf("%lf", &count[row][i]) != 1)
                    return gd_fail(error, GD_FORMAT, "no count");
                GD_TRY(gd_categories_add(&table[row], name, strlen(name), (uint64_t)count[row][i], error));
            }
        }
        GD_TRY(gd_categories_compare(&table[0], &table[1], &c, error));
        printf("%.17g %.17g %.17g %.17g %.17g %d %.17g %d\n", c.linf, c.robust, c.js, c.psi, c.test.statistic,
               c.test.freedom, c.test.p, (int)c.test.how);
    }
    return GD_OK;
}

/* Standard input: n and n p-values, and so on. */
static gd_status holm(gd_command *command, gd_error *error)
{
    (void)command;
    (void)error;
    double p[1000], adjusted[1000];
    int n;
    while (scanf("%d", &n) == 1 && n <= 1000) {
        for (int i = 0; i < n; i++)
            if (scanf("%lf", &p[i]) != 1)
                return gd_fail(error, GD_FORMAT, "no p-value");
        gd_holm(adjusted, p, n);
        for (int i = 0; i < n; i++)
            printf("%.17g%s", adjusted[i], i + 1 < n ? " " : "\n");
    }
    return GD_OK;
}

/* Milliseconds of CPU since the last lap. */
static double lap(double *last)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    const double now = 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec, took = now - *last;
    *last = now;
    return took;
}

enum { PARTS = 7, COLUMN = 1000000 };

static gd_status cost_round(const float *x, const double *wide, const gd_sample *reference, double *took,
                            gd_error *error)
{
    static gd_sketch sketch;
    gd_sample array = {0}, sketched = {0};
    gd_comparison c;
    gd_status status;
    double last = 0;
    lap(&last);
    GD_TRY_TO(out, sample_of_floats(&array, x, COLUMN, error));
    took[0] = lap(&last);
    GD_TRY_TO(out, gd_sample_compare(reference, &array, &c, error));
    took[1] = lap(&last);
    gd_sketch_init(&sketch, 1);
    gd_sketch_add(&sketch, wide, COLUMN);
    took[2] = lap(&last);
    GD_TRY_TO(out, gd_sample_of_sketch(&sketched, &sketch, error));
    took[3] = lap(&last);
    GD_TRY_TO(out, gd_sample_compare(&sketched, &array, &c, error));
    took[4] = lap(&last);
    GD_TRY_TO(out, gd_sample_compare_circular(&sketched, &array, 1, &c, error));
    took[5] = lap(&last);
    GD_TRY_TO(out, gd_sample_compare(&sketched, &sketched, &c, error));
    took[6] = lap(&last);
out:
    gd_sample_release(&array);
    gd_sample_release(&sketched);
    return status;
}

/* Of a column of a million numbers: the least of some rounds. */
static gd_status cost(gd_command *command, gd_error *error)
{
    (void)command;
    static const char *const part[PARTS] = {"array: sorted, moments", "array against array",
                                            "sketch: made",           "sketch: in order",
                                            "array against sketch",   "array against sketch, on circle",
                                            "sketch against sketch"};
    static float x[COLUMN];
    static double wide[COLUMN];
    double least[PARTS], took[PARTS];
    gd_sample reference;
    uint32_t state = 1;
    for (int i = 0; i < COLUMN; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) * (1.0f / 16777216.0f);
        wide[i] = (double)x[i];
    }
    GD_TRY(sample_of_floats(&reference, x, COLUMN, error));
    for (int i = 0; i < COLUMN; i++) /* others, in another order */
        x[i] = sqrtf(x[COLUMN - 1 - i]);
    gd_status status = GD_OK;
    for (int round = 0; round < 7 && status == GD_OK; round++) {
        status = cost_round(x, wide, &reference, took, error);
        for (int i = 0; i < PARTS; i++)
            least[i] = round == 0 || took[i] < least[i] ? took[i] : least[i];
    }
    for (int i = 0; i < PARTS && status == GD_OK; i++)
        printf("%8.2f ms  %s\n", least[i], part[i]);
    gd_sample_release(&reference);
    return status;
}

static const gd_option period[] = {{"--period", NULL, "N", "of a circle"}, {0}};
static const gd_verb verbs[] = {
    {"tails", "", 0, 0, "chances", "tails\n", NULL, tails},
    {"compare", "IN", 1, 1, "compare columns, two by two", "compare a\n", period, compare},
    {"mixes", "", 0, 0, "compare counts", "mixes\n", NULL, mixes},
    {"holm", "", 0, 0, "adjust p-values", "holm\n", NULL, holm},
    {"cost", "", 0, 0, "milliseconds", "cost\n", NULL, cost},
    {0},
};

int main(int argc, char **argv) { return gd_command_main(verbs, argc, argv); }
