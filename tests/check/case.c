// SPDX-License-Identifier: Apache-2.0
/* Problems as text. A line is words in any order; see tests/cases/README.md for the whole grammar. */
#include "check.h"

#include "base/file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const gd_field context_fields[] = {
    GD_FIELD_INT(check_context, valid, "0", 0, 1e9, "rows of the batch that count; 0: all"),
    GD_FIELD_INT(check_context, batch, "0", 0, 1e9, "rows of the batch over all ranks; 0: all of these"),
    GD_FIELD_INT(check_context, step, "3", 0, 1e9, "steps before this one"),
    GD_FIELD_INT(check_context, epoch, "1", 0, 1e9, "epochs before this one"),
    GD_FIELD_INT(check_context, stop, "0", 0, 1, "this rank was asked to stop"),
    GD_FIELD_INT(check_context, micro, "0", 0, 1e9, "position in the accumulation"),
    GD_FIELD_INT(check_context, micros, "1", 1, 1e9, "micro-batches per update"),
    GD_FIELD_REAL(check_context, learning_rate, "0.125", 0, 1e9, "of the step"),
    GD_FIELD_REAL(check_context, average_decay, "0.75", 0, 1, "of the average of weights"),
    GD_FIELD_REAL(check_context, gradient_norm, "1.25", 0, 1e9, "in the tally"),
    GD_FIELD_REAL(check_context, gradient_scale, "1", 0, 1e9, "in the tally"),
    GD_FIELD_REAL(check_context, loss_scale, "1", 0, 1e9, "in the tally"),
    GD_FIELD_INT(check_context, good, "2", 0, 1e9, "in the tally"),
    GD_FIELD_BOOL(check_context, skip, "false", "this update is skipped"),
    {0},
};

const char *check_type_word(gd_type type)
{
    return type == GD_BF16 ? "bf16" : type == GD_F16 ? "f16" : type == GD_F64 ? "f64" : "f32";
}

static const char *const set_names[] = {"smoke", "models", "bench"}; /* bit i of check_case.sets */

/* "2x7x5x3" with an optional ":f32" behind it. */
static bool parse_shape(const char *text, gd_desc *desc, bool *has_type)
{
    char *end;
    *desc = (gd_desc){0};
    do {
        long long dim = strtoll(text, &end, 10);
        if (end == text || dim < 1 || desc->rank == GD_MAX_RANK)
            return false;
        desc->dim[desc->rank++] = dim;
        text = end + 1;
    } while (*end == 'x');
    *has_type = *end == ':';
    if (*has_type) {
        char name[8] = "";
        for (int i = 0; i < 7 && text[i]; i++)
            name[i] = (char)toupper((unsigned char)text[i]);
        return gd_type_parse(name, &desc->type);
    }
    return *end == 0;
}

/* The operand IN(i) or PARAM(i) that `word`, "name=…", gives a shape to; -1: none. */
static int operand_named(const gd_op *op, const char *word, size_t length)
{
    for (int i = 0; i < GD_FIRST_OUT; i++) {
        const char *name = op->operand[i].name;
        if (name && strlen(name) == length && memcmp(name, word, length) == 0)
            return i;
    }
    return -1;
}

static bool starts_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

/* One word of a line. Settings go to `settings`, the context's to `context`. */
static gd_status take_word(check_case *c, const char *word, gd_text *settings, gd_text *context, gd_error *error)
{
    for (size_t i = 0; i < sizeof set_names / sizeof *set_names; i++) {
        if (strcmp(word, set_names[i]) == 0) {
            c->sets |= GD_BIT(i);
            return GD_OK;
        }
    }
    if (strcmp(word, "fwd") == 0) {
        c->forward_only = true;
        return GD_OK;
    }
    const char *equals = strchr(word, '=');
    if (!equals)
        return gd_fail_at(error, GD_INVALID, c->place,
                          "unknown word '%s'; known are key=value, fwd, smoke, models, bench", word);
    if (starts_with(word, "type=")) {
        c->types = 0;
        for (gd_type type = 0; type < GD_TYPES; type++) {
            if ((GD_FLOATS & GD_BIT(type)) && strcmp(equals + 1, check_type_word(type)) == 0)
                c->types = GD_BIT(type);
        }
        return c->types ? GD_OK
                        : gd_fail_at(error, GD_INVALID, c->place,
                                     "unknown type '%s'; storage types are f32, bf16 and f16", equals + 1);
    }
    if (starts_with(word, "ctx.")) {
        gd_text_add(context, "%s ", word + 4);
        return GD_OK;
    }
    int operand = operand_named(c->op, word, (size_t)(equals - word));
    if (operand < 0) {
        gd_text_add(settings, "%s ", word);
        return GD_OK;
    }
    bool has_type, is_in = operand < GD_FIRST_PARAM;
    gd_desc *desc = is_in ? &c->in[operand] : &c->param[operand - GD_FIRST_PARAM];
    if (!parse_shape(equals + 1, desc, &has_type))
        return gd_fail_at(error, GD_INVALID, c->place, "'%s' is no shape: 1 to %d sizes as in 2x7x5x3, or 2x10:f32",
                          word, GD_MAX_RANK);
    if (is_in)
        c->fixed[operand] = has_type;
    return GD_OK;
}

/* "! STATUS text": what the problem must be refused with. */
static gd_status take_refusal(check_case *c, char *text, gd_arena *arena, gd_error *error)
{
    while (isspace((unsigned char)*text))
        text++;
    if (!starts_with(text, "INVALID "))
        return gd_fail_at(error, GD_INVALID, c->place, "a refusal is written '! INVALID text', not '! %s'", text);
    text += strlen("INVALID ");
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1]))
        length--;
    c->refusal_status = GD_INVALID;
    c->refusal = gd_arena_text_n(arena, text, length);
    return c->refusal ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory");
}

static gd_status read_settings(check_case *c, const char *settings, const char *context, gd_arena *arena,
                               gd_error *error)
{
    static const gd_field none[] = {{0}};
    gd_attr *map;
    GD_TRY(gd_attr_parse_pairs(arena, context, c->place, &map, error));
    GD_TRY(gd_fields_read(context_fields, &c->context, map, arena, error));
    GD_TRY(gd_attr_parse_pairs(arena, settings, c->place, &map, error));
    c->settings = map;
    c->params = gd_arena_alloc(arena, 1, c->op->params_bytes ? c->op->params_bytes : 1);
    if (!c->params)
        return gd_fail(error, GD_NOMEM, "out of memory");
    gd_error *complaint = c->refusal ? &c->settings_error : error;
    gd_status status = gd_fields_read(c->op->fields ? c->op->fields : none, c->params, map, arena, complaint);
    return c->refusal ? GD_OK : status;
}

gd_status check_case_parse(const gd_op *op, gd_place place, const char *line, gd_arena *arena, check_case *out,
                           gd_error *error)
{
    gd_status status = GD_NOMEM;
    gd_text problem = {0}, settings = {0}, context = {0};
    char *text = gd_arena_text(arena, line);
    *out = (check_case){.op = op, .place = place, .types = GD_FLOATS};
    if (!text)
        goto done;
    for (char *hash = strchr(text, '#'); hash; hash = strchr(hash + 1, '#')) {
        if (hash == text || isspace((unsigned char)hash[-1])) {
            *hash = 0;
            break;
        }
    }
    char *bang = strchr(text, '!'), *rest;
    if (bang) {
        *bang = 0;
        GD_TRY_TO(done, take_refusal(out, bang + 1, arena, error));
    }
    for (char *word = strtok_r(text, " \t\r\n", &rest); word; word = strtok_r(NULL, " \t\r\n", &rest)) {
        uint32_t sets = out->sets;
        GD_TRY_TO(done, take_word(out, word, &settings, &context, error));
        if (out->sets == sets)
            gd_text_add(&problem, "%s%s", problem.length ? " " : "", word);
    }
    GD_TRY_TO(done, gd_text_status(&problem, error));
    GD_TRY_TO(done, read_settings(out, settings.at ? settings.at : "", context.at ? context.at : "", arena, error));
    out->text = gd_arena_text(arena, problem.at ? problem.at : "");
    status = out->text ? GD_OK : GD_NOMEM;
done:
    gd_text_release(&problem);
    gd_text_release(&settings);
    gd_text_release(&context);
    return status == GD_NOMEM ? gd_fail(error, GD_NOMEM, "out of memory") : status;
}

static bool says_nothing(const char *line)
{
    while (isspace((unsigned char)*line))
        line++;
    return *line == 0 || *line == '#';
}

gd_status check_cases_read(const gd_op *op, const char *path, gd_arena *arena, check_case **cases, int *n,
                           gd_error *error)
{
    char *text, *rest;
    size_t bytes;
    *n = 0;
    GD_TRY(gd_file_read(path, 1 << 20, arena, &text, &bytes, error));
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    *cases = gd_arena_alloc(arena, lines, sizeof **cases);
    const char *file = gd_arena_text(arena, path);
    if (!*cases || !file)
        return gd_fail(error, GD_NOMEM, "out of memory");
    gd_place place = {file, 0, 1};
    for (char *line = text; line; line = rest) {
        rest = strchr(line, '\n');
        if (rest)
            *rest++ = 0;
        place.line++;
        if (!says_nothing(line))
            GD_TRY(check_case_parse(op, place, line, arena, &(*cases)[(*n)++], error));
    }
    return GD_OK;
}

/* Which type IN(i) has where the case does not say: bytes are bytes, statistics and distributions are kept in the
 * arithmetic's type, activations in the storage type. */
static gd_type input_type(const check_case *c, int i, gd_type storage)
{
    gd_type real = storage == GD_F64 ? GD_F64 : GD_F32;
    if (c->fixed[i]) {
        bool is_float = GD_FLOATS & GD_BIT(c->in[i].type);
        return is_float && storage == GD_F64 ? GD_F64 : c->in[i].type;
    }
    switch (c->op->operand[GD_IN(i)].domain) {
    case GD_DOMAIN_BYTES:
    case GD_DOMAIN_DRAWS:
        return GD_U8;
    case GD_DOMAIN_STATISTICS:
    case GD_DOMAIN_DISTRIBUTION:
        return real;
    case GD_DOMAIN_ANY:
    case GD_DOMAIN_POSITIVE:
        break;
    }
    return storage;
}

gd_status check_pose(const check_case *c, gd_type type, bool training, gd_problem *problem, gd_error *error)
{
    *problem = (gd_problem){.params = c->params, .type = type, .training = training};
    for (int i = 0; i < GD_MAX_IN; i++) {
        problem->desc[GD_IN(i)] = c->in[i];
        problem->desc[GD_IN(i)].type = input_type(c, i, type);
    }
    for (int i = 0; i < GD_MAX_PARAM; i++) {
        problem->desc[GD_PARAM(i)] = c->param[i];
        problem->desc[GD_PARAM(i)].type = type == GD_F64 ? GD_F64 : GD_F32;
    }
    return gd_op_infer(c->op, problem, error);
}
