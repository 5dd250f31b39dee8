// SPDX-License-Identifier: Apache-2.0
#include "comm/shard.h"
#include "dist/launch.h"
#include "dist/relay.h"
#include "dist/scratch.h"
#include "dist/share.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- processors ---- */

static gd_seat seat_of(gd_starter starter, int rank, int ranks)
{
    return (gd_seat){
        .starter = starter, .rank = rank, .ranks = ranks, .local_rank = rank, .local_ranks = ranks, .host = "ten"};
}

TEST(processors_that_all_ranks_were_given_are_shared_out)
{
    for (int given = 1; given <= 20; given++) {
        for (int ranks = 2; ranks <= 6; ranks++) {
            int next = 0, threads = 0;
            for (int r = 0; r < ranks; r++) {
                gd_seat seat = seat_of(GD_STARTED_BY_GRIDDLE, r, ranks);
                gd_share share = gd_share_of(&seat, given, 20, 0);
                threads += share.threads;
                CHECK(share.threads >= 1);
                CHECK_EQ_INT(share.cpus > 0, given >= 2 * ranks);
                if (share.cpus > 0) {
                    CHECK_EQ_INT(share.first, next);
                    CHECK_EQ_INT(share.threads, share.cpus);
                    next += share.cpus;
                }
            }
            CHECK_EQ_INT(threads, given < ranks ? ranks : given);
            CHECK(next == 0 || next == given);
        }
    }
}

static const char *note_of(gd_starter starter, int ranks, int given, int machine, int wanted)
{
    gd_seat seat = seat_of(starter, 0, ranks);
    return unit_text("%s", gd_share_of(&seat, given, machine, wanted).note);
}

TEST(ranks_that_starve_are_told)
{
    CHECK_TEXT(note_of(GD_STARTED_BY_GRIDDLE, 2, 8, 8, 0), "");
    CHECK_TEXT(note_of(GD_STARTED_BY_GRIDDLE, 2, 8, 8, 4), "");
    CHECK_CONTAINS(note_of(GD_STARTED_BY_GRIDDLE, 3, 2, 2, 0), "3 ranks share 2 processors");
    CHECK_CONTAINS(note_of(GD_STARTED_BY_GRIDDLE, 2, 8, 8, 8), "2 ranks of OMP_NUM_THREADS=8 threads share 8");
    CHECK_CONTAINS(note_of(GD_STARTED_BY_MPIRUN, 2, 1, 8, 0), "bound to 1 processor each, of 8; mpirun --bind-to none");
    CHECK_CONTAINS(note_of(GD_STARTED_BY_SLURM, 4, 2, 64, 4), "bound to 2 processors, and OMP_NUM_THREADS is 4");
    CHECK_TEXT(note_of(GD_STARTED_BY_MPIRUN, 2, 4, 8, 0), ""); /* a socket each */
    CHECK_TEXT(note_of(GD_STARTED_BY_MPIRUN, 1, 1, 8, 0), "");
}

/* Who binds has shared out; what it gave is all used. */
TEST(a_binding_is_left_as_it_is)
{
    gd_seat seat = seat_of(GD_STARTED_BY_MPIRUN, 1, 2);
    gd_share share = gd_share_of(&seat, 4, 8, 0);
    CHECK(share.cpus == 0 && share.threads == 0);
    share = gd_share_of(&seat, 8, 8, 0); /* --bind-to none */
    CHECK(share.first == 4 && share.cpus == 4 && share.threads == 4);
    share = gd_share_of(&seat, 8, 8, 2);
    CHECK_EQ_INT(share.threads, 2);
}

TEST(each_rank_has_a_card)
{
    char card[64];
    gd_error error = {0};
    gd_seat seat = seat_of(GD_STARTED_BY_GRIDDLE, 2, 3);
    CHECK_OK(gd_share_card(&seat, NULL, card, &error), &error);
    CHECK_TEXT(card, "2");
    CHECK_OK(gd_share_card(&seat, "5,GPU-7ac,MIG-1,9", card, &error), &error);
    CHECK_TEXT(card, "MIG-1");
    CHECK_OK(gd_share_card(&seat, "4", card, &error), &error); /* srun --gpus-per-task=1 */
    CHECK_TEXT(card, "4");
    CHECK_FAILS(gd_share_card(&seat, "0,1", card, &error), GD_INVALID, &error,
                "3 ranks on 'ten', but CUDA_VISIBLE_DEVICES=0,1 names 2 cards");
}

/* ---- fewer ranks ---- */

static int largest(int groups, int ranks) { return (groups + ranks - 1) / ranks; }

TEST(fewer_ranks_make_the_most_of_the_groups)
{
    CHECK_EQ_INT(gd_fewer_ranks(8, 8), 4);
    CHECK_EQ_INT(gd_fewer_ranks(4, 8), 3);
    CHECK_EQ_INT(gd_fewer_ranks(3, 8), 2);
    CHECK_EQ_INT(gd_fewer_ranks(2, 8), 1);
    CHECK_EQ_INT(gd_fewer_ranks(1, 8), 1);
    for (int groups = 1; groups < 40; groups++) {
        for (int ranks = 2; ranks <= groups; ranks++) {
            gd_shard shard;
            int fewer = gd_fewer_ranks(ranks, groups);
            CHECK(fewer >= 1 && fewer < ranks);
            CHECK_EQ_INT(gd_shard_of(groups, 1, 0, fewer, &shard, NULL), GD_OK);
            CHECK_EQ_INT(largest(groups, fewer), largest(groups, ranks - 1));
            CHECK(fewer == 1 || largest(groups, fewer - 1) > largest(groups, fewer));
        }
    }
}

/* ---- what comes through mpirun ---- */

static char logged[4096];

static void log_line(const char *folder, const char *text)
{
    CHECK_TEXT(folder, "run");
    strcat(strcat(logged, text), "|");
}

/* Through a relay, in pieces of `piece` bytes: what has been passed on. */
static const char *relayed(const char *text, size_t piece)
{
    int in[2], out[2];
    static char passed[4096];
    CHECK(pipe2(in, O_NONBLOCK) == 0 && pipe2(out, O_NONBLOCK) == 0);
    gd_relay relay = {.from = in[0]};
    logged[0] = '\0';
    for (size_t at = 0; at < strlen(text); at += piece) {
        size_t left = strlen(text) - at;
        CHECK(write(in[1], text + at, left < piece ? left : piece) > 0);
        gd_relay_turn(&relay, out[1], "run", log_line);
    }
    gd_relay_end(&relay, out[1]);
    ssize_t n = read(out[0], passed, sizeof passed - 1);
    passed[n > 0 ? n : 0] = '\0';
    for (int i = 0; i < 2; i++) {
        close(in[i]);
        close(out[i]);
    }
    return passed;
}

TEST(words_of_mpi_go_to_the_log)
{
    static const char text[] = "epoch 1\n[vm:00123] Read -1, expected 5488\n\n[ten-2.local:7] PMIX ERROR\n"
                               "[not mpi]\n[vm:12\r[====>   ] 12\n[]\ngriddle: rank 1 is gone\n";
    for (size_t piece = 1; piece < sizeof text; piece++) {
        CHECK_TEXT(relayed(text, piece), "epoch 1\n\n[not mpi]\n[vm:12\r[====>   ] 12\n[]\ngriddle: rank 1 is gone\n");
        CHECK_TEXT(logged, "[vm:00123] Read -1, expected 5488|[ten-2.local:7] PMIX ERROR|");
    }
    CHECK_TEXT(relayed("no end of line", 3), "no end of line\n"); /* what is said next begins a line */
    CHECK_TEXT(relayed("[vm:1", 3), "[vm:1\n");
    CHECK_TEXT(relayed("[vm:1] half a word", 3), "");
}

/* ---- scratch ---- */

TEST(scratch_goes_with_its_process)
{
    gd_scratch mine = {{0}}, other = {{0}};
    gd_error error = {0};
    CHECK_OK(gd_scratch_make(&mine, "griddle-ranks", true, &error), &error);
    char stale[512], inside[600];
    const char *slash = strrchr(mine.path, '/');
    snprintf(stale, sizeof stale, "%.*s/griddle-ranks-2147483000.abcdef", (int)(slash - mine.path), mine.path);
    snprintf(inside, sizeof inside, "%s/inside", stale);
    CHECK(mkdir(stale, 0700) == 0 && mkdir(inside, 0700) == 0);
    CHECK_OK(gd_scratch_make(&other, "griddle-ranks", true, &error), &error);
    CHECK(access(stale, F_OK) != 0 && access(mine.path, F_OK) == 0); /* that process is no more; this one is */
    gd_scratch_remove(&mine);
    gd_scratch_remove(&other);
    CHECK(mine.path[0] == '\0' && other.path[0] == '\0');
}
