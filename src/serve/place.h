// SPDX-License-Identifier: Apache-2.0
/* Where a model's file is, for what was said on the command line or by a client. */
#ifndef GD_SERVE_PLACE_H
#define GD_SERVE_PLACE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `word`: a file, or a folder with model.safetensors in it (a run's, /opt/ml/model), or with one other *.safetensors,
 * or with model.tar.gz. `below`: the folder it must lie in, with all links followed, and no archive: FORMAT; NULL:
 * anything anywhere. IO: it is not there. */
gd_status gd_model_place(const char *word, const char *below, char *path, size_t bytes, gd_error *error);

/* Whether it is called *.tar.gz or *.tgz: to be unpacked first. */
bool gd_model_is_archive(const char *path);

#ifdef __cplusplus
}
#endif
#endif
