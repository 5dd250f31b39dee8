// SPDX-License-Identifier: Apache-2.0
/* What is read of captures, for judges: griddle-captured [--labels] [--from MS] [--to MS] PATH…
 *
 * A record or a label is a line of JSON; then come the counts. Numbers are printed so that they are read as they were;
 * what is no number is null, and so is what is not there. */
#include "captured/captured.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_text(gd_text *to, const char *key, const char *text)
{
    gd_text_add(to, ",\"%s\":", key);
    if (text)
        gd_text_add_json(to, text);
    else
        gd_text_add(to, "null");
}

static void add_number(gd_text *to, double value)
{
    if (isfinite(value))
        gd_text_add(to, "%.17g", value);
    else
        gd_text_add(to, "null");
}

static void add_body(gd_text *to, gd_captured *captured, const char *key, const gd_captured_side *side)
{
    static const char *const encodings[] = {"", "BASE64", "JSON", "CSV"};
    const void *body;
    size_t length;
    if (!side->encoding) {
        add_text(to, key, NULL);
        return;
    }
    gd_text_add(to, ",\"%s\":{\"encoding\":\"%s\"", key, encodings[side->encoding]);
    add_text(to, "type", side->type);
    if (gd_captured_body(captured, side, &body, &length, NULL) == GD_OK) {
        gd_text_add(to, ",\"hex\":\"");
        for (size_t i = 0; i < length; i++)
            gd_text_add(to, "%02x", ((const unsigned char *)body)[i]);
        gd_text_add(to, "\"}");
    } else {
        gd_text_add(to, ",\"hex\":null}");
    }
}

static void add_answer(gd_text *to, const gd_captured_record *r)
{
    gd_text_add(to, r->probability ? ",\"rows\":[" : ",\"rows\":null");
    for (int i = 0; r->probability && i < r->n_pictures; i++) {
        gd_text_add(to, i ? ",[" : "[");
        for (int c = 0; c < r->n_classes; c++) {
            gd_text_add(to, c ? "," : "");
            add_number(to, r->probability[(size_t)i * (size_t)r->n_classes + (size_t)c]);
        }
        gd_text_add(to, "]");
    }
    gd_text_add(to, r->probability ? "]" : "");
    gd_text_add(to, r->classes ? ",\"classes\":[" : ",\"classes\":null");
    for (int c = 0; r->classes && c < r->n_classes; c++) {
        gd_text_add(to, c ? "," : "");
        gd_text_add_json(to, r->classes[c]);
    }
    gd_text_add(to, r->classes ? "]" : "");
    gd_text_add(to, r->answered ? ",\"answered\":[" : ",\"answered\":null");
    for (int i = 0; r->answered && i < r->n_pictures; i++) {
        gd_text_add(to, i ? "," : "");
        gd_text_add_json(to, r->answered[i]);
    }
    gd_text_add(to, r->answered ? "]" : "");
}

static void add_pictures(gd_text *to, const gd_captured_record *r)
{
    gd_text_add(to, r->pictures ? ",\"pictures\":[" : ",\"pictures\":null");
    for (int i = 0; r->pictures && i < r->n_pictures; i++) {
        const gd_captured_picture *p = &r->pictures[i];
        gd_text_add(to, "%s{\"bytes\":%lld,\"quality\":%d", i ? "," : "", (long long)p->bytes, p->quality);
        add_text(to, "format", p->format);
        for (int k = 0; k < GD_FIGURES; k++) {
            gd_text_add(to, ",\"%s\":", gd_figure_table[k].name);
            add_number(to, p->figure[k]);
        }
        gd_text_add(to, ",\"features\":[");
        for (int k = 0; k < p->n_features; k++) {
            gd_text_add(to, k ? "," : "");
            add_number(to, (double)p->features[k]);
        }
        gd_text_add(to, "]}");
    }
    gd_text_add(to, r->pictures ? "]" : "");
}

static void add_record(gd_text *to, gd_captured *captured, const gd_captured_record *r)
{
    gd_text_add(to, "{\"line\":%lld,\"time_ms\":%lld,\"n\":%d", (long long)r->line, (long long)r->time_ms,
                r->n_pictures);
    add_text(to, "file", r->file);
    add_text(to, "event", r->event_id);
    add_text(to, "inference", r->inference_id);
    add_text(to, "endpoint", r->endpoint);
    add_text(to, "variant", r->variant);
    gd_text_add(to, ",\"attributes\":[");
    for (int i = 0; i < r->n_attributes; i++) {
        gd_text_add(to, i ? "," : "");
        gd_text_add_json(to, r->attributes[i]);
    }
    gd_text_add(to, "]");
    add_answer(to, r);
    add_pictures(to, r);
    add_body(to, captured, "input", &r->input);
    add_body(to, captured, "output", &r->output);
    gd_text_add(to, "}\n");
}

static gd_status print_all(gd_captured *captured, bool labels, gd_error *error)
{
    for (;;) {
        gd_text text = {0};
        const gd_captured_record *record = NULL;
        const gd_captured_label *label = NULL;
        if (labels)
            GD_TRY(gd_captured_next_label(captured, &label, error));
        else
            GD_TRY(gd_captured_next(captured, &record, error));
        if (!record && !label)
            return GD_OK;
        if (record) {
            add_record(&text, captured, record);
        } else {
            gd_text_add(&text, "{\"line\":%lld", (long long)label->line);
            add_text(&text, "id", label->id);
            add_text(&text, "label", label->label);
            gd_text_add(&text, "}\n");
        }
        fwrite(text.at, 1, text.length, stdout);
        gd_text_release(&text);
    }
}

static void print_counts(const gd_captured_counts *c)
{
    gd_text text = {0};
    gd_text_add(&text,
                "{\"files\":%lld,\"bytes\":%lld,\"lines\":%lld,\"records\":%lld,\"outside\":%lld,\"unfinished\":%lld,"
                "\"broken\":%lld,\"strange\":%lld,\"unread\":%lld,\"complaints\":[",
                (long long)c->files, (long long)c->bytes, (long long)c->lines, (long long)c->records,
                (long long)c->outside, (long long)c->unfinished, (long long)c->broken, (long long)c->strange,
                (long long)c->unread);
    for (int i = 0; i < c->n_complaints; i++) {
        char said[1024];
        gd_text_add(&text, i ? "," : "");
        gd_text_add_json(&text, gd_error_text(&c->complaint[i], said, sizeof said));
    }
    printf("%s]}\n", text.at);
    gd_text_release(&text);
}

int main(int argc, char **argv)
{
    gd_captured_options options = {0};
    bool labels = false;
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--labels") == 0)
            labels = true;
        else if (at + 1 < argc && strcmp(argv[at], "--from") == 0)
            options.from_ms = atoll(argv[++at]);
        else if (at + 1 < argc && strcmp(argv[at], "--to") == 0)
            options.to_ms = atoll(argv[++at]);
    }
    options.paths = (const char *const *)(argv + at);

    gd_captured *captured;
    gd_error error = {0};
    char said[1024];
    gd_status status = gd_captured_open(&options, &captured, &error);
    if (status == GD_OK)
        status = print_all(captured, labels, &error);
    if (status == GD_OK)
        print_counts(gd_captured_count(captured));
    else
        fprintf(stderr, "%s\n", gd_error_text(&error, said, sizeof said));
    gd_captured_close(captured);
    return gd_status_exit_code(status);
}
