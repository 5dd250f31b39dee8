// SPDX-License-Identifier: Apache-2.0
/* /models: which there are, and loading and unloading them where clients may. */
#include "base/json.h"
#include "serve/place.h"
#include "serve/request.h"

#include <stdlib.h>
#include <string.h>

static void write_item(gd_text *text, const gd_fleet_item *item)
{
    gd_text_add(text, "{\"modelName\":");
    gd_text_add_json(text, item->name);
    gd_text_add(text, ",\"modelUrl\":");
    gd_text_add_json(text, item->path);
    gd_text_add(text, "}");
}

static void list_item(void *context, const gd_fleet_item *item)
{
    gd_text *text = context;
    if (text->at[text->length - 1] != '[')
        gd_text_add(text, ",");
    write_item(text, item);
}

void gd_serve_model_list(gd_request *r)
{
    r->text.length = 0;
    gd_text_add(&r->text, "{\"models\":[");
    if (!r->text.failed)
        gd_fleet_visit(r->service->options.fleet, list_item, &r->text);
    gd_text_add(&r->text, "]}\n");
    gd_request_answer_text(r, "application/json");
}

static void show_item(void *context, const gd_fleet_item *item)
{
    gd_request *r = context;
    if (strcmp(item->name, r->part) == 0)
        write_item(&r->text, item);
}

void gd_serve_model_show(gd_request *r)
{
    r->text.length = 0;
    gd_fleet_visit(r->service->options.fleet, show_item, r);
    if (r->text.length == 0) {
        gd_request_complain(r, 404, "ValidationError", "no model is called '%.100s'", r->part);
        return;
    }
    gd_text_add(&r->text, "\n");
    gd_request_answer_text(r, "application/json");
}

/* ---- orders: the keeper answers ---- */

static void done(gd_order *order, gd_status status, const gd_error *error)
{
    gd_request *r = order->context;
    char text[1024];
    const bool loads = order->kind == GD_ORDER_LOAD;
    if (status == GD_OK) {
        gd_exchange_answer(&r->exchange, 200, NULL, NULL, 0);
    } else {
        const int code = status == GD_STOPPED            ? 503
                         : status == GD_NOMEM            ? 507
                         : status == GD_INVALID && loads ? 409
                         : status == GD_INVALID          ? 404
                         : status == GD_IO               ? 404
                                                         : 400;
        gd_request_complain(r, code, code == 503 ? "ServiceUnavailable" : "ValidationError", "%s",
                            gd_error_text(error, text, sizeof text));
    }
    free(order);
    gd_exchange_resume(&r->exchange);
}

static gd_order *new_order(gd_request *r, gd_order_kind kind)
{
    gd_order *order = calloc(1, sizeof *order);
    if (!order) {
        gd_request_complain(r, 507, "ServiceUnavailable", "out of memory for a model");
        return NULL;
    }
    order->kind = kind;
    order->done = done;
    order->context = r;
    return order;
}

static void give(gd_request *r, gd_order *order)
{
    gd_exchange_suspend(&r->exchange);
    gd_fleet_order(r->service->options.fleet, order);
}

static const char *text_of(const gd_attr *root, const char *key)
{
    const gd_attr *value = root->kind == GD_ATTR_MAP ? gd_attr_find(root, key) : NULL;
    return value && value->kind == GD_ATTR_SCALAR && value->quoted ? value->text : NULL;
}

void gd_serve_model_load(gd_request *r)
{
    gd_arena arena = {0};
    gd_attr *root = NULL;
    gd_error error = {0};
    gd_order *order = new_order(r, GD_ORDER_LOAD);
    if (!order)
        return;
    const gd_json_limits limits = {8, 100};
    gd_status status = gd_json_parse(&arena, "body", r->exchange.body ? r->exchange.body : "", r->exchange.body_bytes,
                                     limits, &root, &error);
    const char *name = status == GD_OK ? text_of(root, "model_name") : NULL,
               *url = status == GD_OK ? text_of(root, "url") : NULL;
    if (status == GD_OK && (!name || !url || !gd_name_is_good(name)))
        status = gd_fail(&error, GD_FORMAT, "{\"model_name\": NAME, \"url\": PATH} is wanted, NAME of " GD_NAME_RULE);
    if (status == GD_OK)
        status = gd_model_place(url, r->service->options.models, order->path, sizeof order->path, &error);
    if (status == GD_OK)
        memcpy(order->name, name, strlen(name) + 1);
    gd_arena_release(&arena);
    if (status == GD_OK) {
        give(r, order);
        return;
    }
    char text[1024];
    free(order);
    gd_request_complain(r, status == GD_IO ? 404 : 400, "ValidationError", "%s",
                        gd_error_text(&error, text, sizeof text));
}

void gd_serve_model_unload(gd_request *r)
{
    gd_order *order = gd_name_is_good(r->part) ? new_order(r, GD_ORDER_UNLOAD) : NULL;
    if (order) {
        memcpy(order->name, r->part, strlen(r->part) + 1);
        give(r, order);
    } else if (r->exchange.code == 0) {
        gd_request_complain(r, 404, "ValidationError", "no model is called '%.100s'", r->part);
    }
}
