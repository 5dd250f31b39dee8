// SPDX-License-Identifier: Apache-2.0
/* From one net to another, node by node: what every pass is made of. */
#include "net/net.h"

#include <stdlib.h>
#include <string.h>

gd_node_spec gd_rewrite_spec(const gd_rewrite *rewrite, const gd_node *node)
{
    gd_node_spec spec = {.op = node->op->name, .name = node->name, .params = node->params, .type = node->type};
    spec.place = node->place;
    for (int i = 0; i < GD_MAX_IN; i++)
        spec.in[i] = node->in[i] < 0 ? -1 : rewrite->value_map[node->in[i]];
    for (int i = 0; i < GD_MAX_PARAM; i++)
        spec.param_name[i] = node->param[i] < 0 ? NULL : rewrite->from->param[node->param[i]].name;
    return spec;
}

gd_status gd_rewrite_add(gd_rewrite *rewrite, const gd_node *node, const gd_node_spec *spec, gd_error *error)
{
    gd_value_id out[GD_MAX_OUT];
    GD_TRY(gd_net_add(rewrite->to, spec, out, error));
    for (int i = 0; i < GD_MAX_OUT; i++) {
        if (node->out[i] >= 0)
            rewrite->value_map[node->out[i]] = out[i];
    }
    return GD_OK;
}

gd_status gd_rewrite_copy(gd_rewrite *rewrite, const gd_node *node, gd_error *error)
{
    gd_node_spec spec = gd_rewrite_spec(rewrite, node);
    return gd_rewrite_add(rewrite, node, &spec, error);
}

/* Drops inputs that nothing reads: they stand first, and no node refers past them by position. */
static void drop_unread_inputs(gd_net *net)
{
    int kept = 0;
    gd_value_id *map = malloc(sizeof *map * (size_t)(net->n_values + 1));
    if (!map)
        return; /* an unread input does no harm */
    for (int i = 0; i < net->n_values; i++) {
        bool keep = net->value[i].producer >= 0 || gd_net_readers(net, i, NULL) > 0;
        map[i] = keep ? kept : -1;
        if (keep)
            net->value[kept++] = net->value[i];
    }
    net->n_values = kept;
    for (int n = 0; n < net->n_nodes; n++) {
        for (int i = 0; i < GD_MAX_IN; i++) {
            if (net->node[n].in[i] >= 0)
                net->node[n].in[i] = map[net->node[n].in[i]];
        }
        for (int i = 0; i < GD_MAX_OUT; i++) {
            if (net->node[n].out[i] >= 0)
                net->node[n].out[i] = map[net->node[n].out[i]];
        }
    }
    for (int i = 0; i < net->n_outputs; i++)
        net->output[i] = map[net->output[i]];
    free(map);
}

gd_status gd_net_rewrite(const gd_net *from, int batch, gd_rewrite *rewrite, gd_net **to, gd_error *error)
{
    gd_status status = GD_OK;
    *to = NULL;
    rewrite->from = from;
    rewrite->to = NULL;
    rewrite->value_map = malloc(sizeof(gd_value_id) * (size_t)(from->n_values + 1));
    if (!rewrite->value_map)
        return gd_fail(error, GD_NOMEM, "out of memory for a pass");
    for (int i = 0; i < from->n_values; i++)
        rewrite->value_map[i] = -1;
    GD_TRY_TO(done, gd_net_new(batch, &rewrite->to, error));
    for (int i = 0; i < from->n_values; i++) {
        if (from->value[i].producer >= 0)
            continue;
        gd_desc desc = from->value[i].desc;
        desc.dim[0] = batch;
        if (rewrite->double_inputs && desc.type == GD_F32)
            desc.type = GD_F64;
        GD_TRY_TO(done, gd_net_add_input(rewrite->to, from->value[i].name, desc, &rewrite->value_map[i], error));
    }
    for (int i = 0; i < from->n_nodes; i++)
        GD_TRY_TO(done, rewrite->node(rewrite, &from->node[i], error));
    for (int i = 0; i < from->n_outputs; i++) {
        if (rewrite->value_map[from->output[i]] >= 0)
            GD_TRY_TO(done, gd_net_add_output(rewrite->to, rewrite->value_map[from->output[i]], error));
    }
    drop_unread_inputs(rewrite->to);
    *to = rewrite->to;
    rewrite->to = NULL;
done:
    gd_net_free(rewrite->to);
    free(rewrite->value_map);
    return status;
}

gd_status gd_net_rebatch(const gd_net *from, int batch, gd_net **to, gd_error *error)
{
    return gd_net_rewrite(from, batch, &(gd_rewrite){.node = gd_rewrite_copy}, to, error);
}
