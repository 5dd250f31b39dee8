// SPDX-License-Identifier: Apache-2.0
/* One entry in hostile memory: every operand, the work and each packed weight alone between two bands.
 *
 *     | band 4096 | operand, 64-byte aligned | band 4096, from the very next byte |
 */
#include "check.h"

#include "comm/comm.h"

#include <stdlib.h>
#include <string.h>

/* 0xFFFF… is NaN in every floating type: what reads a band, or what nobody wrote, shows in what comes out. */
enum { BAND = 4096, POISON_BYTE = 0xFF };

bool check_buffer_new(check_buffer *buffer, size_t bytes)
{
    size_t whole = (bytes + 2 * BAND + 63) / 64 * 64;
    *buffer = (check_buffer){.memory = aligned_alloc(64, whole), .bytes = bytes};
    if (!buffer->memory)
        return false;
    memset(buffer->memory, POISON_BYTE, whole);
    buffer->at = buffer->memory + BAND;
    return true;
}

void check_buffer_release(check_buffer *buffer)
{
    free(buffer->memory);
    *buffer = (check_buffer){0};
}

const char *check_buffer_harm(const check_buffer *buffer)
{
    for (size_t i = 0; buffer->memory && i < BAND; i++) {
        if (buffer->at[buffer->bytes + i] != POISON_BYTE)
            return "behind its end";
        if (buffer->at[-1 - (ptrdiff_t)i] != POISON_BYTE)
            return "before its start";
    }
    return NULL;
}

static uint64_t digest(const check_buffer *buffer) /* FNV-1a */
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < buffer->bytes; i++)
        hash = (hash ^ buffer->at[i]) * 1099511628211u;
    return hash;
}

void check_buffer_seal(check_buffer *buffer) { buffer->seal = digest(buffer); }
bool check_buffer_changed(const check_buffer *buffer) { return buffer->seal != digest(buffer); }

static gd_status allocate(check_buffer *buffer, size_t bytes, gd_error *error)
{
    return check_buffer_new(buffer, bytes) ? GD_OK : gd_fail(error, GD_NOMEM, "no %zu bytes for an operand", bytes);
}

static void convert(void *to, gd_desc to_desc, const void *from, gd_desc from_desc)
{
    for (int64_t i = 0; i < gd_desc_count(to_desc); i++)
        gd_store(to, to_desc.type, i, gd_load(from, from_desc.type, i));
}

static gd_status place_operands(check_attempt *t, gd_error *error)
{
    const check_answer *a = t->answer;
    for (int i = 0; i < GD_WORK; i++) {
        if (!((a->reads | a->writes) & GD_BIT(i)))
            continue;
        gd_desc desc = a->problem.desc[i];
        GD_TRY(allocate(&t->buffer[i], gd_desc_bytes(desc), error));
        if (a->reads & GD_BIT(i))
            convert(t->buffer[i].at, desc, a->input[i], a->exact.desc[i]);
        check_buffer_seal(&t->buffer[i]);
        t->call.at[i] = t->buffer[i].at;
    }
    if (t->needs.work_bytes) {
        GD_TRY(allocate(&t->buffer[GD_WORK], t->needs.work_bytes, error));
        t->call.at[GD_WORK] = t->buffer[GD_WORK].at;
    }
    return GD_OK;
}

static gd_status pack_weights(check_attempt *t, gd_error *error)
{
    for (int i = 0; i < GD_MAX_PARAM; i++) {
        const gd_pack *pack = &t->needs.pack[i];
        int operand = GD_PARAM(i);
        if (!pack->run || !(t->answer->reads & GD_BIT(operand)))
            continue;
        GD_TRY(allocate(&t->packed[i], pack->bytes, error));
        memset(t->packed[i].at, POISON_BYTE, pack->bytes);
        gd_status status = pack->run(pack->state, t->packed[i].at, (const float *)t->buffer[operand].at,
                                     t->answer->problem.desc[operand], &t->ctx);
        if (status != GD_OK)
            return gd_fail(error, status, "packer '%s' failed: %s", pack->packer, gd_status_text(status));
        check_buffer_seal(&t->packed[i]);
        t->call.at[operand] = t->packed[i].at;
    }
    return GD_OK;
}

gd_status check_attempt_new(const check_answer *answer, const gd_impl *impl, int threads, check_attempt *attempt,
                            gd_error *error)
{
    *attempt = (check_attempt){.answer = answer, .impl = impl, .threads = threads};
    attempt->ctx =
        (gd_ctx){.threads = threads, .record = &answer->record, .tally = &attempt->tally, .comm = &gd_comm_self};
    attempt->call.problem = &answer->problem;
    if (impl->prepare)
        GD_TRY(impl->prepare(&answer->problem, threads, &attempt->needs, error));
    attempt->call.state = attempt->needs.state;
    GD_TRY(place_operands(attempt, error));
    GD_TRY(pack_weights(attempt, error));
    if (impl->bind) {
        gd_status status = impl->bind(&attempt->call);
        if (status != GD_OK)
            return gd_fail(error, status, "bind failed: %s", gd_status_text(status));
    }
    return GD_OK;
}

gd_status check_attempt_run(check_attempt *attempt)
{
    const check_answer *a = attempt->answer;
    for (int i = 0; i < GD_OPERANDS; i++) {
        check_buffer *buffer = &attempt->buffer[i];
        if (i == GD_WORK || (a->writes & GD_BIT(i))) {
            if (buffer->memory)
                memset(buffer->at, POISON_BYTE, buffer->bytes);
            if (i != GD_WORK && (a->reads & GD_BIT(i)))
                convert(buffer->at, a->problem.desc[i], a->input[i], a->exact.desc[i]);
        }
    }
    attempt->tally = a->before;
    return attempt->impl->run(&attempt->call, &attempt->ctx);
}

void check_attempt_release(check_attempt *attempt)
{
    if (attempt->impl && attempt->impl->release)
        attempt->impl->release(attempt->needs.state);
    for (int i = 0; i < GD_OPERANDS; i++)
        check_buffer_release(&attempt->buffer[i]);
    for (int i = 0; i < GD_MAX_PARAM; i++)
        check_buffer_release(&attempt->packed[i]);
    *attempt = (check_attempt){0};
}
