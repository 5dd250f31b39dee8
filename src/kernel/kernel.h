// SPDX-License-Identifier: Apache-2.0
/* What a kernel is: the types that every op's contract and every implementation speak.
 *
 * An op has operands; they are numbered once, for all ops and all directions:
 *
 *     IN(i)     activations it reads            DIN(i)     their gradients
 *     PARAM(i)  parameters (w, b, gamma …)      DPARAM(i)  theirs
 *     OUT(i)    activations it writes           DOUT(i)    theirs
 *     SAVED(i)  named extras that forward leaves for backward (argmax, group sums …)
 *     WORK      scratch, as many bytes as the entry asked for
 *
 * An op's contract header names its operands (`CONV2D_X = GD_IN(0)`), says what each direction reads and writes,
 * with formula, shapes, accuracy and source. The op's file (op/<op>.c) holds an ordered list of entries per direction,
 * best first, the plain-C reference last. An entry's life:
 *
 *     accepts(problem) → prepare(problem, needs) → bind(call) once addresses are known → run(call, ctx)… → release
 *
 * Entries overwrite what they write. An entry and its state are immutable while running; entries of ours allocate
 * nothing in run (a library may, inside its call).
 */
#ifndef GD_KERNEL_H
#define GD_KERNEL_H

#include "base/status.h"
#include "device/device.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GD_MAX_IN = 4,
    GD_MAX_PARAM = 3,
    GD_MAX_OUT = 2,
    GD_MAX_SAVED = 2,
    GD_FIRST_IN = 0,
    GD_FIRST_PARAM = GD_FIRST_IN + GD_MAX_IN,
    GD_FIRST_OUT = GD_FIRST_PARAM + GD_MAX_PARAM,
    GD_FIRST_SAVED = GD_FIRST_OUT + GD_MAX_OUT,
    GD_FIRST_DIN = GD_FIRST_SAVED + GD_MAX_SAVED,
    GD_FIRST_DPARAM = GD_FIRST_DIN + GD_MAX_IN,
    GD_FIRST_DOUT = GD_FIRST_DPARAM + GD_MAX_PARAM,
    GD_WORK = GD_FIRST_DOUT + GD_MAX_OUT,
    GD_OPERANDS
};
#define GD_IN(i) (GD_FIRST_IN + (i))
#define GD_PARAM(i) (GD_FIRST_PARAM + (i))
#define GD_OUT(i) (GD_FIRST_OUT + (i))
#define GD_SAVED(i) (GD_FIRST_SAVED + (i))
#define GD_DIN(i) (GD_FIRST_DIN + (i))
#define GD_DPARAM(i) (GD_FIRST_DPARAM + (i))
#define GD_DOUT(i) (GD_FIRST_DOUT + (i))
#define GD_BIT(i) (1u << (i)) /* sets of operands, of types, of features */

/* Backward runs BWD_WEIGHT before BWD_DATA. UPDATE is what an op changes once a step besides its outputs (running
 * statistics; the optimizers are nothing else). */
typedef enum gd_direction { GD_FWD, GD_BWD_WEIGHT, GD_BWD_DATA, GD_UPDATE, GD_DIRECTIONS } gd_direction;
const char *gd_direction_name(gd_direction direction); /* "fwd", "bwd_weight", "bwd_data", "update" */

/* What is known when the plan is built; immutable afterwards. */
typedef struct gd_problem {
    const void *params;        /* the op's own struct; borrowed */
    gd_type type;              /* storage type of its activations */
    bool training;             /* backward will follow: SAVED operands are wanted */
    uint32_t unread;           /* operands that this problem's backward does not read, though the contract may */
    gd_desc desc[GD_OPERANDS]; /* rank 0: absent. Gradients have their tensor's shape (and type F32 for parameters) */
} gd_problem;

/* Fills the descriptors of the gradients from those of their tensors. */
void gd_problem_add_gradients(gd_problem *problem);

/* A parameter in the form that an entry reads (a WEIGHT item): equal items of a plan set are shared, and packed again
 * only when the parameters have moved on. run NULL: the entry reads the fp32 master itself. */
typedef struct gd_ctx gd_ctx;
typedef struct gd_pack {
    const char *packer; /* "cast", "onednn", "k16" … */
    char layout[128];   /* what tells two items of one packer and one parameter apart */
    gd_type type;
    size_t bytes;
    const void *state; /* the packer's; lives as long as the state of the entry that asked */
    gd_status (*run)(const void *state, void *to, const float *from, gd_desc desc, const gd_ctx *ctx);
} gd_pack;

typedef struct gd_needs {
    void *state; /* owned by the plan from here on, given back to release */
    size_t work_bytes;
    gd_pack pack[GD_MAX_PARAM]; /* of PARAM(i) */
} gd_needs;

/* One step's call: the problem and where its operands lie (NULL: absent or not wanted). */
typedef struct gd_call {
    const gd_problem *problem;
    void *state;
    void *at[GD_OPERANDS];
} gd_call;

/* Host half of the step record: what changes from step to step, written before each launch. Kernels read it from
 * its fixed place; none takes such a value as an argument. */
typedef struct gd_record {
    uint64_t seed;
    int64_t step;         /* steps before this one */
    int64_t first_sample; /* this batch's first row in the epoch's order, over all ranks */
    int32_t epoch;
    int32_t stop;  /* 1: this rank was asked to stop */
    int32_t valid; /* rows of the batch that count: evaluation pads the last one */
    int32_t batch; /* rows of the batch, over all ranks: the loss is a mean over these */
    int32_t micro; /* position in the accumulation, from 0 */
    int32_t micros;
    float learning_rate;
    float average_decay; /* of the average of weights: average = decay * average + (1 - decay) * master */
} gd_record;

/* Device half: written by steps only, part of the checkpoint, read back without waiting. */
typedef struct gd_tally {
    double loss;          /* sum over counted rows since the host last cleared it */
    int64_t images;       /* counted rows since then */
    int64_t correct;      /* of these, first choice right */
    int64_t applied;      /* updates applied since the start of the run */
    float gradient_norm;  /* of the last update, before clipping, without the loss scale */
    float gradient_scale; /* what the update multiplies gradients with: clipping, and 1 / the loss scale they had */
    int32_t not_finite;   /* updates skipped because a gradient was not finite */
    int32_t skip;         /* this update is skipped */
    int32_t stop;         /* some rank was asked to stop before the last update */
    float loss_scale;     /* what gradients of the loss are multiplied with, for f16: small ones would be 0 there */
    int32_t good;         /* updates applied since the loss scale last changed */
} gd_tally;

struct gd_comm;
struct gd_ctx {
    int threads;
    const gd_record *record;
    gd_tally *tally;
    const struct gd_comm *comm; /* NULL: this process alone */
    void *stream;               /* the device's own handle; NULL on the CPU */
};

/* traits */
enum {
    GD_DETERMINISTIC = 1,  /* same bits for the same problem, for any number of threads */
    GD_BITS_BY_THREADS = 2 /* a library's weaker promise: for the same number of threads */
};

/* One way to compute one direction of one op. */
typedef struct gd_impl {
    const char *name; /* "avx512", "onednn", "ref": in plans, tests, benchmarks, logs */
    gd_device_kind device;
    uint32_t types; /* set of storage types */
    uint32_t needs; /* set of gd_feature */
    uint32_t traits;
    const char *(*accepts)(const gd_problem *); /* (optional) NULL, or why not: a static text */
    /* (optional) May answer UNSUPPORTED, which is a refusal like accepts': the next entry is tried. Fills *needs, which
     * is zeroed. */
    gd_status (*prepare)(const gd_problem *, int threads, gd_needs *, gd_error *);
    gd_status (*bind)(gd_call *); /* (optional) at[PARAM(i)] is the packed item where one was asked for */
    gd_status (*run)(const gd_call *, const gd_ctx *);
    void (*release)(void *state); /* (optional); accepts a half-built one and NULL */
} gd_impl;

/* Lists. An entry that a build lacks is dropped by its macro, and by nothing else. The reference is one file on
 * `store_t` and `real` (kernel/variant.h), compiled for four pairs; a loop file (<op>_simd.c) for ISA × type. f16 is a
 * type of training only. */
#define GD_ONE(type) GD_BIT(GD_##type)
#define GD_FLOATS (GD_ONE(F32) | GD_ONE(BF16) | GD_ONE(F16))
#define GD_CUDA_FLOATS GD_FLOATS
#define GD_LIST_END                                                                                                    \
    {                                                                                                                  \
        0                                                                                                              \
    }
#ifdef GRIDDLE_INFER
#define GD_TRAIN(...)
#define GD_JUDGE(...)
#define GD_ONEDNN(...)
#define GD_F64_REF(...)
#else
#define GD_TRAIN(...) __VA_ARGS__
#define GD_F64_REF(...) __VA_ARGS__
#ifdef GRIDDLE_CUDA
#define GD_JUDGE(...)
#else
#define GD_JUDGE(...) __VA_ARGS__
#endif
#if defined(GRIDDLE_HAVE_ONEDNN) && !defined(GRIDDLE_CUDA)
#define GD_ONEDNN(...) __VA_ARGS__,
#else
#define GD_ONEDNN(...)
#endif
#endif
#if defined(__x86_64__) && !defined(GRIDDLE_CUDA)
#define GD_X86(...) __VA_ARGS__,
#else
#define GD_X86(...)
#endif

/* Ops are compiled once more for libgriddle-cuda.so, with GRIDDLE_CUDA: there the lists hold the entries of that device
 * and no others. `f`_`name` is the run; `accepts` and `prepare` may be NULL. MMA: on tensor cores, which take fp16 and,
 * on younger cards, bf16. */
#ifdef GRIDDLE_CUDA
#include <stdlib.h> /* free */
#define GD_CUDA_ENTRY(name, f, types, accepts, prepare)                                                                \
    {#name, GD_CUDA, types, 0, GD_DETERMINISTIC, accepts, prepare, NULL, f##_##name, free},
#define GD_CUDA_MMA_ENTRY(f, accepts, prepare)                                                                         \
    {"mma", GD_CUDA, GD_ONE(F16), 0, GD_DETERMINISTIC, accepts, prepare, NULL, f##_mma, free},                         \
        {"mma", GD_CUDA, GD_ONE(BF16), GD_CUDA_BF16, GD_DETERMINISTIC, accepts, prepare, NULL, f##_mma, free},
/* With a state of its own to release, f_name_release. */
#define GD_CUDA_STATE_ENTRY(name, f, types)                                                                            \
    {#name, GD_CUDA, types, 0, GD_DETERMINISTIC, NULL, f##_##name##_prepare, NULL, f##_##name, f##_##name##_release},
/* By a library that is loaded at run time, with a state of its own: in some types, or in all that the card has. */
#define GD_CUDA_LIBRARY_TYPES(name, f, types, accepts, release)                                                        \
    {#name, GD_CUDA, types, 0, GD_DETERMINISTIC, accepts, f##_##name##_prepare, NULL, f##_##name, release},
#define GD_CUDA_LIBRARY_ENTRY(name, f, accepts, release)                                                               \
    GD_CUDA_LIBRARY_TYPES(name, f, GD_ONE(F32) | GD_ONE(F16), accepts, release){                                       \
        #name, GD_CUDA,    GD_ONE(BF16), GD_CUDA_BF16, GD_DETERMINISTIC, accepts, f##_##name##_prepare,                \
        NULL,  f##_##name, release},
void gd_cudnn_release(void *state); /* of every entry of cuDNN (cuda/cudnn/state.h) */
#define GD_ANY_DEVICE GD_CUDA
#define GD_REF(f) GD_LIST_END
#define GD_REF_BLOCK(f) GD_LIST_END
#else
#define GD_CUDA_ENTRY(...)
#define GD_CUDA_MMA_ENTRY(...)
#define GD_CUDA_STATE_ENTRY(...)
#define GD_CUDA_LIBRARY_TYPES(...)
#define GD_CUDA_LIBRARY_ENTRY(...)
#define GD_ANY_DEVICE GD_CPU
#define GD_REF(f)                                                                                                      \
    {"ref", GD_CPU, GD_ONE(F32), 0, GD_DETERMINISTIC, 0, 0, 0, f##_ref_f32, 0},                                        \
        {"ref", GD_CPU, GD_ONE(BF16), 0, GD_DETERMINISTIC, 0, 0, 0, f##_ref_bf16, 0},                                  \
        GD_TRAIN({"ref", GD_CPU, GD_ONE(F16), 0, GD_DETERMINISTIC, 0, 0, 0, f##_ref_f16, 0}, )                         \
            GD_F64_REF({"ref", GD_CPU, GD_ONE(F64), 0, GD_DETERMINISTIC, 0, 0, 0, f##_ref_f64, 0}, ) GD_LIST_END
/* The same for range ops: blocks of parameters are F32 (F64 for the judge), whatever activations are stored as. */
#define GD_REF_BLOCK(f)                                                                                                \
    {"ref", GD_CPU, GD_ONE(F32), 0, GD_DETERMINISTIC, 0, 0, 0, f##_ref_f32, 0},                                        \
        GD_F64_REF({"ref", GD_CPU, GD_ONE(F64), 0, GD_DETERMINISTIC, 0, 0, 0, f##_ref_f64, 0}, ) GD_LIST_END
#endif
#define GD_SIMD(f, accepts) GD_SIMD_WORK(f, accepts, 0)
#define GD_SIMD_WORK(f, accepts, prepare)                                                                              \
    GD_X86({"avx512", GD_CPU, GD_ONE(F32), GD_AVX512, GD_DETERMINISTIC, accepts, prepare, 0, f##_avx512_f32, 0})       \
    GD_X86({"avx512", GD_CPU, GD_ONE(BF16), GD_AVX512, GD_DETERMINISTIC, accepts, prepare, 0, f##_avx512_bf16, 0})     \
    GD_TRAIN(                                                                                                          \
        GD_X86({"avx512", GD_CPU, GD_ONE(F16), GD_AVX512, GD_DETERMINISTIC, accepts, prepare, 0, f##_avx512_f16, 0}))  \
    GD_X86({"avx2", GD_CPU, GD_ONE(F32), GD_AVX2, GD_DETERMINISTIC, accepts, prepare, 0, f##_avx2_f32, 0})             \
    GD_X86({"avx2", GD_CPU, GD_ONE(BF16), GD_AVX2, GD_DETERMINISTIC, accepts, prepare, 0, f##_avx2_bf16, 0})           \
    GD_TRAIN(GD_X86({"avx2", GD_CPU, GD_ONE(F16), GD_AVX2, GD_DETERMINISTIC, accepts, prepare, 0, f##_avx2_f16, 0}))

#define GD_SIMD_BLOCK(f, prepare)                                                                                      \
    GD_X86({"avx512", GD_CPU, GD_ONE(F32), GD_AVX512, GD_DETERMINISTIC, 0, prepare, 0, f##_avx512_f32, 0})             \
    GD_X86({"avx2", GD_CPU, GD_ONE(F32), GD_AVX2, GD_DETERMINISTIC, 0, prepare, 0, f##_avx2_f32, 0})

/* An entry that needs the instructions for pairs of bf16. */
#define GD_AVX512BF16_WORK(f, prepare)                                                                                 \
    GD_X86({"avx512bf16", GD_CPU, GD_ONE(BF16), GD_AVX512 | GD_AVX512_BF16, GD_DETERMINISTIC, 0, prepare, 0,           \
            f##_avx512bf16, 0})

/* Declares the runs that GD_REF, GD_SIMD and GD_CUDA_ENTRY name; stands in the contract header. */
#ifdef __cplusplus
#define GD_EXTERN extern "C"
#else
#define GD_EXTERN
#endif
#define GD_DECLARE_CUDA(f, name) GD_EXTERN gd_status f##_##name(const gd_call *, const gd_ctx *)
#define GD_DECLARE_CUDA_PREPARE(f, name)                                                                               \
    GD_EXTERN gd_status f##_##name##_prepare(const gd_problem *, int threads, gd_needs *, gd_error *)
#define GD_DECLARE_CUDNN(f)                                                                                            \
    GD_DECLARE_CUDA_PREPARE(f, cudnn);                                                                                 \
    GD_DECLARE_CUDA(f, cudnn)
#define GD_DECLARE_REF(f)                                                                                              \
    gd_status f##_ref_f32(const gd_call *, const gd_ctx *);                                                            \
    gd_status f##_ref_bf16(const gd_call *, const gd_ctx *);                                                           \
    gd_status f##_ref_f16(const gd_call *, const gd_ctx *);                                                            \
    gd_status f##_ref_f64(const gd_call *, const gd_ctx *)
#define GD_DECLARE_SIMD(f)                                                                                             \
    gd_status f##_avx512_f32(const gd_call *, const gd_ctx *);                                                         \
    gd_status f##_avx512_bf16(const gd_call *, const gd_ctx *);                                                        \
    gd_status f##_avx512_f16(const gd_call *, const gd_ctx *);                                                         \
    gd_status f##_avx2_f32(const gd_call *, const gd_ctx *);                                                           \
    gd_status f##_avx2_bf16(const gd_call *, const gd_ctx *);                                                          \
    gd_status f##_avx2_f16(const gd_call *, const gd_ctx *)

#ifdef __cplusplus
}
#endif
#endif
