// SPDX-License-Identifier: Apache-2.0
#include "device/device.h"
#include "unit.h"

#include <string.h>

static const gd_device *cpu = &gd_device_cpu;

TEST(memory_is_aligned_and_zeroed)
{
    gd_error error = {0};
    unsigned char *memory, zeros[1000] = {0};
    CHECK_OK(cpu->alloc(1000, (void **)&memory, &error), &error);
    CHECK((size_t)memory % 64 == 0);
    CHECK(memcmp(memory, zeros, sizeof zeros) == 0);
    cpu->free(memory);
}

TEST(memory_that_is_not_there_is_refused_with_both_numbers)
{
    gd_error error = {0};
    void *memory;
    CHECK_FAILS(cpu->alloc((size_t)1 << 46, &memory, &error), GD_NOMEM, &error, "67108864 MB are needed");
    CHECK(memory == NULL);
}

typedef struct log {
    int at[64], n;
} log;
typedef struct note {
    log *log;
    int value;
    gd_status status;
} note;

static gd_status append(void *argument)
{
    note *e = argument;
    e->log->at[e->log->n++] = e->value;
    return e->status;
}

TEST(a_stream_keeps_order_and_events_order_streams)
{
    gd_error error = {0};
    gd_stream *stream;
    gd_event *ready, *done;
    log all = {0};
    note notes[40];
    CHECK_OK(cpu->stream_new(&stream, &error), &error);
    CHECK_OK(cpu->event_new(&ready, &error), &error);
    CHECK_OK(cpu->event_new(&done, &error), &error);
    for (int i = 0; i < 40; i += 2) { /* even ones here, odd ones there, each waiting for the other */
        notes[i] = (note){&all, i, GD_OK};
        notes[i + 1] = (note){&all, i + 1, GD_OK};
        CHECK_EQ_INT(cpu->launch(NULL, append, &notes[i]), GD_OK);
        CHECK_EQ_INT(cpu->record(ready, NULL), GD_OK);
        CHECK_EQ_INT(cpu->wait(stream, ready), GD_OK);
        CHECK_EQ_INT(cpu->launch(stream, append, &notes[i + 1]), GD_OK);
        CHECK_EQ_INT(cpu->record(done, stream), GD_OK);
        CHECK_EQ_INT(cpu->wait(NULL, done), GD_OK);
    }
    CHECK_OK(cpu->synchronize(stream, &error), &error);
    CHECK_EQ_INT(all.n, 40);
    for (int i = 0; i < 40; i++)
        CHECK_EQ_INT(all.at[i], i);
    cpu->stream_free(stream);
    cpu->event_free(ready);
    cpu->event_free(done);
}

TEST(a_failure_on_a_stream_is_told_once_and_stops_what_follows)
{
    gd_error error = {0};
    gd_stream *stream;
    log all = {0};
    note bad = {&all, 1, GD_DEVICE}, after = {&all, 2, GD_OK};
    CHECK_OK(cpu->stream_new(&stream, &error), &error);
    CHECK_EQ_INT(cpu->launch(stream, append, &bad), GD_OK);
    CHECK_EQ_INT(cpu->launch(stream, append, &after), GD_OK);
    CHECK_FAILS(cpu->synchronize(stream, &error), GD_DEVICE, &error, "another stream");
    CHECK_EQ_INT(all.n, 1);
    CHECK_OK(cpu->synchronize(stream, &error), &error);
    cpu->stream_free(stream);
}

TEST(copies_on_a_stream_are_in_order)
{
    gd_error error = {0};
    gd_stream *stream;
    char from[] = "griddle", middle[8] = "", to[8] = "";
    CHECK_OK(cpu->stream_new(&stream, &error), &error);
    CHECK_EQ_INT(cpu->copy_in(stream, middle, from, sizeof from), GD_OK);
    CHECK_EQ_INT(cpu->copy_out(stream, to, middle, sizeof from), GD_OK);
    CHECK_OK(cpu->synchronize(stream, &error), &error);
    CHECK_TEXT(to, "griddle");
    cpu->stream_free(stream);
}
