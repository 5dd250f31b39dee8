// SPDX-License-Identifier: Apache-2.0
/* Sums of 16-bit floats, which MPI 3 does not know. They do not depend on which of the two is called `in`. */
#include "comm/mpi/mpi_comm.h"

void gd_mpi_sum_f16(void *in, void *inout, int *n, MPI_Datatype *type)
{
    const uint16_t *a = in;
    uint16_t *b = inout;
    (void)type;
    for (int i = 0; i < *n; i++)
        b[i] = gd_f32_to_f16(gd_f16_to_f32(a[i]) + gd_f16_to_f32(b[i]));
}

void gd_mpi_sum_bf16(void *in, void *inout, int *n, MPI_Datatype *type)
{
    const uint16_t *a = in;
    uint16_t *b = inout;
    (void)type;
    for (int i = 0; i < *n; i++)
        b[i] = gd_f32_to_bf16(gd_bf16_to_f32(a[i]) + gd_bf16_to_f32(b[i]));
}
