// SPDX-License-Identifier: Apache-2.0
#include "dist/seat.h"

#include "dist/seat_sagemaker.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef const char *(*getter)(const char *name);

/* The four numbers that every launcher gives, by its own names. */
typedef struct names {
    gd_starter starter;
    const char *rank, *ranks, *local_rank, *local_ranks;
} names;

static const names griddle = {GD_STARTED_BY_GRIDDLE, "GRIDDLE_RANK", "GRIDDLE_RANKS", "GRIDDLE_LOCAL_RANK",
                              "GRIDDLE_LOCAL_RANKS"},
                   mpirun = {GD_STARTED_BY_MPIRUN, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                             "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
                   torchrun = {GD_STARTED_BY_TORCHRUN, "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"};

const char *gd_starter_name(gd_starter starter)
{
    static const char *const name[] = {"nobody", "griddle", "mpirun", "torchrun", "Slurm", "SageMaker"};
    return name[starter];
}

/* ---- numbers ---- */

static bool is_set(getter get, const char *name)
{
    const char *text = get(name);
    return text && *text;
}

static gd_status read_number(getter get, gd_starter starter, const char *name, int *value, gd_error *error)
{
    const char *text = get(name);
    char *end;
    if (!text || !*text)
        return gd_fail(error, GD_INVALID, "%s started this process, but %s is not set", gd_starter_name(starter), name);
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end || errno || number < 0 || number > INT_MAX)
        return gd_fail(error, GD_INVALID, "%s is '%s' where a whole number from 0 is needed", name, text);
    *value = (int)number;
    return GD_OK;
}

static gd_status check(const gd_seat *p, gd_error *error)
{
    const char *who = gd_starter_name(p->starter);
    if (p->rank >= p->ranks)
        return gd_fail(error, GD_INVALID, "%s says that this is rank %d of %d: ranks go from 0 to one less than that",
                       who, p->rank, p->ranks);
    if (p->local_rank >= p->local_ranks || p->local_ranks > p->ranks)
        return gd_fail(error, GD_INVALID, "%s says that this is rank %d of %d on its machine, and %d are there in all",
                       who, p->local_rank, p->local_ranks, p->ranks);
    return GD_OK;
}

static bool any_set(getter get, const names *n)
{
    return is_set(get, n->rank) || is_set(get, n->ranks) || is_set(get, n->local_rank) || is_set(get, n->local_ranks);
}

static gd_status read_four(getter get, const names *n, gd_seat *seat, gd_error *error)
{
    seat->starter = n->starter;
    GD_TRY(read_number(get, n->starter, n->rank, &seat->rank, error));
    GD_TRY(read_number(get, n->starter, n->ranks, &seat->ranks, error));
    GD_TRY(read_number(get, n->starter, n->local_rank, &seat->local_rank, error));
    return read_number(get, n->starter, n->local_ranks, &seat->local_ranks, error);
}

static gd_status read_griddle(getter get, gd_seat *seat, gd_error *error)
{
    GD_TRY(read_four(get, &griddle, seat, error));
    if (is_set(get, "GRIDDLE_HOST"))
        snprintf(seat->host, sizeof seat->host, "%s", get("GRIDDLE_HOST"));
    if (is_set(get, "GRIDDLE_LEADER"))
        snprintf(seat->leader, sizeof seat->leader, "%s", get("GRIDDLE_LEADER"));
    return GD_OK;
}

static gd_status read_port(getter get, gd_seat *seat, gd_error *error)
{
    enum { LAST = 65535 };
    GD_TRY(read_number(get, seat->starter, "MASTER_PORT", &seat->port, error));
    if (seat->port < 1 || seat->port > LAST)
        return gd_fail(error, GD_INVALID, "MASTER_PORT is %d where a port from 1 to %d is needed", seat->port, LAST);
    return GD_OK;
}

static gd_status read_sagemaker(getter get, gd_seat *seat, gd_error *error)
{
    GD_TRY(gd_seat_read_sagemaker(get("SAGEMAKER_BASE_DIR"), seat, error));
    if (seat->starter != GD_STARTED_BY_SAGEMAKER || !is_set(get, "MASTER_PORT"))
        return GD_OK;
    return read_port(get, seat, error);
}

static gd_status read_torchrun(getter get, gd_seat *seat, gd_error *error)
{
    GD_TRY(read_four(get, &torchrun, seat, error));
    GD_TRY(read_port(get, seat, error));
    if (!is_set(get, "MASTER_ADDR"))
        return gd_fail(error, GD_INVALID, "torchrun started this process, but MASTER_ADDR is not set");
    snprintf(seat->leader, sizeof seat->leader, "%s", get("MASTER_ADDR"));
    return GD_OK;
}

/* ---- Slurm ---- */

/* Of "2(x3),1", which is 2, 2, 2, 1: the one at `node`. -1: it has none. */
static int tasks_of_node(const char *list, int node)
{
    for (const char *at = list; *at;) {
        char *end;
        long tasks = strtol(at, &end, 10), times = 1;
        if (end == at || tasks < 1 || tasks > INT_MAX)
            return -1;
        if (strncmp(end, "(x", 2) == 0) {
            at = end + 2;
            times = strtol(at, &end, 10);
            if (end == at || *end++ != ')')
                return -1;
        }
        if (node < times)
            return (int)tasks;
        node -= (int)times;
        at = *end == ',' ? end + 1 : end;
        if (*end && *end != ',')
            return -1;
    }
    return -1;
}

/* In a batch script, before srun, Slurm's variables say rank 0 of all tasks, and the script is the only one there. */
static bool started_by_srun(getter get)
{
    const char *kind = get("ENVIRONMENT");
    bool script = kind && strcmp(kind, "BATCH") == 0 && !is_set(get, "SLURM_STEP_ID");
    return is_set(get, "SLURM_PROCID") && !script;
}

static gd_status read_slurm(getter get, gd_seat *seat, gd_error *error)
{
    static const char *const tasks[] = {"SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE", "SLURM_NTASKS_PER_NODE"};
    const char *all = is_set(get, "SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS", *list = NULL;
    int node = 0;
    seat->starter = GD_STARTED_BY_SLURM;
    GD_TRY(read_number(get, seat->starter, "SLURM_PROCID", &seat->rank, error));
    GD_TRY(read_number(get, seat->starter, all, &seat->ranks, error));
    GD_TRY(read_number(get, seat->starter, "SLURM_LOCALID", &seat->local_rank, error));
    if (is_set(get, "SLURM_NODEID"))
        GD_TRY(read_number(get, seat->starter, "SLURM_NODEID", &node, error));
    for (size_t i = 0; !list && i < sizeof tasks / sizeof *tasks; i++)
        list = is_set(get, tasks[i]) ? tasks[i] : NULL;
    seat->local_ranks = list ? tasks_of_node(get(list), strchr(get(list), ',') || strchr(get(list), '(') ? node : 0)
                             : seat->ranks; /* srun gives one of them wherever there are several nodes */
    if (seat->local_ranks < 0)
        return gd_fail(error, GD_INVALID, "%s is '%s', which says nothing of node %d", list, get(list), node);
    return GD_OK;
}

/* ---- */

gd_status gd_seat_find(const char *(*get)(const char *name), gd_seat *seat, gd_error *error)
{
    *seat = (gd_seat){.ranks = 1, .local_ranks = 1};
    if (gethostname(seat->host, sizeof seat->host - 1) != 0)
        snprintf(seat->host, sizeof seat->host, "localhost");
    if (any_set(get, &griddle))
        GD_TRY(read_griddle(get, seat, error));
    else if (any_set(get, &mpirun))
        GD_TRY(read_four(get, &mpirun, seat, error));
    else if (is_set(get, "WORLD_SIZE") || is_set(get, "LOCAL_WORLD_SIZE"))
        GD_TRY(read_torchrun(get, seat, error));
    else if (started_by_srun(get))
        GD_TRY(read_slurm(get, seat, error));
    else
        GD_TRY(read_sagemaker(get, seat, error));
    if (seat->starter == GD_STARTED_BY_MPIRUN && is_set(get, "GRIDDLE_WATCH")) /* mpirun was started by griddle */
        seat->starter = GD_STARTED_BY_GRIDDLE;
    return check(seat, error);
}

gd_status gd_await_name(const char *host, double seconds, gd_error *error)
{
    static const double PAUSE = 0.5;
    struct addrinfo *found = NULL;
    int code;
    double waited = 0;
    while ((code = getaddrinfo(host, NULL, NULL, &found)) != 0 && waited < seconds) {
        nanosleep(&(struct timespec){0, (long)(PAUSE * 1e9)}, NULL);
        waited += PAUSE;
    }
    if (code != 0)
        return gd_fail(error, GD_IO, "machine '%s' has no address after %g s: %s", host, seconds, gai_strerror(code));
    freeaddrinfo(found);
    return GD_OK;
}
