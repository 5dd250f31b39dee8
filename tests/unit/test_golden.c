// SPDX-License-Identifier: Apache-2.0
/* Every op against PyTorch: tests/golden/<op>.safetensors, made by tools/make-golden.py, which says what is in them.
 *
 *     case0.x, case0.dy …        the case's inputs, given to the harness instead of drawn ones
 *     case0.want.y …             stands in for what our own reference wants
 *     case0.want.gradient_norm   the same of a number that an update leaves in the tally
 *
 * Every entry of the op's lists is judged by the harness' law. The law's scale, and what the file does not hold
 * (argmax, batch norm's sums), stay the reference's. A test per file. */
#include "unit.h"

#include "check.h"
#include "device/device.h"
#include "store/safetensors.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* "x", "dx" → operand; -1: none. */
static int operand_named(const gd_op *op, const char *name)
{
    for (int i = 0; i < GD_FIRST_DIN; i++) {
        if (op->operand[i].name && strcmp(op->operand[i].name, name) == 0)
            return i;
    }
    for (int i = GD_FIRST_DIN; i < GD_WORK && name[0] == 'd'; i++) {
        int tensor = i < GD_FIRST_DOUT ? i - GD_FIRST_DIN : GD_FIRST_OUT + i - GD_FIRST_DOUT;
        if (op->operand[tensor].name && strcmp(op->operand[tensor].name, name + 1) == 0)
            return i;
    }
    return -1;
}

/* What updates leave in the tally. */
enum { NUMBERS = 2 };
static const char *const number_names[NUMBERS] = {"gradient_norm", "gradient_scale"};

/* What a file holds of one case, by operand. */
typedef struct golden {
    check_case question;
    const gd_tensor_entry *want[GD_OPERANDS], *want_number[NUMBERS];
    bool used[GD_OPERANDS];
} golden;

static bool read_number(golden *g, const char *name, const gd_tensor_entry *tensor)
{
    for (int i = 0; i < NUMBERS; i++) {
        if (strcmp(number_names[i], name) == 0) {
            g->want_number[i] = tensor;
            return true;
        }
    }
    return false;
}

static void read_case(const gd_safetensors *file, const char *name, golden *g)
{
    const gd_op *op = g->question.op;
    size_t length = strlen(name);
    for (int i = 0; i < file->n; i++) {
        const gd_tensor_entry *tensor = &file->tensor[i];
        if (strncmp(tensor->name, name, length) != 0 || tensor->name[length] != '.')
            continue;
        const char *rest = tensor->name + length + 1;
        bool wanted = strncmp(rest, "want.", 5) == 0;
        if (wanted && read_number(g, rest + 5, tensor))
            continue;
        int operand = operand_named(op, wanted ? rest + 5 : rest);
        if (operand < 0)
            unit_fail(__FILE__, __LINE__, "op '%s' has no operand for tensor '%s'", op->name, tensor->name);
        if (wanted)
            g->want[operand] = tensor;
        else
            g->question.given[operand] = (check_values){tensor->desc.type, tensor->data};
        gd_problem problem;
        gd_error error = {0};
        CHECK_OK(check_pose(&g->question, GD_F32, !g->question.forward_only, &problem, &error), &error);
        if (!gd_desc_same_shape(problem.desc[operand], tensor->desc))
            unit_fail(__FILE__, __LINE__, "tensor '%s' has not the shape that '%s' infers", tensor->name, op->name);
    }
}

static bool computes(const gd_impl *list, gd_type type)
{
    while (list && list->run && !(list->types & GD_BIT(type)))
        list++;
    return list && list->run;
}

/* One direction in one storage type: PyTorch's results for ours, then every entry. */
static void judge(golden *g, gd_direction direction, gd_type type)
{
    const gd_op *op = g->question.op;
    check_answer answer;
    check_count count = {0};
    gd_text report = {0};
    gd_error error = {0};
    CHECK_OK(check_answer_new(&g->question, direction, type, !g->question.forward_only, 1, &answer, &error), &error);
    int replaced = 0;
    for (int i = 0; i < GD_WORK; i++) {
        if (!g->want[i] || !(answer.writes & GD_BIT(i)))
            continue;
        for (int64_t k = 0; k < gd_desc_count(answer.exact.desc[i]); k++)
            gd_store(answer.want[i], answer.exact.desc[i].type, k, gd_load(g->want[i]->data, g->want[i]->desc.type, k));
        g->used[i] = true;
        replaced++;
    }
    float *numbers[NUMBERS] = {&answer.want_tally.gradient_norm, &answer.want_tally.gradient_scale};
    for (int i = 0; i < NUMBERS; i++) {
        if (!g->want_number[i] || direction != GD_UPDATE)
            continue;
        *numbers[i] = (float)gd_load(g->want_number[i]->data, g->want_number[i]->desc.type, 0);
        replaced++;
    }
    const gd_impl *list = op->direction[direction].entries;
    for (int i = 0; replaced && list[i].run; i++)
        check_entry(&answer, &list[i], &gd_device_cpu, &count, &report);
    if (count.failed)
        unit_fail(__FILE__, __LINE__, "%s", report.at);
    CHECK(!replaced || count.passed > 0);
    gd_text_release(&report);
    check_answer_release(&answer);
}

static void judge_case(const gd_op *op, const gd_safetensors *file, const gd_attr *settings)
{
    golden g = {0};
    gd_arena arena = {0};
    gd_error error = {0};
    gd_place place = {settings->key, 1, 1};
    CHECK_OK(check_case_parse(op, place, settings->text, &arena, &g.question, &error), &error);
    read_case(file, settings->key, &g);
    gd_direction last = g.question.forward_only ? GD_FWD : GD_UPDATE;
    for (gd_direction direction = GD_FWD; direction <= last; direction++) {
        for (gd_type type = GD_F32; type <= GD_BF16; type++) {
            if (computes(op->direction[direction].entries, type) && (g.question.types & GD_BIT(type)))
                judge(&g, direction, type);
        }
    }
    for (int i = 0; i < GD_OPERANDS; i++) {
        if (g.want[i] && !g.used[i])
            unit_fail(__FILE__, __LINE__, "nothing was compared with '%s'", g.want[i]->name);
    }
    gd_arena_release(&arena);
}

/* The body of every test here. */
static void agrees_with_pytorch(void)
{
    const char *name = unit_argument();
    const gd_op *op = gd_op_find(name);
    CHECK(op != NULL);
    gd_safetensors file = {0};
    gd_error error = {0};
    int cases = 0;
    CHECK_OK(gd_safetensors_open(unit_source(unit_text("tests/golden/%s.safetensors", name)), &file, &error), &error);
    for (const gd_attr *entry = file.metadata ? file.metadata->first : NULL; entry; entry = entry->next) {
        if (strncmp(entry->key, "case", 4) == 0) {
            judge_case(op, &file, entry);
            cases++;
        }
    }
    CHECK(cases >= 2);
    gd_safetensors_close(&file);
}

__attribute__((constructor)) static void add_files(void)
{
    static unit_test tests[64];
    glob_t found;
    if (glob(GRIDDLE_SOURCE "/tests/golden/*.safetensors", 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc && i < sizeof tests / sizeof *tests; i++) {
        char *name = strdup(strrchr(found.gl_pathv[i], '/') + 1); /* lives as long as the process */
        if (!name)
            return;
        *strrchr(name, '.') = 0;
        tests[i] = (unit_test){__FILE__, __LINE__, NULL, name, agrees_with_pytorch, name, NULL};
        unit_add(&tests[i]);
    }
    globfree(&found);
}
