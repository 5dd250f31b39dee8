// SPDX-License-Identifier: Apache-2.0
#include "serve/page.h"
#include "unit.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The page's file, which must be what was compiled in. */
static char *read_page(void)
{
    static char text[1 << 16];
    FILE *file = fopen(unit_source("src/serve/page.html"), "rb");
    CHECK(file != NULL);
    const size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    CHECK_EQ_INT((long long)length, (long long)gd_page_bytes);
    text[length] = '\0';
    return text;
}

/* 'sha256-…' of what stands between two texts, by OpenSSL. */
static const char *source_of(const char *page, const char *from, const char *to)
{
    const char *start = strstr(page, from), *end = strstr(page, to);
    CHECK(start && end);
    start += strlen(from);
    unsigned char digest[32], base64[48];
    CHECK(EVP_Digest(start, (size_t)(end - start), digest, NULL, EVP_sha256(), NULL) == 1);
    EVP_EncodeBlock(base64, digest, sizeof digest);
    return unit_text("'sha256-%s'", (const char *)base64);
}

TEST(is_the_file_byte_for_byte) { CHECK(memcmp(read_page(), gd_page, gd_page_bytes) == 0); }

TEST(policy_lets_its_own_style_and_script_run_and_nothing_else)
{
    const char *page = read_page();
    CHECK_CONTAINS(gd_page_policy,
                   unit_text("default-src 'none'; style-src %s; script-src %s;", source_of(page, "<style>", "</style>"),
                             source_of(page, "<script>", "</script>")));
    CHECK(!strstr(gd_page_policy, "unsafe"));
}
