// SPDX-License-Identifier: Apache-2.0
#include "dist/children.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

gd_status gd_children_open(gd_children *c, int room, bool mpi, gd_error *error)
{
    *c = (gd_children){.mpi = mpi, .room = room, .pid = calloc((size_t)room, sizeof *c->pid)};
    return c->pid ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for %d processes", room);
}

void gd_children_close(gd_children *c)
{
    free(c->pid);
    *c = (gd_children){0};
}

/* ---- starting ---- */

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

gd_status gd_child_start(gd_children *c, const char *const *command, int death, int said, gd_error *error)
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
    c->pid[c->n++] = child;
    return GD_OK;
}

static void set_number(const char *name, int value)
{
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    setenv(name, text, true);
}

/* When the launcher dies, a rank ends by itself, as its watch is gone; one that was stopped has to be woken for that.
 */
gd_status gd_children_start_ranks(gd_children *c, const char *const *command, const gd_local_ranks *ranks,
                                  gd_error *error)
{
    setenv("NCCL_COMM_ID", ranks->meeting, true);
    set_number("GRIDDLE_RANKS", ranks->all);
    set_number("GRIDDLE_LOCAL_RANKS", ranks->here);
    for (int r = 0; r < ranks->here; r++) {
        set_number("GRIDDLE_RANK", ranks->first + r);
        set_number("GRIDDLE_LOCAL_RANK", r);
        GD_TRY(gd_child_start(c, command, SIGCONT, STDERR_FILENO, error));
    }
    return GD_OK;
}

int gd_free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t length = sizeof at;
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return 0;
    bool found =
        bind(probe, (struct sockaddr *)&at, sizeof at) == 0 && getsockname(probe, (struct sockaddr *)&at, &length) == 0;
    close(probe);
    return found ? ntohs(at.sin_port) : 0;
}

/* ---- ends ---- */

bool gd_children_alive(const gd_children *c)
{
    for (int i = 0; i < c->n; i++) {
        if (c->pid[i] > 0)
            return true;
    }
    return false;
}

void gd_children_kill(const gd_children *c, int signal)
{
    for (int i = 0; i < c->n; i++) {
        if (c->pid[i] > 0)
            kill(c->pid[i], signal);
    }
}

void gd_children_reap(gd_children *c)
{
    const char *name = c->mpi ? "mpirun" : "a rank";
    int how;
    for (pid_t gone; (gone = waitpid(-1, &how, WNOHANG)) > 0;) {
        for (int i = 0; i < c->n; i++) {
            if (c->pid[i] != gone)
                continue;
            c->pid[i] = 0;
            c->killed = c->killed || (c->mpi && WIFSIGNALED(how));
            if (WIFSIGNALED(how))
                snprintf(c->fault, sizeof c->fault, "%s was ended by signal %d", name, WTERMSIG(how));
            else if (WEXITSTATUS(how) == 127)
                snprintf(c->fault, sizeof c->fault, "%s could not be started%s", name,
                         c->mpi ? "; apt-get install openmpi-bin" : "");
            else
                snprintf(c->fault, sizeof c->fault, "%s has ended, with exit code %d%s", name, WEXITSTATUS(how),
                         c->mpi ? "; OMPI_MCA_orte_execute_quiet=0 lets it say why" : "");
        }
    }
}

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

void gd_children_clear(void)
{
    do
        kill_orphans();
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}
