// SPDX-License-Identifier: Apache-2.0
#include "captured/time.h"
#include "unit.h"
#include "watch/period.h"

#include <string.h>

enum { MINUTE = 60 * 1000 };

static int64_t at(const char *time)
{
    int64_t ms = 0;
    CHECK(gd_time_read(time, strlen(time), &ms));
    return ms;
}

TEST(lie_end_to_end)
{
    /* From anywhere, whatever the length: the first ends at a multiple, and all others are whole. */
    static const int64_t lengths[] = {1000, 7000, 15 * MINUTE, GD_HOUR_MS, 24 * (int64_t)GD_HOUR_MS};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int64_t from = at("2026-11-27T01:02:03.004Z");
        for (int n = 0; n < 50; n++) {
            const gd_period p = gd_period_at(from, lengths[i]);
            CHECK_EQ_INT(p.from_ms, from);
            CHECK(p.to_ms > from && p.to_ms % lengths[i] == 0);
            CHECK(n == 0 ? p.to_ms - from <= lengths[i] : p.to_ms - from == lengths[i]);
            from = p.to_ms;
        }
    }
}

TEST(is_over_after_the_lag)
{
    const int64_t from = at("2026-11-27T01:00:00Z"), to = at("2026-11-27T02:00:00Z");
    CHECK_EQ_INT(gd_periods_over(from, GD_HOUR_MS, MINUTE, to), 0);
    CHECK_EQ_INT(gd_periods_over(from, GD_HOUR_MS, MINUTE, to + MINUTE - 1), 0);
    CHECK_EQ_INT(gd_periods_over(from, GD_HOUR_MS, MINUTE, to + MINUTE), 1);
    CHECK_EQ_INT(gd_periods_over(from, GD_HOUR_MS, MINUTE, to + MINUTE + GD_HOUR_MS - 1), 1);
    CHECK_EQ_INT(gd_periods_over(from + 1, GD_HOUR_MS, MINUTE, to + MINUTE), 1);
    CHECK_EQ_INT(gd_periods_over(to, GD_HOUR_MS, MINUTE, from), 0); /* a clock that was set back */
    const gd_period last = gd_period_last(GD_HOUR_MS, MINUTE, to + MINUTE - 1);
    CHECK_EQ_INT(last.to_ms, from);
    CHECK_EQ_INT(last.from_ms, from - GD_HOUR_MS);
    CHECK_EQ_INT(gd_period_last(GD_HOUR_MS, MINUTE, to + MINUTE).to_ms, to);
}

TEST(leaves_out_what_is_too_much)
{
    const int64_t from = at("2026-11-27T01:30:00Z"), now = at("2026-11-28T01:01:00Z"); /* 24 are over */
    CHECK_EQ_INT(gd_periods_over(from, GD_HOUR_MS, MINUTE, now), 24);
    gd_period out = gd_period_left_out(from, GD_HOUR_MS, MINUTE, now, 24);
    CHECK_EQ_INT(out.to_ms, out.from_ms);
    for (int most = 1; most < 24; most++) {
        out = gd_period_left_out(from, GD_HOUR_MS, MINUTE, now, most);
        CHECK_EQ_INT(out.from_ms, from);
        CHECK_EQ_INT(gd_periods_over(out.to_ms, GD_HOUR_MS, MINUTE, now), most);
        CHECK_EQ_INT(gd_periods_over(from, GD_HOUR_MS, 0, out.to_ms), 24 - most);
    }
}

TEST(has_a_name_that_can_be_read)
{
    char name[GD_TIME_TEXT];
    int64_t ms;
    CHECK_TEXT(gd_period_name(at("2026-11-27T01:00:00Z"), name), "2026-11-27T0100");
    CHECK_TEXT(gd_period_name(at("2026-11-27T01:00:30Z"), name), "2026-11-27T010030");
    for (int64_t t = at("2028-02-28T23:59:59Z"); t < at("2028-03-01T00:00:02Z"); t += 7000) {
        CHECK(gd_period_read_name(gd_period_name(t, name), &ms));
        CHECK_EQ_INT(ms, t);
    }
    static const char *const others[] = {"",
                                         "index.html",
                                         "2026-11-27",
                                         "2026-11-27T01",
                                         "2026-11-27T0160",
                                         "2026-02-30T0100",
                                         "2026-11-27T010000", /* has a shorter name */
                                         "2026-11-27T01000",
                                         "2026-11-27t0100",
                                         "2026-11-27T0100.part"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!gd_period_read_name(others[i], &ms));
}

TEST(reads_durations)
{
    int64_t ms;
    CHECK(gd_duration_read("90s", &ms) && ms == 90 * 1000);
    CHECK(gd_duration_read("5m", &ms) && ms == 5 * MINUTE);
    CHECK(gd_duration_read("1h", &ms) && ms == GD_HOUR_MS);
    CHECK(gd_duration_read("30d", &ms) && ms == 720 * (int64_t)GD_HOUR_MS);
    static const char *const others[] = {"",  "5", "m", "0m", "-5m", "5 m", "5min", "1.5h", "99999999999999999999d",
                                         "5M"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!gd_duration_read(others[i], &ms));
}
