// SPDX-License-Identifier: Apache-2.0
#include "entry.h"

#include "unit.h"

#include <stdlib.h>

const gd_device *entry_device(void)
{
#ifdef CHECK_CUDA_LIBRARY
    const gd_device *cuda;
    gd_error error = {0};
    setenv("GRIDDLE_CUDA_LIBRARY", CHECK_CUDA_LIBRARY, 0);
    CHECK_OK(gd_device_open_cuda(&cuda, &error), &error);
    return cuda;
#else
    return &gd_device_cpu;
#endif
}

const gd_impl *entry_list(const gd_op *op, gd_direction direction)
{
    return gd_op_entries(op, direction, entry_device());
}

bool entry_runs_here(const gd_impl *impl, const gd_problem *problem)
{
    return !gd_impl_refuses(impl, problem, entry_device()->kind, entry_device()->features());
}

/* Memory of the device's, with `bytes` of `from` in it where that is given. */
static void *there(const void *from, size_t bytes)
{
    void *memory = NULL;
    gd_error error = {0};
    CHECK_OK(entry_device()->alloc(bytes, &memory, &error), &error);
    if (from)
        CHECK_EQ_INT(entry_device()->copy_in(NULL, memory, from, bytes), GD_OK);
    return memory;
}

/* Takes it back. */
static void back(void *to, void *memory, size_t bytes)
{
    if (to)
        CHECK_EQ_INT(entry_device()->copy_out(NULL, to, memory, bytes), GD_OK);
    CHECK_EQ_INT(entry_device()->synchronize(NULL, NULL), GD_OK);
    entry_device()->free(memory);
}

void entry_run(const gd_impl *impl, const gd_problem *problem, void *const at[GD_OPERANDS], const gd_record *record,
               const struct gd_comm *comm, gd_tally *tally)
{
    gd_error error = {0};
    gd_needs needs = {0};
    gd_call call = {.problem = problem};
    if (impl->prepare)
        CHECK_OK(impl->prepare(problem, 2, &needs, &error), &error);
    call.state = needs.state;
    for (int i = 0; i < GD_WORK; i++)
        call.at[i] = at[i] && problem->desc[i].rank ? there(at[i], gd_desc_bytes(problem->desc[i])) : NULL;
    call.at[GD_WORK] = there(NULL, needs.work_bytes + 1);
    if (impl->bind)
        CHECK_EQ_INT(impl->bind(&call), GD_OK);
    void *record_there = record ? there(record, sizeof *record) : NULL;
    void *tally_there = tally ? there(tally, sizeof *tally) : NULL;
    const gd_ctx ctx = {.threads = 2, .record = record_there, .tally = tally_there, .comm = comm};
    CHECK_EQ_INT(impl->run(&call, &ctx), GD_OK);
    for (int i = 0; i < GD_WORK; i++) {
        if (call.at[i])
            back(at[i], call.at[i], gd_desc_bytes(problem->desc[i]));
    }
    back(NULL, call.at[GD_WORK], 0);
    back(NULL, record_there, 0);
    back(tally, tally_there, sizeof *tally);
    if (impl->release)
        impl->release(needs.state);
}
