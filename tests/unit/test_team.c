// SPDX-License-Identifier: Apache-2.0
#include "base/team.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { N = 1000, HELPERS = 3, LOOPS = 3000 };

typedef struct work {
    int count[N]; /* atomic: how often each was visited */
    int calls;    /* atomic */
    int64_t grain, n;
    int wrong; /* atomic: pieces of another size */
} work;

static void visit(void *argument, int64_t begin, int64_t end)
{
    work *w = argument;
    __atomic_add_fetch(&w->calls, 1, __ATOMIC_RELAXED);
    if (begin % w->grain != 0 || end != (begin + w->grain < w->n ? begin + w->grain : w->n))
        __atomic_add_fetch(&w->wrong, 1, __ATOMIC_RELAXED);
    for (int64_t i = begin; i < end; i++)
        __atomic_add_fetch(&w->count[i], 1, __ATOMIC_RELAXED);
}

typedef struct helpers {
    gd_team team;
    int over; /* atomic */
    pthread_t thread[HELPERS];
} helpers;

static bool is_over(void *context) { return __atomic_load_n(&((helpers *)context)->over, __ATOMIC_RELAXED); }

static void *help(void *argument)
{
    helpers *h = argument;
    while (!is_over(h)) {
        gd_team_help(&h->team, is_over, h);
        sched_yield();
    }
    return NULL;
}

static bool each_once(const work *w)
{
    for (int i = 0; i < N; i++) {
        if (w->count[i] != (i < w->n))
            return false;
    }
    return w->wrong == 0 && w->calls == (w->n + w->grain - 1) / w->grain;
}

TEST(every_piece_is_done_once_and_before_its_loop_ends)
{
    helpers h = {0};
    int wrong = 0;
    for (int i = 0; i < HELPERS; i++)
        CHECK_EQ_INT(pthread_create(&h.thread[i], NULL, help, &h), 0);
    for (int i = 0; i < LOOPS; i++) {
        work w = {.grain = 1 + i % 37, .n = i % N}; /* on the stack: who is late would write into the next */
        CHECK(gd_team_lead(&h.team));
        for (int again = 0; again < 1 + i % 5; again++) {
            w = (work){.grain = w.grain, .n = w.n};
            CHECK(gd_team_for(w.n, w.grain, visit, &w));
            wrong += !each_once(&w);
        }
        gd_team_leave();
    }
    CHECK_EQ_INT(wrong, 0);
    __atomic_store_n(&h.over, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < HELPERS; i++)
        pthread_join(h.thread[i], NULL);
}

static void *lead_too(void *argument)
{
    static int led;
    led = gd_team_lead(argument);
    return &led;
}

TEST(one_leads)
{
    gd_team team = {0};
    work w = {.grain = 10, .n = 100};
    pthread_t other;
    void *led;
    CHECK(!gd_team_for(w.n, w.grain, visit, &w));
    CHECK(gd_team_lead(&team));
    CHECK_EQ_INT(pthread_create(&other, NULL, lead_too, &team), 0);
    pthread_join(other, &led);
    CHECK_EQ_INT(*(int *)led, 0);
    CHECK(gd_team_for(w.n, w.grain, visit, &w)); /* nobody helps */
    CHECK(each_once(&w));
    gd_team_leave();
    CHECK(!gd_team_for(w.n, w.grain, visit, &w));
    gd_team_help(&team, is_over, &team); /* nobody leads: at once */
}
