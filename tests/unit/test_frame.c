// SPDX-License-Identifier: Apache-2.0
#include "serve/frame.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static bool becomes(const char *from, const char *to)
{
    char path[64];
    snprintf(path, sizeof path, "%s", from);
    return gd_frame_unescape(NULL, NULL, path) == strlen(to) && strcmp(path, to) == 0;
}

TEST(unescapes_what_stands_for_a_byte)
{
    CHECK(becomes("/ping", "/ping"));
    CHECK(becomes("/%70ing%2f%2F%c3%A4", "/ping//\xc3\xa4"));
    CHECK(becomes("/%25%32%35", "/%25")); /* once, and no more */
    CHECK(becomes("", ""));
}

TEST(leaves_alone_what_stands_for_none)
{
    CHECK(becomes("/a%00b", "/a%00b")); /* the path would end here */
    CHECK(becomes("/%", "/%"));
    CHECK(becomes("/%4", "/%4"));
    CHECK(becomes("/%4g%g4%%41", "/%4g%g4%A"));
    CHECK(becomes("/%01%10", "/\x01\x10"));
}
