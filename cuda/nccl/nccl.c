// SPDX-License-Identifier: Apache-2.0
#include "nccl/nccl.h"

#include "library.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE "GRIDDLE_NCCL_LIBRARY"
#define FILE_NAME "libnccl.so.2"

enum { OLDEST = GD_NCCL_CONFIG_VERSION, FIVE_DIGITS = 20900 }; /* until 2.8 a version was 1000 major + 100 minor */

/* Rings and trees add in an order that hangs on the number of ranks, the size and the machine alone. What switches add
 * (NVLS, CollNet), they add in an order that nobody documents, so it is left out: the same ranks have the same bits.
 * Which protocol carries a sum, and on how many channels, NCCL works out from the same three. */
#define ALGORITHMS "Ring,Tree"

/* All written once, under pthread_once. */
gd_nccl_functions gd_nccl;
static char version[32];
static gd_error refusal; /* GD_OK: there is none */

/* NCCL reads settings from a file where the environment has none; a word of ours in the environment would hide them. */
static bool is_named_in(const char *path, const char *name)
{
    char line[256];
    bool is_named = false;
    FILE *file = path ? fopen(path, "r") : NULL;
    while (file && !is_named && fgets(line, sizeof line, file))
        is_named = strncmp(line, name, strlen(name)) == 0;
    if (file)
        fclose(file);
    return is_named;
}

static bool is_set(const char *name)
{
    const char *home = getenv("HOME");
    char path[512] = "";
    if (home)
        snprintf(path, sizeof path, "%s/.nccl.conf", home);
    return getenv(name) || is_named_in(getenv("NCCL_CONF_FILE"), name) || is_named_in(path, name) ||
           is_named_in("/etc/nccl.conf", name);
}

static gd_status judge(int number, gd_error *error)
{
    const int major = number < FIVE_DIGITS ? 1000 : 10000;
    char text[sizeof version];
    snprintf(text, sizeof text, "%d.%d.%d", number / major, number % major / 100, number % 100);
    if (number < OLDEST)
        return gd_fail(error, GD_UNSUPPORTED, "NCCL %s is too old: 2.18 or later is needed", text);
    snprintf(version, sizeof version, "%s", text);
    return GD_OK;
}

/* The version first: what an older one lacks is no news. */
static gd_status load(gd_error *error)
{
    const gd_library_symbol symbols[] = {
#define GD_NCCL_SYMBOL(type, name, parameters) {#name, (void (**)(void)) & gd_nccl.name},
        GD_NCCL_FUNCTIONS(GD_NCCL_SYMBOL)
#undef GD_NCCL_SYMBOL
    };
    int number = 0;
    if (!is_set("NCCL_ALGO"))
        setenv("NCCL_ALGO", ALGORITHMS, 0);
    GD_TRY(gd_library_open(VARIABLE, FILE_NAME, symbols, 1, error));
    if (gd_nccl.ncclGetVersion(&number) != ncclSuccess)
        return gd_fail(error, GD_UNSUPPORTED, "NCCL does not say which version it is");
    GD_TRY(judge(number, error));
    return gd_library_open(VARIABLE, FILE_NAME, symbols, sizeof symbols / sizeof *symbols, error);
}

static void find(void)
{
    if (load(&refusal) != GD_OK)
        version[0] = '\0';
}

gd_status gd_nccl_load(gd_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find);
    return refusal.status == GD_OK ? GD_OK : gd_fail(error, GD_UNSUPPORTED, "%s", refusal.message);
}

const char *gd_nccl_find_version(void)
{
    gd_nccl_load(NULL);
    return version;
}
