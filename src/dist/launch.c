// SPDX-License-Identifier: Apache-2.0
#include "dist/launch.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "dist/children.h"
#include "dist/follow.h"
#include "dist/relay.h"
#include "dist/scratch.h"
#include "dist/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { TURN_MS = 50 };
static const double FAREWELL = 2;   /* seconds that ranks have to end, when they are told to */
static const double COMING = 60;    /* and to appear */
static const double UNWINDING = 10; /* and mpirun, when its ranks are gone */
static const double LAST_WORDS = 1; /* and what ranks on other hosts have said, to come here */

/* One start of all ranks. */
typedef struct attempt {
    const gd_launch_options *options;
    gd_watch *watch;
    int ranks;
    gd_children children;
    gd_arena arena;
    gd_relay relay; /* of mpirun's standard error */
    gd_scratch scratch;
} attempt;

int gd_fewer_ranks(int ranks, int groups)
{
    if (ranks <= 2)
        return 1;
    int largest = (groups + ranks - 2) / (ranks - 1);
    return (groups + largest - 1) / largest;
}

/* What the run was asked to stop with, here or on another host; 0: nothing. */
static int signal_of(const gd_launch_options *o)
{
    return *o->stop ? *o->stop : o->hosts ? gd_hosts_signal(o->hosts) : 0;
}

/* ---- starting ---- */

/* As root, with more ranks than cores, on this machine alone, even within a job of Slurm's or another's, and without an
 * opinion about ranks that fail: that is the watch's. What the user has set is left. */
static void set_mpi(const gd_scratch *scratch)
{
    const char *const setting[][2] = {
        {"OMPI_ALLOW_RUN_AS_ROOT", "1"},      {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
        {"OMPI_MCA_plm", "isolated"},         {"OMPI_MCA_ras", "^slurm,tm,gridengine,lsf,alps"},
        {"OMPI_MCA_orte_execute_quiet", "1"}, {"OMPI_MCA_orte_enable_recovery", "1"},
    };
    for (size_t i = 0; i < sizeof setting / sizeof *setting; i++)
        setenv(setting[i][0], setting[i][1], false);
    setenv("OMPI_MCA_orte_tmpdir_base", scratch->path, true);
    setenv("OMPI_MCA_btl_vader_backing_directory", scratch->path, true);
}

static gd_status start_mpirun(attempt *a, const char *const *rank, gd_error *error)
{
    int words = 0, n = 0, said[2];
    char number[16];
    while (rank[words])
        words++;
    const char **command = gd_arena_alloc(&a->arena, (size_t)words + 8, sizeof *command);
    if (!command)
        return gd_fail(error, GD_NOMEM, "out of memory for a command line");
    /* what OpenMPI keeps while its ranks run (shared memory, addresses) it leaves behind where it is killed */
    GD_TRY(gd_scratch_make(&a->scratch, "griddle-ranks", true, error));
    set_mpi(&a->scratch);
    if (pipe2(said, O_CLOEXEC) != 0 || fcntl(said[0], F_SETFL, O_NONBLOCK) != 0)
        return gd_fail(error, GD_IO, "cannot start mpirun: %s", strerror(errno));
    a->relay.from = said[0];
    snprintf(number, sizeof number, "%d", a->ranks);
    command[n++] = "mpirun";
    command[n++] = "-n";
    command[n++] = gd_arena_text(&a->arena, number);
    command[n++] = "--oversubscribe";
    command[n++] = "--bind-to";
    command[n++] = "none";
    for (int i = 0; i < words; i++)
        command[n++] = rank[i];
    gd_status status = gd_child_start(&a->children, command, SIGTERM, said[1], error);
    close(said[1]);
    return status;
}

/* Those of this machine; other launchers are told to start theirs. */
static gd_status start_ranks(attempt *a, bool resumed, gd_error *error)
{
    const gd_launch_options *o = a->options;
    const int port = gd_free_port(), here = a->ranks / (o->hosts ? gd_hosts_count(o->hosts) : 1);
    char meeting[300];
    snprintf(meeting, sizeof meeting, "%s:%d", o->hosts ? gd_hosts_leader(o->hosts) : "127.0.0.1", port);
    if (o->hosts)
        gd_hosts_start(o->hosts, resumed, port, gd_watch_address(a->watch));
    return gd_children_start_ranks(&a->children, resumed ? o->resumed : o->command,
                                   &(gd_local_ranks){.here = here, .all = a->ranks, .meeting = meeting}, error);
}

static gd_status start(attempt *a, bool resumed, gd_error *error)
{
    const gd_launch_options *o = a->options;
    const int whose = o->hosts ? GD_WATCH_HOSTS : GD_WATCH_MACHINE;
    GD_TRY(gd_watch_open(a->ranks, whose, o->folder, &a->watch, error));
    GD_TRY(gd_children_open(&a->children, a->ranks, o->mpi, error));
    setenv(GD_WATCH_VARIABLE, gd_watch_address(a->watch), true);
    return o->mpi ? start_mpirun(a, resumed ? o->resumed : o->command, error) : start_ranks(a, resumed, error);
}

/* ---- one attempt ---- */

/* The watch, the ends of children, and what ranks print. */
static void turn(attempt *a, int milliseconds)
{
    gd_watch_turn(a->watch, milliseconds);
    if (a->options->hosts)
        gd_hosts_turn(a->options->hosts, a->watch);
    gd_children_reap(&a->children);
    gd_relay_turn(&a->relay, STDERR_FILENO, a->options->folder, a->options->log);
}

/* Nobody is left behind: first they may end themselves, then they are ended, then so is what is nobody's child. */
static void end_all(attempt *a)
{
    gd_hosts *hosts = a->options->hosts;
    const double patience = gd_watch_verdict(a->watch)->failed ? FAREWELL : UNWINDING;
    double begun = gd_seconds();
    if (hosts)
        gd_hosts_clear(hosts, patience);
    while (!gd_watch_empty(a->watch) && gd_seconds() - begun < FAREWELL)
        turn(a, TURN_MS);
    if (!hosts) /* else a rank's process may be another machine's */
        gd_watch_kill(a->watch);
    if (!a->options->mpi)
        gd_children_kill(&a->children, SIGKILL);
    for (begun = gd_seconds(); gd_children_alive(&a->children) && gd_seconds() - begun < UNWINDING;)
        turn(a, TURN_MS);
    gd_children_clear();
    for (begun = gd_seconds(); hosts && !gd_hosts_cleared(hosts) && gd_seconds() - begun < patience + UNWINDING;)
        turn(a, TURN_MS);
    turn(a, 0); /* their last lines */
    gd_relay_end(&a->relay, STDERR_FILENO);
}

static void watch_over(attempt *a)
{
    const gd_rank_verdict *verdict = gd_watch_verdict(a->watch);
    const double begun = gd_seconds();
    const double patience = a->options->hosts ? LAST_WORDS : 0;
    double ended = begun, lived = begun;
    int stopped = 0;
    while (!verdict->failed &&
           (!verdict->ended || (gd_children_alive(&a->children) && gd_seconds() - ended < UNWINDING))) {
        turn(a, TURN_MS);
        ended = verdict->ended ? ended : gd_seconds();
        lived = gd_children_alive(&a->children) ? gd_seconds() : lived;
        if (signal_of(a->options) && !stopped)
            gd_watch_stop(a->watch, stopped = signal_of(a->options));
        if (stopped && *a->options->stops > 1)
            gd_watch_blame(a->watch, GD_STOPPED, "stopped at once, by a second signal; nothing was saved");
        if (!verdict->ended && !gd_children_alive(&a->children) && gd_seconds() - lived >= patience) {
            turn(a, 0); /* what ranks have said before */
            gd_watch_blame(a->watch, GD_DEVICE, "%s", a->children.fault);
        }
        if (!verdict->begun && gd_seconds() - begun > COMING && !gd_watch_complete(a->watch))
            gd_watch_blame(a->watch, GD_DEVICE, "not all of %d ranks have appeared within %.0f s", a->ranks, COMING);
    }
}

static gd_status run_attempt(const gd_launch_options *o, int ranks, bool resumed, gd_rank_verdict *verdict,
                             gd_error *error)
{
    attempt *a = &(attempt){.options = o, .ranks = ranks, .relay.from = -1};
    gd_status status = start(a, resumed, error);
    if (status == GD_OK) {
        watch_over(a);
        *verdict = *gd_watch_verdict(a->watch);
        for (int i = 0; o->mpi && verdict->failed && verdict->status == GD_DEVICE && i < 4; i++)
            turn(a, TURN_MS); /* did mpirun go first? */
        if (a->children.killed)
            snprintf(verdict->message, sizeof verdict->message, "%s", a->children.fault);
    }
    if (a->watch)
        end_all(a);
    gd_watch_close(a->watch);
    if (a->relay.from >= 0)
        close(a->relay.from);
    gd_scratch_remove(&a->scratch);
    gd_children_close(&a->children);
    gd_arena_release(&a->arena);
    return status;
}

/* ---- attempts ---- */

gd_status gd_launch(const gd_launch_options *o, int *code, gd_error *error)
{
    int ranks = o->ranks, left = o->restarts;
    char line[900];
    if (o->hosts && gd_hosts_number(o->hosts) > 0)
        return gd_follow(o, code, error);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* ranks whose mpirun is gone */
    for (bool again = false;; again = true) {
        gd_rank_verdict v = {0};
        bool can_resume = gd_file_exists(o->checkpoint);
        GD_TRY(run_attempt(o, ranks, again && can_resume, &v, error));
        *code = v.status == GD_STOPPED ? 128 + signal_of(o) : v.code;
        if (!v.failed)
            return v.code ? gd_fail(error, GD_STOPPED, "%s", v.message) : GD_OK;
        if (v.status != GD_DEVICE || signal_of(o) || left == 0 || (o->hosts && !gd_hosts_whole(o->hosts)))
            return gd_fail(error, v.status, "%s%s", v.message,
                           v.status == GD_DEVICE && !signal_of(o) ? "; go on with --resume" : "");
        left--;
        if (!v.begun && !o->hosts) /* it cannot be started here */
            ranks = gd_fewer_ranks(ranks, o->groups);
        can_resume = gd_file_exists(o->checkpoint);
        snprintf(line, sizeof line, "%s; going on %s with %d rank%s (%d restart%s left)", v.message,
                 can_resume ? "from the checkpoint" : "from the beginning", ranks, ranks == 1 ? "" : "s", left,
                 left == 1 ? "" : "s");
        o->note(o->folder, line);
    }
}
