// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"
#include "base/text.h"
#include "unit.h"

#include <string.h>

/* RFC 4648, section 10. */
TEST(the_vectors_of_the_rfc)
{
    static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t n = 0; n < 7; n++) {
        char to[8] = "";
        size_t bytes;
        CHECK(gd_base64_decode(texts[n], strlen(texts[n]), to, &bytes));
        CHECK_EQ_INT(bytes, n);
        CHECK(bytes <= GD_BASE64_BYTES(strlen(texts[n])));
        CHECK(memcmp(to, "foobar", n) == 0);
        char unpadded[16]; /* and into its own place */
        const size_t length = strcspn(strcpy(unpadded, texts[n]), "=");
        CHECK(gd_base64_decode(unpadded, length, unpadded, &bytes));
        CHECK_EQ_INT(bytes, n);
        gd_text out = {0};
        gd_text_add_base64(&out, "foobar", n);
        CHECK_TEXT(out.at, texts[n]);
        gd_text_release(&out);
        CHECK(bytes <= GD_BASE64_BYTES(length));
        CHECK(memcmp(unpadded, "foobar", n) == 0);
    }
}

TEST(every_character_has_its_place)
{
    static const char *const alphabets[] = {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};
    for (int v = 0; v < 128; v++) {
        const char *alphabet = alphabets[v / 64];
        const int a = v % 64, b = 63 - a;
        const char text[4] = {alphabet[a], alphabet[b], alphabet[a], alphabet[b]};
        unsigned char to[3];
        size_t bytes;
        CHECK(gd_base64_decode(text, 4, to, &bytes));
        CHECK_EQ_INT(to[0] << 16 | to[1] << 8 | to[2], a << 18 | b << 12 | a << 6 | b);
    }
}

TEST(anything_else_is_none)
{
    static const struct {
        const char *text;
        size_t from;
    } cases[] = {{"Z", 1},    {"Zm9vY", 5}, {"Z===", 1},     {"====", 0},     {"Zg=", 2},
                 {"Zg=v", 2}, {"=m9v", 0},  {"Zm 9", 2},     {"Zm9v\n  ", 4}, {"Zg==Zg==", 2},
                 {"Zh==", 4}, {"Zh", 2},    {"Zm9=Zm9=", 3}, {"Zm9", 3},      {"Zm9\xc3", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char to[16];
        size_t bytes = 99;
        CHECK(!gd_base64_decode(cases[i].text, strlen(cases[i].text), to, &bytes));
        CHECK_EQ_INT(bytes, cases[i].from);
    }
    size_t bytes;
    char to[4];
    CHECK(!gd_base64_decode("AB\0D", 4, to, &bytes));
    CHECK_EQ_INT(bytes, 2);
}
