// SPDX-License-Identifier: Apache-2.0
/* By file: addresses, which go the same way as https: ones; a server, with failures, is in tests/e2e/stage_fetch.py. */
#include "data/fetch.h"

#include "data_files.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* "abc" and its digest: FIPS 180-2, appendix B.1. */
static const char abc[] = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
static const char other[] = "0000000000000000000000000000000000000000000000000000000000000000";

static gd_fetch_options fetch_abc(const char *sha256)
{
    put_file(unit_path("from"), blob_of("abc", 3));
    return (gd_fetch_options){.address = unit_text("file://%s", unit_path("from")),
                              .path = unit_path("to"),
                              .sha256 = sha256,
                              .tries = 2,
                              .pause_ms = 1};
}

static void check_abc(void)
{
    blob got = get_file(unit_path("to"));
    CHECK_EQ_INT(got.length, 3);
    CHECK(memcmp(got.at, "abc", 3) == 0);
    free(got.at);
    CHECK(!gd_file_exists(unit_path("to.part")));
}

TEST(fetches_with_and_without_a_digest)
{
    gd_error error = {0};
    gd_fetch_options options = fetch_abc(abc);
    CHECK_OK(gd_fetch(&options, &error), &error);
    check_abc();
    CHECK_EQ_INT(remove(unit_path("to")), 0);
    options.sha256 = "";
    CHECK_OK(gd_fetch(&options, &error), &error);
    check_abc();
}

TEST(a_wrong_digest_tells_both_and_leaves_nothing)
{
    gd_error error = {0};
    gd_fetch_options options = fetch_abc(other);
    CHECK_FAILS(gd_fetch(&options, &error), GD_FORMAT, &error,
                "has SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, data.sha256 is "
                "0000000000000000000000000000000000000000000000000000000000000000");
    CHECK(!gd_file_exists(unit_path("to")));
    CHECK(!gd_file_exists(unit_path("to.part")));
}

TEST(goes_on_where_an_earlier_process_stopped)
{
    gd_error error = {0};
    gd_fetch_options options = fetch_abc(abc);
    /* the first byte of the source is wrong now: only who does not read it again gets the right digest */
    put_file(unit_path("from"), blob_of("Xbc", 3));
    put_file(unit_path("to.part"), blob_of("a", 1));
    CHECK_OK(gd_fetch(&options, &error), &error);
    check_abc();
}

TEST(a_part_that_is_complete_needs_no_source)
{
    gd_error error = {0};
    gd_fetch_options options = fetch_abc(abc);
    CHECK_EQ_INT(remove(unit_path("from")), 0);
    put_file(unit_path("to.part"), blob_of("abc", 3));
    CHECK_OK(gd_fetch(&options, &error), &error);
    check_abc();
}

TEST(a_part_of_another_file_is_thrown_away)
{
    gd_error error = {0};
    gd_fetch_options options = fetch_abc(abc);
    put_file(unit_path("to.part"), blob_of("x", 1));
    CHECK_OK(gd_fetch(&options, &error), &error);
    check_abc();
    CHECK_EQ_INT(remove(unit_path("to")), 0);
    options.sha256 = ""; /* nothing tells whose it is */
    put_file(unit_path("to.part"), blob_of("x", 1));
    CHECK_OK(gd_fetch(&options, &error), &error);
    check_abc();
}

TEST(what_is_not_there_or_not_allowed_fails_at_once)
{
    gd_error error = {0};
    gd_fetch_options options = fetch_abc("");
    options.address = "file:///nowhere/at/all";
    CHECK_FAILS(gd_fetch(&options, &error), GD_IO, &error, "cannot fetch 'file:///nowhere/at/all'");
    options.address = "http://localhost/x";
    CHECK_FAILS(gd_fetch(&options, &error), GD_IO, &error, "http");
    options.path = unit_path("no/folder/to");
    CHECK_FAILS(gd_fetch(&options, &error), GD_IO, &error, "cannot write");
    CHECK(!gd_file_exists(unit_path("to.part")));
}

TEST(a_connection_that_cannot_be_made_is_tried_again)
{
    gd_error error = {0};
    gd_fetch_options options = fetch_abc("");
    options.address = "https://127.0.0.1:1/x";
    options.tries = 3;
    CHECK_FAILS(gd_fetch(&options, &error), GD_IO, &error, "after 3 tries");
}

TEST(a_full_disk_is_told)
{
    gd_error error = {0};
    gd_fetch_options options = fetch_abc("");
    struct rlimit before, tiny;
    CHECK_EQ_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
    tiny = before;
    tiny.rlim_cur = 2;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    CHECK_EQ_INT(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    gd_status status = gd_fetch(&options, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    CHECK_FAILS(status, GD_IO, &error, "cannot write");
    CHECK(!gd_file_exists(unit_path("to")));
    CHECK(!gd_file_exists(unit_path("to.part")));
}

TEST(files_in_place_are_checked_too)
{
    gd_error error = {0};
    const char *path = put_file(unit_path("from"), blob_of("abc", 3));
    CHECK_OK(gd_sha256_check(path, abc, &error), &error);
    CHECK_FAILS(gd_sha256_check(path, other, &error), GD_FORMAT, &error, "has SHA-256 ba7816bf");
    CHECK_FAILS(gd_sha256_check(unit_path("absent"), abc, &error), GD_IO, &error, "cannot read");
}
