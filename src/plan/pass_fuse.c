// SPDX-License-Identifier: Apache-2.0
/* Fusion is a parameter of the anchor op: bn_apply takes a residual and an activation behind it, and so do conv2d and
 * linear where no backward follows. A chain  anchor → add → relu  becomes one node, which stands where the chain's last
 * member stood, since only there are all its inputs known. Members that others read stay as they are, and nothing is
 * fused that only the reference would compute.
 *
 * relu before a max pool changes places with it: the greatest of positive parts is the positive part of the greatest,
 * gradients too, and behind the pool there are fewer of them.
 */
#include "kernel/activation.h"
#include "kernel/add.h"
#include "kernel/bn_apply.h"
#include "kernel/conv2d.h"
#include "kernel/linear.h"
#include "kernel/pool2d.h"
#include "plan/choose.h"

#include <stdlib.h>
#include <string.h>

/* What becomes of each node of the old net. */
typedef struct chain {
    int anchor;   /* of a chain's last member: the node that takes the others in; else -1 */
    int residual; /* its residual: a value of the old net; -1: none */
    int activation;
    bool absorbed; /* this node vanishes into a chain */
    int swap;      /* a relu whose pool comes first: that pool's node; a pool: its relu's; -1 */
} chain;

typedef struct fuse_pass {
    const gd_net *net;
    bool training;
    const gd_set_options *options;
    chain *chain;
} fuse_pass;

static bool is(const gd_node *node, const char *op) { return strcmp(node->op->name, op) == 0; }

static int *activation_of(const gd_node *node, void *params)
{
    if (is(node, "conv2d"))
        return &((gd_conv2d_params *)params)->activation;
    if (is(node, "linear"))
        return &((gd_linear_params *)params)->activation;
    return &((gd_bn_apply_params *)params)->activation;
}

/* The operand that takes a residual, or -1. */
static int residual_input(const gd_node *node)
{
    return is(node, "conv2d")     ? CONV2D_RESIDUAL - GD_FIRST_IN
           : is(node, "bn_apply") ? BN_APPLY_RESIDUAL - GD_FIRST_IN
                                  : -1;
}

/* The node that alone reads the value of node n, or -1. */
static int only_reader(const gd_net *net, int n)
{
    int reader = -1;
    return net->node[n].out[0] >= 0 && gd_net_readers(net, net->node[n].out[0], &reader) == 1 ? reader : -1;
}

/* Would an entry other than the reference compute the anchor with this behind it? */
static bool accepted(const fuse_pass *pass, const gd_node *node, int residual, int activation)
{
    gd_problem problem;
    union {
        gd_conv2d_params conv2d;
        gd_linear_params linear;
        gd_bn_apply_params bn_apply;
    } params;
    if (gd_net_problem(pass->net, node, pass->training, &problem, NULL) != GD_OK)
        return false;
    memcpy(&params, node->params, node->op->params_bytes);
    *activation_of(node, &params) = activation;
    problem.params = &params;
    if (residual >= 0)
        problem.desc[GD_IN(residual_input(node))] = problem.desc[GD_OUT(0)];
    return gd_op_infer(node->op, &problem, NULL) == GD_OK && gd_choose_fast(node->op, &problem, GD_FWD, pass->options);
}

static void find_chain(fuse_pass *pass, int anchor)
{
    const gd_net *net = pass->net;
    const gd_node *node = &net->node[anchor];
    int last = anchor, residual = -1, activation = *activation_of(node, node->params);
    bool taken = residual_input(node) >= 0 && node->in[residual_input(node)] >= 0;
    if (activation != GD_ACTIVATION_NONE)
        return;

    int next = only_reader(net, last);
    if (next >= 0 && is(&net->node[next], "add") && residual_input(node) >= 0 && !taken &&
        !pass->chain[next].absorbed && pass->chain[next].anchor < 0) {
        const gd_node *add = &net->node[next];
        int other = add->in[0] == net->node[last].out[0] ? add->in[1] : add->in[0];
        int with = ((const gd_add_params *)add->params)->activation;
        if (accepted(pass, node, other, with)) {
            residual = other;
            activation = with;
            last = next;
            next = only_reader(net, last);
        }
    }
    if (activation == GD_ACTIVATION_NONE && next >= 0 && is(&net->node[next], "relu") &&
        accepted(pass, node, residual, GD_ACTIVATION_RELU)) {
        activation = GD_ACTIVATION_RELU;
        last = next;
    }
    if (last == anchor)
        return;
    for (int n = anchor; n != last; n = only_reader(net, n))
        pass->chain[n].absorbed = true;
    pass->chain[last].anchor = anchor;
    pass->chain[last].residual = residual;
    pass->chain[last].activation = activation;
}

static void find_swap(fuse_pass *pass, int relu)
{
    int pool = only_reader(pass->net, relu);
    if (pool < 0 || !is(&pass->net->node[pool], "pool2d"))
        return;
    const gd_pool2d_params *p = pass->net->node[pool].params;
    if (p->kind != GD_POOL_MAX)
        return;
    pass->chain[relu].swap = pool;
    pass->chain[pool].swap = relu;
}

static bool is_output(const gd_net *net, gd_value_id value)
{
    for (int i = 0; i < net->n_outputs; i++) {
        if (net->output[i] == value)
            return true;
    }
    return false;
}

static gd_status rewrite_node(gd_rewrite *rewrite, const gd_node *node, gd_error *error)
{
    const fuse_pass *pass = rewrite->argument;
    const gd_net *from = rewrite->from;
    const chain *link = &pass->chain[node - from->node];
    const bool asked_for = is_output(from, node->out[0]); /* by its name, which it keeps then */
    if (link->absorbed)
        return GD_OK;
    if (link->swap >= 0 && is(node, "relu"))
        return GD_OK; /* made behind its pool */
    if (link->swap >= 0) {
        const gd_node *relu = &from->node[link->swap];
        gd_node_spec spec = gd_rewrite_spec(rewrite, node), then = gd_rewrite_spec(rewrite, relu);
        gd_value_id out[GD_MAX_OUT];
        if (asked_for) {
            spec.name = relu->name;
            then.name = node->name;
        }
        spec.in[0] = rewrite->value_map[relu->in[0]];
        GD_TRY(gd_net_add(rewrite->to, &spec, out, error));
        then.in[0] = out[0];
        return gd_rewrite_add(rewrite, node, &then, error);
    }
    if (link->anchor < 0)
        return gd_rewrite_copy(rewrite, node, error);

    const gd_node *anchor = &from->node[link->anchor];
    gd_node_spec spec = gd_rewrite_spec(rewrite, anchor);
    union {
        gd_conv2d_params conv2d;
        gd_linear_params linear;
        gd_bn_apply_params bn_apply;
    } params;
    memcpy(&params, anchor->params, anchor->op->params_bytes);
    *activation_of(anchor, &params) = link->activation;
    spec.params = &params;
    if (asked_for)
        spec.name = node->name;
    if (link->residual >= 0)
        spec.in[residual_input(anchor)] = rewrite->value_map[link->residual];
    return gd_rewrite_add(rewrite, node, &spec, error);
}

gd_status gd_pass_fuse(const gd_net *net, bool training, const gd_set_options *options, gd_net **out, gd_error *error)
{
    fuse_pass pass = {net, training, options, malloc(sizeof(chain) * (size_t)(net->n_nodes + 1))};
    if (!pass.chain)
        return gd_fail(error, GD_NOMEM, "out of memory for a pass");
    for (int n = 0; n < net->n_nodes; n++)
        pass.chain[n] = (chain){.anchor = -1, .residual = -1, .swap = -1};
    for (int n = 0; n < net->n_nodes; n++) {
        const gd_node *node = &net->node[n];
        if (is(node, "bn_apply") || (!training && (is(node, "conv2d") || is(node, "linear"))))
            find_chain(&pass, n);
    }
    for (int n = 0; n < net->n_nodes; n++) {
        if (is(&net->node[n], "relu") && !pass.chain[n].absorbed && pass.chain[n].anchor < 0)
            find_swap(&pass, n);
    }
    gd_status status =
        gd_net_rewrite(net, net->batch, &(gd_rewrite){.node = rewrite_node, .argument = &pass}, out, error);
    free(pass.chain);
    return status;
}
