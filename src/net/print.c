// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "net/net.h"

#include <stdio.h>

/* "8.2 M" */
static const char *amount(double value, char *text, size_t bytes)
{
    const char *units[] = {"", " k", " M", " G"};
    int unit = 0;
    while (value >= 1000 && unit < 3) {
        value /= 1000;
        unit++;
    }
    snprintf(text, bytes, unit ? "%.1f%s" : "%.0f%s", value, units[unit]);
    return text;
}

void gd_net_print(const gd_net *net, gd_text *out)
{
    char in[64], shape[64], flops_text[32], params_text[32];
    gd_text_add(out, "%-28s %-13s %-14s %-14s %10s %10s\n", "layer", "op", "input", "output", "params", "flops");
    for (int n = 0; n < net->n_nodes; n++) {
        const gd_node *node = &net->node[n];
        gd_problem problem;
        double flops = 0;
        if (node->op->flops && gd_net_problem(net, node, false, &problem, NULL) == GD_OK)
            flops = node->op->flops(&problem, GD_FWD) / net->batch;
        int64_t params = 0;
        for (int i = 0; i < GD_MAX_PARAM; i++) {
            if (node->param[i] >= 0 && net->param[node->param[i]].role != GD_ROLE_RUNNING)
                params += gd_desc_count(net->param[node->param[i]].desc);
        }
        gd_desc x = net->value[node->in[0]].desc, y = {0};
        if (node->out[0] >= 0)
            y = net->value[node->out[0]].desc;
        gd_text_add(out, "%-28s %-13s %-14s %-14s %10s %10s\n", node->name, node->op->name,
                    gd_desc_text(x, in, sizeof in), gd_desc_text(y, shape, sizeof shape),
                    params ? amount((double)params, params_text, sizeof params_text) : "",
                    flops > 0 ? amount(flops, flops_text, sizeof flops_text) : "");
    }
    gd_text_add(out, "%d nodes, %s parameters, %s FLOP an image forward, batch %d\n", net->n_nodes,
                amount((double)gd_net_count_params(net), params_text, sizeof params_text),
                amount(gd_net_flops(net), flops_text, sizeof flops_text), net->batch);
}
