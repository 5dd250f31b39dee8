// SPDX-License-Identifier: Apache-2.0
/* A model and what one thread needs to ask it about a picture. */
#ifndef GD_CLI_PREDICT_ASK_H
#define GD_CLI_PREDICT_ASK_H

#include "base/text.h"
#include "griddle/infer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_asker {
    const gd_model_info *info;
    gd_session *session; /* NULL: not made yet */
    float *probability;  /* (classes) of the last picture */
    uint8_t *file;       /* room for one, used again and again */
    size_t file_bytes;
} gd_asker; /* {0} is one to be released */

/* Makes a session for one picture at a time: batches are no faster (benchmarks/infer.py), and so every way to ask
 * gives the same bits. Borrows the model. */
gd_status gd_asker_init(gd_asker *asker, const gd_model *model, gd_error *error);

/* One for another thread, with the same weights in memory; `asker` may be at work. */
gd_status gd_asker_clone(const gd_asker *asker, gd_asker *clone, gd_error *error);

void gd_asker_release(gd_asker *asker);

/* Asks about a PNG or JPEG file: in memory, `name` being the place in messages, or at a path. FORMAT and IO say what is
 * wrong with the picture, NUMERIC that the answer is no number. */
gd_status gd_ask_bytes(gd_asker *asker, const char *name, const void *bytes, size_t length, gd_error *error);
gd_status gd_ask_file(gd_asker *asker, const char *path, gd_error *error);

/* The class that the last picture most likely shows. */
int gd_ask_likeliest(const gd_asker *asker);

/* The last answer as members of a JSON object: "class":…,"probability":…,"probabilities":[…] */
void gd_ask_print_json(const gd_asker *asker, gd_text *out);

#ifdef __cplusplus
}
#endif
#endif
