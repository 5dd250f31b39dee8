// SPDX-License-Identifier: Apache-2.0
/* The walk as tests that ctest lists: kernels.<op>.<direction>.<entry>.<type>, kernels.<op>.grad, kernels.<op>.cases,
 * each on the smoke set. Made from the table of ops: a new entry has its test by standing in its list.
 *
 * Compiled with CHECK_CUDA_LIBRARY, the path of a CUDA device, this lists and walks that one's entries instead; those
 * of cuDNN against the double that CHECK_CUDNN_LIBRARY names. */
#include "check.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one test is about. */
typedef struct subject {
    unit_test test;
    char name[96];
    const gd_op *op;
    gd_direction direction;
    gd_type type;
    int entry; /* in the direction's list */
} subject;

static check_options smoke = {.sets = CHECK_SMOKE, .seed = 1, .device = &gd_device_cpu};

static void read_cases(const gd_op *op, gd_arena *arena, check_case **cases, int *n)
{
    gd_error error = {0};
    CHECK_OK(check_cases_read(op, unit_source(unit_text("tests/cases/%s.txt", op->name)), arena, cases, n, &error),
             &error);
}

/* Ends the test with what the walk has found; takes the report and the arena. */
static void conclude(gd_status status, const gd_error *error, int failed, gd_text *report, gd_arena *arena)
{
    const char *text = unit_text("%s", report->at ? report->at : "");
    gd_text_release(report);
    gd_arena_release(arena);
    CHECK_OK(status, error);
    if (failed)
        unit_fail(__FILE__, __LINE__, "%s", text);
}

static void check_one_entry(void)
{
    const subject *s = unit_argument();
    const gd_impl *impl = &gd_op_entries(s->op, s->direction, smoke.device)[s->entry];
    check_options options = smoke;
    options.impl = impl->name;
    check_case *cases;
    check_count *count = calloc((size_t)s->entry + 64, sizeof *count), sum;
    gd_arena arena = {0};
    gd_text report = {0};
    gd_error error = {0};
    int n;
    CHECK(count);
    read_cases(s->op, &arena, &cases, &n);
    gd_status status = check_direction(cases, n, s->direction, s->type, &options, count, &report, NULL, &error);
    sum = count[s->entry];
    free(count);
    conclude(status, &error, sum.failed, &report, &arena);
    if (sum.passed == 0)
        SKIP(sum.skipped ? "not on this machine" : "the entry refuses every smoke case");
}

static void check_one_gradient(void)
{
    const subject *s = unit_argument();
    check_case *cases;
    check_count count = {0};
    gd_arena arena = {0};
    gd_text report = {0};
    gd_error error = {0};
    int n;
    read_cases(s->op, &arena, &cases, &n);
    gd_status status = check_gradients(cases, n, &smoke, &count, &report, &error);
    conclude(status, &error, count.failed, &report, &arena);
    CHECK(count.passed > 0);
}

static void check_one_file(void)
{
    const subject *s = unit_argument();
    check_case *cases;
    gd_arena arena = {0};
    gd_text report = {0};
    int n;
    read_cases(s->op, &arena, &cases, &n);
    int complaints = check_cases(cases, n, &smoke, &report);
    conclude(GD_OK, NULL, complaints, &report, &arena);
    CHECK(n > 0);
}

static void add(subject s, void (*body)(void))
{
    subject *kept = malloc(sizeof *kept);
    if (!kept)
        abort();
    *kept = s;
    kept->test =
        (unit_test){__FILE__, __LINE__, smoke.device->is_host ? "kernels" : "cuda.run", kept->name, body, kept, NULL};
    unit_add(&kept->test);
}

static void add_entries(const gd_op *op, gd_direction d)
{
    const gd_impl *list = gd_op_entries(op, d, smoke.device);
    for (int i = 0; list && list[i].run; i++) {
        for (gd_type type = GD_F32; type <= GD_F16; type++) {
            if (!(list[i].types & GD_BIT(type)))
                continue;
            subject s = {.op = op, .direction = d, .type = type, .entry = i};
            snprintf(s.name, sizeof s.name, "%s.%s.%s.%s", op->name, gd_direction_name(d), list[i].name,
                     check_type_word(type));
            add(s, check_one_entry);
        }
    }
}

#ifdef CHECK_CUDA_LIBRARY
/* Every other card has one multiprocessor here, on which small problems take a second turn of the grid. */
static void shrink_card(void)
{
    static const char *const small[] = {"75", "86", "100"};
    const char *sm = getenv("GRIDDLE_EMULATED_SM");
    for (size_t i = 0; sm && i < sizeof small / sizeof *small; i++) {
        if (strcmp(sm, small[i]) == 0)
            setenv("GRIDDLE_EMULATED_MULTIPROCESSORS", "1", 0);
    }
}
#endif

__attribute__((constructor)) static void add_all(void)
{
#ifdef CHECK_CUDA_LIBRARY
    gd_error error = {0};
    shrink_card();
    setenv("GRIDDLE_CUDA_LIBRARY", CHECK_CUDA_LIBRARY, 0);
    setenv("GRIDDLE_CUDNN_LIBRARY", CHECK_CUDNN_LIBRARY, 0);
    if (gd_device_open_cuda(&smoke.device, &error) != GD_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
#endif
    for (int i = 0; gd_ops[i]; i++) {
        const gd_op *op = gd_ops[i];
        subject s = {.op = op};
        for (gd_direction d = 0; d < GD_DIRECTIONS; d++) {
            if (op->direction[d].entries)
                add_entries(op, d);
        }
        if (!smoke.device->is_host)
            continue;
        snprintf(s.name, sizeof s.name, "%s.cases", op->name);
        add(s, check_one_file);
        if (check_has_gradients(op)) {
            snprintf(s.name, sizeof s.name, "%s.grad", op->name);
            add(s, check_one_gradient);
        }
    }
}
