// SPDX-License-Identifier: Apache-2.0
/* The text: https://prometheus.io/docs/instrumenting/exposition_formats/, names and units as in
 * https://prometheus.io/docs/practices/naming/. A counter is there with 0 before anything was counted, since a rate
 * misses the step from nothing to 1. */
#include "serve/counts.h"

#include <inttypes.h>

void gd_metrics_head(gd_text *text, const char *name, const char *kind, const char *help)
{
    gd_text_add(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static uint64_t read_count(_Atomic uint64_t *counter) { return atomic_load_explicit(counter, memory_order_relaxed); }

typedef struct writer {
    gd_metrics *metrics;
    gd_text *text;
} writer;

/* One sample per variant, at `offset` of its counts. */
static void write_counter(writer w, const char *name, const char *help, size_t offset)
{
    gd_metrics_head(w.text, name, "counter", help);
    for (gd_variant_counts *counts = w.metrics->first; counts; counts = counts->next)
        gd_text_add(w.text, "%s{%s} %" PRIu64 "\n", name, counts->labels,
                    read_count((_Atomic uint64_t *)((char *)counts + offset)));
}

static void write_histogram(writer w, const char *name, const char *help, const gd_histogram_scale *scale,
                            size_t offset)
{
    gd_metrics_head(w.text, name, "histogram", help);
    for (gd_variant_counts *counts = w.metrics->first; counts; counts = counts->next)
        gd_histogram_write((gd_histogram *)((char *)counts + offset), scale, name, counts->labels, w.text);
}

static void write_requests(writer w)
{
    gd_metrics_head(w.text, "griddle_requests_total", "counter", "Requests answered, by the code of their answer.");
    for (gd_variant_counts *counts = w.metrics->first; counts; counts = counts->next)
        for (int code = 0; code < GD_CODES; code++) {
            const uint64_t n = read_count(&counts->code[code]);
            if (n > 0 || code == 200)
                gd_text_add(w.text, "griddle_requests_total{%s,code=\"%d\"} %" PRIu64 "\n", counts->labels, code, n);
        }
}

static void write_predictions(writer w)
{
    gd_metrics_head(w.text, "griddle_predictions_total", "counter", "Pictures for which this class was the likeliest.");
    for (gd_variant_counts *counts = w.metrics->first; counts; counts = counts->next) {
        const uint64_t rest = read_count(&counts->rest.n);
        for (gd_class_count *class = counts->first_class; class; class = class->next)
            gd_text_add(w.text, "griddle_predictions_total{%s,class=\"%s\"} %" PRIu64 "\n", counts->labels,
                        class->label, read_count(&class->n));
        if (rest > 0)
            gd_text_add(w.text, "griddle_predictions_total{%s,class=\"\"} %" PRIu64 "\n", counts->labels, rest);
    }
}

static void write_models(writer w)
{
    gd_metrics_head(w.text, "griddle_reloads_total", "counter",
                    "Times that a model was read anew while serving: taken, or refused and the old one kept.");
    for (gd_variant_counts *counts = w.metrics->first; counts; counts = counts->next)
        gd_text_add(w.text,
                    "griddle_reloads_total{%s,result=\"taken\"} %" PRIu64
                    "\ngriddle_reloads_total{%s,result=\"refused\"} %" PRIu64 "\n",
                    counts->labels, read_count(&counts->reloaded), counts->labels, read_count(&counts->refused));
    gd_metrics_head(w.text, "griddle_model_info", "gauge", "1: the model that answers now, in its labels.");
    for (gd_variant_counts *counts = w.metrics->first; counts; counts = counts->next)
        if (counts->model)
            gd_text_add(w.text, "griddle_model_info{%s} 1\n", counts->model);
    gd_metrics_head(w.text, "griddle_build_info", "gauge", "1: the version of the server, in its label.");
    gd_text_add(w.text, "griddle_build_info{version=\"" GRIDDLE_VERSION "\"} 1\n");
}

#define AT(member) offsetof(gd_variant_counts, member)

static void write_histograms(writer w)
{
    write_histogram(w, "griddle_request_duration_seconds",
                    "From a request's header until its answer was handed to the network.", &gd_scale_seconds,
                    AT(total));
    write_histogram(w, "griddle_receive_duration_seconds", "From a request's header to the last byte of its body.",
                    &gd_scale_seconds, AT(receive));
    write_histogram(w, "griddle_queue_duration_seconds", "From a request's last byte until a worker took it.",
                    &gd_scale_seconds, AT(queue));
    write_histogram(w, "griddle_decode_duration_seconds", "From a request's body to its pictures.", &gd_scale_seconds,
                    AT(decode));
    write_histogram(w, "griddle_compute_duration_seconds",
                    "From pictures to probabilities, of the whole batch that the request went with.", &gd_scale_seconds,
                    AT(compute));
    write_histogram(w, "griddle_batch_size", "Pictures that were computed together.", &gd_scale_pictures, AT(batch));
    write_histogram(w, "griddle_confidence", "Probability of the likeliest class, of each picture.", &gd_scale_ratio,
                    AT(confidence));
}

void gd_metrics_write(gd_metrics *metrics, gd_text *text)
{
    const writer w = {metrics, text};
    pthread_mutex_lock(&metrics->lock);
    write_requests(w);
    write_histograms(w);
    gd_metrics_head(text, "griddle_queue_depth", "gauge", "Requests that wait for a worker.");
    for (gd_variant_counts *counts = metrics->first; counts; counts = counts->next)
        gd_text_add(text, "griddle_queue_depth{%s} %" PRId64 "\n", counts->labels,
                    atomic_load_explicit(&counts->queued, memory_order_relaxed));
    write_counter(w, "griddle_received_bytes_total", "Bytes of requests.", AT(received));
    write_counter(w, "griddle_sent_bytes_total", "Bytes of answers.", AT(sent));
    write_predictions(w);
    write_models(w);
    for (const gd_added *added = metrics->added; added; added = added->next) {
        gd_metrics_head(text, added->source.name, added->source.kind, added->source.help);
        gd_text_add(text, "%s %.17g\n", added->source.name, added->source.read(added->source.context));
    }
    gd_process_write(&metrics->process, text);
    pthread_mutex_unlock(&metrics->lock);
}
