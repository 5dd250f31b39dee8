// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "dist/seat.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* An environment: "NAME=value" texts, NULL at the end. */
static const char *const *environment;

static const char *get(const char *name)
{
    size_t length = strlen(name);
    for (const char *const *at = environment; *at; at++) {
        if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
            return *at + length + 1;
    }
    return NULL;
}

static const char no_file[] = "SAGEMAKER_BASE_DIR=/nowhere";

/* "starter rank/ranks local_rank/local_ranks", or the complaint. */
static const char *seat_of(const char *const *given, gd_seat *seat)
{
    gd_error error = {0};
    environment = given;
    if (gd_seat_find(get, seat, &error) != GD_OK)
        return unit_text("%d %s", error.status, error.message);
    return unit_text("%s %d/%d %d/%d", gd_starter_name(seat->starter), seat->rank, seat->ranks, seat->local_rank,
                     seat->local_ranks);
}

#define SEAT(seat, ...) seat_of((const char *const[]){__VA_ARGS__, no_file, NULL}, seat)
#define OURS "GRIDDLE_RANK=1", "GRIDDLE_RANKS=2", "GRIDDLE_LOCAL_RANK=1", "GRIDDLE_LOCAL_RANKS=2"
#define OPENMPI(rank)                                                                                                  \
    "OMPI_COMM_WORLD_RANK=" rank, "OMPI_COMM_WORLD_SIZE=8", "OMPI_COMM_WORLD_LOCAL_RANK=1",                            \
        "OMPI_COMM_WORLD_LOCAL_SIZE=4"
#define TORCHRUN "RANK=3", "WORLD_SIZE=4", "LOCAL_RANK=1", "LOCAL_WORLD_SIZE=2", "MASTER_ADDR=ten.local"

TEST(nobody_said_anything)
{
    gd_seat seat;
    CHECK_TEXT(SEAT(&seat, "HOME=/root"), "nobody 0/1 0/1");
    CHECK(strlen(seat.host) > 0);
}

TEST(each_launcher_is_understood)
{
    gd_seat seat;
    CHECK_TEXT(SEAT(&seat, OURS), "griddle 1/2 1/2");
    CHECK_TEXT(seat.leader, "");
    CHECK_TEXT(SEAT(&seat, OURS, "GRIDDLE_HOST=algo-2", "GRIDDLE_LEADER=algo-1"), "griddle 1/2 1/2");
    CHECK_TEXT(seat.host, "algo-2");
    CHECK_TEXT(seat.leader, "algo-1");
    CHECK_TEXT(SEAT(&seat, OPENMPI("5")), "mpirun 5/8 1/4");
    CHECK_TEXT(SEAT(&seat, TORCHRUN, "MASTER_PORT=29500"), "torchrun 3/4 1/2");
    CHECK_TEXT(seat.leader, "ten.local");
    CHECK_EQ_INT(seat.port, 29500);
    CHECK_TEXT(SEAT(&seat, "SLURM_PROCID=2", "SLURM_NTASKS=4", "SLURM_LOCALID=0", "SLURM_NODEID=1",
                    "SLURM_TASKS_PER_NODE=2(x2)"),
               "Slurm 2/4 0/2");
}

TEST(tasks_per_node_of_slurm_are_unfolded)
{
    gd_seat seat;
    static const struct {
        const char *list, *node;
        int tasks;
    } cases[] = {{"2(x3),1", "2", 2}, {"2(x3),1", "3", 1}, {"1,3", "1", 3}, {"4", "7", 4}, {"3(x2),1(x2),5", "4", 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SEAT(&seat, "SLURM_PROCID=0", "SLURM_NTASKS=9", "SLURM_LOCALID=0", unit_text("SLURM_NODEID=%s", cases[i].node),
             unit_text("SLURM_STEP_TASKS_PER_NODE=%s", cases[i].list));
        CHECK_EQ_INT(seat.local_ranks, cases[i].tasks);
    }
    static const char *const bad[] = {"2(x", "2(x2", "a", "2(x2),", "0", "2;3", "1,"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_CONTAINS(SEAT(&seat, "SLURM_PROCID=0", "SLURM_NTASKS=9", "SLURM_LOCALID=0", "SLURM_NODEID=5",
                            unit_text("SLURM_TASKS_PER_NODE=%s,", bad[i])),
                       "says nothing of node 5");
}

/* Before srun there is one process, whatever the job was promised. */
TEST(a_batch_script_of_slurm_is_alone)
{
    gd_seat seat;
    CHECK_TEXT(SEAT(&seat, "SLURM_PROCID=0", "SLURM_NTASKS=4", "SLURM_LOCALID=0", "ENVIRONMENT=BATCH"),
               "nobody 0/1 0/1");
    CHECK_TEXT(SEAT(&seat, "SLURM_PROCID=3", "SLURM_NTASKS=4", "SLURM_LOCALID=3", "ENVIRONMENT=BATCH",
                    "SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=4"),
               "Slurm 3/4 3/4");
}

TEST(the_innermost_launcher_counts)
{
    gd_seat seat;
    CHECK_TEXT(SEAT(&seat, "SLURM_PROCID=0", "SLURM_NTASKS=2", "SLURM_LOCALID=0", OPENMPI("5")), "mpirun 5/8 1/4");
    CHECK_TEXT(SEAT(&seat, "SLURM_PROCID=0", "SLURM_NTASKS=2", "SLURM_LOCALID=0", TORCHRUN, "MASTER_PORT=1"),
               "torchrun 3/4 1/2");
    CHECK_TEXT(SEAT(&seat, OPENMPI("5"), OURS), "griddle 1/2 1/2");
}

TEST(what_is_half_set_or_contradicts_itself_is_refused)
{
    gd_seat seat;
    CHECK_TEXT(SEAT(&seat, "OMPI_COMM_WORLD_RANK=1", "OMPI_COMM_WORLD_SIZE=2", "OMPI_COMM_WORLD_LOCAL_RANK=1"),
               "1 mpirun started this process, but OMPI_COMM_WORLD_LOCAL_SIZE is not set");
    CHECK_TEXT(SEAT(&seat, OPENMPI("8")),
               "1 mpirun says that this is rank 8 of 8: ranks go from 0 to one less than that");
    CHECK_TEXT(SEAT(&seat, OPENMPI("x")), "1 OMPI_COMM_WORLD_RANK is 'x' where a whole number from 0 is needed");
    CHECK_TEXT(SEAT(&seat, OPENMPI("-1")), "1 OMPI_COMM_WORLD_RANK is '-1' where a whole number from 0 is needed");
    CHECK_TEXT(SEAT(&seat, TORCHRUN), "1 torchrun started this process, but MASTER_PORT is not set");
    CHECK_TEXT(SEAT(&seat, "RANK=0", "WORLD_SIZE=2", "MASTER_ADDR=a", "MASTER_PORT=1"),
               "1 torchrun started this process, but LOCAL_RANK is not set");
    CHECK_TEXT(SEAT(&seat, "SLURM_PROCID=1", "SLURM_LOCALID=0"),
               "1 Slurm started this process, but SLURM_NTASKS is not set");
    CHECK_TEXT(SEAT(&seat, "GRIDDLE_RANK=0", "GRIDDLE_RANKS=2", "GRIDDLE_LOCAL_RANK=2", "GRIDDLE_LOCAL_RANKS=2"),
               "1 griddle says that this is rank 2 of 2 on its machine, and 2 are there in all");
    CHECK_TEXT(SEAT(&seat, "RANK=7"), "nobody 0/1 0/1"); /* a name that anybody may have used */
}

/* ---- SageMaker ---- */

static const char *with_hosts_and(const char *more, const char *json, gd_seat *seat)
{
    gd_error error = {0};
    CHECK_OK(gd_folder_make(unit_path("opt/ml/input/config"), &error), &error);
    CHECK_OK(gd_file_write(unit_path("opt/ml/input/config/resourceconfig.json"), json, strlen(json), &error), &error);
    return seat_of((const char *const[]){unit_text("SAGEMAKER_BASE_DIR=%s", unit_path("opt/ml")), more, NULL}, seat);
}

static const char *with_hosts(const char *json, gd_seat *seat) { return with_hosts_and(NULL, json, seat); }

TEST(hosts_of_sagemaker_are_ranks_in_sorted_order)
{
    gd_seat seat;
    CHECK_TEXT(with_hosts("{\"current_host\": \"algo-2\", \"hosts\": [\"algo-3\", \"algo-2\", \"algo-1\"], "
                          "\"network_interface_name\": \"eth1\", \"topology\": null}",
                          &seat),
               "SageMaker 1/3 0/1");
    CHECK_TEXT(seat.host, "algo-2");
    CHECK_TEXT(seat.leader, "algo-1");
    CHECK_TEXT(seat.interface, "eth1");
    CHECK_EQ_INT(seat.port, 7777);
    static const char two[] = "{\"current_host\": \"algo-1\", \"hosts\": [\"algo-1\", \"algo-2\"]}";
    CHECK_TEXT(with_hosts_and("MASTER_PORT=4711", two, &seat), "SageMaker 0/2 0/1");
    CHECK_EQ_INT(seat.port, 4711);
    CHECK_CONTAINS(with_hosts_and("MASTER_PORT=65536", two, &seat),
                   "MASTER_PORT is 65536 where a port from 1 to 65535");
    CHECK_CONTAINS(with_hosts_and("MASTER_PORT=http", two, &seat), "MASTER_PORT is 'http' where a whole number");
    CHECK_TEXT(with_hosts("{\"current_host\": \"algo-1\", \"hosts\": [\"algo-1\"]}", &seat), "nobody 0/1 0/1");
    CHECK_CONTAINS(with_hosts("{\"current_host\": \"algo-9\", \"hosts\": [\"algo-1\", \"algo-2\"]}", &seat),
                   "does not have its current_host 'algo-9' among its 2 hosts");
    CHECK_CONTAINS(with_hosts("{\"current_host\": \"algo-9\"}", &seat), "no list of hosts");
    CHECK_CONTAINS(with_hosts("{\"current_host\": \"a\", \"hosts\": [[]]}", &seat), "a host is no name");
    CHECK_CONTAINS(with_hosts("{", &seat), "5 ");
}

TEST(names_are_waited_for_with_a_bound)
{
    gd_error error = {0};
    CHECK_OK(gd_await_name("localhost", 0, &error), &error);
    CHECK_FAILS(gd_await_name("no-such-machine.invalid", 0.5, &error), GD_IO, &error,
                "machine 'no-such-machine.invalid' has no address after 0.5 s");
}
