// SPDX-License-Identifier: Apache-2.0
/* From the training net to the one that is evaluated or served. */
#include "plan/plan.h"

#include <string.h>

typedef struct mode_pass {
    gd_mode mode;
    bool has_softmax;
} mode_pass;

static bool is(const gd_node *node, const char *op) { return strcmp(node->op->name, op) == 0; }

/* The node that makes a value, or NULL for an input. */
static const gd_node *producer(const gd_net *net, gd_value_id value)
{
    int node = value < 0 ? -1 : net->value[value].producer;
    return node < 0 ? NULL : &net->node[node];
}

static gd_status rewrite_node(gd_rewrite *rewrite, const gd_node *node, gd_error *error)
{
    const mode_pass *pass = rewrite->argument;
    gd_node_spec spec = gd_rewrite_spec(rewrite, node);
    if (pass->mode == GD_MODE_TRAIN)
        return gd_rewrite_add(rewrite, node, &spec, error);
    if (is(node, "dropout")) {
        rewrite->value_map[node->out[0]] = spec.in[0];
        return GD_OK;
    }
    if (is(node, "bn_stats"))
        return GD_OK; /* bn_apply takes the running statistics instead */
    if (is(node, "softmax_xent") && pass->mode == GD_MODE_INFER)
        return GD_OK;
    if (is(node, "augment")) {
        spec.in[1] = -1;
    } else if (is(node, "bn_apply")) {
        const gd_node *stats = producer(rewrite->from, node->in[1]);
        if (stats) {
            spec.in[1] = -1;
            spec.param_name[2] = rewrite->from->param[stats->param[0]].name;
        }
    }
    GD_TRY(gd_rewrite_add(rewrite, node, &spec, error));

    /* Inference ends in probabilities. */
    bool is_logits = strcmp(node->name, "logits") == 0;
    if (pass->mode != GD_MODE_INFER || !is_logits || pass->has_softmax)
        return GD_OK;
    gd_node_spec softmax = {.op = "softmax", .name = "probabilities", .type = node->type};
    softmax.in[0] = rewrite->value_map[node->out[0]];
    for (int i = 1; i < GD_MAX_IN; i++)
        softmax.in[i] = -1;
    gd_value_id out[GD_MAX_OUT];
    GD_TRY(gd_net_add(rewrite->to, &softmax, out, error));
    return gd_net_add_output(rewrite->to, out[0], error);
}

gd_status gd_pass_mode(const gd_net *net, gd_mode mode, int batch, gd_net **out, gd_error *error)
{
    mode_pass pass = {mode, gd_net_find_value(net, "probabilities") >= 0};
    return gd_net_rewrite(net, batch, &(gd_rewrite){.node = rewrite_node, .argument = &pass}, out, error);
}
