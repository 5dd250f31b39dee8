// SPDX-License-Identifier: Apache-2.0
#include "captured.h"
#include "serve/disk.h"

static double asked_of(const char *folder, void *context)
{
    CHECK_TEXT(folder, "d");
    double *answers = context;
    answers[1]++;
    return answers[0];
}

TEST(stops_at_the_limit_and_goes_on_by_itself)
{
    double used[2] = {74.9, 0};
    gd_disk disk = {.folder = "d", .limit = 75.0, .used = asked_of, .context = used};
    const int before = captured_listen();
    CHECK(gd_disk_ready(&disk, 100.0));
    used[0] = 75.0;
    CHECK(gd_disk_ready(&disk, 100.9)); /* not looked at for each record */
    CHECK_EQ_INT((long long)used[1], 1);
    CHECK(!gd_disk_ready(&disk, 101.1));
    for (int i = 0; i < 100; i++)
        CHECK(!gd_disk_ready(&disk, 102.0 + i));
    used[0] = 74.5; /* not yet: it would stop again at once */
    CHECK(!gd_disk_ready(&disk, 300.0));
    used[0] = 73.9;
    CHECK(gd_disk_ready(&disk, 302.0));
    CHECK(gd_disk_ready(&disk, 304.0));
    CHECK_TEXT(captured_said(before), "griddle: capture stops: the disk of 'd' is 75.0% full, the limit is 75%\n"
                                      "griddle: capture goes on: the disk of 'd' is 73.9% full, the limit is 75%\n");
}

TEST(a_disk_of_unknown_use_is_written_and_a_limit_of_100_is_none)
{
    double used[2] = {-1.0, 0};
    gd_disk disk = {.folder = "d", .limit = 75.0, .used = asked_of, .context = used};
    CHECK(gd_disk_ready(&disk, 1.0));
    disk.limit = 100.0;
    used[0] = 100.0;
    CHECK(gd_disk_ready(&disk, 3.0));
}

TEST(failures_are_tried_again_ever_more_rarely)
{
    double used[2] = {10.0, 0};
    gd_disk disk = {.folder = "d", .limit = 75.0, .used = asked_of, .context = used};
    static const double waits[] = {1, 2, 4, 8, 16, 32, 60, 60};
    const int before = captured_listen();
    double now = 100.0;
    for (int i = 0; i < 8; i++) {
        CHECK(gd_disk_ready(&disk, now));
        gd_disk_failed(&disk, now, "cannot write 'd/f': No space left on device");
        gd_disk_failed(&disk, now, "another file of the same moment");
        CHECK(!gd_disk_ready(&disk, now + waits[i] - 0.01));
        now += waits[i] + 0.01;
    }
    gd_disk_wrote(&disk);
    gd_disk_wrote(&disk);
    CHECK(gd_disk_ready(&disk, now));
    gd_disk_failed(&disk, now, "again");
    CHECK(gd_disk_ready(&disk, now + 1.01)); /* from the beginning */
    const char *said = captured_said(before);
    CHECK_CONTAINS(said, "griddle: capture stops: cannot write 'd/f': No space left on device; it is tried again");
    CHECK_CONTAINS(said, "griddle: capture goes on: 'd' can be written again\n");
    CHECK_EQ_INT(captured_count(said, "\n"), 3);
}

TEST(knows_how_full_a_disk_is)
{
    const double used = gd_disk_used(unit_folder(), NULL);
    CHECK(used >= 0.0 && used <= 100.0);
    CHECK(gd_disk_used(unit_path("nothing"), NULL) < 0.0);
    CHECK_NEAR(gd_disk_used("/proc", NULL), 0.0, 0.0); /* has no blocks */
}
