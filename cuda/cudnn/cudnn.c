// SPDX-License-Identifier: Apache-2.0
#include "cudnn/cudnn.h"

#include "card.h"
#include "library.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define VARIABLE "GRIDDLE_CUDNN_LIBRARY"
#define FILE_NAME "libcudnn.so.9"

/* 9.0 gave statuses their categories and a version its five digits; 9.11 left out the cards before Turing (support
 * matrices of 9.10.2 and 9.11.0). */
enum { OLDEST = 90000, NEXT = 100000, WITHOUT_VOLTA = 91100, TURING = 75 };

/* All written once, under pthread_once. */
gd_cudnn_functions gd_cudnn;
static char version[32];
static gd_error refusal; /* GD_OK: there is none */
static cudnnHandle_t handle;

/* Until 8 a version was 1000 major + 100 minor + patch; from 9 on it is 10000 major. */
static gd_status judge(long number, gd_error *error)
{
    const long major = number < OLDEST ? 1000 : 10000;
    char text[sizeof version];
    snprintf(text, sizeof text, "%ld.%ld.%ld", number / major, number % major / 100, number % 100);
    if (number < OLDEST)
        return gd_fail(error, GD_UNSUPPORTED, "cuDNN %s is too old: a cuDNN 9 is needed", text);
    if (number >= NEXT)
        return gd_fail(error, GD_UNSUPPORTED, "cuDNN %s is too new: a cuDNN 9 is needed", text);
    if (number >= WITHOUT_VOLTA && gd_card_get()->sm < TURING)
        return gd_fail(error, GD_UNSUPPORTED, "cuDNN %s is too new for sm_%d: 9.10.2 is the last that has it", text,
                       gd_card_get()->sm);
    snprintf(version, sizeof version, "%s", text);
    return GD_OK;
}

/* The version first: what another version lacks is no news. */
static gd_status load(gd_error *error)
{
    const gd_library_symbol symbols[] = {
#define GD_CUDNN_SYMBOL(type, name, arguments) {#name, (void (**)(void)) & gd_cudnn.name},
        GD_CUDNN_FUNCTIONS(GD_CUDNN_SYMBOL)
#undef GD_CUDNN_SYMBOL
    };
    GD_TRY(gd_library_open(VARIABLE, FILE_NAME, symbols, 1, error));
    GD_TRY(judge((long)gd_cudnn.cudnnGetVersion(), error));
    return gd_library_open(VARIABLE, FILE_NAME, symbols, sizeof symbols / sizeof *symbols, error);
}

static void find(void)
{
    if (load(&refusal) != GD_OK)
        version[0] = '\0';
}

static void start(void)
{
    cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
    gd_cudnn_version();
    if (refusal.status == GD_OK)
        status = gd_cudnn.cudnnCreate(&handle);
    if (status != CUDNN_STATUS_SUCCESS)
        gd_fail(&refusal, GD_UNSUPPORTED, "cuDNN %s cannot be started: %s", version,
                gd_cudnn.cudnnGetErrorString(status));
}

const char *gd_cudnn_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find);
    return version;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the handle, and of what has been told */
static bool is_wanted, is_told;

gd_status gd_cudnn_open(gd_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start);
    pthread_mutex_lock(&lock);
    is_wanted = true;
    pthread_mutex_unlock(&lock);
    return refusal.status == GD_OK ? GD_OK : gd_fail(error, GD_UNSUPPORTED, "%s", refusal.message);
}

const char *gd_cudnn_note(void)
{
    static char text[sizeof refusal.message + 64];
    const char *path = getenv(VARIABLE);
    pthread_mutex_lock(&lock);
    const bool is_news = is_wanted && !is_told && refusal.status != GD_OK && !(path && !*path);
    if (is_news)
        snprintf(text, sizeof text, "%s; kernels of griddle's own do its work", refusal.message);
    is_told |= is_news;
    pthread_mutex_unlock(&lock);
    return is_news ? text : NULL;
}

cudnnHandle_t gd_cudnn_take(cudaStream_t stream)
{
    pthread_mutex_lock(&lock);
    if (gd_cudnn.cudnnSetStream(handle, stream) == CUDNN_STATUS_SUCCESS)
        return handle;
    pthread_mutex_unlock(&lock);
    return NULL;
}

void gd_cudnn_give_back(void) { pthread_mutex_unlock(&lock); }
