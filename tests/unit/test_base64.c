// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"
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
    }
}

TEST(every_character_has_its_place)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int v = 0; v < 64; v++) {
        const char text[4] = {alphabet[v], alphabet[63 - v], alphabet[v], alphabet[63 - v]};
        unsigned char to[3];
        size_t bytes;
        CHECK(gd_base64_decode(text, 4, to, &bytes));
        CHECK_EQ_INT(to[0] << 16 | to[1] << 8 | to[2], v << 18 | (63 - v) << 12 | v << 6 | (63 - v));
    }
}

TEST(anything_else_is_none)
{
    static const char *const texts[] = {"Z",    "Zm9",  "Zm9vY",    "Z===",     "====", "Zg=v", "=m9v",
                                        "Zm-_", "Zm 9", "Zm9v\n  ", "Zg==Zg==", "Zh==", "Zm9=", "Zm9\xc3"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char to[16];
        size_t bytes = 1;
        CHECK(!gd_base64_decode(texts[i], strlen(texts[i]), to, &bytes));
        CHECK_EQ_INT(bytes, 0);
    }
    size_t bytes;
    char to[3];
    CHECK(!gd_base64_decode("AB\0D", 4, to, &bytes));
}
