// SPDX-License-Identifier: Apache-2.0
/* From a config to a net: the zoo, and `layers:` for one's own. The net that comes out is the training net:
 *
 *     inputs   images (N,H,W,C) U8, draws (N,20) U8, targets (N,classes) F32
 *     nodes    input = augment(images, draws) … logits = linear(features) … loss = softmax_xent(logits, targets)
 *     outputs  logits, loss
 *
 * `features` names the input of the last linear layer. Passes derive evaluation and inference from it.
 */
#ifndef GD_BUILD_H
#define GD_BUILD_H

#include "config/config.h"
#include "net/net.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the data decides. */
typedef struct gd_build_input {
    int height, width, channels, n_classes;
    const double *mean, *deviation; /* (channels), in bytes */
} gd_build_input;

/* What can be said of a config before its images are known: INVALID for a network, or an op in `impl`, that does not
 * exist.
 */
gd_status gd_build_check(const gd_config *config, gd_error *error);

/* `batch`: images per step (a micro-batch where gradients are accumulated). INVALID names layer and place. */
gd_status gd_build_net(const gd_config *config, const gd_build_input *input, int batch, gd_net **net, gd_error *error);

/* Initial values of parameter i of a net (running statistics too) into `to`, from the seed: He normal, or as the role
 * says. A pure function of seed and the parameter's index. */
void gd_init_param(const gd_net *net, int i, uint64_t seed, float *to);

#ifdef __cplusplus
}
#endif
#endif
