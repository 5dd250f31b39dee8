// SPDX-License-Identifier: Apache-2.0
/* As much of NVTX as Griddle uses; what it does here is in range.cc. */
#ifndef NVTOOLSEXT_H
#define NVTOOLSEXT_H

#ifdef __cplusplus
extern "C" {
#endif

int nvtxRangePushA(const char *message); // the level that the range is at, from 0
int nvtxRangePop(void);                  // the level of the range that ends; negative: there was none

#ifdef __cplusplus
}
#endif

#endif
