// SPDX-License-Identifier: Apache-2.0
/* griddle-nets [FIRST [COUNT]]: checks random nets; a failure is shrunk and left as a YAML file to run. */
#include "nets.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    long count = argc > 2 ? strtol(argv[2], NULL, 10) : 50, failed = 0;
    for (long i = 0; i < count; i++) {
        nets_case net;
        char complaint[400], path[64];
        nets_generate(first + (uint64_t)i, &net);
        if (nets_check(&net, complaint, sizeof complaint) != GD_OK) {
            gd_error error = {0};
            nets_answer answer;
            nets_run(&net, &(nets_variant){"double", GD_F64, GD_PASS_ALL, 0, false, false}, &answer, &error);
            snprintf(complaint, sizeof complaint, "cannot be built: %.300s", error.message);
        }
        if (!complaint[0])
            continue;
        failed++;
        nets_shrink(&net);
        gd_text text = {0};
        nets_print(&net, &text);
        snprintf(path, sizeof path, "net-%llu.yaml", (unsigned long long)net.seed);
        gd_file_write(path, text.at, text.length, NULL);
        gd_text_release(&text);
        printf("net %llu: %s; shrunk: %s\n", (unsigned long long)net.seed, complaint, path);
    }
    printf("%ld of %ld nets agree\n", count - failed, count);
    return failed > 0;
}
