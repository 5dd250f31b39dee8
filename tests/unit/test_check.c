// SPDX-License-Identifier: Apache-2.0
/* Who checks the checker? An op of the tests' own with faults planted in its entries: each must be caught, with the
 * reason, and the sound entry must pass. */
#include "check.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* rowsum: y[n] = a sum_c x[n,c];  dx[n,c] = a dy[n];  da = sum_n dy[n] sum_c x[n,c] */
enum { X = GD_IN(0), A = GD_PARAM(0), Y = GD_OUT(0), DX = GD_DIN(0), DA = GD_DPARAM(0), DY = GD_DOUT(0) };

static gd_status infer(gd_problem *problem, gd_error *error)
{
    gd_type real = problem->type == GD_F64 ? GD_F64 : GD_F32;
    if (problem->desc[X].rank != 2)
        return gd_fail(error, GD_INVALID, "input has %d dimensions where rowsum needs 2", problem->desc[X].rank);
    problem->desc[A] = gd_desc_1(real, 1);
    problem->desc[Y] = gd_desc_1(problem->type, problem->desc[X].dim[0]);
    return GD_OK;
}

static double sum_row(const gd_call *call, int64_t n)
{
    gd_desc x = call->problem->desc[X];
    double sum = 0;
    for (int64_t c = 0; c < x.dim[1]; c++)
        sum += gd_load(call->at[X], x.type, n * x.dim[1] + c);
    return sum * gd_load(call->at[A], call->problem->desc[A].type, 0);
}

static gd_status sound(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    gd_desc y = call->problem->desc[Y];
    for (int64_t n = 0; n < y.dim[0]; n++)
        gd_store(call->at[Y], y.type, n, sum_row(call, n));
    return GD_OK;
}

static gd_status writes_one_past(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(sound(call, ctx));
    ((unsigned char *)call->at[Y])[gd_desc_bytes(call->problem->desc[Y])] = 0;
    return GD_OK;
}

static gd_status writes_one_before(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(sound(call, ctx));
    ((unsigned char *)call->at[Y])[-1] = 0;
    return GD_OK;
}

static gd_status forgets_the_last_row(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    gd_desc y = call->problem->desc[Y];
    for (int64_t n = 0; n + 1 < y.dim[0]; n++)
        gd_store(call->at[Y], y.type, n, sum_row(call, n));
    return GD_OK;
}

static gd_status accumulates(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    gd_desc y = call->problem->desc[Y];
    for (int64_t n = 0; n < y.dim[0]; n++)
        gd_store(call->at[Y], y.type, n, gd_load(call->at[Y], y.type, n) + sum_row(call, n));
    return GD_OK;
}

static gd_status forgets_a_term(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(sound(call, ctx));
    gd_desc x = call->problem->desc[X], y = call->problem->desc[Y];
    double last = gd_load(call->at[X], x.type, gd_desc_count(x) - 1);
    gd_store(call->at[Y], y.type, y.dim[0] - 1, gd_load(call->at[Y], y.type, y.dim[0] - 1) - last);
    return GD_OK;
}

/* The law allows k = 2: here the result is off by 3 epsilon S, S taken for a row of one sign. */
static gd_status is_off_by_a_tolerance(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(sound(call, ctx));
    gd_desc x = call->problem->desc[X], y = call->problem->desc[Y];
    double size = 0;
    for (int64_t c = 0; c < x.dim[1]; c++)
        size += fabs(gd_load(call->at[X], x.type, c) * gd_load(call->at[A], GD_F32, 0));
    gd_store(call->at[Y], y.type, 0, gd_load(call->at[Y], y.type, 0) + 3 * gd_type_epsilon(y.type) * size);
    return GD_OK;
}

static int calls;

static gd_status differs_from_run_to_run(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(sound(call, ctx));
    float *y = call->at[Y];
    if (calls++ % 2)
        y[0] = nextafterf(y[0], 1000);
    return GD_OK;
}

static gd_status differs_with_threads(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(sound(call, ctx));
    float *y = call->at[Y];
    if (ctx->threads > 1)
        y[0] = nextafterf(y[0], 1000);
    return GD_OK;
}

static gd_status races_with_threads(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(sound(call, ctx));
    if (ctx->threads > 1)
        ((float *)call->at[Y])[0] += 1;
    return GD_OK;
}

static gd_status changes_its_input(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(sound(call, ctx));
    ((unsigned char *)call->at[X])[0] ^= 1;
    return GD_OK;
}

static gd_status changes_the_tally(const gd_call *call, const gd_ctx *ctx)
{
    ctx->tally->images++;
    return sound(call, ctx);
}

static gd_status fails(const gd_call *call, const gd_ctx *ctx)
{
    (void)call, (void)ctx;
    return GD_INTERNAL;
}

/* Needs 4 bytes of work and uses 8. */
static gd_status ask_for_work(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)problem, (void)threads, (void)error;
    needs->work_bytes = 4;
    return GD_OK;
}

static gd_status overruns_its_work(const gd_call *call, const gd_ctx *ctx)
{
    memset(call->at[GD_WORK], 0, 8);
    return sound(call, ctx);
}

/* Counts on work being zero. */
static gd_status trusts_its_work(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(sound(call, ctx));
    ((float *)call->at[Y])[0] += ((float *)call->at[GD_WORK])[0];
    return GD_OK;
}

static gd_status pack_negated(const void *state, void *to, const float *from, gd_desc desc, const gd_ctx *ctx)
{
    (void)state, (void)desc, (void)ctx;
    ((float *)to)[0] = -from[0];
    return GD_OK;
}

static gd_status ask_for_pack(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)problem, (void)threads, (void)error;
    needs->pack[0] = (gd_pack){.packer = "negated", .type = GD_F32, .bytes = 4, .run = pack_negated};
    return GD_OK;
}

static gd_status reads_its_pack(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(sound(call, ctx));
    float *y = call->at[Y];
    for (int64_t n = 0; n < call->problem->desc[Y].dim[0]; n++)
        y[n] = -y[n];
    return GD_OK;
}

static gd_status refuse_to_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)problem, (void)threads, (void)needs;
    return gd_fail(error, GD_UNSUPPORTED, "not today");
}

static const char *wants_even_rows(const gd_problem *problem)
{
    return problem->desc[X].dim[0] % 2 ? "needs an even number of rows" : NULL;
}

static const char *wants_nothing(const gd_problem *problem)
{
    (void)problem;
    return NULL;
}

static gd_status backward_data(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    gd_desc x = call->problem->desc[X];
    for (int64_t i = 0; i < gd_desc_count(x); i++)
        gd_store(call->at[DX], x.type, i,
                 gd_load(call->at[A], GD_F64, 0) * gd_load(call->at[DY], x.type, i / x.dim[1]));
    return GD_OK;
}

static gd_status backward_data_wrong(const gd_call *call, const gd_ctx *ctx)
{
    GD_TRY(backward_data(call, ctx));
    ((double *)call->at[DX])[0] *= 1.001;
    return GD_OK;
}

#define PLANT(name, run, traits, needs, accepts, prepare)                                                              \
    {                                                                                                                  \
        name, GD_CPU, GD_ONE(F32), needs, traits, accepts, prepare, 0, run, 0                                          \
    }
#define REFERENCE                                                                                                      \
    {                                                                                                                  \
        "ref", GD_CPU, GD_ONE(F64), 0, GD_DETERMINISTIC, 0, 0, 0, sound, 0                                             \
    }

/* A rowsum whose forward has one entry besides the reference. */
static const gd_op *planted(gd_impl entry, gd_status (*backward)(const gd_call *, const gd_ctx *))
{
    static gd_impl forward[3], backwards[2];
    static gd_op op;
    forward[0] = entry;
    forward[1] = (gd_impl)REFERENCE;
    backwards[0] = (gd_impl){"ref", GD_CPU, GD_ONE(F64), 0, 0, 0, 0, 0, backward, 0};
    op = (gd_op){.name = "rowsum",
                 .operand = {[X] = {"x"}, [A] = {"a", GD_ROLE_SCALE, GD_DOMAIN_ANY}, [Y] = {"y"}},
                 .infer = infer,
                 .direction = {[GD_FWD] = {GD_BIT(X) | GD_BIT(A), GD_BIT(Y), forward}},
                 .tolerance = 2};
    if (backward) {
        op.direction[GD_BWD_DATA].reads = GD_BIT(A) | GD_BIT(DY);
        op.direction[GD_BWD_DATA].writes = GD_BIT(DX);
        op.direction[GD_BWD_DATA].entries = backwards;
    }
    return &op;
}

static const check_options options = {.seed = 1, .device = &gd_device_cpu};

/* Runs the planted entry over two cases; what was said about it in *report (the test's own memory). */
static check_count run_planted(const gd_op *op, const char **report)
{
    gd_arena arena = {0};
    gd_text text = {0};
    gd_error error = {0};
    check_case cases[2];
    check_count count[3] = {0};
    CHECK_OK(check_case_parse(op, (gd_place){"test", 1, 1}, "x=4x5 smoke", &arena, &cases[0], &error), &error);
    CHECK_OK(check_case_parse(op, (gd_place){"test", 2, 1}, "x=3x17 smoke", &arena, &cases[1], &error), &error);
    CHECK_OK(check_direction(cases, 2, GD_FWD, GD_F32, &options, count, &text, NULL, &error), &error);
    *report = unit_text("%s", text.at ? text.at : "");
    gd_text_release(&text);
    gd_arena_release(&arena);
    return count[0];
}

static void check_caught(gd_impl entry, const char *reason)
{
    const char *report;
    check_count count = run_planted(planted(entry, NULL), &report);
    CHECK(count.failed > 0);
    CHECK_CONTAINS(report, reason);
}

/* Two cases in two modes: training and inference. */
static void check_passes(gd_impl entry)
{
    const char *report;
    check_count count = run_planted(planted(entry, NULL), &report);
    CHECK_TEXT(report, "");
    CHECK_EQ_INT(count.failed, 0);
    CHECK_EQ_INT(count.passed, 4);
}

TEST(a_sound_entry_passes) { check_passes((gd_impl)PLANT("sound", sound, GD_DETERMINISTIC, 0, 0, 0)); }

TEST(a_packed_weight_reaches_the_entry)
{
    check_passes((gd_impl)PLANT("packed", reads_its_pack, GD_DETERMINISTIC, 0, 0, ask_for_pack));
}

TEST(writing_one_past_is_caught)
{
    check_caught((gd_impl)PLANT("bad", writes_one_past, 0, 0, 0, 0), "wrote outside y, behind its end");
}

TEST(writing_one_before_is_caught)
{
    check_caught((gd_impl)PLANT("bad", writes_one_before, 0, 0, 0, 0), "wrote outside y, before its start");
}

TEST(a_forgotten_row_is_caught)
{
    check_caught((gd_impl)PLANT("bad", forgets_the_last_row, 0, 0, 0, 0), "y(3) is poison");
}

TEST(accumulating_is_caught)
{
    check_caught((gd_impl)PLANT("bad", accumulates, 0, 0, 0, 0), "4 of 4 elements are wrong");
}

TEST(a_forgotten_term_is_caught)
{
    check_caught((gd_impl)PLANT("bad", forgets_a_term, 0, 0, 0, 0), "1 of 4 elements are wrong");
}

TEST(being_off_by_a_tolerance_is_caught)
{
    check_caught((gd_impl)PLANT("bad", is_off_by_a_tolerance, 0, 0, 0, 0), "1 of 4 elements are wrong");
}

TEST(other_bits_in_a_second_run_are_caught)
{
    check_caught((gd_impl)PLANT("bad", differs_from_run_to_run, GD_DETERMINISTIC, 0, 0, 0),
                 "the second run: y has other bits");
}

TEST(other_bits_are_allowed_where_nothing_is_promised)
{
    check_passes((gd_impl)PLANT("free", differs_from_run_to_run, 0, 0, 0, 0));
}

TEST(bits_that_depend_on_threads_are_caught)
{
    check_caught((gd_impl)PLANT("bad", differs_with_threads, GD_DETERMINISTIC, 0, 0, 0),
                 "with 2 threads: y has other bits");
}

TEST(bits_of_a_library_may_depend_on_threads)
{
    check_passes((gd_impl)PLANT("library", differs_with_threads, GD_DETERMINISTIC | GD_BITS_BY_THREADS, 0, 0, 0));
}

TEST(being_wrong_on_two_threads_only_is_caught)
{
    check_caught((gd_impl)PLANT("library", races_with_threads, GD_BITS_BY_THREADS, 0, 0, 0), "(2 threads): y(0) is");
}

TEST(a_changed_input_is_caught)
{
    check_caught((gd_impl)PLANT("bad", changes_its_input, 0, 0, 0, 0), "changed its input x");
}

TEST(a_changed_tally_is_caught)
{
    check_caught((gd_impl)PLANT("bad", changes_the_tally, 0, 0, 0, 0), "tally.images is 8 where 7 is wanted");
}

TEST(work_overrun_is_caught)
{
    check_caught((gd_impl)PLANT("bad", overruns_its_work, 0, 0, 0, ask_for_work), "wrote outside work");
}

TEST(work_is_not_zeroed)
{
    check_caught((gd_impl)PLANT("bad", trusts_its_work, 0, 0, 0, ask_for_work), "y(0) is poison");
}

TEST(a_failing_run_is_caught) { check_caught((gd_impl)PLANT("bad", fails, 0, 0, 0, 0), "run failed: internal error"); }

TEST(a_failure_can_be_pasted)
{
    const char *report;
    run_planted(planted((gd_impl)PLANT("bad", forgets_the_last_row, 0, 0, 0, 0), NULL), &report);
    CHECK_CONTAINS(report, "griddle-check --op rowsum --dir fwd --impl bad --seed 1 --case 'x=4x5 type=f32'\n");
    CHECK_CONTAINS(report, "griddle-check --op rowsum --dir fwd --impl bad --seed 1 --case 'x=4x5 type=f32 fwd'\n");
}

TEST(refusals_and_absent_instructions_are_no_passes)
{
    const char *report;
    check_count count = run_planted(planted((gd_impl)PLANT("even", sound, 0, 0, wants_even_rows, 0), NULL), &report);
    CHECK_EQ_INT(count.passed, 2);
    CHECK_EQ_INT(count.refused, 2);
    count = run_planted(planted((gd_impl)PLANT("no", sound, 0, 0, 0, refuse_to_prepare), NULL), &report);
    CHECK_EQ_INT(count.refused, 4);
    CHECK_EQ_INT(count.passed, 0);
    count = run_planted(planted((gd_impl)PLANT("avx", sound, 0, 1u << 31, 0, 0), NULL), &report);
    CHECK_EQ_INT(count.skipped, 4);
    CHECK_EQ_INT(count.passed, 0);
}

static int complaints_about(gd_impl entry, const char *line_a, const char *line_b, const char **report)
{
    gd_arena arena = {0};
    gd_text text = {0};
    gd_error error = {0};
    check_case cases[2];
    const gd_op *op = planted(entry, NULL);
    CHECK_OK(check_case_parse(op, (gd_place){"test", 1, 1}, line_a, &arena, &cases[0], &error), &error);
    CHECK_OK(check_case_parse(op, (gd_place){"test", 2, 1}, line_b, &arena, &cases[1], &error), &error);
    int complaints = check_cases(cases, 2, &options, &text);
    *report = unit_text("%s", text.at ? text.at : "");
    gd_text_release(&text);
    gd_arena_release(&arena);
    return complaints;
}

TEST(every_accepts_must_be_seen_to_say_both)
{
    const char *report;
    gd_impl even = PLANT("even", sound, 0, 0, wants_even_rows, 0), any = PLANT("any", sound, 0, 0, wants_nothing, 0);
    CHECK_EQ_INT(complaints_about(even, "x=4x5", "x=3x5", &report), 0);
    CHECK_EQ_INT(complaints_about(even, "x=4x5", "x=2x5", &report), 1);
    CHECK_CONTAINS(report, "does not exercise fwd.even: its accepts never said no");
    CHECK_EQ_INT(complaints_about(any, "x=4x5", "x=3x5", &report), 1);
}

TEST(refusals_must_come_with_their_text)
{
    const char *report;
    gd_impl entry = PLANT("sound", sound, 0, 0, 0, 0);
    CHECK_EQ_INT(complaints_about(entry, "x=4x5x6 ! INVALID needs 2", "x=3x5", &report), 0);
    CHECK_EQ_INT(complaints_about(entry, "x=4x5x6 ! INVALID needs 3", "x=3x5", &report), 1);
    CHECK_CONTAINS(report, "with 'input has 3 dimensions where rowsum needs 2'");
    CHECK_EQ_INT(complaints_about(entry, "x=4x5 ! INVALID needs 2", "x=3x5", &report), 1);
    CHECK_CONTAINS(report, "but was accepted");
    CHECK_EQ_INT(complaints_about(entry, "x=4x5x6", "x=3x5", &report), 1);
    CHECK_CONTAINS(report, "test:1: 'x=4x5x6' is refused");
}

static check_count gradients_of(gd_status (*backward)(const gd_call *, const gd_ctx *), const char **report)
{
    gd_arena arena = {0};
    gd_text text = {0};
    gd_error error = {0};
    check_case one;
    check_count count = {0};
    const gd_op *op = planted((gd_impl)PLANT("sound", sound, 0, 0, 0, 0), backward);
    CHECK_OK(check_case_parse(op, (gd_place){"test", 1, 1}, "x=4x5", &arena, &one, &error), &error);
    CHECK_OK(check_gradients(&one, 1, &options, &count, &text, &error), &error);
    *report = unit_text("%s", text.at ? text.at : "");
    gd_text_release(&text);
    gd_arena_release(&arena);
    return count;
}

TEST(a_sound_gradient_passes)
{
    const char *report;
    CHECK_EQ_INT(gradients_of(backward_data, &report).passed, 1);
    CHECK_TEXT(report, "");
}

TEST(a_wrong_gradient_is_caught)
{
    const char *report;
    CHECK_EQ_INT(gradients_of(backward_data_wrong, &report).failed, 1);
    CHECK_CONTAINS(report, "gradient of x element 0 is");
    CHECK_CONTAINS(report, "griddle-check --grad --op rowsum --seed 1 --case 'x=4x5'");
}

static void check_line_fails(const char *line, const char *text)
{
    gd_arena arena = {0};
    gd_error error = {0};
    check_case one;
    CHECK_FAILS(check_case_parse(planted((gd_impl)PLANT("sound", sound, 0, 0, 0, 0), NULL),
                                 (gd_place){"rowsum.txt", 7, 1}, line, &arena, &one, &error),
                GD_INVALID, &error, text);
    gd_arena_release(&arena);
}

TEST(a_line_that_says_nothing_sensible_is_refused)
{
    check_line_fails("x=4x5 smok", "rowsum.txt:7:1: unknown word 'smok'");
    check_line_fails("x=4x smoke", "'x=4x' is no shape");
    check_line_fails("x=4x5x6x7x8", "is no shape");
    check_line_fails("x=4x0", "is no shape");
    check_line_fails("x=4x5:f99", "is no shape");
    check_line_fails("x=4x5 type=f61", "storage types are f32, bf16 and f16");
    check_line_fails("x=4x5 type=f64", "storage types are f32, bf16 and f16");
    check_line_fails("x=4x5 ! WRONG text", "a refusal is written '! INVALID text'");
    check_line_fails("x=4x5 ctx.vald=3", "vald");
}

TEST(a_line_becomes_a_case)
{
    gd_arena arena = {0};
    gd_error error = {0};
    check_case c;
    CHECK_OK(check_case_parse(planted((gd_impl)PLANT("sound", sound, 0, 0, 0, 0), NULL), (gd_place){"test", 1, 1},
                              "x=4x5 smoke bench fwd type=bf16 ctx.valid=3 ! INVALID no such x  # why", &arena, &c,
                              &error),
             &error);
    CHECK_TEXT(c.text, "x=4x5 fwd type=bf16 ctx.valid=3");
    CHECK_EQ_INT(c.sets, CHECK_SMOKE | CHECK_BENCH);
    CHECK(c.forward_only);
    CHECK_EQ_INT(c.types, GD_ONE(BF16));
    CHECK_EQ_INT(c.context.valid, 3);
    CHECK_TEXT(c.refusal, "no such x");
    CHECK_EQ_INT(c.in[0].dim[1], 5);
    gd_arena_release(&arena);
}
