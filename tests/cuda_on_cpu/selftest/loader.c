// SPDX-License-Identifier: Apache-2.0
/* A C program, sanitized where the build is, that loads a library of kernels and calls it from two threads. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static float (*square_sum)(const float *x, int n);

static void *work(void *argument)
{
    float x[128];
    for (int i = 0; i < 128; i++)
        x[i] = 2;
    for (int i = 0; i < 50; i++)
        if (square_sum(x, 128) != 512)
            *(int *)argument = 1;
    return NULL;
}

int main(int argc, char **argv)
{
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    void *symbol = library ? dlsym(library, "plugin_square_sum") : NULL;
    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    *(void **)&square_sum = symbol;
    int is_wrong[2] = {0};
    pthread_t thread;
    pthread_create(&thread, NULL, work, &is_wrong[0]);
    work(&is_wrong[1]);
    pthread_join(thread, NULL);
    return is_wrong[0] || is_wrong[1];
}
