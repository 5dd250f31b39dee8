// SPDX-License-Identifier: Apache-2.0
#include "serve/queue.h"
#include "unit.h"

#include <sched.h>

typedef struct item {
    gd_queued queued;
    int number;
} item;

static int number_of(const gd_queued *queued) { return ((const item *)queued)->number; }

static bool put(gd_queue *queue, item *i)
{
    const bool admitted = gd_queue_admit(queue);
    if (admitted)
        gd_queue_put(queue, &i->queued);
    return admitted;
}

TEST(gives_out_in_order_up_to_a_limit)
{
    gd_queue queue;
    item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    int n;
    gd_error error = {0};
    CHECK_OK(gd_queue_init(&queue, 3, &error), &error);
    for (int i = 0; i < 4; i++)
        CHECK(put(&queue, &items[i]) == (i < 3));
    CHECK(gd_queue_waits(&queue));
    gd_queued *got = gd_queue_take(&queue, 2, &n);
    CHECK_EQ_INT(n, 2);
    CHECK_EQ_INT(number_of(got), 0);
    CHECK_EQ_INT(number_of(got->next), 1);
    CHECK(got->next->next == NULL);
    CHECK(put(&queue, &items[3]));
    gd_queue_close(&queue);
    CHECK(!put(&queue, &items[0]));
    got = gd_queue_take(&queue, 8, &n);
    CHECK_EQ_INT(n, 2);
    CHECK_EQ_INT(number_of(got->next), 3);
    CHECK(!gd_queue_waits(&queue));
    CHECK(gd_queue_take(&queue, 8, &n) == NULL);
    gd_queue_release(&queue);
}

static void *take_one(void *argument)
{
    int n;
    gd_queued *got = gd_queue_take(argument, 8, &n);
    CHECK(got == NULL);
    CHECK_EQ_INT(n, 1);
    return NULL;
}

TEST(idle_ones_are_called_and_busy_ones_are_not)
{
    gd_queue queue;
    gd_error error = {0};
    pthread_t idle;
    item waits = {.number = 0};
    int n;
    CHECK_OK(gd_queue_init(&queue, 3, &error), &error);
    CHECK_EQ_INT(gd_queue_call(&queue, 7), 0); /* nobody is idle */
    CHECK_EQ_INT(pthread_create(&idle, NULL, take_one, &queue), 0);
    while (gd_queue_call(&queue, 7) == 0)
        sched_yield();
    pthread_join(idle, NULL);
    CHECK(put(&queue, &waits));
    CHECK_EQ_INT(gd_queue_call(&queue, 7), 0); /* there is something else to do */
    CHECK_EQ_INT(number_of(gd_queue_take(&queue, 8, &n)), 0);
    gd_queue_close(&queue);
    CHECK(gd_queue_take(&queue, 8, &n) == NULL);
    CHECK_EQ_INT(n, 0);
    gd_queue_release(&queue);
}

typedef struct taker {
    gd_queue *queue;
    pthread_t thread;
    int taken, largest;
    long sum;
} taker;

static void *take_all(void *argument)
{
    taker *t = argument;
    int n;
    for (gd_queued *got; (got = gd_queue_take(t->queue, 4, &n));) {
        t->largest = n > t->largest ? n : t->largest;
        for (; got; got = got->next, t->taken++)
            t->sum += number_of(got);
    }
    return NULL;
}

static int idle_of(gd_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    const int idle = queue->idle;
    pthread_mutex_unlock(&queue->lock);
    return idle;
}

TEST(every_item_goes_to_one_of_many)
{
    enum { TAKERS = 3, ITEMS = 5000 };
    static item items[ITEMS];
    gd_queue queue;
    taker takers[TAKERS] = {{0}};
    gd_error error = {0};
    CHECK_OK(gd_queue_init(&queue, 64, &error), &error);
    for (int i = 0; i < TAKERS; i++) {
        takers[i].queue = &queue;
        pthread_create(&takers[i].thread, NULL, take_all, &takers[i]);
    }
    for (int i = 0; i < ITEMS; i++) {
        items[i].number = i;
        while (!put(&queue, &items[i]))
            sched_yield();
    }
    gd_queue_close(&queue);
    int taken = 0;
    long sum = 0;
    for (int i = 0; i < TAKERS; i++) {
        pthread_join(takers[i].thread, NULL);
        taken += takers[i].taken;
        sum += takers[i].sum;
        CHECK(takers[i].largest <= 4);
    }
    CHECK_EQ_INT(taken, ITEMS);
    CHECK_EQ_INT(sum, (long)ITEMS * (ITEMS - 1) / 2);
    gd_queue_release(&queue);
}

TEST(those_waiting_are_shared_among_idle_workers)
{
    gd_queue queue;
    taker other = {.queue = &queue};
    item items[2] = {{.number = 1}, {.number = 2}};
    int n;
    gd_error error = {0};
    CHECK_OK(gd_queue_init(&queue, 8, &error), &error);
    pthread_create(&other.thread, NULL, take_all, &other);
    while (idle_of(&queue) == 0)
        sched_yield();
    pthread_mutex_lock(&queue.lock); /* both are there before anybody can take */
    queue.first = &items[0].queued;
    items[0].queued.next = &items[1].queued;
    queue.last = &items[1].queued.next;
    queue.n = queue.waiting = 2;
    pthread_mutex_unlock(&queue.lock);
    gd_queued *got = gd_queue_take(&queue, 4, &n); /* the other one was not woken: it is idle, and its part stays */
    CHECK_EQ_INT(n, 1);
    CHECK_EQ_INT(number_of(got), 1);
    gd_queue_close(&queue);
    pthread_join(other.thread, NULL);
    CHECK_EQ_INT(other.taken, 1);
    gd_queue_release(&queue);
}
