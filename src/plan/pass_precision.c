// SPDX-License-Identifier: Apache-2.0
/* Storage types. In bf16 and f16 everything up to the last layer with weights is stored in 16 bits; that layer, the
 * loss and the probabilities stay in 32, as few bits of logits would cost accuracy and save nothing. fp64 is for
 * proofs: all is double, and only reference kernels serve it. */
#include "plan/plan.h"

#include <stdio.h>

typedef struct precision_pass {
    gd_type type;
    int final; /* the first node that stays in 32 bits */
} precision_pass;

static int final_node(const gd_net *net)
{
    for (int n = net->n_nodes - 1; n >= 0; n--) {
        for (int i = 0; i < GD_MAX_PARAM; i++) {
            if (net->node[n].param[i] >= 0 && net->param[net->node[n].param[i]].role == GD_ROLE_FINAL_WEIGHT)
                return n;
        }
    }
    return net->n_nodes;
}

static gd_status rewrite_node(gd_rewrite *rewrite, const gd_node *node, gd_error *error)
{
    const precision_pass *pass = rewrite->argument;
    gd_node_spec spec = gd_rewrite_spec(rewrite, node);
    bool wide = node - rewrite->from->node >= pass->final;
    const bool narrow = pass->type == GD_BF16 || pass->type == GD_F16;
    spec.type = narrow && wide ? GD_F32 : pass->type;
    for (int i = 0; i < GD_MAX_IN && wide; i++) {
        if (!narrow || spec.in[i] < 0 || rewrite->to->value[spec.in[i]].desc.type != pass->type)
            continue;
        char name[256];
        snprintf(name, sizeof name, "%s.f32", rewrite->to->value[spec.in[i]].name);
        gd_value_id out[GD_MAX_OUT] = {gd_net_find_value(rewrite->to, name)};
        if (out[0] < 0) {
            gd_node_spec cast = {.op = "cast", .name = name, .type = GD_F32, .in = {spec.in[i], -1, -1, -1}};
            GD_TRY(gd_net_add(rewrite->to, &cast, out, error));
        }
        spec.in[i] = out[0];
    }
    return gd_rewrite_add(rewrite, node, &spec, error);
}

gd_status gd_pass_precision(const gd_net *net, gd_type precision, gd_net **out, gd_error *error)
{
    precision_pass pass = {precision, final_node(net)};
    gd_rewrite rewrite = {.node = rewrite_node, .argument = &pass, .double_inputs = precision == GD_F64};
    return gd_net_rewrite(net, net->batch, &rewrite, out, error);
}
