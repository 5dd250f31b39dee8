// SPDX-License-Identifier: Apache-2.0
/* A ring of `depth` slots. Batches are numbered through all epochs ("tickets"); a worker takes the next ticket, waits
 * until the slot ticket % depth is free, fills it alone and marks it:
 *
 *     ticket     taken → … ← next ticket to take            (workers)
 *     slots      [ read by the consumer | ready | being filled | free ]
 *
 * What is in a batch depends on its ticket alone, so neither the number of threads nor their timing can show.
 */
#include "data/loader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct slot {
    gd_batch batch;
    int64_t ready; /* the ticket that lies here, or -1 */
} slot;

struct gd_loader {
    gd_loader_options options;
    gd_augment augment; /* a copy: options borrows only during _new */
    int64_t n, per_epoch;
    int64_t end; /* one past the last ticket */
    slot *slots; /* (depth) */

    pthread_mutex_t lock;           /* guards what follows, and `ready` */
    pthread_cond_t filled, emptied; /* a slot became ready; the consumer gave one back */
    int64_t next_ticket, consumed;  /* to take; tickets below `consumed` have been given back */
    bool reading;                   /* the consumer holds the slot of ticket `consumed` */
    bool stop;

    int started;
    pthread_t *thread; /* (threads) */
    int64_t **order;   /* (threads) × (n): each worker's own permutation of the epoch that it is in */
    int next_worker;   /* the next starting worker's number */
};

static const uint8_t *pixels_of(const gd_images *images, int64_t row)
{
    return images->pixels + row * images->height * images->width * images->channels;
}

/* Fills `batch` with the batch of that ticket. `order`: of the ticket's epoch, or NULL: positions are rows. */
static void fill(const gd_loader *loader, int64_t ticket, const int64_t *order, gd_batch *batch)
{
    const gd_loader_options *options = &loader->options;
    const gd_images *images = options->images;
    size_t image_bytes = (size_t)images->height * (size_t)images->width * (size_t)images->channels;
    int epoch = options->first_epoch + (int)(ticket / loader->per_epoch);
    const int rows = options->shard.images;
    batch->first = ticket % loader->per_epoch * options->batch + options->shard.first;
    int64_t left = loader->n - batch->first;
    batch->valid = left < 0 ? 0 : left < rows ? (int)left : rows;
    memset(batch->targets, 0, (size_t)rows * (size_t)options->n_classes * sizeof *batch->targets);
    for (int i = 0; i < rows; i++) {
        uint8_t *to = batch->images + (size_t)i * image_bytes;
        if (i >= batch->valid) {
            memset(to, 0, image_bytes);
            batch->labels[i] = -1;
            continue;
        }
        int64_t position = batch->first + i;
        int64_t chosen = order ? order[position] : position;
        int64_t row = options->rows ? options->rows[chosen] : chosen;
        int label = images->labels[row];
        memcpy(to, pixels_of(images, row), image_bytes);
        batch->labels[i] = label;
        batch->targets[(size_t)i * (size_t)options->n_classes + (size_t)label] = 1;
        if (batch->draws)
            batch->draws[i] = gd_augment_draw(&loader->augment, images->height, images->width, options->mean,
                                              options->seed, epoch, row);
    }
}

static void *work(void *argument)
{
    gd_loader *loader = argument;
    const gd_loader_options *options = &loader->options;
    int64_t shuffled = -1; /* the epoch that `order` is of, counted from first_epoch */
    pthread_mutex_lock(&loader->lock);
    int64_t *order = options->training ? loader->order[loader->next_worker++] : NULL;
    while (!loader->stop && loader->next_ticket < loader->end) {
        int64_t ticket = loader->next_ticket++;
        while (!loader->stop && ticket >= loader->consumed + options->depth)
            pthread_cond_wait(&loader->emptied, &loader->lock);
        if (loader->stop)
            break;
        slot *to = &loader->slots[ticket % options->depth];
        pthread_mutex_unlock(&loader->lock);
        if (order && ticket / loader->per_epoch != shuffled) {
            shuffled = ticket / loader->per_epoch;
            gd_shuffle(options->seed, options->first_epoch + (int)shuffled, loader->n, order);
        }
        fill(loader, ticket, order, &to->batch);
        pthread_mutex_lock(&loader->lock);
        to->ready = ticket;
        pthread_cond_broadcast(&loader->filled);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

static gd_status check(const gd_loader_options *options, int64_t n, gd_error *error)
{
    if (options->batch < 1)
        return gd_fail(error, GD_INVALID, "batch of %d images: at least 1", options->batch);
    if (n > UINT32_MAX)
        return gd_fail(error, GD_UNSUPPORTED, "%lld images: at most %u", (long long)n, UINT32_MAX);
    if (options->training && n < options->batch)
        return gd_fail(error, GD_INVALID, "train.batch %d is larger than the training split of %lld images: lower it",
                       options->batch, (long long)n);
    return GD_OK;
}

static gd_status make_slots(gd_loader *loader, gd_error *error)
{
    const gd_loader_options *options = &loader->options;
    const gd_images *images = options->images;
    size_t batch = (size_t)options->shard.images;
    size_t image_bytes = (size_t)images->height * (size_t)images->width * (size_t)images->channels;
    bool ok = (loader->slots = calloc((size_t)options->depth, sizeof *loader->slots)) != NULL;
    for (int i = 0; ok && i < options->depth; i++) {
        gd_batch *to = &loader->slots[i].batch;
        loader->slots[i].ready = -1;
        to->images = malloc(batch * image_bytes);
        to->targets = malloc(batch * (size_t)options->n_classes * sizeof *to->targets);
        to->labels = malloc(batch * sizeof *to->labels);
        to->draws = options->augment ? malloc(batch * sizeof *to->draws) : NULL;
        ok = to->images && to->targets && to->labels && (to->draws || !options->augment);
    }
    loader->thread = calloc((size_t)options->threads, sizeof *loader->thread);
    loader->order = calloc((size_t)options->threads, sizeof *loader->order);
    ok = ok && loader->thread && loader->order;
    for (int i = 0; ok && options->training && i < options->threads; i++)
        ok = (loader->order[i] = malloc((size_t)loader->n * sizeof **loader->order)) != NULL;
    return ok ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for %d batches of %zu images", options->depth, batch);
}

gd_status gd_loader_new(const gd_loader_options *options, gd_loader **result, gd_error *error)
{
    *result = NULL;
    int64_t n = options->rows ? options->n_rows : options->images->n;
    GD_TRY(check(options, n, error));
    gd_loader *loader = calloc(1, sizeof *loader);
    if (!loader)
        return gd_fail(error, GD_NOMEM, "out of memory for a loader");
    loader->options = *options;
    loader->options.threads = options->threads < 1 ? 1 : options->threads;
    loader->options.depth = options->depth < 1 ? 1 : options->depth;
    loader->options.augment = NULL;
    if (options->shard.images == 0)
        loader->options.shard = (gd_shard){0, options->batch};
    if (options->training && options->augment) {
        loader->augment = *options->augment;
        loader->options.augment = &loader->augment;
    }
    loader->n = n;
    loader->per_epoch = options->training ? n / options->batch : (n + options->batch - 1) / options->batch;
    int64_t epochs = options->training ? options->last_epoch - options->first_epoch : 1;
    loader->end = epochs < 0 ? 0 : loader->per_epoch * epochs;
    loader->next_ticket = loader->consumed = options->training ? options->first_batch : 0;
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->filled, NULL);
    pthread_cond_init(&loader->emptied, NULL);

    gd_status status;
    GD_TRY_TO(fail, make_slots(loader, error));
    for (; loader->started < loader->options.threads; loader->started++)
        if (pthread_create(&loader->thread[loader->started], NULL, work, loader) != 0) {
            status = gd_fail(error, GD_NOMEM, "cannot start loader thread %d of %d", loader->started + 1,
                             loader->options.threads);
            goto fail;
        }
    *result = loader;
    return GD_OK;
fail:
    gd_loader_free(loader);
    return status;
}

void gd_loader_free(gd_loader *loader)
{
    if (!loader)
        return;
    pthread_mutex_lock(&loader->lock);
    loader->stop = true;
    pthread_cond_broadcast(&loader->emptied);
    pthread_mutex_unlock(&loader->lock);
    for (int i = 0; i < loader->started; i++)
        pthread_join(loader->thread[i], NULL);
    for (int i = 0; loader->slots && i < loader->options.depth; i++) {
        gd_batch *batch = &loader->slots[i].batch;
        free(batch->images);
        free(batch->targets);
        free(batch->labels);
        free(batch->draws);
    }
    for (int i = 0; loader->order && i < loader->options.threads; i++)
        free(loader->order[i]);
    free(loader->order);
    free(loader->thread);
    free(loader->slots);
    pthread_cond_destroy(&loader->filled);
    pthread_cond_destroy(&loader->emptied);
    pthread_mutex_destroy(&loader->lock);
    free(loader);
}

int64_t gd_loader_batches(const gd_loader *loader) { return loader->per_epoch; }

gd_status gd_loader_next(gd_loader *loader, const gd_batch **batch, gd_error *error)
{
    (void)error; /* filling a batch cannot fail: all of its memory was made with the loader */
    *batch = NULL;
    pthread_mutex_lock(&loader->lock);
    if (loader->reading) {
        loader->reading = false;
        loader->consumed++;
        pthread_cond_broadcast(&loader->emptied);
    }
    int64_t ticket = loader->consumed;
    if (ticket < loader->end) {
        slot *from = &loader->slots[ticket % loader->options.depth];
        while (from->ready != ticket)
            pthread_cond_wait(&loader->filled, &loader->lock);
        loader->reading = true;
        *batch = &from->batch;
    }
    pthread_mutex_unlock(&loader->lock);
    return GD_OK;
}
