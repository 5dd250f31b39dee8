// SPDX-License-Identifier: Apache-2.0
/* The check harness: walks ops × directions × problems written as text × storage types × entries, holds every entry
 * against the double reference, and times it. It knows no op by name: what stands in an op's list is checked.
 *
 *     case.c      a line of tests/cases/<op>.txt → check_case
 *     answer.c    the problem in its storage type and in double, its inputs, the wanted results, the scale S of the law
 *     attempt.c   one entry prepared, bound to guarded and poisoned memory, run
 *     judge.c     what an attempt must leave behind; a failure becomes one line that can be pasted to run it again
 *     walk.c      cases × modes × entries; what concerns a case file as a whole
 *     grad.c      backward of the double reference against central differences of its forward
 *     bench.c     time per entry
 *     main.c      the program griddle-check; kernels.c the same walk as GoogleTest cases
 */
#ifndef GD_TESTS_CHECK_H
#define GD_TESTS_CHECK_H

#include "base/arena.h"
#include "base/text.h"
#include "op/op.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- case.c --------------------------------------------------------------------------------------------------- */

enum { CHECK_SMOKE = 1, CHECK_MODELS = 2, CHECK_BENCH = 4 };

/* What the step record and the tally hold while the case runs: `ctx.valid=3`. */
typedef struct check_context {
    int valid, batch; /* 0: all rows of IN(0) */
    int step, epoch, stop, micro, micros;
    double learning_rate, average_decay, gradient_norm, gradient_scale, loss_scale;
    int good;
    bool skip;
} check_context;

/* An operand's numbers from elsewhere, in its shape and any type; at NULL: none. */
typedef struct check_values {
    gd_type type;
    const void *at;
} check_values;

typedef struct check_case {
    const gd_op *op;
    gd_place place;
    const char *text; /* the problem alone, without sets and reason: what --case takes */
    uint32_t sets;
    bool forward_only;
    uint32_t types;              /* storage types to try */
    bool fixed[GD_MAX_IN];       /* IN(i) has the type in `in`, not the storage type */
    gd_desc in[GD_MAX_IN];       /* rank 0: absent */
    gd_desc param[GD_MAX_PARAM]; /* only for ops whose infer leaves parameters to the caller (ranges) */
    void *params;
    const gd_attr *settings; /* what params was read from */
    check_context context;
    check_values given[GD_OPERANDS]; /* (optional) inputs that are not drawn; borrowed */
    const char *refusal;             /* NULL: must be accepted; else infer or the fields must refuse with this text */
    gd_status refusal_status;
    gd_error settings_error; /* of a refused case whose settings are refused already */
} check_case;

const char *check_type_word(gd_type type); /* "bf16", as cases write it */

/* Everything lives in `arena`; `place.file` is borrowed. INVALID with the place for a line that says nothing sensible.
 */
gd_status check_case_parse(const gd_op *op, gd_place place, const char *line, gd_arena *arena, check_case *out,
                           gd_error *error);
gd_status check_cases_read(const gd_op *op, const char *path, gd_arena *arena, check_case **cases, int *n,
                           gd_error *error);

/* The problem of a case: shapes inferred. */
gd_status check_pose(const check_case *c, gd_type type, bool training, gd_problem *problem, gd_error *error);

/* ---- answer.c ------------------------------------------------------------------------------------------------- */

/* A problem with inputs and what must come out of it. Values are held in the types of `exact`, the problem's double
 * twin, but are rounded to the types of `problem`, so that both sides start from the same numbers. */
typedef struct check_answer {
    const check_case *of;
    gd_direction direction;
    uint64_t seed;
    gd_problem problem, exact;
    uint32_t reads, writes;
    void *input[GD_OPERANDS]; /* of every operand read; and the initial value of one that is read and written */
    void *want[GD_OPERANDS];  /* of every operand written */
    void *scale[GD_OPERANDS]; /* S of each of its elements */
    gd_record record;
    gd_tally before, want_tally, scale_tally;
    gd_arena arena;
} check_answer;

/* Draws the inputs, runs the double reference of whatever comes before this direction, then of the direction itself
 * and of its magnitudes. UNSUPPORTED where the op has no such direction or no double reference. */
gd_status check_answer_new(const check_case *c, gd_direction direction, gd_type type, bool training, uint64_t seed,
                           check_answer *answer, gd_error *error);
void check_answer_release(check_answer *answer);

/* Runs an entry on given memory: prepare, work, bind, run, release. No packs: for references. */
gd_status check_run(const gd_impl *impl, const gd_problem *problem, void *const at[GD_OPERANDS], const gd_ctx *ctx,
                    gd_error *error);
const gd_impl *check_reference(const gd_op *op, gd_direction direction); /* the F64 one, or NULL */
double check_normal(uint64_t seed, uint32_t operand, uint64_t element);

/* ---- attempt.c ------------------------------------------------------------------------------------------------ */

/* Memory aligned to 64 bytes with a band of known bytes on either side, directly at its ends. On a device that is not
 * the host all of it lies there, too, and this is what the host last saw. */
typedef struct check_buffer {
    unsigned char *memory, *at;
    void *there; /* on the device; NULL: the memory itself is meant */
    bool alone;  /* there, without bands: a checker of accesses sees what goes beyond */
    size_t bytes;
    uint64_t seal; /* digest of the bytes when they were last sealed */
} check_buffer;
bool check_buffer_new(check_buffer *buffer, const gd_device *device, bool alone, size_t bytes);
void check_buffer_release(check_buffer *buffer, const gd_device *device);
const char *check_buffer_harm(const check_buffer *buffer); /* NULL: both bands are whole; else which was written */
void check_buffer_seal(check_buffer *buffer);
bool check_buffer_changed(const check_buffer *buffer); /* since it was sealed */

typedef struct check_attempt {
    const check_answer *answer;
    const gd_impl *impl;
    const gd_device *device;
    gd_stream *stream;
    bool alone; /* its buffers */
    int threads;
    uint32_t unwanted; /* outputs that have no place */
    gd_needs needs;
    gd_call call;
    gd_tally tally;
    gd_ctx ctx;
    check_buffer buffer[GD_OPERANDS];
    check_buffer packed[GD_MAX_PARAM];
    check_buffer record_there, tally_there; /* on a device that is not the host */
} check_attempt;

/* Prepares and binds what was set: answer, impl, device, alone, threads, unwanted. Inputs are converted, parameters
 * packed. Release it in any case. */
gd_status check_attempt_prepare(check_attempt *attempt, gd_error *error);
/* Outputs and work poisoned, operands that are read and written set back; then one run. */
gd_status check_attempt_run(check_attempt *attempt);
void check_attempt_release(check_attempt *attempt);

/* ---- judge.c -------------------------------------------------------------------------------------------------- */

/* What became of an entry over some cases. A refusal is an entry's accepts or prepare saying no; a skip, that this
 * machine lacks what it needs. Neither is a pass. */
typedef struct check_count {
    int passed, failed, refused, skipped;
    double worst; /* largest |got - want| / limit of those that passed */
} check_count;

/* Every demand on one entry for one answer. A failure is described in `report`. */
void check_entry(const check_answer *answer, const gd_impl *impl, const gd_device *device, check_count *count,
                 struct gd_text *report);

typedef struct check_options {
    const char *impl; /* pattern of entry names; NULL: all */
    uint32_t sets;    /* cases of these sets; 0: all */
    uint64_t seed;
    const gd_device *device;
    int timing_threads; /* not 0: time the entries, too */
    bool csv;
} check_options;

/* ---- walk.c --------------------------------------------------------------------------------------------------- */

/* All chosen cases of one direction and storage type; `count` has one place per entry of the direction's list. */
gd_status check_direction(const check_case *cases, int n, gd_direction direction, gd_type type,
                          const check_options *options, check_count *count, struct gd_text *report,
                          struct gd_text *timings, gd_error *error);

/* Of the chosen cases of one direction and storage type, how many problems an entry takes: those that check_direction
 * runs it on. Nothing is run. */
int check_taken(const check_case *cases, int n, gd_direction direction, gd_type type, const gd_impl *impl,
                const check_options *options);

/* What concerns the case file as a whole: refusals that must come, and every accepts() having said both yes and no.
 * Returns the number of complaints in `report`. */
int check_cases(const check_case *cases, int n, const check_options *options, struct gd_text *report);

/* ---- grad.c --------------------------------------------------------------------------------------------------- */

/* Some operand of the op has a gradient. */
bool check_has_gradients(const gd_op *op);

/* Central differences on every chosen case that has a backward. Counts a case each. */
gd_status check_gradients(const check_case *cases, int n, const check_options *options, check_count *count,
                          struct gd_text *report, gd_error *error);

/* ---- bench.c -------------------------------------------------------------------------------------------------- */

typedef struct check_timing {
    double median_s, spread_s; /* spread: half the distance between the quartiles */
    int runs;
} check_timing;
gd_status check_time(const check_answer *answer, const gd_impl *impl, const gd_device *device, int threads,
                     check_timing *timing, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
