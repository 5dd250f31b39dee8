// SPDX-License-Identifier: Apache-2.0
/* Models out: the trained net, folded for inference, as one safetensors file.
 *
 *     metadata  format "griddle-model", format_version, graph (net/json.c), classes (JSON array), preprocess (JSON)
 *     tensors   the parameters of the graph by name, in its order; F32 or BF16
 */
#ifndef GD_EXPORT_H
#define GD_EXPORT_H

#include "config/config.h"
#include "data/staged.h"
#include "net/net.h"

/* What training ends with: parameters by name (best.safetensors) → model.safetensors. Batch norm is folded where it
 * follows a convolution or linear layer. */
gd_status gd_export_trained(const gd_config *config, const gd_staged *staged, const gd_net *net, const char *parameters,
                            const char *model, gd_error *error);

/* A model file again, in another precision. */
gd_status gd_export_model(const char *model, const char *to, gd_type type, gd_error *error);

#endif
