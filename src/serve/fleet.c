// SPDX-License-Identifier: Apache-2.0
#include "serve/fleet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Which file it is and in what state. */
typedef struct identity {
    dev_t device;
    ino_t inode;
    off_t bytes;
    struct timespec changed;
} identity;

typedef struct gd_deployment {
    struct gd_deployment *next; /* in order of loading */
    char name[GD_NAME_LENGTH + 1];
    char *path;
    double weight;
    identity file;    /* as loaded; these three are the keeper's */
    identity seen;    /* at the last look */
    identity refused; /* what could not be loaded in its place */
    gd_hosted *hosted;
    int leases; /* under the fleet's lock */
} gd_deployment;

struct gd_fleet {
    gd_hosted_options options;
    gd_metrics *metrics;
    pthread_mutex_t lock;
    gd_deployment *first;
    double weights; /* of all */
    pthread_cond_t returned;

    pthread_t keeper;
    bool started, ended, freed;
    pthread_cond_t ordered;
    gd_order *order, **last_order;
};

/* ---- files ---- */

static bool identify(const char *path, identity *file)
{
    struct stat at;
    *file = (identity){0};
    if (stat(path, &at) != 0)
        return false;
    *file = (identity){at.st_dev, at.st_ino, at.st_size, at.st_mtim};
    return true;
}

static bool same(const identity *a, const identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* ---- the keeper ---- */

static gd_deployment **find(gd_fleet *fleet, const char *name)
{
    gd_deployment **at = &fleet->first;
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

/* Frees a deployment that nobody can lease any more. */
static void retire(gd_fleet *fleet, gd_deployment *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&fleet->lock);
    while (d->leases > 0)
        pthread_cond_wait(&fleet->returned, &fleet->lock);
    pthread_mutex_unlock(&fleet->lock);
    gd_hosted_free(d->hosted);
    free(d->path);
    free(d);
}

static gd_status deploy(gd_fleet *fleet, const char *name, const char *path, double weight, gd_deployment **result,
                        gd_error *error)
{
    gd_status status = GD_OK;
    identity after;
    gd_deployment *d = calloc(1, sizeof *d);
    if (!d || !(d->path = strdup(path))) {
        free(d);
        return gd_fail(error, GD_NOMEM, "out of memory for a model");
    }
    memcpy(d->name, name, strlen(name) + 1);
    d->weight = weight;
    identify(path, &d->file);
    d->seen = d->file;
    GD_TRY_TO(failed, gd_hosted_new(path, &fleet->options, fleet->metrics, name, &d->hosted, error));
    if (!identify(path, &after) || !same(&after, &d->file))
        GD_TRY_TO(failed, gd_fail(error, GD_IO, "'%s' changed while it was read", path));
    *result = d;
    return GD_OK;
failed:
    retire(fleet, d);
    return status;
}

/* Says in the metrics which model answers for a name. That it could not be said is no reason not to serve. */
static void announce(gd_fleet *fleet, const gd_deployment *d)
{
    const gd_model_info *info = gd_hosted_info(d->hosted);
    char input[48], classes[16], parameters[24];
    snprintf(input, sizeof input, "%dx%dx%d", info->height, info->width, info->channels);
    snprintf(classes, sizeof classes, "%d", info->n_classes);
    snprintf(parameters, sizeof parameters, "%" PRId64, info->parameters);
    const char *const labels[] = {"file", d->path, "input", input, "classes", classes, "parameters", parameters, NULL};
    gd_metrics_model(fleet->metrics, gd_hosted_metrics(d->hosted), labels, NULL);
}

static gd_status load(gd_fleet *fleet, const gd_order *order, gd_error *error)
{
    gd_deployment *d;
    if (*find(fleet, order->name)) /* only this thread changes the list */
        return gd_fail(error, GD_INVALID, "model '%s' is loaded already", order->name);
    GD_TRY(deploy(fleet, order->name, order->path, order->weight, &d, error));
    pthread_mutex_lock(&fleet->lock);
    *find(fleet, order->name) = d;
    fleet->weights += d->weight;
    pthread_mutex_unlock(&fleet->lock);
    announce(fleet, d);
    return GD_OK;
}

static gd_status unload(gd_fleet *fleet, const gd_order *order, gd_error *error)
{
    pthread_mutex_lock(&fleet->lock);
    gd_deployment **at = find(fleet, order->name), *d = *at;
    if (d) {
        *at = d->next;
        fleet->weights -= d->weight;
    }
    pthread_mutex_unlock(&fleet->lock);
    if (!d)
        return gd_fail(error, GD_INVALID, "model '%s' is not loaded", order->name);
    gd_metrics_model(fleet->metrics, gd_hosted_metrics(d->hosted), NULL, NULL);
    retire(fleet, d);
    return GD_OK;
}

/* Whether its file is to be read again, and which one that is. */
static gd_status look_at(gd_deployment *d, gd_order_kind kind, bool *changed, identity *now, gd_error *error)
{
    *changed = false;
    if (!identify(d->path, now))
        return kind == GD_ORDER_LOOK ? GD_OK : gd_fail(error, GD_IO, "cannot read '%s': %s", d->path, strerror(errno));
    const bool settled = same(now, &d->seen) && !same(now, &d->refused);
    d->seen = *now;
    *changed = !same(now, &d->file) && (settled || kind == GD_ORDER_RELOAD);
    return GD_OK;
}

static gd_status replace(gd_fleet *fleet, gd_deployment *old, gd_error *error)
{
    gd_deployment *d;
    const gd_status status = deploy(fleet, old->name, old->path, old->weight, &d, error);
    gd_metrics_reload(gd_hosted_metrics(old->hosted), status != GD_OK);
    if (status != GD_OK)
        return status;
    pthread_mutex_lock(&fleet->lock);
    d->next = old->next;
    *find(fleet, old->name) = d;
    pthread_mutex_unlock(&fleet->lock);
    announce(fleet, d);
    retire(fleet, old);
    return GD_OK;
}

/* Files are looked at without the lock, which requests want: a folder on the network may keep us waiting. */
static gd_status reload(gd_fleet *fleet, gd_order *order, gd_error *error)
{
    for (gd_deployment *d = fleet->first, *next; d; d = next) {
        gd_error why = {0};
        identity now;
        bool changed;
        next = d->next;
        gd_status status = look_at(d, order->kind, &changed, &now, &why);
        if (changed) {
            status = replace(fleet, d, &why);
            order->replaced += status == GD_OK;
            if (status != GD_OK)
                d->refused = now;
        }
        if (status != GD_OK && order->refused++ == 0)
            *error = why;
    }
    return order->refused == 0 ? GD_OK : error->status;
}

static void carry_out(gd_fleet *fleet, gd_order *order, bool ended)
{
    gd_error error = {0};
    const gd_status status = ended                            ? gd_fail(&error, GD_STOPPED, "the server is ending")
                             : order->kind == GD_ORDER_LOAD   ? load(fleet, order, &error)
                             : order->kind == GD_ORDER_UNLOAD ? unload(fleet, order, &error)
                                                              : reload(fleet, order, &error);
    order->done(order, status, &error);
}

static gd_order *take_order(gd_fleet *fleet)
{
    gd_order *order = fleet->order;
    fleet->order = order->next;
    if (!fleet->order)
        fleet->last_order = &fleet->order;
    return order;
}

static void *keep(void *argument)
{
    gd_fleet *fleet = argument;
    pthread_mutex_lock(&fleet->lock);
    while (fleet->order || !fleet->freed) {
        if (!fleet->order) {
            pthread_cond_wait(&fleet->ordered, &fleet->lock);
            continue;
        }
        gd_order *order = take_order(fleet);
        const bool ended = fleet->ended;
        pthread_mutex_unlock(&fleet->lock);
        carry_out(fleet, order, ended);
        pthread_mutex_lock(&fleet->lock);
    }
    pthread_mutex_unlock(&fleet->lock);
    return NULL;
}

gd_status gd_fleet_new(const gd_hosted_options *options, gd_metrics *metrics, gd_fleet **result, gd_error *error)
{
    gd_fleet *fleet = calloc(1, sizeof *fleet);
    *result = NULL;
    if (!fleet)
        return gd_fail(error, GD_NOMEM, "out of memory for models");
    fleet->options = *options;
    fleet->metrics = metrics;
    fleet->last_order = &fleet->order;
    pthread_mutex_init(&fleet->lock, NULL);
    pthread_cond_init(&fleet->returned, NULL);
    pthread_cond_init(&fleet->ordered, NULL);
    fleet->started = pthread_create(&fleet->keeper, NULL, keep, fleet) == 0;
    if (!fleet->started) {
        gd_fleet_free(fleet);
        return gd_fail(error, GD_NOMEM, "cannot start a thread that keeps models");
    }
    *result = fleet;
    return GD_OK;
}

void gd_fleet_free(gd_fleet *fleet)
{
    if (!fleet)
        return;
    if (fleet->started) {
        pthread_mutex_lock(&fleet->lock);
        fleet->ended = fleet->freed = true;
        pthread_cond_signal(&fleet->ordered);
        pthread_mutex_unlock(&fleet->lock);
        pthread_join(fleet->keeper, NULL);
    }
    while (fleet->first) {
        gd_deployment *next = fleet->first->next;
        retire(fleet, fleet->first);
        fleet->first = next;
    }
    pthread_cond_destroy(&fleet->ordered);
    pthread_cond_destroy(&fleet->returned);
    pthread_mutex_destroy(&fleet->lock);
    free(fleet);
}

void gd_fleet_end(gd_fleet *fleet)
{
    pthread_mutex_lock(&fleet->lock);
    fleet->ended = true;
    pthread_mutex_unlock(&fleet->lock);
}

void gd_fleet_order(gd_fleet *fleet, gd_order *order)
{
    order->next = NULL;
    pthread_mutex_lock(&fleet->lock);
    *fleet->last_order = order;
    fleet->last_order = &order->next;
    pthread_cond_signal(&fleet->ordered);
    pthread_mutex_unlock(&fleet->lock);
}

/* ---- requests ---- */

static gd_deployment *draw_one(gd_fleet *fleet, double draw)
{
    double left = draw * fleet->weights;
    gd_deployment *chosen = NULL;
    for (gd_deployment *d = fleet->first; d && left >= 0; d = d->next) {
        if (d->weight > 0)
            chosen = d;
        left -= d->weight;
        if (left < 0)
            break;
    }
    return chosen;
}

bool gd_fleet_lease(gd_fleet *fleet, const char *name, double draw, gd_lease *lease)
{
    pthread_mutex_lock(&fleet->lock);
    gd_deployment *d = name ? *find(fleet, name) : draw_one(fleet, draw);
    if (d) {
        d->leases++;
        *lease = (gd_lease){.hosted = d->hosted, .metrics = gd_hosted_metrics(d->hosted), .of = d};
        memcpy(lease->name, d->name, sizeof lease->name);
    }
    pthread_mutex_unlock(&fleet->lock);
    return d != NULL;
}

void gd_fleet_return(gd_fleet *fleet, gd_lease *lease)
{
    pthread_mutex_lock(&fleet->lock);
    if (--lease->of->leases == 0)
        pthread_cond_broadcast(&fleet->returned);
    pthread_mutex_unlock(&fleet->lock);
    *lease = (gd_lease){0};
}

void gd_fleet_visit(gd_fleet *fleet, void (*visit)(void *context, const gd_fleet_item *item), void *context)
{
    pthread_mutex_lock(&fleet->lock);
    for (const gd_deployment *d = fleet->first; d; d = d->next) {
        const gd_fleet_item item = {d->name, d->path, d->weight, d->hosted};
        visit(context, &item);
    }
    pthread_mutex_unlock(&fleet->lock);
}
