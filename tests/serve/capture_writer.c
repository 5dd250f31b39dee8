// SPDX-License-Identifier: Apache-2.0
/* Capture for tests that look at it from the outside.
 *
 *     griddle-capture-writer records FOLDER     a record per line of standard input, its fields in hexadecimal with
 * tabs between them, "-" for none: endpoint, variant, types and bodies of input and output, event id, inference id,
 * custom attributes, figures, time_ms griddle-capture-writer storm FOLDER BYTES  records of so many bytes without end,
 * about a thousand a second; says the number of each once it is put griddle-capture-writer mend FOLDER         opens
 * and closes it
 */
#include "serve/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIELDS = 11 };

typedef struct field {
    char *bytes; /* with a 0 behind it; NULL: none */
    size_t length;
} field;

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* In place: the text has twice the room. */
static field decode(char *text)
{
    if (strcmp(text, "-") == 0)
        return (field){0};
    field f = {.bytes = text, .length = strlen(text) / 2};
    for (size_t i = 0; i < f.length; i++)
        text[i] = (char)(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
    text[f.length] = '\0';
    return f;
}

static void records(gd_capture *capture)
{
    char *line = NULL;
    size_t room = 0;
    for (ssize_t length; (length = getline(&line, &room, stdin)) > 0;) {
        field f[FIELDS] = {{0}};
        char *rest = line;
        line[length - 1] = '\0';
        for (int i = 0; i < FIELDS && rest; i++)
            f[i] = decode(strsep(&rest, "\t"));
        gd_capture_put(capture, &(gd_capture_record){.endpoint = f[0].bytes,
                                                     .variant = f[1].bytes,
                                                     .input_type = f[2].bytes,
                                                     .input = f[3].bytes,
                                                     .input_bytes = f[3].length,
                                                     .output_type = f[4].bytes,
                                                     .output = f[5].bytes,
                                                     .output_bytes = f[5].length,
                                                     .event_id = f[6].bytes,
                                                     .inference_id = f[7].bytes,
                                                     .custom_attributes = f[8].bytes,
                                                     .figures = f[9].bytes,
                                                     .time_ms = f[10].bytes ? atoll(f[10].bytes) : 0});
    }
    free(line);
}

_Noreturn static void storm(gd_capture *capture, size_t bytes)
{
    char *body = calloc(1, bytes + 1), id[32];
    const struct timespec pause = {0, 900000};
    for (int n = 0;; n++) {
        snprintf(id, sizeof id, "%d", n);
        gd_capture_put(capture, &(gd_capture_record){.variant = n % 2 ? "odd" : "even",
                                                     .input_type = "image/png",
                                                     .output_type = "application/json",
                                                     .input = body,
                                                     .input_bytes = bytes,
                                                     .output = "[0.97,0.03]",
                                                     .output_bytes = 11,
                                                     .event_id = id,
                                                     .time_ms = (int64_t)time(NULL) * 1000});
        printf("%s\n", id);
        fflush(stdout);
        nanosleep(&pause, NULL);
    }
}

int main(int argc, char **argv)
{
    gd_capture *capture;
    gd_error error = {0};
    const char *verb = argc >= 3 ? argv[1] : "";
    const gd_capture_options options = {.folder = argc >= 3 ? argv[2] : "",
                                        .endpoint = "griddle",
                                        .percent = 100.0,
                                        .input = true,
                                        .output = true,
                                        .figures = true,
                                        .disk_percent = 100.0};
    char text[1024];
    if (gd_capture_open(&options, &capture, &error) != GD_OK) {
        fprintf(stderr, "%s\n", gd_error_text(&error, text, sizeof text));
        return 1;
    }
    if (strcmp(verb, "records") == 0)
        records(capture);
    else if (strcmp(verb, "storm") == 0 && argc == 4)
        storm(capture, strtoul(argv[3], NULL, 10));
    gd_capture_close(capture);
    return 0;
}
