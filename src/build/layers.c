// SPDX-License-Identifier: Apache-2.0
/* `layers:`, a list in the config, into nodes. docs/networks.md says what may stand there. Any op of op.def can be a
 * layer without a word here; batch_norm and residual are layers that stand for several nodes. */
#include "build/builder.h"
#include "kernel/dropout.h"

#include <ctype.h>
#include <string.h>

typedef struct label {
    const char *name; /* whole: "block1.conv2d.1" */
    gd_value_id value;
    struct label *next;
} label;

typedef struct layers {
    gd_builder *b;
    label *labels; /* newest first */
} layers;

/* One member of a list. */
typedef struct item {
    const char *op;
    const gd_attr *settings;  /* a map, or NULL */
    const gd_attr *name, *in; /* or NULL */
    gd_place place;
} item;

/* The sum that ends a residual block, for a last batch_norm to take along. */
typedef struct block_sum {
    gd_value_id other;
    gd_activation activation;
    bool taken;
} block_sum;

static void fail(layers *l, gd_place place, const char *format, const char *a, const char *b)
{
    if (l->b->status == GD_OK)
        l->b->status = gd_fail_at(l->b->error, GD_INVALID, place, format, a, b);
}

/* ---- names ---- */

static void add_label(layers *l, const char *name, gd_value_id value)
{
    label *added = gd_arena_alloc(&l->b->scratch, 1, sizeof *added);
    if (!added && l->b->status == GD_OK)
        l->b->status = gd_fail(l->b->error, GD_NOMEM, "out of memory for '%s'", name);
    if (added) {
        *added = (label){name, value, l->labels};
        l->labels = added;
    }
}

/* What `name` means within a block: the block's own layer, else one of those around it. */
static gd_value_id find_label(layers *l, const char *prefix, const gd_attr *name)
{
    size_t length = strlen(prefix); /* empty, or with a dot at its end */
    for (;;) {
        for (const label *at = l->labels; at; at = at->next) {
            if (strncmp(at->name, prefix, length) == 0 && strcmp(at->name + length, name->text) == 0)
                return at->value;
        }
        if (length == 0)
            break;
        for (length--; length > 0 && prefix[length - 1] != '.';)
            length--;
    }
    const char *names[64];
    int n = 0;
    for (const label *at = l->labels; at && n < 64; at = at->next)
        names[n++] = at->name;
    const char *near = gd_nearest(name->text, names, n);
    fail(l, name->place, near ? "no layer before is called '%s'; did you mean '%s'?" : "no layer before is called '%s'",
         name->text, near);
    return -1;
}

static bool valid_name(const char *name)
{
    static const char *const taken[] = {"images", "draws", "targets", "input", "dropout", "logits", "loss"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (strcmp(name, taken[i]) == 0)
            return false;
    }
    size_t n = 0;
    while (isalnum((unsigned char)name[n]) || name[n] == '_' || name[n] == '-')
        n++;
    return n > 0 && n <= 64 && name[n] == '\0';
}

/* ---- one member ---- */

static bool read_layer(layers *l, const gd_attr *node, item *layer)
{
    *layer = (item){.place = node->place};
    if (node->kind == GD_ATTR_SCALAR && node->text[0]) {
        layer->op = node->text;
        return true;
    }
    for (const gd_attr *child = node->kind == GD_ATTR_MAP ? node->first : NULL; child; child = child->next) {
        if (strcmp(child->key, "name") == 0) {
            layer->name = child;
        } else if (strcmp(child->key, "in") == 0) {
            layer->in = child;
        } else if (layer->op) {
            fail(l, child->key_place, "a layer has one op, here '%s' and '%s'; settings stand deeper, below the op",
                 layer->op, child->key);
            return false;
        } else {
            bool empty = child->kind == GD_ATTR_SCALAR && !child->quoted && !child->text[0];
            layer->op = child->key;
            layer->place = child->key_place;
            layer->settings = empty ? NULL : child;
        }
    }
    if (!layer->op)
        fail(l, node->place, "a layer is an op, as in '- conv2d:', with its settings below", NULL, NULL);
    if (layer->name && (layer->name->kind != GD_ATTR_SCALAR || !valid_name(layer->name->text)))
        fail(l, layer->name->place, "'%s' cannot be the name of a layer: letters, digits, '_' and '-', and not taken",
             layer->name->kind == GD_ATTR_SCALAR ? layer->name->text : "a list", NULL);
    return l->b->status == GD_OK;
}

/* A block's layers are called "<block>.<name>". One without a name is called by its op and a number among its like. */
static const char *name_layer(layers *l, const char *prefix, const gd_attr *list, const gd_attr *node,
                              const item *layer)
{
    if (layer->name)
        return gd_builder_name(l->b, "%s%s", prefix, layer->name->text);
    bool view = strcmp(layer->op, "global_pool") == 0 || strcmp(layer->op, "flatten") == 0;
    if (view && !node->next && !prefix[0])
        return "features";
    int number = 1;
    for (const gd_attr *before = list->first; before != node; before = before->next) {
        item other;
        number += read_layer(l, before, &other) && strcmp(other.op, layer->op) == 0;
    }
    return gd_builder_name(l->b, "%s%s.%d", prefix, layer->op, number);
}

/* The values it reads: the one before, unless `in` names others. Returns how many. */
static int read_inputs(layers *l, const char *prefix, const item *layer, gd_value_id x, gd_value_id *in)
{
    int n = 0;
    for (int i = 0; i < GD_MAX_IN; i++)
        in[i] = -1;
    if (!layer->in) {
        in[0] = x;
        return 1;
    }
    for (const gd_attr *name = layer->in->kind == GD_ATTR_LIST ? layer->in->first : layer->in; name;
         name = layer->in->kind == GD_ATTR_LIST ? name->next : NULL) {
        if (name->kind != GD_ATTR_SCALAR || n == GD_MAX_IN)
            fail(l, name->place, "'in' is the name of a layer, or a list of at most four", NULL, NULL);
        else
            in[n++] = find_label(l, prefix, name);
    }
    if (n == 0)
        fail(l, layer->in->place, "'in' is the name of a layer, or a list of at most four", NULL, NULL);
    return n;
}

/* ---- what they become ---- */

static gd_value_id build_list(layers *l, const gd_attr *list, const char *prefix, gd_value_id x, block_sum *sum);

static gd_status read_settings(layers *l, const gd_field *fields, void *params, const gd_attr *settings)
{
    if (l->b->status == GD_OK)
        l->b->status = gd_fields_read(fields, params, settings, &l->b->scratch, l->b->error);
    return l->b->status;
}

static gd_value_id build_batch_norm(layers *l, const item *layer, const char *name, gd_value_id x, block_sum *sum)
{
    typedef struct params {
        int activation;
    } params;
    static const gd_field fields[] = {
        GD_FIELD_CHOICE(params, activation, "none", GD_ACTIVATION_CHOICES, "applied at the end"),
        {0},
    };
    params params_ = {0};
    gd_value_id other = -1;
    if (read_settings(l, fields, &params_, layer->settings) != GD_OK)
        return -1;
    if (sum && params_.activation == GD_ACTIVATION_NONE) {
        other = sum->other;
        params_.activation = (int)sum->activation;
        sum->taken = true;
    }
    return gd_builder_batch_norm(l->b, name, x, other, (gd_activation)params_.activation);
}

static gd_value_id build_residual(layers *l, const item *layer, const char *name, gd_value_id x)
{
    typedef struct params {
        const gd_attr *layers, *shortcut;
        int activation;
    } params;
    static const gd_field fields[] = {
        GD_FIELD_TREE(params, layers, "the list of layers beside the shortcut"),
        GD_FIELD_TREE(params, shortcut, "a list of layers; absent: the block's input itself"),
        GD_FIELD_CHOICE(params, activation, "none", GD_ACTIVATION_CHOICES, "of the sum"),
        {0},
    };
    params params_ = {0};
    if (read_settings(l, fields, &params_, layer->settings) != GD_OK)
        return -1;
    const gd_attr *main = params_.layers, *side = params_.shortcut;
    if (!main || main->kind != GD_ATTR_LIST || !main->first || (side && side->kind != GD_ATTR_LIST))
        fail(l, layer->place, "residual block '%s' needs 'layers', a list; 'shortcut' is one too", name, NULL);
    if (l->b->status != GD_OK)
        return -1;
    block_sum sum = {x, (gd_activation)params_.activation, false};
    if (side)
        sum.other = build_list(l, side, gd_builder_name(l->b, "%s.shortcut.", name), x, NULL);
    x = build_list(l, main, gd_builder_name(l->b, "%s.", name), x, &sum);
    l->b->place = layer->place;
    return sum.taken ? x : gd_builder_add(l->b, gd_builder_name(l->b, "%s.add", name), x, sum.other, sum.activation);
}

static gd_value_id build_dropout(layers *l, const item *layer, const char *name, gd_value_id x)
{
    typedef struct params {
        double rate;
    } params;
    static const gd_field fields[] = {
        GD_FIELD_REAL(params, rate, "0.5", 0, 0.95, "share of elements dropped"),
        {0},
    };
    params params_ = {0};
    read_settings(l, fields, &params_, layer->settings);
    return gd_builder_dropout(l->b, name, x, params_.rate);
}

/* Ops that no list may have: the net has them already, or a pass makes them. */
static bool may_be_layer(const gd_op *op)
{
    static const char *const made[] = {"augment", "softmax_xent", "bn_stats", "bn_apply", "cast"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        if (strcmp(op->name, made[i]) == 0)
            return false;
    }
    return !(op->traits & GD_OP_RANGE);
}

static void unknown_op(layers *l, const item *layer)
{
    const char *names[64] = {"batch_norm", "residual"};
    int n = 2;
    for (int i = 0; gd_ops[i] && n < 64; i++) {
        if (may_be_layer(gd_ops[i]))
            names[n++] = gd_ops[i]->name;
    }
    const char *near = gd_nearest(layer->op, names, n);
    fail(l, layer->place, near ? "no layer is called '%s'; did you mean '%s'?" : "no layer is called '%s'", layer->op,
         near);
}

static gd_value_id build_layer(layers *l, const item *layer, const char *prefix, const char *name, gd_value_id x,
                               block_sum *sum)
{
    gd_value_id in[GD_MAX_IN];
    int n = read_inputs(l, prefix, layer, x, in);
    bool batch_norm = strcmp(layer->op, "batch_norm") == 0, residual = strcmp(layer->op, "residual") == 0,
         dropout = strcmp(layer->op, "dropout") == 0;
    const gd_op *op = gd_op_find(layer->op);
    if (n > 1 && (batch_norm || residual || dropout))
        fail(l, layer->in->place, "'%s' reads one layer", layer->op, NULL);
    if (batch_norm)
        return build_batch_norm(l, layer, name, in[0], sum);
    if (residual)
        return build_residual(l, layer, name, in[0]);
    if (dropout)
        return build_dropout(l, layer, name, in[0]);
    if (!op || !may_be_layer(op)) {
        unknown_op(l, layer);
        return -1;
    }
    return gd_builder_node(l->b, layer->op, name, NULL, layer->settings, in);
}

/* `prefix` of names; `sum` (or NULL) may be taken along by the last layer. */
static gd_value_id build_list(layers *l, const gd_attr *list, const char *prefix, gd_value_id x, block_sum *sum)
{
    for (const gd_attr *node = list->first; node && l->b->status == GD_OK; node = node->next) {
        item layer;
        if (!read_layer(l, node, &layer))
            return -1;
        const char *name = name_layer(l, prefix, list, node, &layer);
        l->b->place = layer.place;
        x = build_layer(l, &layer, prefix, name, x, node->next ? NULL : sum);
        add_label(l, name, x);
    }
    return x;
}

gd_value_id gd_build_layers(gd_builder *b, gd_value_id x)
{
    layers l = {b, NULL};
    add_label(&l, "input", x);
    x = build_list(&l, b->config->model.layers, "", x, NULL);
    if (b->status != GD_OK || strcmp(b->net->value[x].name, "features") == 0)
        return x;
    return gd_builder_op(b, "flatten", "features", NULL, x); /* of a row, too: a view costs nothing and names it */
}
