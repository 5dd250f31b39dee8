// SPDX-License-Identifier: Apache-2.0
/* libgriddle-infer: asks an exported model about pictures, on the CPU. Needs libc and libm.
 *
 *     gd_error error = {0};
 *     gd_model *model = NULL;
 *     gd_session *session = NULL;
 *     float probability[10];
 *     if (gd_model_open("model.safetensors", &model, &error) == GD_OK &&
 *         gd_session_new(model, NULL, &session, &error) == GD_OK &&
 *         gd_session_run(session, &(gd_image){height, width, 3, pixels}, 1, probability, &error) == GD_OK)
 *         use(probability, gd_model_describe(model)->classes);
 *     gd_session_free(session);
 *     gd_model_free(model);
 *
 * A model is read once and shared; each session has memory of its own and serves one thread at a time. Different
 * sessions of one model run at the same time; clones of one share its weights. After gd_session_new nothing is
 * allocated, and the calling thread does all the work. Kernels for AVX-512, AVX2 or any CPU are chosen when a session
 * is made; the environment variable GRIDDLE_ISA (portable, avx2, avx512) caps the choice.
 *
 * What can fail returns a gd_status and fills `error` (which may be NULL) unless it holds an earlier one; gd_error_text
 * puts it in words. Functions that make something set it to NULL when they fail.
 */
#ifndef GRIDDLE_INFER_H
#define GRIDDLE_INFER_H

#include "griddle/image.h"
#include "griddle/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_model gd_model;
typedef struct gd_session gd_session;

/* Opens a model.safetensors. FORMAT, with one sentence that names the file, when it is no model, damaged, or its
 * tensors and its graph disagree; IO when it cannot be read. The file stays mapped while the model lives. */
GD_PUBLIC gd_status gd_model_open(const char *path, gd_model **model, gd_error *error);

/* The same from memory, which the caller keeps alive and unchanged while the model lives; aligned to 8 bytes. */
GD_PUBLIC gd_status gd_model_read(const void *bytes, size_t length, gd_model **model, gd_error *error);

/* After all of its sessions. Accepts NULL. */
GD_PUBLIC void gd_model_free(gd_model *model);

typedef struct gd_model_info {
    int height, width, channels; /* what the network reads; pictures of other sizes are scaled and cut to it */
    bool flip;                   /* answers are the mean over a picture and its mirror image */
    int n_classes;
    const char *const *classes; /* names in the order of probabilities, UTF-8 */
    int64_t parameters;

    /* What tells the classes apart: the value that the last linear layer reads or, without one, what the global pooling
     * gives; a session made with it as an output has it. NULL: the graph ends otherwise. And its floats per picture. */
    const char *features;
    int64_t n_features;
} gd_model_info;

/* Lives as long as the model. */
GD_PUBLIC const gd_model_info *gd_model_describe(const gd_model *model);

typedef struct gd_session_options {
    int max_batch; /* most pictures of one run, 1 to 1024; 0: 1 */
    int n_outputs;
    const char *const *outputs; /* (optional) values of the graph to keep besides the probabilities, as "features" */
} gd_session_options;

/* Lays out memory, chooses kernels, packs weights. `options` NULL: one picture, no further outputs. INVALID for an
 * output that the graph has not; UNSUPPORTED where no kernel computes a step; NOMEM. */
GD_PUBLIC gd_status gd_session_new(const gd_model *model, const gd_session_options *options, gd_session **session,
                                   gd_error *error);

/* A further session like `session`, for another thread: with the same options, of the same parameters and packed
 * weights, which are in memory once; what it computes in is its own. Gives the same bits. May be called while `session`
 * runs, and by several threads at once; each of those that share is freed whenever it is no longer needed, the model
 * after all of them. NOMEM. */
GD_PUBLIC gd_status gd_session_clone(const gd_session *session, gd_session **clone, gd_error *error);

GD_PUBLIC void gd_session_free(gd_session *session); /* accepts NULL */

/* The probabilities (n, n_classes) of n pictures, 1 to max_batch, each of any size up to 16384 x 16384 and with the
 * model's channels: scaled until it covers the network's input (antialiased, as Pillow's bilinear resize), its middle
 * cut out, normalised. A picture's answer does not depend on its neighbours; in batches of different sizes it agrees to
 * rounding. INVALID for a wrong n or picture: none is answered then. */
GD_PUBLIC gd_status gd_session_run(gd_session *session, const gd_image *images, int n, float *probabilities,
                                   gd_error *error);

/* Output `name` of the last run: n rows of `*count` floats, NHWC within a row; of the pictures as they are, not
 * mirrored. Holds until the next run. NULL for a name that the session was not made with. */
GD_PUBLIC const float *gd_session_output(const gd_session *session, const char *name, int64_t *count);

/* The instruction set that sessions made now would use: "avx512-bf16", "avx512", "avx2" or "portable". */
GD_PUBLIC const char *gd_infer_isa(void);

/* "0.1.0". */
GD_PUBLIC const char *gd_infer_version(void);

#ifdef __cplusplus
}
#endif
#endif
