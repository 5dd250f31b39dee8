// SPDX-License-Identifier: Apache-2.0
/* One rank of a test of the communicator over MPI, started by mpirun: griddle-mpi-test WORD. tests/mpi/collectives.py
 * says what must come of each word. Rank 0 prints; a check that fails ends all ranks. */
#include "base/digest.h"
#include "base/rng.h"
#include "comm/mpi.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const gd_comm *comm;
static uint64_t digest = GD_DIGEST_START; /* of all results: of two runs it must be the same */

static void fail(const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    comm->abort(comm, text);
}

/* Another rank is late each time: what comes out must not depend on it. */
static void be_late(int turn)
{
    if (turn % comm->ranks == comm->rank)
        usleep(3000);
}

/* ---- right sums ---- */

enum { MOST_RANKS = 8, SHARES = 8191 };
static double shares[MOST_RANKS][SHARES];

static void make_shares(void)
{
    for (int r = 0; r < MOST_RANKS; r++)
        for (int i = 0; i < SHARES; i++)
            shares[r][i] = (double)(int32_t)gd_rng(1, GD_RNG_TEST, (uint32_t)r, (uint64_t)i).at[0] / 2147483648.0;
}

static double share(int rank, int64_t i) { return shares[rank][i % SHARES]; }

/* By the tolerance law: a rounding for every addition, and the terms' own; F16 has no number below 2^-24. */
static void check_sum(const void *got, gd_type type, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        double want = 0, magnitude = type == GD_F16 ? 0x1p-14 : 0;
        for (int r = 0; r < comm->ranks; r++) {
            want += share(r, i);
            magnitude += fabs(share(r, i));
        }
        const double value = gd_load(got, type, i);
        if (!(fabs(value - want) <= comm->ranks * gd_type_epsilon(type) * magnitude))
            fail("sum of %lld %s: element %lld is %.9g, not %.9g", (long long)count, gd_type_name(type), (long long)i,
                 value, want);
    }
}

/* All ranks hold rank 0's bits. */
static void check_alike(const void *got, size_t bytes)
{
    void *first = malloc(bytes + 1);
    memcpy(first, got, bytes);
    if (comm->broadcast(comm, first, bytes, 0, NULL) != GD_OK || memcmp(first, got, bytes) != 0)
        fail("the sum of %zu bytes is not that of rank 0", bytes);
    free(first);
}

static void try_sum(gd_type type, int64_t count, int turn)
{
    const size_t bytes = (size_t)count * gd_type_bytes(type);
    unsigned char *data = malloc(bytes + 8), *again = malloc(bytes + 8);
    for (int64_t i = 0; i < count; i++)
        gd_store(data, type, i, share(comm->rank, i));
    memset(data + bytes, 0xa5, 8); /* nothing is written behind the end */
    memcpy(again, data, bytes + 8);
    be_late(turn);
    if (comm->all_reduce(comm, data, count, type, NULL) != GD_OK)
        fail("all_reduce of %lld %s fails", (long long)count, gd_type_name(type));
    check_sum(data, type, count);
    check_alike(data, bytes);
    be_late(turn + 1);
    if (comm->all_reduce(comm, again, count, type, NULL) != GD_OK || memcmp(data, again, bytes + 8) != 0)
        fail("all_reduce of %lld %s gives other bits the second time", (long long)count, gd_type_name(type));
    digest = gd_digest(digest, data, bytes);
    free(data);
    free(again);
}

/* ---- other calls ---- */

static void try_broadcast(size_t bytes, int root)
{
    unsigned char *data = malloc(bytes + 1);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (unsigned char)(comm->rank == root ? i * 7 + bytes : 0);
    data[bytes] = 0xa5;
    if (comm->broadcast(comm, data, bytes, root, NULL) != GD_OK)
        fail("broadcast of %zu bytes fails", bytes);
    for (size_t i = 0; i < bytes; i++)
        if (data[i] != (unsigned char)(i * 7 + bytes))
            fail("broadcast of %zu bytes from rank %d: byte %zu is %d", bytes, root, i, data[i]);
    if (data[bytes] != 0xa5)
        fail("broadcast of %zu bytes writes behind the end", bytes);
    free(data);
}

static void try_host_sums(void)
{
    double values[] = {1, comm->rank, -0.5 * comm->rank};
    gd_error error = {0};
    const double ranks = comm->ranks, triangle = ranks * (ranks - 1) / 2;
    if (comm->sum(comm, values, 3, &error) != GD_OK || values[0] != ranks || values[1] != triangle ||
        values[2] != -triangle / 2)
        fail("sum: %g %g %g; %s", values[0], values[1], values[2], error.message);
}

/* Nobody leaves a barrier before the last has come: what it did before then is seen. */
static void try_barrier(void)
{
    const char *path = getenv("GRIDDLE_TEST_FILE");
    if (comm->rank == comm->ranks - 1) {
        usleep(100000);
        FILE *file = fopen(path, "w");
        if (!file || fclose(file) != 0)
            fail("cannot write '%s'", path);
    }
    if (comm->barrier(comm) != GD_OK || access(path, F_OK) != 0)
        fail("the barrier let rank %d through before the last one came", comm->rank);
}

static void run_all(void)
{
    static const gd_type types[] = {GD_F64, GD_F32, GD_F16, GD_BF16};
    static const int64_t counts[] = {0, 1, 2, 3, 7, 255, 4097, 65537};
    int turn = 0;
    make_shares();
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            try_sum(types[t], counts[c], turn++);
    try_sum(GD_F16, (16 << 20) / 2 + 5, turn); /* in two pieces */
    for (int root = 0; root < comm->ranks; root++) {
        try_broadcast(0, root);
        try_broadcast(1, root);
        try_broadcast(100003, root);
    }
    try_broadcast((32 << 20) + 3, comm->ranks - 1); /* in three */
    try_host_sums();
    try_barrier();
}

/* Who waits for rank 0 uses little of the processor meanwhile, also where it waits for the end. */
static void run_patient(void)
{
    enum { LATE_S = 1 };
    for (int last = 0; last < 2; last++) {
        const clock_t begin = clock(); /* of the processor */
        if (comm->rank == 0)
            sleep(LATE_S);
        if (last)
            comm->close(comm);
        else if (comm->barrier(comm) != GD_OK)
            fail("the barrier fails");
        const double used = (double)(clock() - begin) / CLOCKS_PER_SEC;
        if (used > 0.3 * LATE_S) {
            fprintf(stderr, "%g of %d seconds were computed away\n", used, LATE_S);
            exit(1);
        }
    }
}

/* ---- what must not go well ---- */

/* A type that has no sum is refused, and does no harm. */
static void run_refused(void)
{
    uint8_t bytes[4] = {0};
    double one = 1;
    gd_error error = {0};
    if (comm->all_reduce(comm, bytes, 4, GD_U8, NULL) != GD_UNSUPPORTED)
        fail("a sum of bytes is not refused");
    if (comm->sum(comm, &one, 1, &error) != GD_OK || one != comm->ranks || comm->check(comm, &error) != GD_OK)
        fail("a refusal does harm: %s", error.message);
}

/* Rank 0 gives room for less than the others send. */
static void run_short(void)
{
    float data[1000] = {0};
    gd_error error = {0};
    if (comm->all_reduce(comm, data, comm->rank == 0 ? 10 : 1000, GD_F32, NULL) != GD_OK) {
        comm->check(comm, &error);
        fail("%s", error.message);
    }
    comm->barrier(comm); /* rank 0 does not come */
}

static void *end_all(void *unused)
{
    (void)unused;
    usleep(200000);
    comm->abort(comm, "enough of it");
    return NULL;
}

/* All wait for rank 0, which does not come; a second thread of the last one ends that. */
static void run_abort(void)
{
    pthread_t thread;
    if (comm->rank == 0)
        sleep(60);
    if (comm->rank == comm->ranks - 1 && pthread_create(&thread, NULL, end_all, NULL) != 0)
        fail("no thread");
    comm->barrier(comm);
    sleep(60); /* the thread is at it */
}

int main(int argc, char **argv)
{
    gd_error error = {0};
    const char *word = argc == 2 ? argv[1] : "";
    if (gd_mpi_open(&comm, &error) != GD_OK) {
        fprintf(stderr, "griddle-mpi-test: %s\n", error.message);
        return 1;
    }
    if (strcmp(word, "patient") == 0) {
        run_patient();
        return 0;
    }
    if (strcmp(word, "all") == 0)
        run_all();
    else if (strcmp(word, "refused") == 0)
        run_refused();
    else if (strcmp(word, "short") == 0)
        run_short();
    else if (strcmp(word, "abort") == 0)
        run_abort();
    else
        fail("unknown word");
    if (comm->rank == 0)
        printf("%d ranks: %016llx\n", comm->ranks, (unsigned long long)digest);
    fflush(stdout);
    comm->close(comm);
    const gd_comm *second;
    return gd_mpi_open(&second, &error) == GD_INVALID ? 0 : 1;
}
