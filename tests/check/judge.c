// SPDX-License-Identifier: Apache-2.0
/* What an entry must do, all of it checked on each problem: write every output within the law, and nothing else; leave
 * inputs and packed weights as they were; give the same bits again; be right on two threads, too, and, unless
 * the entry says otherwise, to the same bits. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct judge {
    const check_attempt *t;
    gd_text *report;
    bool failed;
    double worst; /* ratio to the limit */
} judge;

/* "dx" for DIN of "x" */
static const char *operand_text(const gd_op *op, int operand, char *text, size_t bytes)
{
    bool gradient = operand >= GD_FIRST_DIN && operand < GD_WORK;
    int tensor = gradient ? operand - GD_FIRST_DIN : operand;
    if (gradient && operand >= GD_FIRST_DOUT)
        tensor = GD_FIRST_OUT + operand - GD_FIRST_DOUT;
    const char *name = operand == GD_WORK ? "work" : op->operand[tensor].name;
    if (name)
        snprintf(text, bytes, "%s%s", gradient ? "d" : "", name);
    else
        snprintf(text, bytes, "operand %d", operand);
    return text;
}

/* A failure: what, and the line to run it again. Only the first of an entry and problem is told. */
static bool complain(judge *j, const char *format, ...) GD_PRINTF(2, 3);
static bool complain(judge *j, const char *format, ...)
{
    const check_answer *a = j->t->answer;
    const gd_op *op = a->of->op;
    if (j->failed)
        return false;
    j->failed = true;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    gd_text_add(j->report, "FAIL %s.%s.%s.%s (%d thread%s): %s\n", op->name, gd_direction_name(a->direction),
                j->t->impl->name, check_type_word(a->problem.type), j->t->threads, j->t->threads == 1 ? "" : "s", text);
    bool has_type = a->of->types != GD_FLOATS, add_fwd = !a->problem.training && !a->of->forward_only;
    gd_text_add(j->report, "     griddle-check%s --op %s --dir %s --impl %s --seed %llu --case '%s%s%s%s'\n",
                j->t->device->kind == GD_CUDA ? " --device cuda" : "", op->name, gd_direction_name(a->direction),
                j->t->impl->name, (unsigned long long)a->seed, a->of->text,
                has_type ? "" : " type=", has_type ? "" : check_type_word(a->problem.type), add_fwd ? " fwd" : "");
    return true;
}

static void add_index(gd_text *text, gd_desc desc, int64_t i)
{
    int64_t index[GD_MAX_RANK];
    for (int d = desc.rank - 1; d >= 0; d--) {
        index[d] = i % desc.dim[d];
        i /= desc.dim[d];
    }
    for (int d = 0; d < desc.rank; d++)
        gd_text_add(text, "%s%lld", d ? "," : "(", (long long)index[d]);
    gd_text_add(text, ")");
}

static void add_neighbours(judge *j, int operand, int64_t at)
{
    const check_answer *a = j->t->answer;
    gd_desc desc = a->problem.desc[operand];
    int64_t first = at > 3 ? at - 3 : 0, last = at + 3 < gd_desc_count(desc) - 1 ? at + 3 : gd_desc_count(desc) - 1;
    gd_text_add(j->report, "     got  ");
    for (int64_t i = first; i <= last; i++)
        gd_text_add(j->report, i == at ? " [%.9g]" : " %.9g", gd_load(j->t->buffer[operand].at, desc.type, i));
    gd_text_add(j->report, "\n     want ");
    for (int64_t i = first; i <= last; i++)
        gd_text_add(j->report, i == at ? " [%.9g]" : " %.9g",
                    gd_load(a->want[operand], a->exact.desc[operand].type, i));
    gd_text_add(j->report, "\n");
}

/* The epsilon of the law: that of the coarsest type the result went through, its own or a packed weight's. */
static double epsilon_of(const check_attempt *t, int operand)
{
    double epsilon = gd_type_epsilon(t->answer->problem.desc[operand].type);
    for (int i = 0; i < GD_MAX_PARAM; i++) {
        if (t->packed[i].memory && gd_type_epsilon(t->needs.pack[i].type) > epsilon)
            epsilon = gd_type_epsilon(t->needs.pack[i].type);
    }
    return epsilon;
}

static bool is_poison(const check_buffer *buffer, size_t element_bytes, int64_t i)
{
    for (size_t b = 0; b < element_bytes; b++) {
        if (buffer->at[(size_t)i * element_bytes + b] != 0xFF)
            return false;
    }
    return true;
}

/* What the law leaves out: numbers below the smallest normal one, of which f32 may make anything; those of f16 are
 * common, and rounded at a place of their own. */
static double floor_of(gd_type type, double tolerance)
{
    if (tolerance <= 0)
        return 0;
    return type == GD_F16 ? tolerance * ldexp(1, -25) : 2 * (double)FLT_MIN;
}

/* |got - want| <= k epsilon S for every element. */
static void judge_output(judge *j, int operand)
{
    const check_answer *a = j->t->answer;
    gd_desc desc = a->problem.desc[operand], exact = a->exact.desc[operand];
    double k = a->of->op->tolerance * epsilon_of(j->t, operand), worst = 0;
    double floor = floor_of(desc.type, a->of->op->tolerance);
    int64_t count = gd_desc_count(desc), off = 0, at = 0;
    for (int64_t i = 0; i < count; i++) {
        double got = gd_load(j->t->buffer[operand].at, desc.type, i), want = gd_load(a->want[operand], exact.type, i);
        double limit = k * fabs(gd_load(a->scale[operand], exact.type, i)) + floor, apart = fabs(got - want);
        if (apart <= limit) {
            if (limit > 0 && apart / limit > j->worst)
                j->worst = apart / limit;
            continue;
        }
        double badness = isfinite(apart) ? (limit > 0 ? apart / limit : apart) : INFINITY;
        if (off++ == 0 || badness > worst) {
            worst = badness;
            at = i;
        }
    }
    if (off == 0 || j->failed)
        return;
    char name[64];
    gd_text where = {0};
    gd_text_add(&where, "%s", operand_text(a->of->op, operand, name, sizeof name));
    add_index(&where, desc, at);
    double got = gd_load(j->t->buffer[operand].at, desc.type, at), want = gd_load(a->want[operand], exact.type, at);
    if (is_poison(&j->t->buffer[operand], gd_type_bytes(desc.type), at))
        complain(j, "%s is poison: not written, or made of work that was not; %lld of %lld elements are wrong",
                 where.at, (long long)off, (long long)count);
    else
        complain(j, "%s is %.9g where %.9g is wanted, apart %.3g, limit %.3g; %lld of %lld elements are wrong",
                 where.at, got, want, fabs(got - want), k * fabs(gd_load(a->scale[operand], exact.type, at)) + floor,
                 (long long)off, (long long)count);
    add_neighbours(j, operand, at);
    gd_text_release(&where);
}

/* What a step adds to the tally is arithmetic in at least float. */
static void judge_tally(judge *j)
{
    const gd_tally *got = &j->t->tally, *want = &j->t->answer->want_tally, *scale = &j->t->answer->scale_tally;
    const struct {
        const char *name;
        double got, want, scale;
    } numbers[] =
        {
            {"loss", got->loss, want->loss, scale->loss},
            {"gradient_norm", (double)got->gradient_norm, (double)want->gradient_norm, (double)scale->gradient_norm},
            {"gradient_scale", (double)got->gradient_scale, (double)want->gradient_scale,
             (double)scale->gradient_scale},
        },
      counts[] = {
          {"images", (double)got->images, (double)want->images, 0},
          {"correct", (double)got->correct, (double)want->correct, 0},
          {"applied", (double)got->applied, (double)want->applied, 0},
          {"not_finite", got->not_finite, want->not_finite, 0},
          {"skip", got->skip, want->skip, 0},
          {"stop", got->stop, want->stop, 0},
          {"loss_scale", (double)got->loss_scale, (double)want->loss_scale, 0},
          {"good", got->good, want->good, 0},
      };
    double k = j->t->answer->of->op->tolerance * gd_type_epsilon(GD_F32);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double limit = k * (fabs(numbers[i].want) + fabs(numbers[i].scale));
        bool same = isnan(numbers[i].want)
                        ? isnan(numbers[i].got)
                        : numbers[i].got == numbers[i].want || fabs(numbers[i].got - numbers[i].want) <= limit;
        if (!same)
            complain(j, "tally.%s is %.9g where %.9g is wanted, limit %.3g", numbers[i].name, numbers[i].got,
                     numbers[i].want, limit);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i].got != counts[i].want)
            complain(j, "tally.%s is %.0f where %.0f is wanted", counts[i].name, counts[i].got, counts[i].want);
    }
}

/* After one run: bands, inputs, outputs, tally. */
static void judge_run(judge *j, gd_status status)
{
    const check_attempt *t = j->t;
    char name[64];
    if (status != GD_OK) {
        complain(j, "run failed: %s", gd_status_text(status));
        return;
    }
    for (int i = 0; i < GD_OPERANDS; i++) {
        const char *harm = check_buffer_harm(&t->buffer[i]);
        operand_text(t->answer->of->op, i, name, sizeof name);
        if (harm)
            complain(j, "wrote outside %s, %s", name, harm);
        if (i < GD_WORK && t->buffer[i].memory && !(t->answer->writes & GD_BIT(i)) &&
            check_buffer_changed(&t->buffer[i]))
            complain(j, "changed its input %s", name);
    }
    for (int i = 0; i < GD_MAX_PARAM; i++) {
        const char *harm = check_buffer_harm(&t->packed[i]);
        operand_text(t->answer->of->op, GD_PARAM(i), name, sizeof name);
        if (harm)
            complain(j, "wrote outside packed %s, %s", name, harm);
        if (t->packed[i].memory && check_buffer_changed(&t->packed[i]))
            complain(j, "changed packed %s", name);
    }
    for (int i = 0; i < GD_WORK; i++) {
        if (t->answer->writes & GD_BIT(i))
            judge_output(j, i);
    }
    judge_tally(j);
}

/* The outputs as they are now, to be compared with another run's. */
static void seal_outputs(check_attempt *t)
{
    for (int i = 0; i < GD_WORK; i++) {
        if (t->answer->writes & GD_BIT(i))
            check_buffer_seal(&t->buffer[i]);
    }
}

static void judge_same_bits(judge *j, const check_attempt *first, const char *what)
{
    char name[64];
    for (int i = 0; i < GD_WORK; i++) {
        check_buffer now = j->t->buffer[i];
        now.seal = first->buffer[i].seal;
        if ((j->t->answer->writes & ~j->t->unwanted & GD_BIT(i)) && check_buffer_changed(&now))
            complain(j, "%s: %s has other bits", what, operand_text(j->t->answer->of->op, i, name, sizeof name));
    }
    if (memcmp(&first->tally, &j->t->tally, sizeof first->tally) != 0) /* NOLINT: bits are meant */
        complain(j, "%s: the tally has other bits", what);
}

/* Prepares an attempt. False where it is not to be judged: refused by prepare, or failed. */
static bool prepare(judge *j, check_attempt *t, bool *refused)
{
    gd_error error = {0};
    gd_status status = check_attempt_prepare(t, &error);
    j->t = t;
    *refused = status == GD_UNSUPPORTED;
    if (status != GD_OK && !*refused)
        complain(j, "cannot be prepared: %s", error.message);
    return status == GD_OK;
}

/* Of several inputs' gradients a net may want one alone: what does not depend on data has none. */
static void judge_unwanted(judge *j, const check_attempt *first)
{
    uint32_t gradients = 0;
    for (int i = 0; i < GD_MAX_IN; i++)
        gradients |= first->answer->writes & GD_BIT(GD_DIN(i));
    for (int i = 0; i < GD_MAX_IN && (gradients & (gradients - 1)); i++) {
        bool refused;
        check_attempt t = {.answer = first->answer,
                           .impl = first->impl,
                           .device = first->device,
                           .alone = !first->device->is_host,
                           .threads = 1,
                           .unwanted = gradients & GD_BIT(GD_DIN(i))};
        if (t.unwanted && prepare(j, &t, &refused)) {
            gd_status status = check_attempt_run(&t);
            if (status != GD_OK)
                complain(j, "without one of its gradients: %s", gd_status_text(status));
            else
                judge_same_bits(j, first, "without one of its gradients");
        }
        check_attempt_release(&t);
    }
}

void check_entry(const check_answer *answer, const gd_impl *impl, const gd_device *device, check_count *count,
                 gd_text *report)
{
    if (!(impl->types & GD_BIT(answer->problem.type)))
        return;
    uint32_t features = device->features();
    if (impl->device != device->kind || (impl->needs & features) != impl->needs) {
        count->skipped++;
        return;
    }
    if (gd_impl_refuses(impl, &answer->problem, device->kind, features)) {
        count->refused++;
        return;
    }
    if (impl->release)
        impl->release(NULL); /* must do nothing */
    judge j = {.report = report};
    check_attempt one = {.answer = answer, .impl = impl, .device = device, .threads = 1}, two = one;
    two.alone = !device->is_host;
    two.threads = device->is_host ? 2 : 1;
    bool same_bits = impl->traits & GD_DETERMINISTIC, refused = false;
    if (prepare(&j, &one, &refused)) {
        judge_run(&j, check_attempt_run(&one));
        seal_outputs(&one);
        const gd_tally tally = one.tally;
        gd_status again = check_attempt_run(&one);
        judge_run(&j, again);
        check_attempt first = one;
        first.tally = tally;
        if (same_bits)
            judge_same_bits(&j, &first, "the second run");
        if (prepare(&j, &two, &refused)) {
            judge_run(&j, check_attempt_run(&two));
            if (same_bits && !(device->is_host && impl->traits & GD_BITS_BY_THREADS))
                judge_same_bits(&j, &first, device->is_host ? "with 2 threads" : "in memory without bands");
        }
        if (same_bits)
            judge_unwanted(&j, &first);
    }
    count->refused += refused;
    count->failed += j.failed;
    count->passed += !j.failed && !refused;
    if (!j.failed && j.worst > count->worst)
        count->worst = j.worst;
    check_attempt_release(&one);
    check_attempt_release(&two);
}
