// SPDX-License-Identifier: Apache-2.0
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *kept(gd_page *page, const char *text, size_t length)
{
    const char *copy = gd_arena_text_n(&page->arena, text, length);
    if (!copy)
        page->out->failed = 1;
    return copy ? copy : "";
}

const char *gd_html_printf(gd_page *page, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text)
        page->out->failed = 1; /* words are short: half a tag must not get out */
    return page->out->failed ? "" : kept(page, text, (size_t)length);
}

/* Characters that do not show, or turn the order of those around them: U+FFFD stands for them, a space for white space.
 */
static bool is_shown(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !(c >= 0x200e && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
           !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff && (c & 0xfffe) != 0xfffe;
}

static const char unknown[] = "\xef\xbf\xbd"; /* U+FFFD */

static const char *entity_of(uint32_t c)
{
    return c == '&'                              ? "&amp;"
           : c == '<'                            ? "&lt;"
           : c == '>'                            ? "&gt;"
           : c == '"'                            ? "&#34;"
           : c == '\''                           ? "&#39;"
           : c == '\n' || c == '\t' || c == '\r' ? " "
           : !is_shown(c)                        ? unknown
                                                 : NULL;
}

/* One character, as HTML: how many bytes it takes of `string`. */
static size_t add_character(gd_text *text, const char *string)
{
    uint32_t c = 0;
    const int length = gd_utf8_decode(string, strlen(string), &c);
    const char *entity = length > 0 ? entity_of(c) : unknown;
    if (entity)
        gd_text_add(text, "%s", entity);
    else
        gd_text_add_n(text, string, (size_t)length);
    return length > 0 ? (size_t)length : 1;
}

/* All of a string, or, where it has more characters than `head` + `tail`, so many of its begin and of its end. */
static const char *shortened(gd_page *page, const char *string, int head, int tail)
{
    gd_text text = {0};
    size_t at = 0;
    int n = 0;
    for (const char *c = string; *c; c++)
        n += (*c & 0xc0) != 0x80; /* no byte that goes on with a character */
    for (int i = 0; string[at] && (n <= head + tail || i < head); i++)
        at += add_character(&text, string + at);
    if (string[at]) {
        const char *end = string + strlen(string);
        for (int left = tail; left > 0 && end > string + at;)
            left -= (*--end & 0xc0) != 0x80;
        gd_text_add(&text, "…");
        while (*end)
            end += add_character(&text, end);
    }
    const char *copy = kept(page, text.at ? text.at : "", text.length);
    page->out->failed |= text.failed;
    gd_text_release(&text);
    return copy;
}

const char *gd_html(gd_page *page, const char *string, int most) { return shortened(page, string, most, 0); }

const char *gd_html_name(gd_page *page, const char *name)
{
    const int tail = GD_PAGE_NAME / 3;
    return shortened(page, name, GD_PAGE_NAME - tail, tail);
}

/* Digits with a comma between thousands, a true minus before them. */
static const char *number_text(gd_page *page, const char *digits)
{
    char text[96];
    size_t n = 0;
    if (*digits == '-') {
        n += (size_t)snprintf(text, sizeof text, "−");
        digits++;
    }
    const size_t whole = strspn(digits, "0123456789");
    for (size_t i = 0; digits[i] && n + 2 < sizeof text; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0)
            text[n++] = ',';
        text[n++] = digits[i];
    }
    return kept(page, text, n);
}

const char *gd_html_number(gd_page *page, double x)
{
    char text[64];
    if (isnan(x))
        return "–";
    if (isinf(x))
        return x > 0 ? "∞" : "−∞";
    const double size = fabs(x);
    if (size == 0)
        return "0";
    if (size < 1e-4 || size >= 1e15)
        snprintf(text, sizeof text, "%.2g", x);
    else if (size >= 100)
        snprintf(text, sizeof text, "%.0f", x);
    else {
        const int digits = x == rint(x) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : size >= 0.01 ? 4 : 5;
        snprintf(text, sizeof text, "%.*f", digits, x);
    }
    return number_text(page, text);
}

const char *gd_html_count(gd_page *page, double n)
{
    char text[64];
    snprintf(text, sizeof text, "%.0f", n);
    return number_text(page, text);
}

const char *gd_html_percent(gd_page *page, double share)
{
    if (isnan(share))
        return "–";
    if (share > 0 && share < 0.0005)
        return "&lt;&nbsp;0.1&nbsp;%";
    if (share > 0.9995 && share < 1)
        return "&gt;&nbsp;99.9&nbsp;%";
    return gd_html_printf(page, "%.*f&nbsp;%%", share > 0 && share < 1 ? 1 : 0, 100 * share);
}

const char *gd_html_chance(gd_page *page, double p)
{
    return isnan(p) ? "–" : p < 1e-4 ? "&lt;&nbsp;0.0001" : gd_html_number(page, p);
}

const char *const gd_month_names[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

const char *gd_html_time(gd_page *page, int64_t ms)
{
    const time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
    struct tm tm;
    if (ms == INT64_MIN || !gmtime_r(&seconds, &tm))
        return "–";
    return gd_html_printf(page, "%d&nbsp;%s&nbsp;%d, %02d:%02d", tm.tm_mday, gd_month_names[tm.tm_mon],
                          tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
}

const char *gd_html_counted(gd_page *page, int64_t n)
{
    return gd_html_printf(page, "%s&nbsp;%s", gd_html_count(page, (double)n), n == 1 ? page->item : page->items);
}
