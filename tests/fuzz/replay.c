// SPDX-License-Identifier: Apache-2.0
/* Runs a fuzz target over the files of its corpus: the regression test of what fuzzing has found, with any compiler.
 * Each file is also cut short at several places, so that a parser meets truncation on every run. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_BYTES = 1 << 24, CUTS = 16 };

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *whole = malloc(MOST_BYTES);
    if (!file || !whole) {
        perror(path);
        free(whole);
        return 1;
    }
    size_t size = fread(whole, 1, MOST_BYTES, file);
    fclose(file);
    for (int cut = 0; cut <= CUTS; cut++) {
        size_t length = size * (size_t)cut / CUTS;
        uint8_t *input = malloc(length ? length : 1); /* of its exact size: the sanitizer sees a read past it */
        if (!input)
            break;
        memcpy(input, whole, length);
        LLVMFuzzerTestOneInput(input, length);
        free(input);
    }
    free(whole);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    DIR *folder = opendir(argv[1]);
    if (!folder) {
        perror(argv[1]);
        return 1;
    }
    int files = 0, failed = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        failed += replay(path);
        files++;
    }
    closedir(folder);
    printf("%d files of '%s', each whole and cut at %d places\n", files, argv[1], CUTS);
    return failed || files == 0;
}
