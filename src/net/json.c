// SPDX-License-Identifier: Apache-2.0
/* A net as JSON: what a model file carries as `graph`.
 *
 *   {"format_version": 1,
 *    "inputs": [{"name": "images", "type": "U8", "shape": [32, 32, 3]}],          without the batch
 *    "nodes": [{"op": "conv2d", "name": "stem", "type": "F32", "in": ["input", null],
 *               "params": ["stem.w", "stem.b", null], "settings": {"filters": 16, …}}, …],
 *    "outputs": ["probabilities"]}
 */
#include "base/json.h"
#include "base/text.h"
#include "net/net.h"

#include <string.h>

enum { FORMAT_VERSION = 1, MAX_DIM = 1 << 24 };

static void print_names(gd_text *out, const char *key, const char *const *names, int n)
{
    while (n > 1 && !names[n - 1])
        n--; /* absent ones at the end are left out */
    gd_text_add(out, ",\"%s\":[", key);
    for (int i = 0; i < n; i++) {
        gd_text_add(out, i ? "," : "");
        if (names[i])
            gd_text_add_json(out, names[i]);
        else
            gd_text_add(out, "null");
    }
    gd_text_add(out, "]");
}

gd_status gd_net_print_json(const gd_net *net, gd_text *out)
{
    gd_arena scratch = {0};
    gd_status status = GD_OK;
    gd_text_add(out, "{\"format_version\":%d,\"inputs\":[", FORMAT_VERSION);
    for (int i = 0, first = 1; i < net->n_values; i++) {
        const gd_value *value = &net->value[i];
        if (value->producer >= 0)
            continue;
        gd_text_add(out, first ? "{\"name\":" : ",{\"name\":");
        gd_text_add_json(out, value->name);
        gd_text_add(out, ",\"type\":\"%s\",\"shape\":[", gd_type_name(value->desc.type));
        for (int d = 1; d < value->desc.rank; d++)
            gd_text_add(out, d > 1 ? ",%lld" : "%lld", (long long)value->desc.dim[d]);
        gd_text_add(out, "]}");
        first = 0;
    }
    gd_text_add(out, "],\"nodes\":[");
    for (int n = 0; n < net->n_nodes; n++) {
        const gd_node *node = &net->node[n];
        const char *in[GD_MAX_IN], *param[GD_MAX_PARAM];
        for (int i = 0; i < GD_MAX_IN; i++)
            in[i] = node->in[i] < 0 ? NULL : net->value[node->in[i]].name;
        for (int i = 0; i < GD_MAX_PARAM; i++)
            param[i] = node->param[i] < 0 ? NULL : net->param[node->param[i]].name;
        gd_text_add(out, n ? ",\n{\"op\":\"%s\",\"name\":" : "\n{\"op\":\"%s\",\"name\":", node->op->name);
        gd_text_add_json(out, node->name);
        gd_text_add(out, ",\"type\":\"%s\"", gd_type_name(node->type));
        print_names(out, "in", in, GD_MAX_IN);
        print_names(out, "params", param, GD_MAX_PARAM);
        if (node->op->fields) {
            const gd_attr *settings = gd_fields_print(node->op->fields, node->params, &scratch);
            gd_text_add(out, ",\"settings\":");
            GD_TRY_TO(done, settings ? gd_attr_print_json(settings, out) : GD_NOMEM);
        }
        gd_text_add(out, "}");
    }
    gd_text_add(out, "],\"outputs\":[");
    for (int i = 0; i < net->n_outputs; i++) {
        gd_text_add(out, i ? "," : "");
        gd_text_add_json(out, net->value[net->output[i]].name);
    }
    gd_text_add(out, "]}");
    status = gd_text_status(out, NULL);
done:
    gd_arena_release(&scratch);
    return status;
}

/* ---- reading: the document may come from a stranger ---- */

static gd_status malformed(const gd_attr *at, gd_error *error, const char *what)
{
    return gd_fail_at(error, GD_FORMAT, at->place, "graph: %s", what);
}

static const gd_attr *text_of(const gd_attr *map, const char *key)
{
    const gd_attr *child = gd_attr_find(map, key);
    return child && child->kind == GD_ATTR_SCALAR && child->quoted && child->text[0] ? child : NULL;
}

static gd_status parse_input(gd_net *net, const gd_attr *item, gd_error *error)
{
    const gd_attr *name = text_of(item, "name"), *type = text_of(item, "type"), *shape = gd_attr_find(item, "shape");
    gd_desc desc = {.rank = 1, .dim = {net->batch}};
    if (!name || !type || !gd_type_parse(type->text, &desc.type) || !shape || shape->kind != GD_ATTR_LIST)
        return malformed(item, error, "an input needs name, type and shape");
    for (const gd_attr *d = shape->first; d; d = d->next) {
        int dim;
        if (desc.rank == GD_MAX_RANK)
            return malformed(shape, error, "an input has too many dimensions");
        GD_TRY(gd_attr_int(d, 1, MAX_DIM, &dim, error));
        desc.dim[desc.rank++] = dim;
    }
    gd_value_id id;
    return gd_net_add_input(net, name->text, desc, &id, error);
}

static gd_status parse_node(gd_net *net, const gd_attr *item, gd_error *error)
{
    const gd_attr *op = text_of(item, "op"), *name = text_of(item, "name"), *type = text_of(item, "type"),
                  *in = gd_attr_find(item, "in"), *params = gd_attr_find(item, "params");
    gd_node_spec spec = {.place = item->place, .settings = gd_attr_find(item, "settings")};
    if (!op || !name || !type || !gd_type_parse(type->text, &spec.type) || !in || in->kind != GD_ATTR_LIST ||
        (params && params->kind != GD_ATTR_LIST))
        return malformed(item, error, "a node needs op, name, type, in, params");
    spec.op = op->text;
    spec.name = name->text;
    for (int i = 0; i < GD_MAX_IN; i++)
        spec.in[i] = -1;
    int n = 0;
    for (const gd_attr *x = in->first; x; x = x->next, n++) {
        if (n >= GD_MAX_IN || x->kind != GD_ATTR_SCALAR)
            return malformed(in, error, "a node has too many inputs, or one that is no name");
        if (!x->quoted)
            continue; /* null */
        spec.in[n] = gd_net_find_value(net, x->text);
        if (spec.in[n] < 0)
            return malformed(x, error, "a node reads a value that no earlier node makes");
    }
    n = 0;
    for (const gd_attr *x = params ? params->first : NULL; x; x = x->next, n++) {
        if (n >= GD_MAX_PARAM || x->kind != GD_ATTR_SCALAR)
            return malformed(params, error, "a node has too many parameters, or one that is no name");
        spec.param_name[n] = x->quoted ? x->text : NULL;
    }
    return gd_net_add(net, &spec, NULL, error);
}

static gd_status parse_graph(gd_net *net, const gd_attr *root, gd_error *error)
{
    const gd_attr *version = gd_attr_find(root, "format_version"), *inputs = gd_attr_find(root, "inputs"),
                  *nodes = gd_attr_find(root, "nodes"), *outputs = gd_attr_find(root, "outputs");
    int number;
    if (!version || !inputs || !nodes || !outputs)
        return malformed(root, error, "needs format_version, inputs, nodes, outputs");
    GD_TRY(gd_attr_int(version, 1, 1e9, &number, error));
    if (number != FORMAT_VERSION)
        return gd_fail_at(error, GD_FORMAT, version->place, "graph: format_version %d where this program reads %d",
                          number, FORMAT_VERSION);
    for (const gd_attr *item = inputs->first; item; item = item->next)
        GD_TRY(parse_input(net, item, error));
    for (const gd_attr *item = nodes->first; item; item = item->next)
        GD_TRY(parse_node(net, item, error));
    for (const gd_attr *item = outputs->first; item; item = item->next) {
        gd_value_id id = item->kind == GD_ATTR_SCALAR ? gd_net_find_value(net, item->text) : -1;
        if (id < 0)
            return malformed(item, error, "an output names no value");
        GD_TRY(gd_net_add_output(net, id, error));
    }
    return net->n_outputs ? GD_OK : malformed(root, error, "no outputs");
}

gd_status gd_net_parse_json(const char *file, const char *text, size_t length, int batch, gd_net **net, gd_error *error)
{
    gd_arena scratch = {0};
    gd_attr *root = NULL;
    gd_status status;
    *net = NULL;
    GD_TRY_TO(done, gd_json_parse(&scratch, file, text, length, (gd_json_limits){0}, &root, error));
    GD_TRY_TO(done, gd_net_new(batch, net, error));
    status = parse_graph(*net, root, error);
    if (status == GD_INVALID) { /* a model file's fault, not a config's */
        status = GD_FORMAT;
        if (error)
            error->status = GD_FORMAT;
    }
done:
    if (status != GD_OK) {
        gd_net_free(*net);
        *net = NULL;
    }
    gd_arena_release(&scratch);
    return status;
}
