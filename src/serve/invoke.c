// SPDX-License-Identifier: Apache-2.0
/* POST /invocations: from a body to an answer, by way of a model's queue, and from there to the capture. */
#include "serve/request.h"
#include "serve/seen.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gd_request *request_of(gd_job *job) { return (gd_request *)((char *)job - offsetof(gd_request, job)); }

static const char ATTRIBUTES[] = "X-Amzn-SageMaker-Custom-Attributes";

/* As the managed service takes them: they go into answers and records. */
static bool attributes_are_good(gd_request *r)
{
    enum { MOST = 1024 };
    const char *text = gd_exchange_header(&r->exchange, ATTRIBUTES);
    const size_t length = text ? strlen(text) : 0;
    bool ascii = true;
    for (size_t i = 0; i < length; i++)
        ascii = ascii && (unsigned char)text[i] < 0x80;
    if (length > MOST)
        gd_request_complain(r, 400, "ValidationError", "%s has %zu characters, %d are the most", ATTRIBUTES, length,
                            MOST);
    else if (!ascii)
        gd_request_complain(r, 400, "ValidationError", "%s has characters that are not ASCII", ATTRIBUTES);
    return length <= MOST && ascii;
}

bool gd_invocation_is_welcome(gd_request *r)
{
    const char *type = gd_exchange_header(&r->exchange, "Content-Type"),
               *accept = gd_exchange_header(&r->exchange, "Accept");
    r->job.form = gd_answer_negotiate(accept ? accept : r->service->options.accept);
    if (!gd_body_is_read(type))
        gd_request_complain(r, 415, "ValidationError", "content type '%.100s' is not read here: send " GD_BODY_TYPES,
                            type);
    else if (r->job.form == GD_ANSWER_NONE)
        gd_request_complain(r, 406, "ValidationError", "'%.100s' cannot be answered; " GD_ANSWER_TYPES " can", accept);
    return r->exchange.code == 0 && attributes_are_good(r);
}

/* ---- what a worker calls ---- */

/* The server's part of the time, for people: https://www.w3.org/TR/server-timing/, in milliseconds. */
static void add_timing(gd_request *r)
{
    const gd_request_times *times = &r->job.times;
    snprintf(r->timing, sizeof r->timing, "queue;dur=%.3f, decode;dur=%.3f, compute;dur=%.3f, total;dur=%.3f",
             1e-6 * (double)times->queue, 1e-6 * (double)times->decode, 1e-6 * (double)times->compute,
             1e-6 * (double)(gd_nanoseconds() - r->exchange.began));
    gd_exchange_add_header(&r->exchange, "Server-Timing", r->timing);
}

static void answered(gd_job *job)
{
    gd_request *r = request_of(job);
    const char *type = job->code == 200 ? gd_answer_type(job->form) : "application/json";
    if (job->code == 503)
        gd_exchange_add_header(&r->exchange, "Retry-After", "1");
    if (job->form == GD_ANSWER_VERBOSE)
        add_timing(r);
    gd_exchange_answer(&r->exchange, job->code, type, job->answer.at, job->answer.failed ? 0 : job->answer.length);
    gd_exchange_resume(&r->exchange);
}

static const char *copied(const gd_request *r, size_t at) { return at ? r->text.at + at - 1 : NULL; }

static void capture(gd_request *r, const gd_seen *seen)
{
    r->figures.length = 0;
    if (r->service->options.figures)
        gd_seen_write(&r->figures, seen, r->exchange.body, r->exchange.body_bytes);
    const gd_capture_record record = {
        .endpoint = r->part[0] ? r->part : NULL,
        .variant = r->lease.name,
        .input_type = copied(r, r->type_at),
        .output_type = gd_answer_type(r->job.form),
        .input = r->exchange.body,
        .output = r->job.answer.at,
        .input_bytes = r->exchange.body_bytes,
        .output_bytes = r->job.answer.length,
        .event_id = r->exchange.id,
        .inference_id = copied(r, r->inference_at),
        .custom_attributes = copied(r, r->attributes_at),
        .time_ms = r->exchange.time_ms,
        .figures = r->figures.length > 0 && !r->figures.failed ? r->figures.at : NULL,
    };
    gd_capture_put(r->service->options.capture, &record);
}

static void seen(gd_job *job, const gd_seen *seen)
{
    gd_request *r = request_of(job);
    if (r->captured && seen && !r->text.failed)
        capture(r, seen);
    gd_fleet_return(r->service->options.fleet, &r->lease);
    gd_exchange_release(&r->exchange);
}

/* ---- what the HTTP side calls ---- */

/* From [0, 1), out of the request's id. */
static double draw(const gd_request *r)
{
    char digits[9] = "";
    memcpy(digits, r->exchange.id, 8);
    return (double)strtoul(digits, NULL, 16) / 4294967296.0;
}

/* Headers are gone once the answer is sent, which is before the capture. */
static size_t copy(gd_request *r, const char *text)
{
    const size_t at = r->text.length;
    if (!text)
        return 0;
    gd_text_add_n(&r->text, text, strlen(text) + 1);
    return at + 1;
}

static void keep_for_capture(gd_request *r, const char *inference, const char *attributes)
{
    r->text.length = 0;
    r->type_at = copy(r, r->job.content_type ? r->job.content_type : "application/x-image");
    r->inference_at = copy(r, inference);
    r->attributes_at = copy(r, attributes);
}

static void invoke(gd_request *r, const char *model)
{
    gd_exchange *x = &r->exchange;
    gd_service *s = r->service;
    const char *inference = gd_exchange_header(x, "X-Amzn-SageMaker-Inference-Id"),
               *attributes = gd_exchange_header(x, ATTRIBUTES);
    if (!gd_fleet_lease(s->options.fleet, model, draw(r), &r->lease)) {
        if (model)
            gd_request_complain(r, 404, "ValidationError", "no model is called '%.100s'", model);
        else
            gd_request_complain(r, 404, "ValidationError", "no model is loaded");
        return;
    }
    memcpy(r->variant, r->lease.name, sizeof r->variant);
    r->counted = r->lease.metrics;
    if (!gd_hosted_admit(r->lease.hosted)) {
        gd_fleet_return(s->options.fleet, &r->lease);
        gd_exchange_add_header(x, "Retry-After", "1");
        gd_request_complain(r, 503, "ServiceUnavailable", "as many requests wait as may; try again");
        return;
    }
    r->job.content_type = gd_exchange_header(x, "Content-Type");
    r->job.body = x->body;
    r->job.body_bytes = x->body_bytes;
    r->job.deadline = x->began + (uint64_t)(s->options.timeout * 1e9);
    r->job.answered = answered;
    r->job.seen = seen;
    r->captured = s->options.capture && gd_capture_draw(s->options.capture);
    if (r->captured)
        keep_for_capture(r, inference, attributes);
    gd_exchange_add_header(x, "x-Amzn-Invoked-Production-Variant", r->variant);
    if (attributes)
        gd_exchange_add_header(x, ATTRIBUTES, attributes);
    gd_exchange_hold(x); /* until seen */
    gd_exchange_suspend(x);
    gd_hosted_put(r->lease.hosted, &r->job);
}

void gd_serve_invocation(gd_request *r)
{
    const char *model = gd_exchange_header(&r->exchange, "X-Amzn-SageMaker-Target-Model"),
               *variant = gd_exchange_header(&r->exchange, "X-Amzn-SageMaker-Target-Variant");
    invoke(r, model ? model : variant);
}

void gd_serve_named_invocation(gd_request *r) { invoke(r, r->part); }
