// SPDX-License-Identifier: Apache-2.0
#include "serve/capture_line.h"

#include <string.h>
#include <strings.h>
#include <time.h>

/* ---- encodings ---- */

/* Characters, and no 0 among them, which is no character of JSON nor CSV. */
static bool is_text(const char *bytes, size_t length)
{
    for (size_t at = 0, n; at < length; at += n) {
        uint32_t c;
        n = (size_t)gd_utf8_decode(bytes + at, length - at, &c);
        if (n == 0 || c == 0)
            return false;
    }
    return true;
}

/* "text/csv; charset=utf-8" is text/csv. */
static bool is_type(const char *content_type, const char *type)
{
    const size_t length = strlen(type);
    content_type += strspn(content_type, " \t");
    return strncasecmp(content_type, type, length) == 0 && strchr(" \t;", content_type[length]); /* or its end */
}

static bool is_one_of(const char *content_type, const char *const *types, const char *only)
{
    if (!types)
        return is_type(content_type, only);
    while (*types && !is_type(content_type, *types))
        types++;
    return *types;
}

/* ---- the line ---- */

static void add_key(gd_text *text, const char *key, const char *value)
{
    if (value) {
        gd_text_add(text, "\"%s\":", key);
        gd_text_add_json(text, value);
        gd_text_add_n(text, ",", 1);
    }
}

/* One of the two sides: {"observedContentType":…,"mode":…,"data":…,"encoding":…}. */
static void add_side(gd_text *text, const gd_capture_options *options, const char *mode, const char *content_type,
                     const void *body, size_t bytes)
{
    const char *type = content_type ? content_type : "", *encoding = "BASE64";
    if (is_one_of(type, options->csv_types, "text/csv"))
        encoding = "CSV";
    else if (is_one_of(type, options->json_types, "application/json"))
        encoding = "JSON";
    if (*encoding != 'B' && !is_text(body, bytes))
        encoding = "BASE64";

    gd_text_add_n(text, "{", 1);
    add_key(text, "observedContentType", content_type);
    add_key(text, "mode", mode);
    gd_text_add(text, "\"data\":");
    if (*encoding == 'B') {
        gd_text_add_n(text, "\"", 1);
        gd_text_add_base64(text, body, bytes);
        gd_text_add_n(text, "\"", 1);
    } else {
        gd_text_add_json(text, body);
    }
    gd_text_add(text, ",\"encoding\":\"%s\"}", encoding);
}

/* JSON that is somebody else's, as it is; a line break in it, which is white space there, would be one of ours. */
static void add_raw(gd_text *text, const char *json)
{
    for (size_t n; *json; json += n + (json[n] != '\0')) {
        n = strcspn(json, "\r\n");
        gd_text_add_n(text, json, n);
    }
}

void gd_capture_line(gd_text *text, const gd_capture_options *options, const gd_capture_record *record)
{
    gd_text_add(text, "{\"captureData\":{");
    if (options->input) {
        gd_text_add(text, "\"endpointInput\":");
        add_side(text, options, "INPUT", record->input_type, record->input, record->input_bytes);
    }
    if (options->output) {
        gd_text_add(text, "%s\"endpointOutput\":", options->input ? "," : "");
        add_side(text, options, "OUTPUT", record->output_type, record->output, record->output_bytes);
    }

    gd_text_add(text, "},\"eventMetadata\":{");
    add_key(text, "eventId", record->event_id);
    add_key(text, "inferenceId", record->inference_id);
    if (record->custom_attributes) {
        gd_text_add(text, "\"customAttributes\":[");
        gd_text_add_json(text, record->custom_attributes);
        gd_text_add(text, "],");
    }
    char when[32];
    const time_t seconds = (time_t)(record->time_ms / 1000);
    struct tm utc;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    gd_text_add(text, "\"inferenceTime\":\"%s\"},\"eventVersion\":\"0\"", when);

    if (options->figures && record->figures) {
        gd_text_add(text, ",\"griddle\":");
        add_raw(text, record->figures);
    }
    gd_text_add(text, "}\n");
}
