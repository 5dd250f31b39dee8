// SPDX-License-Identifier: Apache-2.0
/* Linked with -Wl,--wrap=…: counts what gd_session_run allocates, and says so on standard error. */
#include <griddle/infer.h>
#include <stdio.h>

static int running, allocations;

gd_status __real_gd_session_run(gd_session *, const gd_image *, int, float *, gd_error *);
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
int __real_posix_memalign(void **, size_t, size_t);

gd_status __wrap_gd_session_run(gd_session *session, const gd_image *images, int n, float *to, gd_error *error)
{
    running = 1;
    gd_status status = __real_gd_session_run(session, images, n, to, error);
    running = 0;
    fprintf(stderr, "%d allocations\n", allocations);
    return status;
}

void *__wrap_malloc(size_t bytes) { return allocations += running, __real_malloc(bytes); }
void *__wrap_calloc(size_t n, size_t bytes) { return allocations += running, __real_calloc(n, bytes); }
void *__wrap_realloc(void *old, size_t bytes) { return allocations += running, __real_realloc(old, bytes); }
int __wrap_posix_memalign(void **to, size_t align, size_t bytes)
{
    return allocations += running, __real_posix_memalign(to, align, bytes);
}
