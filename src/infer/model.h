// SPDX-License-Identifier: Apache-2.0
/* The inside of a model. Private to the room; immutable once read, so that sessions share it. */
#ifndef GD_INFER_MODEL_H
#define GD_INFER_MODEL_H

#include "griddle/infer.h"
#include "net/net.h"
#include "store/safetensors.h"

struct gd_model {
    gd_safetensors file; /* maps the parameters */
    gd_arena arena;
    gd_model_info info;
    gd_net *net; /* of one picture: images (1,H,W,C) U8 → probabilities (1,classes) F32 */
};

#endif
