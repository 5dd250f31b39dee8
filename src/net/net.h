// SPDX-License-Identifier: Apache-2.0
/* A network: a graph of ops with known shapes. Knows no YAML (room `build` makes nets from a config) and no memory
 * (room `plan` lowers it). A net is made once and immutable afterwards; a pass makes another one.
 *
 * Nodes stand in order of computation and refer to values and parameters by index. A value is written once. Shapes
 * are those of one batch; gd_net_rebatch makes the same net for another batch size.
 */
#ifndef GD_NET_H
#define GD_NET_H

#include "base/arena.h"
#include "op/op.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An index into net->value or net->param; -1: absent. */
typedef int gd_value_id;
typedef int gd_param_id;

typedef struct gd_value {
    const char *name; /* unique; an input's, or that of its node (with ".1" … for a second output) */
    gd_desc desc;
    int producer; /* node, or -1: an input of the net */
} gd_value;

typedef struct gd_param {
    const char *name; /* unique: "<node>.<operand>" */
    gd_desc desc;     /* F32; KRSC for convolutions */
    gd_role role;
} gd_param;

typedef struct gd_node {
    const gd_op *op;
    const char *name; /* unique */
    void *params;     /* the op's struct */
    gd_type type;     /* storage type of its activations */
    gd_value_id in[GD_MAX_IN], out[GD_MAX_OUT];
    gd_param_id param[GD_MAX_PARAM];
    gd_place place; /* where the user wrote it, for messages */
} gd_node;

typedef struct gd_net {
    gd_arena arena; /* all of it lives here */
    int batch;
    int n_values, n_params, n_nodes;
    gd_value *value;
    gd_param *param;
    gd_node *node;
    int n_outputs;
    gd_value_id output[8]; /* what a plan must leave behind: "logits", "loss", "probabilities", features on request */
} gd_net;

/* Making one: new, inputs, nodes in order, outputs. An unfinished net can be freed at any time. */
gd_status gd_net_new(int batch, gd_net **net, gd_error *error);
void gd_net_free(gd_net *net); /* accepts NULL */

gd_status gd_net_add_input(gd_net *net, const char *name, gd_desc desc, gd_value_id *value, gd_error *error);

/* Adds a node of `op` with the parameters in `settings` (NULL: defaults; a tree, read by the op's fields) or, where
 * `params` is given, with a copy of that struct. Its own parameters are made after its shapes are known. `in` has
 * GD_MAX_IN entries, -1 where absent. `out` receives GD_MAX_OUT ids (may be NULL). INVALID with the node's name and
 * place: for an unknown op, wrong settings, wrong shapes, a name that exists. */
typedef struct gd_node_spec {
    const char *op, *name;
    const struct gd_attr *settings;
    const void *params;
    gd_type type; /* GD_F32 unless a pass says otherwise */
    gd_value_id in[GD_MAX_IN];
    const char
        *param_name[GD_MAX_PARAM]; /* NULL: "<node>.<operand>"; a parameter of that name is shared if there is one */
    gd_place place;
} gd_node_spec;
gd_status gd_net_add(gd_net *net, const gd_node_spec *spec, gd_value_id *out, gd_error *error);

gd_status gd_net_add_output(gd_net *net, gd_value_id value, gd_error *error);

gd_value_id gd_net_find_value(const gd_net *net, const char *name); /* -1: none */
gd_param_id gd_net_find_param(const gd_net *net, const char *name);

/* The problem that a node poses. */
gd_status gd_net_problem(const gd_net *net, const gd_node *node, bool training, gd_problem *problem, gd_error *error);

/* Rewriting: what a pass decides for each node while the net is copied in order. */
typedef struct gd_rewrite {
    /* Called per node of `from` in order; adds what it likes to `to` (gd_rewrite_copy for the node as it is) and sets
     * value_map for each old value that later nodes read. Inputs are copied beforehand; the ones that nothing reads
     * afterwards are dropped, and so are outputs whose value is gone. Parameters keep their names. */
    gd_status (*node)(struct gd_rewrite *, const gd_node *node, gd_error *);
    const gd_net *from;
    gd_net *to;
    gd_value_id *value_map; /* old → new; -1: gone */
    void *argument;         /* the pass's own */
    bool double_inputs;     /* F32 inputs become F64 */
} gd_rewrite;
gd_status gd_net_rewrite(const gd_net *from, int batch, gd_rewrite *rewrite, gd_net **to, gd_error *error);
gd_status gd_rewrite_copy(gd_rewrite *rewrite, const gd_node *node, gd_error *error);
/* As copy, with the spec (already mapped to the new net) changed by the caller: gd_rewrite_spec, edit, gd_rewrite_add.
 */
gd_node_spec gd_rewrite_spec(const gd_rewrite *rewrite, const gd_node *node);
gd_status gd_rewrite_add(gd_rewrite *rewrite, const gd_node *node, const gd_node_spec *spec, gd_error *error);

/* The same net for another batch size. */
gd_status gd_net_rebatch(const gd_net *from, int batch, gd_net **to, gd_error *error);

/* How many nodes read a value; the last of them in *reader (may be NULL). Being an output counts as a read. */
int gd_net_readers(const gd_net *net, gd_value_id value, int *reader);

/* JSON form, with "format_version": what a model file carries as `graph`. Batch is not part of it. Reading checks
 * everything: FORMAT for documents that do not describe a net. */
struct gd_text;
gd_status gd_net_print_json(const gd_net *net, struct gd_text *out);
gd_status gd_net_parse_json(const char *file, const char *text, size_t length, int batch, gd_net **net,
                            gd_error *error);

/* The table that `griddle net` shows: a line per node with shapes, parameters, FLOPs per image. */
void gd_net_print(const gd_net *net, struct gd_text *out);

/* Scalars that are trained; FLOPs of one forward pass over one image. */
int64_t gd_net_count_params(const gd_net *net);
double gd_net_flops(const gd_net *net);

#ifdef __cplusplus
}
#endif
#endif
