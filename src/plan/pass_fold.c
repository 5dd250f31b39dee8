// SPDX-License-Identifier: Apache-2.0
/* Folding: at rest batch norm is a scale and a shift per channel, which a convolution or linear layer right before it
 * can carry in its own weights:
 *
 *     s = gamma / sqrt(variance + epsilon)     w'[k] = w[k] s[k]     b'[k] = beta[k] + (b[k] - mean[k]) s[k]
 */
#include "kernel/bn_apply.h"
#include "kernel/conv2d.h"
#include "kernel/linear.h"
#include "plan/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The node that batch norm n may be folded into, or -1. */
static int fold_target(const gd_net *net, int n)
{
    const gd_node *norm = &net->node[n];
    if (strcmp(norm->op->name, "bn_apply") != 0 || norm->in[1] >= 0)
        return -1;
    int before = net->value[norm->in[0]].producer, reader;
    if (before < 0 || gd_net_readers(net, norm->in[0], &reader) != 1)
        return -1;
    const gd_node *node = &net->node[before];
    if (strcmp(node->op->name, "conv2d") == 0)
        return ((const gd_conv2d_params *)node->params)->activation ? -1 : before;
    if (strcmp(node->op->name, "linear") == 0)
        return ((const gd_linear_params *)node->params)->activation ? -1 : before;
    return -1;
}

/* The batch norm that node n is folded into, or -1. */
static int folded_by(const gd_net *net, int n)
{
    int reader = -1;
    if (net->node[n].out[0] < 0 || gd_net_readers(net, net->node[n].out[0], &reader) != 1 || reader < 0)
        return -1;
    return fold_target(net, reader) == n ? reader : -1;
}

static gd_status rewrite_node(gd_rewrite *rewrite, const gd_node *node, gd_error *error)
{
    const gd_net *from = rewrite->from;
    int n = (int)(node - from->node), target = fold_target(from, n);
    if (folded_by(from, n) >= 0)
        return GD_OK; /* made where its batch norm stands */
    if (target < 0)
        return gd_rewrite_copy(rewrite, node, error);
    gd_node_spec spec = gd_rewrite_spec(rewrite, &from->node[target]);
    union {
        gd_conv2d_params conv2d;
        gd_linear_params linear;
    } params;
    const gd_bn_apply_params *norm = node->params;
    memcpy(&params, spec.params, from->node[target].op->params_bytes);
    if (strcmp(spec.op, "conv2d") == 0) {
        params.conv2d.bias = true;
        params.conv2d.activation = norm->activation;
        spec.in[CONV2D_RESIDUAL - GD_FIRST_IN] = node->in[2] < 0 ? -1 : rewrite->value_map[node->in[2]];
    } else {
        params.linear.bias = true;
        params.linear.activation = norm->activation;
    }
    spec.params = &params;
    return gd_rewrite_add(rewrite, node, &spec, error);
}

/* Values of a parameter of `net` by name, from the block laid out in its order. */
static const float *values_of(const gd_net *net, const float *block, const char *name)
{
    for (int i = 0; i < net->n_params; i++) {
        if (strcmp(net->param[i].name, name) == 0)
            return block;
        block += gd_desc_count(net->param[i].desc);
    }
    return NULL;
}

static void fold_values(const gd_net *net, const float *from, int n, float *w, float *b)
{
    const gd_node *norm = &net->node[n], *node = &net->node[fold_target(net, n)];
    double epsilon = ((const gd_bn_apply_params *)norm->params)->epsilon;
    const gd_desc desc = net->param[node->param[0]].desc;
    int64_t K = desc.dim[0], each = gd_desc_count(desc) / K;
    const float *old_w = values_of(net, from, net->param[node->param[0]].name),
                *old_b = node->param[1] < 0 ? NULL : values_of(net, from, net->param[node->param[1]].name),
                *gamma = values_of(net, from, net->param[norm->param[0]].name),
                *beta = values_of(net, from, net->param[norm->param[1]].name),
                *running = values_of(net, from, net->param[norm->param[2]].name);
    for (int64_t k = 0; k < K; k++) {
        double s = (double)gamma[k] / sqrt((double)running[K + k] + epsilon);
        for (int64_t i = 0; w && i < each; i++)
            w[k * each + i] = (float)((double)old_w[k * each + i] * s);
        if (b)
            b[k] = (float)((double)beta[k] + ((old_b ? (double)old_b[k] : 0) - (double)running[k]) * s);
    }
}

gd_status gd_pass_fold(const gd_net *net, const float *from, gd_net **out, float **to, gd_error *error)
{
    *to = NULL;
    GD_TRY(gd_net_rewrite(net, net->batch, &(gd_rewrite){.node = rewrite_node}, out, error));
    size_t total = 0;
    for (int i = 0; i < (*out)->n_params; i++)
        total += (size_t)gd_desc_count((*out)->param[i].desc);
    float *values = *to = malloc((total + 1) * sizeof *values);
    if (!values) {
        gd_net_free(*out);
        *out = NULL;
        return gd_fail(error, GD_NOMEM, "out of memory for folded parameters");
    }
    for (int i = 0; i < (*out)->n_params; i++) {
        const gd_param *param = &(*out)->param[i];
        const float *same = values_of(net, from, param->name);
        if (same)
            memcpy(values, same, gd_desc_bytes(param->desc));
        values += gd_desc_count(param->desc);
    }
    for (int n = 0; n < net->n_nodes; n++) {
        int target = fold_target(net, n);
        if (target < 0)
            continue;
        const gd_node *made = NULL;
        for (int m = 0; m < (*out)->n_nodes; m++) {
            if (strcmp((*out)->node[m].name, net->node[target].name) == 0)
                made = &(*out)->node[m];
        }
        fold_values(net, from, n, (float *)values_of(*out, *to, (*out)->param[made->param[0]].name),
                    (float *)values_of(*out, *to, (*out)->param[made->param[1]].name));
    }
    return GD_OK;
}
