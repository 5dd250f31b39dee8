// SPDX-License-Identifier: Apache-2.0
#include "nets.h"

#include "base/file.h"
#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Leaves the smallest net that is still wrong as a config to run. */
static gd_status keep(nets_case *net, const gd_device *device, const char *complaint, gd_error *error)
{
    char path[64];
    gd_text text = {0};
    nets_shrink(net, device);
    nets_print(net, &text);
    snprintf(path, sizeof path, "net-%" PRIu64 ".yaml", net->seed);
    printf("net %" PRIu64 ": %s; shrunk: %s\n", net->seed, complaint, path);
    gd_status status = gd_file_write(path, text.at, text.length, error);
    gd_text_release(&text);
    return status;
}

static gd_status check(gd_command *command, gd_error *error)
{
    int first, count, n[3] = {0};
    const gd_device *device = &gd_device_cpu;
    if (gd_command_has(command, "--cuda"))
        GD_TRY(gd_device_open_cuda(&device, error));
    GD_TRY(gd_command_int(command, "--first", 0, INT32_MAX, 1, &first, error));
    GD_TRY(gd_command_int(command, "--count", 1, INT32_MAX, 50, &count, error));
    for (int i = 0; i < count; i++) {
        nets_case net;
        nets_verdict verdict;
        char complaint[400];
        nets_generate((uint64_t)first + (uint64_t)i, &net);
        GD_TRY(nets_check(&net, device, &verdict, complaint, sizeof complaint, error));
        n[verdict]++;
        if (verdict == NETS_DIFFER)
            GD_TRY(keep(&net, device, complaint, error));
    }
    printf("%d of %d nets agree, %d more as far as rounding lets one tell\n", n[NETS_AGREE], count, n[NETS_VAGUE]);
    command->exit_code = n[NETS_DIFFER] > 0 || n[NETS_VAGUE] > count / 10; /* more, and little is tested */
    return GD_OK;
}

static gd_status buckets(gd_command *command, gd_error *error)
{
    int first, count, failed = 0;
    GD_TRY(gd_command_int(command, "--first", 0, INT32_MAX, 1, &first, error));
    GD_TRY(gd_command_int(command, "--count", 1, INT32_MAX, 400, &count, error));
    for (int i = 0; i < count; i++) {
        nets_case net;
        const char *complaint = "";
        char way[200];
        nets_generate((uint64_t)first + (uint64_t)i, &net);
        GD_TRY(nets_check_buckets(&net, &complaint, way, sizeof way, error));
        failed += complaint[0] != '\0';
        if (complaint[0])
            printf("net %" PRIu64 ", %s: %s\n", net.seed, way, complaint);
    }
    printf("%d of %d nets are shared among ranks as they must be\n", count - failed, count);
    command->exit_code = failed > 0;
    return GD_OK;
}

static gd_status describe(gd_command *command, gd_error *error)
{
    for (int i = 1; i < command->n_words; i++) {
        nets_case net;
        char path[4096];
        nets_generate(strtoull(command->word[i], NULL, 10), &net);
        snprintf(path, sizeof path, "%s/net-%" PRIu64 ".safetensors", command->word[0], net.seed);
        GD_TRY(nets_describe(&net, path, error));
    }
    return GD_OK;
}

static gd_status against(gd_command *command, gd_error *error)
{
    int failed = 0;
    for (int i = 0; i < command->n_words; i++) {
        char complaint[400];
        GD_TRY(nets_against(command->word[i], complaint, sizeof complaint, error));
        if (complaint[0]) {
            failed++;
            printf("%s: %s\n", command->word[i], complaint);
        }
    }
    printf("%d of %d nets agree\n", command->n_words - failed, command->n_words);
    command->exit_code = failed > 0;
    return GD_OK;
}

static const gd_option seeds[] = {{"--first", NULL, "SEED", "of the first net; default 1"},
                                  {"--count", NULL, "N", "how many nets; default 50"},
                                  {"--cuda", NULL, NULL, "on the CUDA device"},
                                  {0}};
static const gd_option bucket_seeds[] = {{"--first", NULL, "SEED", "of the first net; default 1"},
                                         {"--count", NULL, "N", "how many nets; default 400"},
                                         {0}};
static const gd_verb verbs[] = {
    {"check", "", 0, 0, "every way to compute random nets gives the same gradients; one that does not is shrunk",
     "griddle-nets check --first 51 --count 3000\n", seeds, check},
    {"buckets", "", 0, 0, "random nets on random numbers of ranks: shares, buckets and events are as they must be",
     "griddle-nets buckets --first 401 --count 10000\n", bucket_seeds, buckets},
    {"describe", "DIR SEED...", 2, -1, "write nets for PyTorch: DIR/net-SEED.safetensors",
     "griddle-nets describe /tmp 7 12\n", NULL, describe},
    {"against", "FILE...", 1, -1, "hold nets against PyTorch's gradients in golden files",
     "griddle-nets against tests/golden/nets/*.safetensors\n", NULL, against},
    {0},
};

int main(int argc, char **argv) { return gd_command_main(verbs, argc, argv); }
