// SPDX-License-Identifier: Apache-2.0
/* Finding the place to count, and counting. */
#include "serve/counts.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

gd_status gd_metrics_new(gd_metrics **metrics, gd_error *error)
{
    *metrics = NULL;
    gd_metrics *m = calloc(1, sizeof *m);
    if (!m || pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return gd_fail(error, GD_NOMEM, "out of memory for metrics");
    }
    m->last = &m->first;
    m->last_added = &m->added;
    gd_process_open(&m->process);
    *metrics = m;
    return GD_OK;
}

void gd_metrics_free(gd_metrics *metrics)
{
    if (!metrics)
        return;
    for (gd_variant_counts *counts = metrics->first; counts; counts = counts->next)
        free(counts->model);
    gd_process_close(&metrics->process);
    pthread_mutex_destroy(&metrics->lock);
    gd_arena_release(&metrics->arena);
    free(metrics);
}

/* A label's value: what would end it is escaped, and bytes that are no UTF-8 become U+FFFD, for which a scrape would be
 * refused as a whole. */
static void add_escaped(gd_text *text, const char *value)
{
    for (size_t left = strlen(value), length; left > 0; left -= length, value += length) {
        uint32_t character;
        length = (size_t)gd_utf8_decode(value, left, &character);
        if (length == 0) {
            gd_text_add_n(text, "\xef\xbf\xbd", 3);
            length = 1;
        } else if (*value == '\n') {
            gd_text_add_n(text, "\\n", 2);
        } else {
            if (*value == '"' || *value == '\\')
                gd_text_add_n(text, "\\", 1);
            gd_text_add_n(text, value, length);
        }
    }
}

static void add_label(gd_text *text, const char *name, const char *value)
{
    gd_text_add(text, "%s=\"", name);
    add_escaped(text, value);
    gd_text_add_n(text, "\"", 1);
}

/* Names are compared as labels: two that become the same label must be one series. */
static gd_variant_counts *find_counts(gd_metrics *m, const char *labels)
{
    gd_variant_counts *counts = m->first;
    while (counts && strcmp(counts->labels, labels) != 0)
        counts = counts->next;
    return counts;
}

static gd_status make_counts(gd_metrics *m, const char *name, gd_variant_counts **counts, gd_error *error)
{
    gd_text labels = {0};
    add_label(&labels, "variant", name);
    gd_status status = gd_text_status(&labels, error);
    if (status != GD_OK)
        goto out;
    *counts = find_counts(m, labels.at);
    if (*counts)
        goto out;
    if (m->n == GD_METRICS_VARIANTS && *name) {
        status = make_counts(m, "", counts, error);
        goto out;
    }
    gd_variant_counts *made = gd_arena_alloc(&m->arena, 1, sizeof *made);
    char *copy = gd_arena_text(&m->arena, labels.at);
    if (!made || !copy) {
        status = gd_fail(error, GD_NOMEM, "out of memory for the metrics of '%s'", name);
        goto out;
    }
    made->labels = copy;
    made->last_class = &made->first_class;
    made->rest.label = "";
    *m->last = made;
    m->last = &made->next;
    m->n += *name != '\0';
    *counts = made;
out:
    gd_text_release(&labels);
    return status;
}

static gd_class_count *make_class(gd_metrics *m, gd_variant_counts *counts, const char *label)
{
    for (gd_class_count *class = counts->first_class; class; class = class->next)
        if (strcmp(class->label, label) == 0)
            return class;
    if (counts->n_classes == GD_METRICS_CLASSES || !*label)
        return &counts->rest;
    gd_class_count *made = gd_arena_alloc(&m->arena, 1, sizeof *made);
    if (!made || !(made->label = gd_arena_text(&m->arena, label)))
        return NULL;
    *counts->last_class = made;
    counts->last_class = &made->next;
    counts->n_classes++;
    return made;
}

/* The view of these counts through a list of classes: one that is there, or a new one. */
static gd_status make_view(gd_metrics *m, gd_variant_counts *counts, const char *const *classes, int n,
                           gd_variant_metrics **view, gd_error *error)
{
    gd_status status = GD_OK;
    gd_text label = {0};
    gd_variant_metrics made = {.counts = counts, .n_classes = n};
    gd_class_count **order = calloc((size_t)n + 1, sizeof(gd_class_count *));
    for (int i = 0; order && i < n; i++) {
        label.length = 0;
        add_escaped(&label, classes[i]);
        order[i] = label.failed ? NULL : make_class(m, counts, label.length > 0 ? label.at : "");
        if (!order[i])
            goto no_memory;
    }
    if (!order)
        goto no_memory;
    for (*view = counts->views; *view; *view = (*view)->next)
        if ((*view)->n_classes == n && memcmp((*view)->class, order, (size_t)n * sizeof(gd_class_count *)) == 0)
            goto out;
    made.class = gd_arena_alloc(&m->arena, (size_t)n + 1, sizeof(gd_class_count *));
    *view = gd_arena_alloc(&m->arena, 1, sizeof **view);
    if (!made.class || !*view)
        goto no_memory;
    memcpy(made.class, order, (size_t)n * sizeof(gd_class_count *));
    made.next = counts->views;
    **view = made;
    counts->views = *view;
    goto out;
no_memory:
    *view = NULL;
    status = gd_fail(error, GD_NOMEM, "out of memory for the metrics of %d classes", n);
out:
    free(order);
    gd_text_release(&label);
    return status;
}

gd_status gd_metrics_variant(gd_metrics *metrics, const char *name, const char *const *classes, int n_classes,
                             gd_variant_metrics **variant, gd_error *error)
{
    *variant = NULL;
    gd_variant_counts *counts;
    pthread_mutex_lock(&metrics->lock);
    gd_status status = make_counts(metrics, name, &counts, error);
    if (status == GD_OK)
        status = make_view(metrics, counts, classes, n_classes, variant, error);
    pthread_mutex_unlock(&metrics->lock);
    return status;
}

gd_status gd_metrics_model(gd_metrics *metrics, gd_variant_metrics *variant, const char *const *labels, gd_error *error)
{
    gd_text text = {0};
    if (strcmp(variant->counts->labels, "variant=\"\"") == 0)
        return GD_OK;
    if (labels)
        gd_text_add(&text, "%s", variant->counts->labels);
    for (const char *const *label = labels; label && *label; label += 2) {
        gd_text_add_n(&text, ",", 1);
        add_label(&text, label[0], label[1]);
    }
    const gd_status status = gd_text_status(&text, error);
    if (status != GD_OK) {
        gd_text_release(&text);
        return status;
    }
    pthread_mutex_lock(&metrics->lock);
    char *before = variant->counts->model;
    variant->counts->model = text.at;
    pthread_mutex_unlock(&metrics->lock);
    free(before);
    return GD_OK;
}

/* Letters, digits, '_' and ':', no digit first; counters end in _total. */
static bool well_named(const gd_metrics_source *source)
{
    const size_t length = strlen(source->name);
    for (size_t i = 0; i < length; i++)
        if (!isalpha((unsigned char)source->name[i]) && !strchr("_:", source->name[i]) &&
            (i == 0 || !isdigit((unsigned char)source->name[i])))
            return false;
    return length > 0 &&
           (strcmp(source->kind, "counter") != 0 || (length > 6 && strcmp(source->name + length - 6, "_total") == 0));
}

/* Whether the text has this metric already, ours or an added one. */
static gd_status find_metric(gd_metrics *metrics, const char *name, bool *found, gd_error *error)
{
    gd_text text = {0}, line = {0};
    gd_metrics_write(metrics, &text);
    gd_text_add(&line, "# TYPE %s ", name);
    gd_status status = gd_text_status(&text, error);
    if (status == GD_OK)
        status = gd_text_status(&line, error);
    *found = status == GD_OK && strstr(text.at, line.at);
    gd_text_release(&line);
    gd_text_release(&text);
    return status;
}

gd_status gd_metrics_add(gd_metrics *metrics, gd_metrics_source source, gd_error *error)
{
    if (strcmp(source.kind, "counter") != 0 && strcmp(source.kind, "gauge") != 0)
        return gd_fail(error, GD_INVALID, "metric '%s' is a '%s'; it can be a counter or a gauge", source.name,
                       source.kind);
    if (!well_named(&source))
        return gd_fail(error, GD_INVALID,
                       "metric '%s' has no name for Prometheus: letters, digits and '_', and _total behind a counter's",
                       source.name);
    bool taken;
    GD_TRY(find_metric(metrics, source.name, &taken, error));
    if (taken)
        return gd_fail(error, GD_INVALID, "metric '%s' is there already", source.name);
    pthread_mutex_lock(&metrics->lock);
    gd_added *made = gd_arena_alloc(&metrics->arena, 1, sizeof *made);
    if (made) {
        made->source = source;
        *metrics->last_added = made;
        metrics->last_added = &made->next;
    }
    pthread_mutex_unlock(&metrics->lock);
    return made ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for metric '%s'", source.name);
}

static void add(_Atomic uint64_t *counter, uint64_t n) { atomic_fetch_add_explicit(counter, n, memory_order_relaxed); }

static void add_station(gd_histogram *histogram, uint64_t nanoseconds)
{
    if (nanoseconds > 0)
        gd_histogram_add(histogram, &gd_scale_seconds, nanoseconds);
}

void gd_metrics_request(gd_variant_metrics *variant, int code, const gd_request_times *times, uint64_t received,
                        uint64_t sent)
{
    gd_variant_counts *counts = variant->counts;
    add(&counts->code[code >= 100 && code < GD_CODES ? code : 0], 1);
    add(&counts->received, received);
    add(&counts->sent, sent);
    gd_histogram_add(&counts->total, &gd_scale_seconds, times->total);
    add_station(&counts->receive, times->receive);
    add_station(&counts->queue, times->queue);
    add_station(&counts->decode, times->decode);
    add_station(&counts->compute, times->compute);
}

void gd_metrics_prediction(gd_variant_metrics *variant, int class, float confidence)
{
    const double clipped = confidence >= 0.0f ? fmin((double)confidence, 1.0) : 0.0; /* NaN: 0 */
    add(class >= 0 && class < variant->n_classes ? &variant->class[class] -> n : &variant -> counts -> rest.n, 1);
    gd_histogram_add(&variant->counts->confidence, &gd_scale_ratio, (uint64_t)llrint(1e6 * clipped));
}

void gd_metrics_batch(gd_variant_metrics *variant, int pictures)
{
    gd_histogram_add(&variant->counts->batch, &gd_scale_pictures, pictures > 0 ? (uint64_t)pictures : 0);
}

void gd_metrics_queue(gd_variant_metrics *variant, int change)
{
    atomic_fetch_add_explicit(&variant->counts->queued, change, memory_order_relaxed);
}

void gd_metrics_reload(gd_variant_metrics *variant, int failed)
{
    add(failed ? &variant->counts->refused : &variant->counts->reloaded, 1);
}
