// SPDX-License-Identifier: Apache-2.0
#include "serve/seat.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int pin_to_first(const cpu_set_t *allowed)
{
    cpu_set_t one;
    int core = 0;
    while (!CPU_ISSET(core, allowed))
        core++;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    CHECK_EQ_INT(sched_setaffinity(0, sizeof one, &one), 0);
    return core;
}

TEST(who_finds_a_core_taken_steps_over)
{
    cpu_set_t before, after;
    CHECK_EQ_INT(sched_getaffinity(0, sizeof before, &before), 0);
    if (CPU_COUNT(&before) < 2)
        SKIP("one core: there is none to step over to");
    const int core = pin_to_first(&before), first = gd_seat_take();
    CHECK_EQ_INT(first, core);
    CHECK_EQ_INT(sched_setaffinity(0, sizeof before, &before), 0); /* which does not move it */
    const int second = gd_seat_take();
    CHECK(second != first);
    CHECK_EQ_INT(sched_getaffinity(0, sizeof after, &after), 0);
    CHECK(CPU_EQUAL(&before, &after));
    gd_seat_leave(second);
    gd_seat_leave(first);
    CHECK_EQ_INT(pin_to_first(&before), core);
    const int third = gd_seat_take();
    CHECK_EQ_INT(third, core); /* it is free again */
    gd_seat_leave(third);
    sched_setaffinity(0, sizeof before, &before);
}

TEST(who_may_not_go_elsewhere_stays)
{
    cpu_set_t before, after;
    CHECK_EQ_INT(sched_getaffinity(0, sizeof before, &before), 0);
    const int core = pin_to_first(&before), first = gd_seat_take(), second = gd_seat_take();
    CHECK_EQ_INT(first, core);
    CHECK_EQ_INT(second, core);
    CHECK_EQ_INT(sched_getaffinity(0, sizeof after, &after), 0);
    CHECK_EQ_INT(CPU_COUNT(&after), 1);
    gd_seat_leave(second);
    gd_seat_leave(first);
    sched_setaffinity(0, sizeof before, &before);
}

static void *prepare_nicely(void *nice)
{
    enum { NICE = 7 };
    const id_t self = (id_t)syscall(SYS_gettid);
    setpriority(PRIO_PROCESS, self, NICE);
    gd_seat_prepare();
    *(int *)nice = getpriority(PRIO_PROCESS, self);
    return NULL;
}

TEST(short_turns_leave_the_priority_alone)
{
    pthread_t thread;
    int nice = 0;
    CHECK_EQ_INT(pthread_create(&thread, NULL, prepare_nicely, &nice), 0);
    pthread_join(thread, NULL);
    CHECK_EQ_INT(nice, 7);
}
