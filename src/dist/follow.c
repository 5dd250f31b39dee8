// SPDX-License-Identifier: Apache-2.0
#include "dist/follow.h"

#include "base/clock.h"
#include "dist/children.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

enum { TURN_MS = 50 };
static const double FAREWELL = 2; /* seconds that ranks have to end, when who leads is gone */

typedef struct follower {
    const gd_launch_options *options;
    gd_children children;
    bool lost;     /* who leads knows that no rank is left */
    double until;  /* ranks may end by themselves; 0: they are not to end */
    int passed_on; /* signals */
} follower;

/* "start RESUMED MEETING PORT TOKEN", where all is of the machine of who leads. */
static gd_status start(follower *f, bool resumed, int meeting_port, const char *watch, gd_error *error)
{
    const gd_launch_options *o = f->options;
    const int here = o->ranks / gd_hosts_count(o->hosts);
    char meeting[300];
    snprintf(meeting, sizeof meeting, "%s:%d", gd_hosts_leader(o->hosts), meeting_port);
    f->lost = false;
    setenv(GD_WATCH_VARIABLE, watch, true);
    GD_TRY(gd_children_open(&f->children, here, false, error));
    return gd_children_start_ranks(
        &f->children, resumed ? o->resumed : o->command,
        &(gd_local_ranks){.first = gd_hosts_number(o->hosts) * here, .here = here, .all = o->ranks, .meeting = meeting},
        error);
}

/* No rank is left. */
static void clear(follower *f)
{
    gd_children_kill(&f->children, SIGKILL);
    gd_children_clear();
    gd_children_close(&f->children);
    f->until = 0;
    gd_hosts_tell(f->options->hosts, "cleared", "");
}

/* A second one is another word. */
static void pass_on_signals(follower *f)
{
    const gd_launch_options *o = f->options;
    char number[16];
    if (!*o->stop || f->passed_on == *o->stops || f->passed_on == 2)
        return;
    snprintf(number, sizeof number, "%d", *o->stop);
    gd_hosts_tell(o->hosts, f->passed_on++ ? "halt" : "stop", number);
}

/* What has become of the ranks. */
static void look_after(follower *f)
{
    gd_children_reap(&f->children);
    bool alive = gd_children_alive(&f->children);
    if (f->until > 0 && (!alive || gd_seconds() > f->until)) {
        clear(f);
    } else if (f->children.n > 0 && !alive && !f->lost) {
        f->lost = true;
        gd_hosts_tell(f->options->hosts, "lost", f->children.fault);
    }
}

static void obey(follower *f, const char *line)
{
    long long number[2];
    const char *rest;
    gd_error error = {0};
    if (gd_line_is(line, "clear", 1, number, NULL)) {
        f->until = gd_seconds() + (double)number[0];
    } else if (gd_line_is(line, "start", 2, number, &rest) &&
               start(f, number[0] != 0, (int)number[1], rest, &error) != GD_OK) {
        f->lost = true;
        gd_hosts_tell(f->options->hosts, "lost", error.message);
    }
}

/* Ranks notice by themselves that the watch is gone. */
static void await_ranks(follower *f)
{
    for (const double begun = gd_seconds(); gd_children_alive(&f->children) && gd_seconds() - begun < FAREWELL;) {
        poll(NULL, 0, TURN_MS);
        gd_children_reap(&f->children);
    }
}

gd_status gd_follow(const gd_launch_options *o, int *code, gd_error *error)
{
    follower *f = &(follower){.options = o};
    const char *line = NULL;
    bool gone = false;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    while (!gone && !(line && gd_line_is(line, "end", 0, NULL, &(const char *){NULL}))) {
        if (line)
            obey(f, line);
        pass_on_signals(f);
        look_after(f);
        line = gd_hosts_hear(o->hosts, TURN_MS, &gone);
    }
    gd_status status = gd_hosts_ended(o->hosts, line, code, error);
    await_ranks(f);
    clear(f);
    return status;
}
