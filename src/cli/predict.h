// SPDX-License-Identifier: Apache-2.0
#ifndef GD_CLI_PREDICT_H
#define GD_CLI_PREDICT_H

#include "cli/command.h"

extern const gd_verb gd_verb_predict;

#endif
