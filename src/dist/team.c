// SPDX-License-Identifier: Apache-2.0
#include "dist/team.h"

#include "comm/mpi.h"
#include "device/cuda.h"
#include "dist/share.h"
#include "dist/watch.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double NAME_SECONDS = 120; /* so long may a machine's name take to appear */

/* ---- the watch in rank 0 ---- */

typedef struct gd_team_watch {
    gd_watch *watch;
    pthread_t thread;
    const gd_team *team;
} gd_team_watch;

/* Until all have left; or one fails: then the others are told, and have a second to end before this process does. */
static void *keep_watch(void *argument)
{
    enum { TURN_MS = 100, GRACE_TURNS = 10 };
    const gd_team_watch *w = argument;
    const gd_rank_verdict *verdict = gd_watch_verdict(w->watch);
    while (!verdict->failed && !verdict->ended)
        gd_watch_turn(w->watch, TURN_MS);
    if (!verdict->failed)
        return NULL;
    w->team->log(w->team->folder, verdict->message);
    if (!verdict->late && verdict->message[0])
        fprintf(stderr, "griddle: %s%s\n", verdict->message,
                verdict->status == GD_DEVICE ? "; all ranks end, go on with --resume" : "");
    /* also one that has connected and was not heard yet: to it, this process would be gone without a word */
    for (int turn = 0; turn < GRACE_TURNS && !(gd_watch_complete(w->watch) && gd_watch_empty(w->watch)); turn++)
        gd_watch_turn(w->watch, TURN_MS);
    gd_ranks_forget(w->team->folder); /* and no socket is closed: rank 0's own thread would take that for an end */
    _exit(verdict->code);
}

static gd_status start_watch(gd_team *team, gd_error *error)
{
    gd_team_watch *w = calloc(1, sizeof *w);
    sigset_t all, before;
    if (!w)
        return gd_fail(error, GD_NOMEM, "out of memory");
    w->team = team;
    gd_status status = gd_watch_open(team->seat.ranks, 0, team->folder, &w->watch, error);
    if (status != GD_OK) {
        free(w);
        return status;
    }
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool started = pthread_create(&w->thread, NULL, keep_watch, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started) {
        gd_watch_close(w->watch);
        free(w);
        return gd_fail(error, GD_NOMEM, "cannot start a thread");
    }
    team->watch = w;
    return GD_OK;
}

/* ---- finding it ---- */

/* What rank 0 sends round. */
typedef struct whereabouts {
    char host[256], machine[1024], address[64];
} whereabouts;

/* This machine's name, and its addresses, as names are not known everywhere. */
static void name_machine(const char *host, char machine[1024])
{
    struct ifaddrs *all = NULL;
    size_t used = (size_t)snprintf(machine, 1024, "%s", host);
    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
        char text[INET_ADDRSTRLEN];
        if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET || at->ifa_flags & IFF_LOOPBACK ||
            !(at->ifa_flags & IFF_UP) || used + sizeof text + 1 > 1024)
            continue;
        inet_ntop(AF_INET, &((const struct sockaddr_in *)at->ifa_addr)->sin_addr, text, sizeof text);
        used += (size_t)snprintf(machine + used, 1024 - used, " %s", text);
    }
    freeifaddrs(all);
}

static gd_status find_watch(gd_team *team, gd_error *error)
{
    whereabouts there = {.host = ""};
    gd_status status = GD_OK;
    if (team->seat.rank == 0) {
        GD_TRY(start_watch(team, error));
        snprintf(there.host, sizeof there.host, "%s", team->seat.host);
        snprintf(there.address, sizeof there.address, "%s", gd_watch_address(team->watch->watch));
        name_machine(team->seat.host, there.machine);
    }
    status = team->comm->broadcast(team->comm, &there, sizeof there, 0, NULL);
    if (status != GD_OK)
        return gd_fail(error, status, "the ranks cannot tell one another where the watch is");
    snprintf(team->address, sizeof team->address, "%s", there.address);
    snprintf(team->machine_name, sizeof team->machine_name, "%s", there.host);
    if (strcmp(there.host, team->seat.host) == 0) /* the nearest way, and one that no name server has a say in */
        snprintf(team->machine, sizeof team->machine, "127.0.0.1 %.1000s", there.machine);
    else
        snprintf(team->machine, sizeof team->machine, "%s", there.machine);
    return GD_OK;
}

/* ---- collectives ---- */

static gd_status check_comm(const gd_team *team, const gd_comm *comm, gd_error *error)
{
    const gd_seat *seat = &team->seat;
    if (comm->rank == seat->rank && comm->ranks == seat->ranks)
        return GD_OK;
    return gd_fail(error, GD_DEVICE, "%s says rank %d of %d, and %s rank %d of %d%s", gd_starter_name(seat->starter),
                   seat->rank, seat->ranks, comm->name, comm->rank, comm->ranks,
                   seat->starter == GD_STARTED_BY_SLURM ? "; srun --mpi=pmix starts ranks of OpenMPI" : "");
}

static gd_status open_mpi(gd_team *team, const gd_comm **comm, gd_error *error)
{
    const gd_seat *seat = &team->seat;
    if (seat->starter == GD_STARTED_BY_TORCHRUN || seat->starter == GD_STARTED_BY_SAGEMAKER)
        return gd_fail(error, GD_UNSUPPORTED,
                       "%s starts ranks for NCCL, on GPUs; on CPUs ranks meet over MPI: mpirun -n %d griddle train …",
                       gd_starter_name(seat->starter), seat->ranks);
    GD_TRY(gd_mpi_open(comm, error));
    return check_comm(team, *comm, error);
}

/* NCCL's own meeting, where the environment says who leads. torchrun has a store of its own at its port. */
static gd_status name_meeting(const gd_seat *seat, gd_error *error)
{
    const char *store = getenv("TORCHELASTIC_USE_AGENT_STORE");
    char meeting[300];
    if (seat->interface[0])
        setenv("NCCL_SOCKET_IFNAME", seat->interface, false);
    if (!seat->leader[0] || getenv("NCCL_COMM_ID"))
        return GD_OK;
    GD_TRY(gd_await_name(seat->leader, NAME_SECONDS, error));
    snprintf(meeting, sizeof meeting, "%s:%d", seat->leader,
             seat->port + (seat->starter == GD_STARTED_BY_TORCHRUN && store && strcmp(store, "True") == 0));
    setenv("NCCL_COMM_ID", meeting, true);
    return GD_OK;
}

static gd_status open_comm(gd_team *team, const gd_device *device, gd_error *error)
{
    if (device->kind == GD_CPU)
        return open_mpi(team, &team->comm, error);
    GD_TRY(name_meeting(&team->seat, error));
    if (!getenv("NCCL_COMM_ID"))
        GD_TRY(open_mpi(team, &team->below, error));
    return gd_nccl_open(team->seat.rank, team->seat.ranks, team->below, &team->comm, error);
}

/* ---- joining and leaving ---- */

gd_status gd_team_choose_card(const gd_seat *seat, gd_error *error)
{
    char card[64];
    if (seat->local_ranks == 1)
        return GD_OK;
    GD_TRY(gd_share_card(seat, getenv("CUDA_VISIBLE_DEVICES"), card, error));
    return setenv("CUDA_VISIBLE_DEVICES", card, true) == 0 ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory");
}

static gd_member_options options_of(gd_team *team)
{
    return (gd_member_options){.host = team->seat.host,
                               .folder = team->folder,
                               .rank = team->seat.rank,
                               .ranks = team->seat.ranks,
                               .stop = team->stop,
                               .log = team->log};
}

gd_status gd_team_join(gd_team *team, const gd_seat *seat, const char *folder, volatile sig_atomic_t *stop,
                       void (*log)(const char *folder, const char *text), gd_error *error)
{
    *team = (gd_team){.seat = *seat, .stop = stop, .log = log};
    snprintf(team->folder, sizeof team->folder, "%s", folder);
    gd_member_options member = options_of(team);
    member.machine = team->seat.leader[0] ? team->seat.leader : "127.0.0.1";
    member.machine_name = team->seat.leader[0] ? team->seat.leader : team->seat.host;
    member.address = getenv(GD_WATCH_VARIABLE);
    return member.address ? gd_member_open(&member, &team->member, error) : GD_OK;
}

gd_status gd_team_connect(gd_team *team, const gd_device *device, gd_error *error)
{
    if (team->seat.ranks == 1)
        return GD_OK;
    GD_TRY(open_comm(team, device, error));
    if (team->member)
        return GD_OK;
    GD_TRY(find_watch(team, error));
    gd_member_options member = options_of(team);
    member.machine = team->machine;
    member.machine_name = team->machine_name;
    member.address = team->address;
    member.among_ranks = true;
    return gd_member_open(&member, &team->member, error);
}

void gd_team_close(gd_team *team, gd_status status, int code, const gd_error *error)
{
    gd_member_tell(team->member, status, code, error); /* after a failure it returns where nobody watches */
    if (status != GD_OK && status != GD_STOPPED)
        return;
    if (team->comm && team->comm->close)
        team->comm->close(team->comm);
    if (team->below && team->below->close)
        team->below->close(team->below);
    gd_member_close(team->member);
    if (team->watch) {
        pthread_join(team->watch->thread, NULL);
        gd_watch_close(team->watch->watch);
        free(team->watch);
    }
    *team = (gd_team){0};
}
