// SPDX-License-Identifier: Apache-2.0
#include "dist/launch.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "dist/line.h"
#include "dist/relay.h"
#include "dist/scratch.h"
#include "dist/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TURN_MS = 50 };
static const double FAREWELL = 2;   /* seconds that ranks have to end, when they are told to */
static const double COMING = 60;    /* and to appear */
static const double UNWINDING = 10; /* and mpirun, when its ranks are gone */

/* One start of all ranks. */
typedef struct attempt {
    const gd_launch_options *options;
    gd_watch *watch;
    int ranks, n_children;
    pid_t *child; /* mpirun, or the ranks; 0: has ended */
    gd_arena arena;
    char fault[300]; /* how a child ended that should not have; "": none has */
    gd_relay relay;  /* of mpirun's standard error */
    gd_scratch scratch;
    bool killed; /* mpirun, by a signal: whatever its ranks then do is its fault */
} attempt;

int gd_fewer_ranks(int ranks, int groups)
{
    if (ranks <= 2)
        return 1;
    int largest = (groups + ranks - 2) / (ranks - 1);
    return (groups + largest - 1) / largest;
}

/* ---- starting ---- */

/* Where a launcher of GPU ranks lets them meet: a port that is free now. */
static int free_port(void)
{
    gd_watch *probe;
    int port = 0;
    if (gd_watch_open(1, -1, NULL, &probe, NULL) == GD_OK)
        port = (int)strtol(gd_watch_address(probe), NULL, 10);
    gd_watch_close(probe);
    return port;
}

static void set_number(const char *name, int value)
{
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    setenv(name, text, true);
}

/* In the child: becomes the program, in a group of its own, as a terminal's Ctrl-C is for the launcher to pass on. */
static _Noreturn void become(const char *const *command, int death, int said, pid_t parent, const sigset_t *mask)
{
    setpgid(0, 0);
    sigprocmask(SIG_SETMASK, mask, NULL);
    prctl(PR_SET_PDEATHSIG, death);
    if (getppid() == parent) { /* else it has died meanwhile */
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        dup2(said, STDERR_FILENO);
        execvp(command[0], (char **)command);
    }
    _exit(127);
}

/* `death`: the signal that it gets when the launcher dies; `said`: its standard error. */
static gd_status start_child(attempt *a, const char *const *command, int death, int said, gd_error *error)
{
    pid_t parent = getpid();
    sigset_t all, before;
    sigfillset(&all); /* until it is another program: a signal must not run this one's handler in the child */
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t child = fork();
    if (child == 0)
        become(command, death, said, parent, &before);
    int reason = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (child < 0)
        return gd_fail(error, GD_IO, "cannot start '%s': %s", command[0], strerror(reason));
    setpgid(child, child);
    a->child[a->n_children++] = child;
    return GD_OK;
}

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
    GD_TRY(gd_scratch_make(&a->scratch, error));
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
    gd_status status = start_child(a, command, SIGTERM, said[1], error);
    close(said[1]);
    return status;
}

/* When the launcher dies, a rank ends by itself, as its watch is gone; one that was stopped has to be woken for that.
 */
static gd_status start_forked(attempt *a, const char *const *rank, gd_error *error)
{
    char meeting[32];
    snprintf(meeting, sizeof meeting, "127.0.0.1:%d", free_port());
    setenv("NCCL_COMM_ID", meeting, true);
    set_number("GRIDDLE_RANKS", a->ranks);
    set_number("GRIDDLE_LOCAL_RANKS", a->ranks);
    for (int r = 0; r < a->ranks; r++) {
        set_number("GRIDDLE_RANK", r);
        set_number("GRIDDLE_LOCAL_RANK", r);
        GD_TRY(start_child(a, rank, SIGCONT, STDERR_FILENO, error));
    }
    return GD_OK;
}

static gd_status start(attempt *a, bool resumed, gd_error *error)
{
    const gd_launch_options *o = a->options;
    const char *const *rank = resumed ? o->resumed : o->command;
    GD_TRY(gd_watch_open(a->ranks, -1, o->folder, &a->watch, error));
    a->child = gd_arena_alloc(&a->arena, (size_t)a->ranks, sizeof *a->child);
    if (!a->child)
        return gd_fail(error, GD_NOMEM, "out of memory for %d ranks", a->ranks);
    setenv(GD_WATCH_VARIABLE, gd_watch_address(a->watch), true);
    return o->mpi ? start_mpirun(a, rank, error) : start_forked(a, rank, error);
}

/* ---- ends of children ---- */

static bool has_children(const attempt *a)
{
    for (int i = 0; i < a->n_children; i++) {
        if (a->child[i] > 0)
            return true;
    }
    return false;
}

static void kill_children(const attempt *a, int signal)
{
    for (int i = 0; i < a->n_children; i++) {
        if (a->child[i] > 0)
            kill(a->child[i], signal);
    }
}

static void reap(attempt *a)
{
    int how;
    for (pid_t gone; (gone = waitpid(-1, &how, WNOHANG)) > 0;) {
        for (int i = 0; i < a->n_children; i++) {
            if (a->child[i] != gone)
                continue;
            a->child[i] = 0;
            a->killed = a->killed || (a->options->mpi && WIFSIGNALED(how));
            if (WIFSIGNALED(how))
                snprintf(a->fault, sizeof a->fault, "%s was ended by signal %d", a->options->mpi ? "mpirun" : "a rank",
                         WTERMSIG(how));
            else if (WEXITSTATUS(how) == 127)
                snprintf(a->fault, sizeof a->fault, "%s could not be started%s", a->options->mpi ? "mpirun" : "a rank",
                         a->options->mpi ? "; apt-get install openmpi-bin" : "");
            else
                snprintf(a->fault, sizeof a->fault, "%s has ended, with exit code %d%s",
                         a->options->mpi ? "mpirun" : "a rank", WEXITSTATUS(how),
                         a->options->mpi ? "; OMPI_MCA_orte_execute_quiet=0 lets it say why" : "");
        }
    }
}

/* Children that the launcher did not start: what mpirun has left behind. */
static void kill_orphans(void)
{
    char path[64], child[32];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *list = fopen(path, "re");
    while (list && fscanf(list, "%31s", child) == 1)
        kill((pid_t)strtol(child, NULL, 10), SIGKILL);
    if (list)
        fclose(list);
}

/* The watch, the ends of children, and what ranks print. */
static void turn(attempt *a, int milliseconds)
{
    gd_watch_turn(a->watch, milliseconds);
    reap(a);
    gd_relay_turn(&a->relay, STDERR_FILENO, a->options->folder, a->options->log);
}

/* Nobody is left behind: first they may end themselves, then they are ended, then so is what is nobody's child. */
static void end_all(attempt *a)
{
    double begun = gd_seconds();
    while (!gd_watch_empty(a->watch) && gd_seconds() - begun < FAREWELL)
        turn(a, TURN_MS);
    gd_watch_kill(a->watch);
    if (!a->options->mpi)
        kill_children(a, SIGKILL);
    for (begun = gd_seconds(); has_children(a) && gd_seconds() - begun < UNWINDING;)
        turn(a, TURN_MS);
    do
        kill_orphans();
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
    turn(a, 0); /* their last lines */
    gd_relay_end(&a->relay, STDERR_FILENO);
}

/* ---- one attempt ---- */

static void watch_over(attempt *a)
{
    const gd_verdict *verdict = gd_watch_verdict(a->watch);
    const double begun = gd_seconds();
    double ended = begun;
    int stopped = 0;
    while (!verdict->failed && (!verdict->ended || (has_children(a) && gd_seconds() - ended < UNWINDING))) {
        turn(a, TURN_MS);
        ended = verdict->ended ? ended : gd_seconds();
        if (*a->options->stop && !stopped)
            gd_watch_stop(a->watch, stopped = *a->options->stop);
        if (stopped && *a->options->stops > 1)
            gd_watch_blame(a->watch, GD_STOPPED, "stopped at once, by a second signal; nothing was saved");
        if (!verdict->ended && !has_children(a)) {
            turn(a, 0); /* what ranks have said before */
            gd_watch_blame(a->watch, GD_DEVICE, "%s", a->fault);
        }
        if (!verdict->begun && gd_seconds() - begun > COMING && !gd_watch_complete(a->watch))
            gd_watch_blame(a->watch, GD_DEVICE, "not all of %d ranks have appeared within %.0f s", a->ranks, COMING);
    }
}

static gd_status run_attempt(const gd_launch_options *o, int ranks, bool resumed, gd_verdict *verdict, gd_error *error)
{
    attempt *a = &(attempt){.options = o, .ranks = ranks, .relay.from = -1};
    gd_status status = start(a, resumed, error);
    if (status == GD_OK) {
        watch_over(a);
        *verdict = *gd_watch_verdict(a->watch);
        for (int i = 0; o->mpi && verdict->failed && verdict->status == GD_DEVICE && i < 4; i++)
            turn(a, TURN_MS); /* did mpirun go first? */
        if (a->killed)
            snprintf(verdict->message, sizeof verdict->message, "%s", a->fault);
    }
    if (a->watch)
        end_all(a);
    gd_watch_close(a->watch);
    if (a->relay.from >= 0)
        close(a->relay.from);
    gd_scratch_remove(&a->scratch);
    gd_arena_release(&a->arena);
    return status;
}

/* ---- attempts ---- */

gd_status gd_launch(const gd_launch_options *o, int *code, gd_error *error)
{
    int ranks = o->ranks, left = o->restarts;
    char line[900];
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* ranks whose mpirun is gone */
    for (bool again = false;; again = true) {
        gd_verdict v = {0};
        bool can_resume = gd_file_exists(o->checkpoint);
        GD_TRY(run_attempt(o, ranks, again && can_resume, &v, error));
        *code = v.status == GD_STOPPED ? 128 + *o->stop : v.code;
        if (!v.failed)
            return v.code ? gd_fail(error, GD_STOPPED, "%s", v.message) : GD_OK;
        if (v.status != GD_DEVICE || *o->stop || left == 0)
            return gd_fail(error, v.status, "%s%s", v.message,
                           v.status == GD_DEVICE && !*o->stop ? "; go on with --resume" : "");
        left--;
        if (!v.begun) /* it cannot be started here */
            ranks = gd_fewer_ranks(ranks, o->groups);
        can_resume = gd_file_exists(o->checkpoint);
        snprintf(line, sizeof line, "%s; going on %s with %d rank%s (%d restart%s left)", v.message,
                 can_resume ? "from the checkpoint" : "from the beginning", ranks, ranks == 1 ? "" : "s", left,
                 left == 1 ? "" : "s");
        o->note(o->folder, line);
    }
}
