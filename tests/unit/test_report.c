// SPDX-License-Identifier: Apache-2.0
#include "report/chart.h"
#include "report/histogram.h"
#include "report/picture.h"
#include "unit.h"

#include "base/base64.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

static gd_text out;
static gd_page page = {.out = &out, .item = "picture", .items = "pictures"};

static void done(void)
{
    CHECK(!out.failed);
    gd_arena_release(&page.arena);
    gd_text_release(&out);
}

TEST(what_strangers_call_things_is_no_html)
{
    CHECK_TEXT(gd_html(&page, "<b a=\"1\" c='2'>&", 99), "&lt;b a=&#34;1&#34; c=&#39;2&#39;&gt;&amp;");
    CHECK_TEXT(gd_html(&page, "a\nb\x01\xe2\x80\xae\xff\xc3\xa9", 99),
               "a b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
    CHECK_TEXT(gd_html(&page, "\xc3\xa9\xc3\xa9\xc3\xa9", 3), "\xc3\xa9\xc3\xa9\xc3\xa9");
    CHECK_TEXT(gd_html(&page, "\xc3\xa9\xc3\xa9\xc3\xa9", 2), "\xc3\xa9\xc3\xa9…");
    CHECK_TEXT(gd_html(&page, "\xff\xff\xff\xff", 2), "\xef\xbf\xbd\xef\xbf\xbd…");
    CHECK_TEXT(gd_html(&page, "", 2), "");
    done();
}

TEST(a_long_name_lacks_its_middle)
{
    char name[GD_PAGE_NAME + 2];
    memset(name, 'a', sizeof name);
    name[GD_PAGE_NAME] = '\0';
    CHECK_TEXT(gd_html_name(&page, name), name);
    name[GD_PAGE_NAME] = 'z';
    name[GD_PAGE_NAME + 1] = '\0';
    const char *shorter = gd_html_name(&page, name);
    CHECK_EQ_INT(strlen(shorter), GD_PAGE_NAME + strlen("…"));
    CHECK_EQ_INT(shorter[strlen(shorter) - 1], 'z');
    char broken[200]; /* bytes that would go on with a character, and none that begins one */
    memset(broken, '\x80', sizeof broken);
    broken[sizeof broken - 1] = '\0';
    CHECK(strlen(gd_html_name(&page, broken)) <= 3 * sizeof broken);
    done();
}

TEST(numbers_as_people_read_them)
{
    const struct {
        double x;
        const char *want;
    } cases[] = {
        {0, "0"},
        {1, "1"},
        {-2, "−2"},
        {0.5, "0.500"},
        {-0.01234, "−0.0123"},
        {3.14159, "3.14"},
        {31.4159, "31.4"},
        {314.159, "314"},
        {1234.5, "1,234"},
        {1234567, "1,234,567"},
        {1e-9, "1e-09"},
        {NAN, "–"},
        {INFINITY, "∞"},
        {1e300, "1e+300"},
        {100, "100"},
        {12, "12"},
        {-999999, "−999,999"},
        {0.0001, "0.00010"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(gd_html_number(&page, cases[i].x), cases[i].want);
    CHECK_TEXT(gd_html_percent(&page, 0.4321), "43.2&nbsp;%");
    CHECK_TEXT(gd_html_percent(&page, 1), "100&nbsp;%");
    CHECK_TEXT(gd_html_percent(&page, 0.99999), "&gt;&nbsp;99.9&nbsp;%");
    CHECK_TEXT(gd_html_percent(&page, 1e-9), "&lt;&nbsp;0.1&nbsp;%");
    CHECK_TEXT(gd_html_percent(&page, NAN), "–");
    CHECK_TEXT(gd_html_chance(&page, 1e-9), "&lt;&nbsp;0.0001");
    CHECK_TEXT(gd_html_time(&page, 1780300800000), "1&nbsp;Jun&nbsp;2026, 08:00");
    CHECK_TEXT(gd_html_time(&page, -1), "31&nbsp;Dec&nbsp;1969, 23:59");
    CHECK_TEXT(gd_html_time(&page, INT64_MIN), "–");
    CHECK_TEXT(gd_html_counted(&page, 1), "1&nbsp;picture");
    CHECK_TEXT(gd_html_counted(&page, 12345), "12,345&nbsp;pictures");
    done();
}

/* ---- ticks ---- */

TEST(ticks_are_round_few_and_within)
{
    double tick[GD_TICKS];
    for (int i = 0; i < 2000; i++) {
        const double low = (i % 7 - 3) * pow(10, i % 11 - 5), high = low + (1 + i % 13) * pow(10, i % 9 - 4);
        const int most = 2 + i % 6, n = gd_ticks(low, high, most, tick);
        CHECK(n >= 1 && n <= most);
        for (int k = 0; k < n; k++)
            CHECK(tick[k] >= low - 1e-6 * (high - low) && tick[k] <= high + 1e-6 * (high - low));
        for (int k = 2; k < n; k++)
            CHECK_NEAR(tick[k] - tick[k - 1], tick[1] - tick[0], 1e-6 * (high - low));
    }
    CHECK_EQ_INT(gd_ticks(0, 1, 5, tick), 3);
    CHECK(tick[1] == 0.5);
    CHECK_EQ_INT(gd_ticks(1, 1, 5, tick), 0);
    CHECK_EQ_INT(gd_ticks(NAN, 1, 5, tick), 0);
    CHECK_EQ_INT(gd_ticks(0, INFINITY, 5, tick), 0);
    CHECK(gd_nice_above(0.44) == 0.5 && gd_nice_above(1) == 1 && gd_nice_above(0) == 1 && gd_nice_above(501) == 1000);
}

TEST(ticks_of_time_are_whole_hours_days_and_months)
{
    double tick[GD_TICKS];
    int64_t step;
    const double hour = 3600e3, start = 1780300800000;
    for (double width = 60e3; width < 1e13; width *= 1.7) {
        const int n = gd_time_ticks(start + 12345, start + 12345 + width, 5, tick, &step);
        CHECK(n <= 5 && (n >= 1 || width < 120e3));
        for (int k = 0; k < n; k++)
            CHECK(tick[k] >= start + 12345 && tick[k] <= start + 12345 + width && fmod(tick[k], 60e3) == 0);
    }
    CHECK_EQ_INT(gd_time_ticks(start, start + 60 * hour, 5, tick, &step), 5); /* from 8:00: 12:00, 0:00 … */
    CHECK(tick[0] == start + 4 * hour && tick[1] == start + 16 * hour && step == 12 * 3600000);
    CHECK_EQ_INT(gd_time_ticks(start, start + 365 * 24 * hour, 5, tick, &step), 4); /* Jul, Oct, Jan, Apr */
    CHECK(tick[0] == 1782864000000 && tick[3] == 1806537600000);
    CHECK_EQ_INT(gd_time_ticks(start, 1e18, 5, tick, &step), 0);
}

/* ---- distributions ---- */

static gd_sketch *sketch_of(int n, double (*x)(int))
{
    gd_sketch *sketch = malloc(sizeof *sketch);
    gd_sketch_init(sketch, 1);
    for (int i = 0; i < n; i++) {
        const double value = x(i);
        gd_sketch_add(sketch, &value, 1);
    }
    return sketch;
}

static double tenths(int i) { return i % 10; }
static double constant(int i) { return 0 * i + 7; }
static double spread(int i) { return i * 0.01; }
static double nothing(int i) { return 0 * i + NAN; }
static double turning(int i) { return i % 360; }

static double total(const gd_histogram *h, int side)
{
    double sum = 0;
    for (int i = 0; i < h->n; i++)
        sum += h->share[side][i];
    return sum;
}

TEST(histograms_hold_all_but_the_tails)
{
    gd_error error = {0};
    gd_sketch *ten = sketch_of(1000, tenths), *one = sketch_of(50, constant), *wide = sketch_of(1000, spread);
    gd_sketch *none = sketch_of(10, nothing), *round = sketch_of(720, turning);
    gd_histogram h;
    CHECK_OK(gd_histogram_of(ten, one, GD_COLUMN_WHOLE, &h, &error), &error);
    CHECK_EQ_INT(h.n, 10);
    CHECK(h.low == -0.5 && h.high == 9.5);
    for (int i = 0; i < 10; i++) {
        CHECK_NEAR(h.share[0][i], 0.1, 1e-12);
        CHECK_NEAR(h.share[1][i], i == 7, 1e-12);
    }
    CHECK_OK(gd_histogram_of(wide, ten, GD_COLUMN_NUMBERS, &h, &error), &error);
    CHECK_NEAR(total(&h, 0), 1, 0.011);
    CHECK_NEAR(total(&h, 1), 1, 1e-12);
    CHECK_OK(gd_histogram_of(one, NULL, GD_COLUMN_NUMBERS, &h, &error), &error);
    CHECK(h.has[0] && !h.has[1] && h.high > h.low && h.median[0] == 7 && isnan(h.median[1]));
    CHECK_NEAR(total(&h, 0), 1, 1e-12);
    CHECK_OK(gd_histogram_of(one, one, GD_COLUMN_WHOLE, &h, &error), &error);
    CHECK_NEAR(total(&h, 1), 1, 1e-12);
    CHECK_OK(gd_histogram_of(none, NULL, GD_COLUMN_NUMBERS, &h, &error), &error);
    CHECK(!h.has[0] && !h.has[1]);
    CHECK_OK(gd_histogram_of(round, round, GD_COLUMN_CIRCLE, &h, &error), &error);
    CHECK(h.n == 36 && h.low == 0 && h.high == 360);
    CHECK_NEAR(h.share[1][35], 1 / 36.0, 1e-12);
    free(ten);
    free(one);
    free(wide);
    free(none);
    free(round);
}

/* ---- since when ---- */

static gd_baseline baseline;
static gd_window window;

static int64_t since(const double *mean, int n)
{
    static gd_column column = {.name = "brightness"};
    const gd_column_verdict verdict = {.reference = &column};
    page.baseline = &baseline;
    page.window = &window;
    column.sketch = sketch_of(1000, spread); /* mean 4.995, deviation 2.89 */
    window.timeline = (gd_timeline){.width_ms = 60000, .first_ms = 600000, .n = n};
    for (int i = 0; i < n; i++) {
        window.timeline.slot[i].count[GD_BRIGHTNESS] = isnan(mean[i]) ? 0 : 20;
        window.timeline.slot[i].sum[GD_BRIGHTNESS] = isnan(mean[i]) ? 0 : 20 * mean[i];
    }
    const int64_t ms = gd_page_since(&page, &verdict);
    free(column.sketch);
    return ms;
}

TEST(a_change_is_dated_by_what_came_after_it)
{
    CHECK_EQ_INT(since((double[]){5, 4.8, 5.1, 7, 6.2, 5.9, 7.5, 6.6}, 8), 600000 + 3 * 60000);
    CHECK_EQ_INT(since((double[]){7, 6.5, NAN, 7, 6.2, 7.5}, 6), 600000);
    CHECK_EQ_INT(since((double[]){5, NAN, NAN, 3, 2, 3.3}, 6), 600000 + 3 * 60000);
    CHECK(since((double[]){5, 4.8, 5.1, 5.2, 4.7, 5}, 6) == INT64_MIN); /* no change */
    CHECK(since((double[]){8, 8, 8, 5, 5, 5, 5}, 7) == INT64_MIN);      /* it is over */
    CHECK(since((double[]){NAN, NAN}, 2) == INT64_MIN);
    CHECK(since(NULL, 0) == INT64_MIN);
}

/* ---- pictures ---- */

TEST(a_picture_is_in_the_page_as_it_was)
{
    static gd_exhibit exhibit = {.height = 3, .width = GD_GALLERY_SIDE};
    static uint8_t file[1 << 15], pixels[sizeof exhibit.pixels];
    const char prefix[] = "data:image/png;base64,";
    gd_error error = {0};
    gd_text text = {0};
    for (size_t i = 0; i < sizeof exhibit.pixels; i++)
        exhibit.pixels[i] = (uint8_t)(i * i + i / 7);
    for (int height = 1; height <= GD_GALLERY_SIDE; height += 21) {
        size_t bytes;
        exhibit.height = height;
        text.length = 0;
        CHECK_OK(gd_picture_print(&exhibit, &text, &error), &error);
        CHECK(strncmp(text.at, prefix, strlen(prefix)) == 0);
        CHECK(gd_base64_decode(text.at + strlen(prefix), text.length - strlen(prefix), file, &bytes));
        png_image image = {.version = PNG_IMAGE_VERSION};
        CHECK(png_image_begin_read_from_memory(&image, file, bytes));
        CHECK_EQ_INT(image.height, height);
        image.format = PNG_FORMAT_RGB;
        CHECK(png_image_finish_read(&image, NULL, pixels, 0, NULL));
        CHECK(memcmp(pixels, exhibit.pixels, (size_t)height * GD_GALLERY_SIDE * 3) == 0);
    }
    exhibit.width = GD_GALLERY_SIDE + 1;
    CHECK_FAILS(gd_picture_print(&exhibit, &text, &error), GD_INVALID, &error, "65");
    gd_text_release(&text);
}
