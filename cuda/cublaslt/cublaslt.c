// SPDX-License-Identifier: Apache-2.0
#include "cublaslt/cublaslt.h"

#include "library.h"

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stdio.h>

#define GD_CUBLASLT_CHECK(name, result, parameters)                                                                    \
    _Static_assert(_Generic(&cublasLt##name, result(*) parameters : 1, default : 0), "cublasLt" #name);
GD_CUBLASLT_MAP(GD_CUBLASLT_CHECK)

#ifndef GRIDDLE_CUBLASLT_FILE
#define TEXT_OF(number) #number
#define FILE_OF(major) "libcublasLt.so." TEXT_OF(major)
#if CUDART_VERSION >= 13000
#define GRIDDLE_CUBLASLT_FILE FILE_OF(13)
#else
#define GRIDDLE_CUBLASLT_FILE FILE_OF(12)
#endif
#endif

static gd_cublaslt functions; /* written once, by gd_cublaslt_get */

const gd_cublaslt *gd_cublaslt_get(void)
{
    static bool is_there, is_known;
    const gd_library_symbol symbols[] = {
#define GD_CUBLASLT_SYMBOL(name, result, parameters) {"cublasLt" #name, (void (**)(void)) & functions.name},
        GD_CUBLASLT_MAP(GD_CUBLASLT_SYMBOL)};
    if (!is_known)
        is_there = gd_library_open("GRIDDLE_CUBLASLT_LIBRARY", GRIDDLE_CUBLASLT_FILE, symbols,
                                   (int)(sizeof symbols / sizeof *symbols), NULL) == GD_OK &&
                   functions.Create(&functions.handle) == CUBLAS_STATUS_SUCCESS;
    is_known = true;
    return is_there ? &functions : NULL;
}

/* 130002: 13.0.2 */
void gd_cublaslt_version(char *text, size_t bytes)
{
    const gd_cublaslt *lt = gd_cublaslt_get();
    const int version = lt ? (int)lt->GetVersion() : 0;
    text[0] = '\0';
    if (lt)
        snprintf(text, bytes, "%d.%d.%d", version / 10000, version % 10000 / 100, version % 100);
}
