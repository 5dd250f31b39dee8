// SPDX-License-Identifier: Apache-2.0
/* One entry in hostile memory: every operand, the work and each packed weight alone between two bands.
 *
 *     | band 4096 | operand, 64-byte aligned | band 4096, from the very next byte |
 *
 * Or, on a device, without bands: where accesses are checked (compute-sanitizer, tests/cuda_on_cpu), reads beyond an
 * operand are found, too.
 */
#include "check.h"

#include "comm/comm.h"

#include <stdlib.h>
#include <string.h>

/* 0xFFFF… is NaN in every floating type: what reads a band, or what nobody wrote, shows in what comes out. */
enum { BAND = 4096, POISON_BYTE = 0xFF };

static size_t whole_bytes(size_t bytes) { return (bytes + 2 * BAND + 63) / 64 * 64; }

bool check_buffer_new(check_buffer *buffer, const gd_device *device, bool alone, size_t bytes)
{
    *buffer = (check_buffer){.memory = aligned_alloc(64, whole_bytes(bytes)), .alone = alone, .bytes = bytes};
    size_t bytes_there = alone ? bytes : whole_bytes(bytes);
    if (!buffer->memory || (!device->is_host && device->alloc(bytes_there, &buffer->there, NULL) != GD_OK))
        return false;
    memset(buffer->memory, POISON_BYTE, whole_bytes(bytes));
    buffer->at = buffer->memory + BAND;
    return true;
}

void check_buffer_release(check_buffer *buffer, const gd_device *device)
{
    free(buffer->memory);
    if (buffer->there)
        device->free(buffer->there);
    *buffer = (check_buffer){0};
}

/* What an entry is given. */
static void *address(const check_buffer *buffer)
{
    if (!buffer->there)
        return buffer->at;
    return buffer->alone ? buffer->there : (unsigned char *)buffer->there + BAND;
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

/* All of a buffer, bands too, to the device or back. */
static gd_status upload(const check_attempt *t, const check_buffer *buffer)
{
    if (!buffer->there)
        return GD_OK;
    return buffer->alone ? t->device->copy_in(t->stream, buffer->there, buffer->at, buffer->bytes)
                         : t->device->copy_in(t->stream, buffer->there, buffer->memory, whole_bytes(buffer->bytes));
}

static gd_status download(const check_attempt *t, const check_buffer *buffer)
{
    if (!buffer->there)
        return GD_OK;
    return buffer->alone ? t->device->copy_out(t->stream, buffer->at, buffer->there, buffer->bytes)
                         : t->device->copy_out(t->stream, buffer->memory, buffer->there, whole_bytes(buffer->bytes));
}

/* Every buffer of the attempt. */
static gd_status move_all(check_attempt *t, gd_status (*move)(const check_attempt *, const check_buffer *))
{
    for (int i = 0; i < GD_OPERANDS; i++)
        GD_TRY(move(t, &t->buffer[i]));
    for (int i = 0; i < GD_MAX_PARAM; i++)
        GD_TRY(move(t, &t->packed[i]));
    GD_TRY(move(t, &t->record_there));
    return move(t, &t->tally_there);
}

static gd_status allocate(const check_attempt *t, check_buffer *buffer, size_t bytes, gd_error *error)
{
    return check_buffer_new(buffer, t->device, t->alone, bytes)
               ? GD_OK
               : gd_fail(error, GD_NOMEM, "no %zu bytes for an operand", bytes);
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
        GD_TRY(allocate(t, &t->buffer[i], gd_desc_bytes(desc), error));
        if (a->reads & GD_BIT(i))
            convert(t->buffer[i].at, desc, a->input[i], a->exact.desc[i]);
        check_buffer_seal(&t->buffer[i]);
        t->call.at[i] = t->unwanted & GD_BIT(i) ? NULL : address(&t->buffer[i]);
    }
    if (t->needs.work_bytes) {
        GD_TRY(allocate(t, &t->buffer[GD_WORK], t->needs.work_bytes, error));
        t->call.at[GD_WORK] = address(&t->buffer[GD_WORK]);
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
        GD_TRY(allocate(t, &t->packed[i], pack->bytes, error));
        memset(t->packed[i].at, POISON_BYTE, pack->bytes);
        gd_status status = move_all(t, upload);
        if (status == GD_OK)
            status = pack->run(pack->state, address(&t->packed[i]), address(&t->buffer[operand]),
                               t->answer->problem.desc[operand], &t->ctx);
        if (status == GD_OK)
            status = move_all(t, download);
        if (status == GD_OK)
            status = t->device->synchronize(t->stream, error);
        if (status != GD_OK)
            return gd_fail(error, status, "packer '%s' failed: %s", pack->packer, gd_status_text(status));
        check_buffer_seal(&t->packed[i]);
        t->call.at[operand] = address(&t->packed[i]);
    }
    return GD_OK;
}

/* The record and the tally where the device can read them. */
static gd_status place_context(check_attempt *t, gd_error *error)
{
    t->ctx = (gd_ctx){.threads = t->threads, .record = &t->answer->record, .tally = &t->tally, .comm = &gd_comm_self};
    if (t->device->is_host)
        return GD_OK;
    GD_TRY(t->device->stream_new(&t->stream, error));
    t->ctx.stream = t->stream;
    GD_TRY(allocate(t, &t->record_there, sizeof t->answer->record, error));
    GD_TRY(allocate(t, &t->tally_there, sizeof t->tally, error));
    memcpy(t->record_there.at, &t->answer->record, sizeof t->answer->record);
    t->ctx.record = address(&t->record_there);
    t->ctx.tally = address(&t->tally_there);
    return GD_OK;
}

gd_status check_attempt_prepare(check_attempt *attempt, gd_error *error)
{
    const gd_impl *impl = attempt->impl;
    const gd_problem *problem = &attempt->answer->problem;
    GD_TRY(place_context(attempt, error));
    attempt->call.problem = problem;
    if (impl->prepare)
        GD_TRY(impl->prepare(problem, attempt->threads, &attempt->needs, error));
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
    if (attempt->device->is_host)
        return attempt->impl->run(&attempt->call, &attempt->ctx);
    memcpy(attempt->tally_there.at, &attempt->tally, sizeof attempt->tally);
    GD_TRY(move_all(attempt, upload));
    GD_TRY(attempt->impl->run(&attempt->call, &attempt->ctx));
    GD_TRY(move_all(attempt, download));
    GD_TRY(attempt->device->synchronize(attempt->stream, NULL));
    memcpy(&attempt->tally, attempt->tally_there.at, sizeof attempt->tally);
    return GD_OK;
}

void check_attempt_release(check_attempt *attempt)
{
    if (attempt->impl && attempt->impl->release)
        attempt->impl->release(attempt->needs.state);
    for (int i = 0; i < GD_OPERANDS; i++)
        check_buffer_release(&attempt->buffer[i], attempt->device);
    for (int i = 0; i < GD_MAX_PARAM; i++)
        check_buffer_release(&attempt->packed[i], attempt->device);
    check_buffer_release(&attempt->record_there, attempt->device);
    check_buffer_release(&attempt->tally_there, attempt->device);
    if (attempt->stream)
        attempt->device->stream_free(attempt->stream);
    *attempt = (check_attempt){0};
}
