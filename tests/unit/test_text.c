// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "unit.h"

#include <string.h>

static const char *json(const char *string)
{
    gd_text text = {0};
    gd_text_add_json(&text, string);
    const char *kept = unit_text("%s", text.at);
    gd_text_release(&text);
    return kept;
}

TEST(grows_and_is_released)
{
    gd_text text = {0};
    for (int i = 0; i < 1000; i++)
        gd_text_add(&text, "%04d,", i);
    gd_text_add_n(&text, "end\0!", 5);
    CHECK_EQ_INT(text.length, 5005);
    CHECK(memcmp(text.at + 4995, "0999,end\0!", 11) == 0);
    CHECK_EQ_INT(gd_text_status(&text, NULL), GD_OK);
    gd_text_release(&text);
    CHECK(text.at == NULL);
}

TEST(a_failed_text_stays_failed)
{
    gd_text text = {.failed = 1};
    gd_error error = {0};
    gd_text_add(&text, "x");
    gd_text_add_n(&text, "y", 1);
    CHECK(text.at == NULL);
    CHECK_FAILS(gd_text_status(&text, &error), GD_NOMEM, &error, "out of memory");
}

TEST(json_escapes)
{
    CHECK_TEXT(json(""), "\"\"");
    CHECK_TEXT(json("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
    CHECK_TEXT(json("\n\x01\x7f"), "\"\\u000a\\u0001\\u007f\"");
    CHECK_TEXT(json("Zähne 猫 🐈"), "\"Zähne 猫 🐈\"");
    CHECK_TEXT(json("\xc2\x85"
                    "\xe2\x80\xa8"),
               "\"\\u0085\\u2028\""); /* printable to JSON, not to YAML */
    CHECK_TEXT(json("a\xff"
                    "b\xc3"),
               "\"a\\ufffdb\\ufffd\"");
}

static const char *cell(const char *string, int columns)
{
    gd_text text = {0};
    gd_text_add_cell(&text, string, columns);
    const char *kept = unit_text("%s|", text.at);
    gd_text_release(&text);
    return kept;
}

TEST(cells_of_a_table)
{
    CHECK_TEXT(cell("dog", 5), "dog  |");
    CHECK_TEXT(cell("dogs and cats", 5), "dogs |");
    CHECK_TEXT(cell("Zähne", 6), "Zähne |");
    CHECK_TEXT(cell("Zähne", 2), "Zä|");
    CHECK_TEXT(cell("a\xcc\x88h", 3), "a\xcc\x88h |"); /* an a and a mark above it */
    CHECK_TEXT(cell("猫と犬", 5), "猫と |");           /* half of a character is none */
    CHECK_TEXT(cell("\xff\xfe", 3), "\xff\xfe |");
    CHECK_TEXT(cell("", 2), "  |");
    CHECK_EQ_INT(gd_text_columns("猫 🐈 Zähne"), 11);
}

TEST(utf8)
{
    static const struct {
        const char *bytes;
        int length;
        uint32_t character;
    } cases[] = {{"A", 1, 'A'},
                 {"\xc3\xa4", 2, 0xe4},
                 {"\xe7\x8c\xab", 3, 0x732b},
                 {"\xf0\x9f\x90\x88", 4, 0x1f408},
                 {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
                 {"\x80", 0, 0},             /* begins in the middle */
                 {"\xc0\xaf", 0, 0},         /* '/' the long way */
                 {"\xe0\x80\x80", 0, 0},     /* too long again */
                 {"\xf0\x80\x80\x80", 0, 0}, /* and again */
                 {"\xed\xa0\x80", 0, 0},     /* a surrogate */
                 {"\xf4\x90\x80\x80", 0, 0}, /* beyond U+10FFFF */
                 {"\xc3(", 0, 0},            /* ends too soon */
                 {"\xe7\x8c", 0, 0},         /* cut off */
                 {"\xf8\x80\x80\x80", 0, 0},
                 {"", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t c = 0;
        CHECK_EQ_INT(gd_utf8_decode(cases[i].bytes, strlen(cases[i].bytes), &c), cases[i].length);
        CHECK_EQ_INT(c, cases[i].character);
    }
}
