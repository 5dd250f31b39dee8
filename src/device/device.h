// SPDX-License-Identifier: Apache-2.0
/* Devices behind one table of about 12 calls. The CPU is the first entry; CUDA is the second, in a library of its own
 * that is loaded at run time. Memory, streams, events, capture: nothing about ops.
 *
 * A stream runs what is launched on it in order; streams meet only by events. On the CPU stream 0 is the calling
 * thread and every other stream is one thread with a queue; an event is a condition variable.
 */
#ifndef GD_DEVICE_H
#define GD_DEVICE_H

#include "base/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_device_kind { GD_CPU, GD_CUDA } gd_device_kind;

/* What this machine's CPU can do, as far as an entry may need it. */
typedef enum gd_feature {
    GD_AVX2 = 1,       /* with FMA */
    GD_AVX512 = 2,     /* F, BW, DQ, VL */
    GD_AVX512_BF16 = 4 /* vdpbf16ps, vcvtneps2bf16 */
} gd_feature;

/* What the CPU and the system support, capped by the environment variable GRIDDLE_ISA (portable, avx2, avx512, which
 * leaves out bf16) where that is set. */
uint32_t gd_cpu_features(void);

typedef struct gd_stream gd_stream; /* opaque, the device's own */
typedef struct gd_event gd_event;

typedef struct gd_device {
    gd_device_kind kind;
    const char *name; /* "cpu" */

    /* Memory, aligned to 64 bytes and zeroed. NOMEM says how much was wanted and how much there is. */
    gd_status (*alloc)(size_t bytes, void **memory, gd_error *);
    void (*free)(void *memory);
    gd_status (*alloc_staging)(size_t bytes, void **memory, gd_error *); /* host memory that copies can read at speed */
    void (*free_staging)(void *memory);

    /* In stream order; the host side must stay as it is until the stream has passed. */
    gd_status (*copy_in)(gd_stream *, void *device_memory, const void *host, size_t bytes);
    gd_status (*copy_out)(gd_stream *, void *host, const void *device_memory, size_t bytes);

    /* Stream 0 of the device is NULL: always there, never freed. */
    gd_status (*stream_new)(gd_stream **, gd_error *);
    void (*stream_free)(gd_stream *); /* waits for what is launched */
    gd_status (*event_new)(gd_event **, gd_error *);
    void (*event_free)(gd_event *);
    gd_status (*record)(gd_event *, gd_stream *); /* the event is reached when the stream gets here */
    gd_status (*wait)(gd_stream *, gd_event *);   /* the stream goes on when the event is reached */

    /* Runs work(argument) on the stream, in order. Its failure is returned by the next synchronize of the stream. */
    gd_status (*launch)(gd_stream *, gd_status (*work)(void *argument), void *argument);
    gd_status (*synchronize)(gd_stream *, gd_error *);
} gd_device;

extern const gd_device gd_device_cpu;

#ifdef __cplusplus
}
#endif
#endif
