// SPDX-License-Identifier: Apache-2.0
#include "base/pipe.h"
#include "unit.h"

#include <inttypes.h>
#include <sched.h>

enum { THREADS = 4 };

/* Numbers 0 to n - 1 through threads that are slow now and then. */
typedef struct numbers {
    int64_t n, next, given;
    int64_t hand[THREADS];
    int64_t bad_take, bad_work, bad_give, stop_at; /* -1: none */
    bool in_order;
} numbers;

static gd_status take(void *context, int worker, bool *more, gd_error *error)
{
    numbers *all = context;
    if (all->next == all->bad_take)
        return gd_fail(error, GD_IO, "take %" PRId64, all->next);
    *more = all->next < all->n;
    all->hand[worker] = all->next++;
    return GD_OK;
}

static gd_status work(void *context, int worker, void *result, gd_error *error)
{
    numbers *all = context;
    const int64_t number = all->hand[worker];
    for (int64_t spin = 0; spin < (number % 97 == 0 ? 2000 : number % 7); spin++)
        sched_yield();
    if (number == all->bad_work)
        return gd_fail(error, GD_NOMEM, "work %" PRId64, number);
    *(int64_t *)result += number + 1; /* on what `give` left */
    return GD_OK;
}

static gd_status give(void *context, void *result, gd_error *error)
{
    numbers *all = context;
    if (all->given == all->bad_give)
        return gd_fail(error, GD_IO, "give %" PRId64, all->given);
    all->in_order = all->in_order && *(int64_t *)result == all->given + 1;
    *(int64_t *)result = 0;
    all->given++;
    return GD_OK;
}

static bool tick(void *context)
{
    const numbers *all = context;
    return all->stop_at < 0 || all->given < all->stop_at;
}

static void release(void *result) { (void)result; }

static numbers numbers_to(int64_t n)
{
    return (numbers){.n = n, .bad_take = -1, .bad_work = -1, .bad_give = -1, .stop_at = -1, .in_order = true};
}

static gd_status run(numbers *all, int threads, gd_error *error)
{
    const gd_pipe pipe = {all, threads, 8, sizeof(int64_t), take, work, give, tick, release};
    return gd_pipe_run(&pipe, error);
}

TEST(gives_in_order)
{
    static const int64_t counts[] = {0, 1, 3, 5000};
    for (int threads = 1; threads <= THREADS; threads++) {
        for (int i = 0; i < 4; i++) {
            numbers all = numbers_to(counts[i]);
            gd_error error = {0};
            CHECK_OK(run(&all, threads, &error), &error);
            CHECK_EQ_INT(all.given, counts[i]);
            CHECK(all.in_order);
        }
    }
}

TEST(a_failure_ends_it_behind_what_came_before)
{
    gd_error error = {0};
    numbers all = numbers_to(5000);
    all.bad_take = 1234;
    CHECK_FAILS(run(&all, THREADS, &error), GD_IO, &error, "take 1234");
    CHECK_EQ_INT(all.given, 1234);
    all = numbers_to(5000);
    all.bad_work = 970;
    CHECK_FAILS(run(&all, THREADS, &error), GD_NOMEM, &error, "work 970");
    CHECK_EQ_INT(all.given, 970);
    all = numbers_to(5000);
    all.bad_give = 1000;
    CHECK_FAILS(run(&all, THREADS, &error), GD_IO, &error, "give 1000");
    CHECK(all.in_order);
    CHECK(all.next < 5000);
}

TEST(a_stop_finishes_what_was_taken)
{
    numbers all = numbers_to(1000000);
    gd_error error = {0};
    all.stop_at = 500;
    CHECK_OK(run(&all, THREADS, &error), &error);
    CHECK(all.given >= 500 && all.given == all.next);
    CHECK(all.in_order);
}
