// SPDX-License-Identifier: Apache-2.0
/* Entries of ops on numbers of a test's own: on the CPU, or, compiled with CHECK_CUDA_LIBRARY, on that device. */
#ifndef GD_TESTS_ENTRY_H
#define GD_TESTS_ENTRY_H

#include "check.h"

const gd_device *entry_device(void);
const gd_impl *entry_list(const gd_op *op, gd_direction direction);
bool entry_runs_here(const gd_impl *impl, const gd_problem *problem);

/* Prepares, runs and releases on two threads. `at` is the host's memory: operands go to the device and come back. A
 * record, a communicator and a tally may be NULL. */
void entry_run(const gd_impl *impl, const gd_problem *problem, void *const at[GD_OPERANDS], const gd_record *record,
               const struct gd_comm *comm, gd_tally *tally);

#endif
