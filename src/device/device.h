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

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_device_kind { GD_CPU, GD_CUDA } gd_device_kind;

/* What this machine's CPU, or a card, can do, as far as an entry may need it. */
typedef enum gd_feature {
    GD_AVX2 = 1,        /* with FMA */
    GD_AVX512 = 2,      /* F, BW, DQ, VL */
    GD_AVX512_BF16 = 4, /* vdpbf16ps, vcvtneps2bf16 */
    GD_CUDA_BF16 = 8    /* sm_80 and later: bf16 in arithmetic and tensor cores */
} gd_feature;

/* What the CPU and the system support, capped by the environment variable GRIDDLE_ISA (portable, avx2, avx512, which
 * leaves out bf16) where that is set. */
uint32_t gd_cpu_features(void);

typedef struct gd_stream gd_stream; /* opaque, the device's own */
typedef struct gd_event gd_event;
typedef struct gd_graph gd_graph;

/* What a device says of itself. */
typedef struct gd_device_facts {
    char name[256], architecture[16]; /* "NVIDIA A10G", "sm_86" */
    int multiprocessors;
    int cards; /* that this process sees: it is the first of them */
    size_t memory_bytes, free_bytes;
    int driver, runtime; /* 13000: 13.0 */
    struct {
        char name[16], version[32]; /* version "": it is not there */
    } library[4];                   /* that entries call; name "": no more of them */
} gd_device_facts;

typedef struct gd_device {
    gd_device_kind kind;
    const char *name; /* "cpu" */
    bool is_host;     /* its memory is the host's: host code may read and write it as it is */

    uint32_t (*features)(void); /* set of gd_feature that its entries may need */

    void (*describe)(gd_device_facts *); /* (optional) fills all of it */

    /* (optional) What the user should know and has not been told: that a library which entries wanted cannot be used. A
     * line, once each; NULL: nothing. */
    const char *(*note)(void);

    /* The op with this device's entries in its lists; NULL where that is the engine's own, or where it has none. */
    const struct gd_op *(*op)(const char *name);

    /* Memory, aligned to 64 bytes and zeroed. NOMEM says how much was wanted and how much there is. */
    gd_status (*alloc)(size_t bytes, void **memory, gd_error *);
    void (*free)(void *memory);
    size_t (*free_bytes)(void); /* what alloc could give in all, about; SIZE_MAX where that is not known */
    gd_status (*alloc_staging)(size_t bytes, void **memory, gd_error *); /* host memory that copies can read at speed */
    void (*free_staging)(void *memory);

    /* In stream order; the host side must stay as it is until the stream has passed. */
    gd_status (*copy_in)(gd_stream *, void *device_memory, const void *host, size_t bytes);
    gd_status (*copy_out)(gd_stream *, void *host, const void *device_memory, size_t bytes);
    gd_status (*fill)(gd_stream *, void *device_memory, int byte, size_t bytes);

    /* Stream 0 of the device is NULL: always there, never freed. */
    gd_status (*stream_new)(gd_stream **, gd_error *);
    void (*stream_free)(gd_stream *); /* waits for what is launched */
    gd_status (*event_new)(gd_event **, gd_error *);
    void (*event_free)(gd_event *);
    gd_status (*record)(gd_event *, gd_stream *); /* the event is reached when the stream gets here */
    gd_status (*wait)(gd_stream *, gd_event *);   /* the stream goes on when the event is reached */
    gd_status (*await)(gd_event *, gd_error *); /* the caller goes on when it is; at once where it was never recorded */

    /* Runs work(argument) on the stream, in order. Its failure is returned by the next synchronize of the stream. */
    gd_status (*launch)(gd_stream *, gd_status (*work)(void *argument), void *argument);
    gd_status (*synchronize)(gd_stream *, gd_error *);

    /* (optional) What is launched between begin and end is kept and not run; replay runs it all in one call. */
    gd_status (*capture_begin)(gd_stream *, gd_error *);
    gd_status (*capture_end)(gd_stream *, gd_graph **, gd_error *);
    gd_status (*replay)(gd_graph *, gd_stream *);
    void (*graph_free)(gd_graph *); /* accepts NULL */

    /* (optional) Runs work(argument) on the stream, waits, and says how many seconds it took there. */
    gd_status (*time)(gd_stream *, gd_status (*work)(void *argument), void *argument, double *seconds, gd_error *);

    /* (optional, both) Names for profilers what the caller launches from begin to end; ranges nest. */
    void (*range_begin)(const char *name);
    void (*range_end)(void);
} gd_device;

extern const gd_device gd_device_cpu;

/* Of a device that has `time`: seconds of work(argument) as a step has it, captured where the device can. What
 * launching costs the host is then no part of it; it hid which of several kernels is the fastest. */
gd_status gd_device_time(const gd_device *device, gd_stream *stream, gd_status (*work)(void *argument), void *argument,
                         double *seconds, gd_error *error);

/* The CUDA device, out of libgriddle-cuda.so beside the program's own folder (or GRIDDLE_CUDA_LIBRARY), which stays
 * loaded. UNSUPPORTED where there is nothing of the kind: no such library, no driver. DEVICE where there is something
 * that cannot be used: a library that does not load, a driver or a card that is too old, a driver without a card. */
gd_status gd_device_open_cuda(const gd_device **device, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
