// SPDX-License-Identifier: Apache-2.0
/* Activations that other ops apply at their end (a `post` of conv2d, linear, bn_apply). */
#ifndef GD_KERNEL_ACTIVATION_H
#define GD_KERNEL_ACTIVATION_H

#define GD_ACTIVATION_CHOICES "none relu"
typedef enum gd_activation { GD_ACTIVATION_NONE, GD_ACTIVATION_RELU } gd_activation;

#endif
