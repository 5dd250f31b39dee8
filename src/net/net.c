// SPDX-License-Identifier: Apache-2.0
/* Making a net: values, parameters and nodes in growing arrays, each node checked by its op as it is added. */
#include "net/net.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 8192, MAX_OUTPUTS = sizeof((gd_net *)0)->output / sizeof(gd_value_id) };

gd_status gd_net_new(int batch, gd_net **net, gd_error *error)
{
    *net = calloc(1, sizeof **net);
    if (!*net)
        return gd_fail(error, GD_NOMEM, "out of memory for a net");
    (*net)->batch = batch;
    return GD_OK;
}

void gd_net_free(gd_net *net)
{
    if (!net)
        return;
    free(net->value);
    free(net->param);
    free(net->node);
    gd_arena_release(&net->arena);
    free(net);
}

/* Room for one more element: arrays double at powers of two. */
static void *grow(void *array, int n, size_t bytes)
{
    if (n & (n - 1))
        return array;
    return realloc(array, (size_t)(n ? 2 * n : 1) * bytes);
}

gd_value_id gd_net_find_value(const gd_net *net, const char *name)
{
    for (int i = 0; i < net->n_values; i++) {
        if (strcmp(net->value[i].name, name) == 0)
            return i;
    }
    return -1;
}

gd_param_id gd_net_find_param(const gd_net *net, const char *name)
{
    for (int i = 0; i < net->n_params; i++) {
        if (strcmp(net->param[i].name, name) == 0)
            return i;
    }
    return -1;
}

static gd_status add_value(gd_net *net, const char *name, gd_desc desc, int producer, gd_value_id *id, gd_error *error)
{
    if (gd_net_find_value(net, name) >= 0)
        return gd_fail(error, GD_INVALID, "name '%s' is used twice", name);
    gd_value *grown = grow(net->value, net->n_values, sizeof *grown);
    char *copy = gd_arena_text(&net->arena, name);
    if (grown)
        net->value = grown;
    if (!grown || !copy)
        return gd_fail(error, GD_NOMEM, "out of memory for value '%s'", name);
    *id = net->n_values++;
    net->value[*id] = (gd_value){copy, desc, producer};
    return GD_OK;
}

gd_status gd_net_add_input(gd_net *net, const char *name, gd_desc desc, gd_value_id *value, gd_error *error)
{
    return add_value(net, name, desc, -1, value, error);
}

static gd_status add_param(gd_net *net, const char *name, gd_desc desc, gd_role role, gd_param_id *id, gd_error *error)
{
    desc.type = GD_F32;
    *id = gd_net_find_param(net, name);
    if (*id >= 0) {
        if (gd_desc_same_shape(net->param[*id].desc, desc))
            return GD_OK;
        char have[64], want[64];
        return gd_fail(error, GD_INVALID, "shared parameter '%s' is %s where %s is wanted", name,
                       gd_desc_text(net->param[*id].desc, have, sizeof have), gd_desc_text(desc, want, sizeof want));
    }
    gd_param *grown = grow(net->param, net->n_params, sizeof *grown);
    char *copy = gd_arena_text(&net->arena, name);
    if (grown)
        net->param = grown;
    if (!grown || !copy)
        return gd_fail(error, GD_NOMEM, "out of memory for parameter '%s'", name);
    *id = net->n_params++;
    net->param[*id] = (gd_param){copy, desc, role};
    return GD_OK;
}

gd_status gd_net_problem(const gd_net *net, const gd_node *node, bool training, gd_problem *problem, gd_error *error)
{
    *problem = (gd_problem){.params = node->params, .type = node->type, .training = training};
    for (int i = 0; i < GD_MAX_IN; i++) {
        if (node->in[i] >= 0)
            problem->desc[GD_IN(i)] = net->value[node->in[i]].desc;
    }
    if (gd_op_infer(node->op, problem, error) != GD_OK)
        return gd_error_prefix(error, node->place, "%s '%s'", node->op->name, node->name);
    return GD_OK;
}

/* The op's own struct, filled from settings or copied through its fields, so that lists and texts land in our arena. */
static gd_status make_params(gd_net *net, const gd_op *op, const gd_node_spec *spec, void **params, gd_error *error)
{
    if (!op->fields)
        return spec->settings ? gd_fields_read((const gd_field[]){{0}}, NULL, spec->settings, &net->arena, error)
                              : GD_OK;
    gd_arena scratch = {0};
    const gd_attr *settings = spec->params ? gd_fields_print(op->fields, spec->params, &scratch) : spec->settings;
    *params = gd_arena_alloc(&net->arena, 1, op->params_bytes);
    gd_status status = *params && (settings || !spec->params)
                           ? gd_fields_read(op->fields, *params, settings, &net->arena, error)
                           : gd_fail(error, GD_NOMEM, "out of memory for '%s'", spec->name);
    gd_arena_release(&scratch);
    return status;
}

/* Kernels take what a node reads for values of its type, as the shapes are judged without them. What is no plain
 * activation (bytes, statistics, targets) has a type of its own, which the op's infer judges. */
static gd_status check_types(const gd_net *net, const gd_node *node, gd_error *error)
{
    for (int i = 0; i < GD_MAX_IN; i++) {
        if (node->in[i] < 0 || node->op->operand[GD_IN(i)].domain != GD_DOMAIN_ANY ||
            (node->op->traits & (GD_OP_VIEW | GD_OP_CONVERTS)))
            continue;
        const gd_value *value = &net->value[node->in[i]];
        if (value->desc.type != node->type)
            return gd_fail(error, GD_INVALID, "'%s' is %s where a node of type %s needs %s", value->name,
                           gd_type_name(value->desc.type), gd_type_name(node->type), gd_type_name(node->type));
    }
    return GD_OK;
}

static gd_status add_node(gd_net *net, const gd_node_spec *spec, gd_value_id *out, gd_error *error)
{
    const gd_op *op = gd_op_find(spec->op);
    if (!op || (op->traits & GD_OP_RANGE)) {
        const char *names[64];
        int n = 0;
        for (int i = 0; gd_ops[i] && n < 64; i++) {
            if (!(gd_ops[i]->traits & GD_OP_RANGE))
                names[n++] = gd_ops[i]->name;
        }
        const char *near = gd_nearest(spec->op, names, n);
        return gd_fail(error, GD_INVALID, "no op is called '%s'%s%s%s", spec->op, near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
    }
    if (net->n_nodes >= MAX_NODES)
        return gd_fail(error, GD_INVALID, "more than %d nodes", MAX_NODES);
    gd_node *grown = grow(net->node, net->n_nodes, sizeof *grown);
    if (!grown)
        return gd_fail(error, GD_NOMEM, "out of memory for node '%s'", spec->name);
    net->node = grown;

    gd_node node = {.op = op, .type = spec->type, .place = spec->place};
    node.name = gd_arena_text(&net->arena, spec->name);
    if (!node.name)
        return gd_fail(error, GD_NOMEM, "out of memory for node '%s'", spec->name);
    if (spec->place.file)
        node.place.file = gd_arena_text(&net->arena, spec->place.file);
    for (int i = 0; i < GD_MAX_IN; i++) {
        node.in[i] = spec->in[i];
        bool wanted = op->operand[GD_IN(i)].name != NULL;
        if (node.in[i] >= net->n_values || (node.in[i] >= 0 && !wanted) || (i == 0 && node.in[i] < 0))
            return gd_fail(error, GD_INVALID, "input %d of '%s' does not fit a %s", i, spec->name, op->name);
    }
    GD_TRY(check_types(net, &node, error));
    GD_TRY(make_params(net, op, spec, &node.params, error));

    gd_problem problem = {.params = node.params, .type = node.type};
    for (int i = 0; i < GD_MAX_IN; i++) {
        if (node.in[i] >= 0)
            problem.desc[GD_IN(i)] = net->value[node.in[i]].desc;
    }
    GD_TRY(gd_op_infer(op, &problem, error));

    for (int i = 0; i < GD_MAX_PARAM; i++) {
        node.param[i] = -1;
        if (problem.desc[GD_PARAM(i)].rank == 0)
            continue;
        const gd_operand_info *info = &op->operand[GD_PARAM(i)];
        const char *name = spec->param_name[i];
        if (!name)
            name = gd_arena_printf(&net->arena, "%s.%s", spec->name, info->name);
        if (!name)
            return gd_fail(error, GD_NOMEM, "out of memory for '%s'", spec->name);
        GD_TRY(add_param(net, name, problem.desc[GD_PARAM(i)], info->role, &node.param[i], error));
    }
    for (int i = 0; i < GD_MAX_OUT; i++) {
        node.out[i] = -1;
        if (problem.desc[GD_OUT(i)].rank == 0)
            continue;
        char *name =
            i == 0 ? gd_arena_text(&net->arena, spec->name) : gd_arena_printf(&net->arena, "%s.%d", spec->name, i);
        if (!name)
            return gd_fail(error, GD_NOMEM, "out of memory for '%s'", spec->name);
        GD_TRY(add_value(net, name, problem.desc[GD_OUT(i)], net->n_nodes, &node.out[i], error));
    }
    for (int i = 0; out && i < GD_MAX_OUT; i++)
        out[i] = node.out[i];
    net->node[net->n_nodes++] = node;
    return GD_OK;
}

gd_status gd_net_add(gd_net *net, const gd_node_spec *spec, gd_value_id *out, gd_error *error)
{
    if (add_node(net, spec, out, error) == GD_OK)
        return GD_OK;
    return gd_error_prefix(error, spec->place, "%s '%s'", spec->op, spec->name);
}

gd_status gd_net_add_output(gd_net *net, gd_value_id value, gd_error *error)
{
    for (int i = 0; i < net->n_outputs; i++) {
        if (net->output[i] == value)
            return GD_OK;
    }
    if (value < 0 || value >= net->n_values || net->n_outputs >= MAX_OUTPUTS)
        return gd_fail(error, GD_INVALID, "value %d cannot be an output (at most %d)", value, MAX_OUTPUTS);
    net->output[net->n_outputs++] = value;
    return GD_OK;
}

int gd_net_readers(const gd_net *net, gd_value_id value, int *reader)
{
    int readers = 0;
    for (int n = 0; n < net->n_nodes; n++) {
        for (int i = 0; i < GD_MAX_IN; i++) {
            if (net->node[n].in[i] == value) {
                readers++;
                if (reader)
                    *reader = n;
            }
        }
    }
    for (int i = 0; i < net->n_outputs; i++)
        readers += net->output[i] == value;
    return readers;
}

int64_t gd_net_count_params(const gd_net *net)
{
    int64_t count = 0;
    for (int i = 0; i < net->n_params; i++)
        count += net->param[i].role == GD_ROLE_RUNNING ? 0 : gd_desc_count(net->param[i].desc);
    return count;
}

double gd_net_flops(const gd_net *net)
{
    double flops = 0;
    for (int i = 0; i < net->n_nodes; i++) {
        gd_problem problem;
        if (net->node[i].op->flops && gd_net_problem(net, &net->node[i], false, &problem, NULL) == GD_OK)
            flops += net->node[i].op->flops(&problem, GD_FWD);
    }
    return flops / net->batch;
}
