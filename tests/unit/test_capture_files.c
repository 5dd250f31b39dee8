// SPDX-License-Identifier: Apache-2.0
#include "captured.h"
#include "serve/capture_files.h"

#include "base/file.h"
#include "serve/name.h"

#include <math.h>
#include <regex.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>

#define WHEN INT64_C(1795741323456) /* 2026-11-27T01:02:03.456Z */
#define HOUR INT64_C(3600000)

static gd_capture_files_options usual(void)
{
    return (gd_capture_files_options){.folder = unit_folder(),
                                      .endpoint = "griddle",
                                      .disk_percent = 100.0,
                                      .file_seconds = 60.0,
                                      .file_bytes = 1 << 20};
}

static gd_capture_files *open_files(const gd_capture_files_options *options)
{
    gd_capture_files *files;
    gd_error error = {0};
    CHECK_OK(gd_capture_files_open(options, &files, &error), &error);
    return files;
}

static void add(gd_capture_files *files, const char *endpoint, const char *variant, int64_t when, const char *line)
{
    gd_capture_files_add(files, endpoint, variant, when, line, strlen(line));
}

/* The i-th file's place below the test's folder. */
static const char *place(int i) { return captured.path[i] + strlen(unit_folder()) + 1; }

static bool matches(const char *text, const char *pattern)
{
    regex_t regex;
    CHECK(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0);
    const bool yes = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return yes;
}

TEST(paths_are_the_managed_services)
{
    const gd_capture_files_options options = usual();
    gd_capture_files *files = open_files(&options);
    add(files, "scones", "AllTraffic", WHEN, "1\n");
    add(files, NULL, "blue", WHEN + 4, "2\n");
    add(files, "scones", "AllTraffic", WHEN + 5000, "3\n");
    CHECK(gd_capture_files_flush(files) > 50.0);
    const gd_capture_tally tally = gd_capture_files_tally(files);
    CHECK(tally.lines == 3 && tally.bytes == 6 && tally.refused == 0);
    gd_capture_files_close(files);
    CHECK_EQ_INT(captured_files(unit_folder()), 2);
#define UUID4 "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    CHECK(matches(place(0), "^griddle/blue/2026/11/27/01/02-03-460-" UUID4 "\\.jsonl$"));
    CHECK(matches(place(1), "^scones/AllTraffic/2026/11/27/01/02-03-456-" UUID4 "\\.jsonl$"));
    CHECK_TEXT(captured_file(captured.path[1]), "1\n3\n");
}

TEST(an_hour_has_files_of_its_own_and_latecomers_find_theirs)
{
    const gd_capture_files_options options = usual();
    gd_capture_files *files = open_files(&options);
    add(files, NULL, NULL, WHEN, "1\n");
    add(files, NULL, NULL, WHEN + HOUR, "2\n");
    add(files, NULL, NULL, WHEN + 1, "1\n");
    add(files, NULL, NULL, WHEN + HOUR + 1, "2\n");
    gd_capture_files_close(files);
    CHECK_EQ_INT(captured_files(unit_folder()), 2);
    CHECK(matches(place(0), "^griddle/AllTraffic/2026/11/27/01/"));
    CHECK(matches(place(1), "^griddle/AllTraffic/2026/11/27/02/"));
    CHECK_TEXT(captured_file(captured.path[0]), "1\n1\n");
    CHECK_TEXT(captured_file(captured.path[1]), "2\n2\n");
}

TEST(a_new_file_after_so_many_bytes)
{
    gd_capture_files_options options = usual();
    options.file_bytes = 1000;
    gd_capture_files *files = open_files(&options);
    for (int i = 0; i < 100; i++)
        add(files, NULL, NULL, WHEN, "0123456789012345678901234567890123456789012345678\n");
    gd_capture_files_close(files);
    CHECK_EQ_INT(captured_files(unit_folder()), 5);
    for (int i = 0; i < 5; i++)
        CHECK_EQ_INT(strlen(captured_file(captured.path[i])), 1000);
}

TEST(a_new_file_after_so_long)
{
    gd_capture_files_options options = usual();
    options.file_seconds = 0.05;
    gd_capture_files *files = open_files(&options);
    add(files, NULL, NULL, WHEN, "1\n");
    const double left = gd_capture_files_flush(files);
    CHECK(left > 0.0 && left <= 0.05);
    usleep(60000);
    CHECK(isinf(gd_capture_files_flush(files)));
    add(files, NULL, NULL, WHEN, "2\n");
    gd_capture_files_close(files);
    CHECK_EQ_INT(captured_files(unit_folder()), 2);
}

TEST(only_names_become_folders)
{
    static const char *const no[] = {"",    ".",        "..",  "a/b",  "/etc",   ".a", "..a",
                                     "a b", "\xc3\xa4", "a\n", "a\\b", "%2e%2e", NULL};
    const gd_capture_files_options options = usual();
    gd_capture_files *files = open_files(&options);
    const char *most = unit_text("%063d", 1), *longer = unit_text("%064d", 1);
    for (int i = 0; no[i]; i++) {
        CHECK(!gd_name_is_good(no[i]));
        add(files, no[i], no[i], WHEN, "1\n");
    }
    add(files, longer, longer, WHEN, "1\n");
    add(files, most, "-", WHEN, "2\n");
    add(files, NULL, "a_b.2", WHEN, "3\n");
    gd_capture_files_close(files);
    CHECK_EQ_INT(captured_files(unit_folder()), 3);
    CHECK(strncmp(place(0), most, 63) == 0 && place(0)[64] == '-');
    CHECK(matches(place(1), "^griddle/AllTraffic/2026/"));
    CHECK_EQ_INT(captured_count(captured_file(captured.path[1]), "1\n"), 13);
    CHECK(matches(place(2), "^griddle/a_b.2/2026/"));
}

TEST(made_up_names_exhaust_neither_folders_nor_descriptors)
{
    const gd_capture_files_options options = usual();
    gd_capture_files *files = open_files(&options);
    const int before = captured_descriptors();
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 300; i++)
            add(files, unit_text("e%d", i), NULL, WHEN, "1\n");
        CHECK(captured_descriptors() - before <= 64);
    }
    CHECK_EQ_INT(gd_capture_files_tally(files).refused, 0);
    gd_capture_files_close(files);
    const char *all = captured_text(unit_folder());
    CHECK_EQ_INT(captured_count(all, "1\n"), 600);
    int folders = 0;
    for (int i = 0; i < captured.n; i++)
        folders += i == 0 || strncmp(place(i), place(i - 1), strcspn(place(i), "/") + 1) != 0;
    CHECK_EQ_INT(folders, 256);
}

TEST(the_file_that_was_not_used_for_longest_makes_room)
{
    const gd_capture_files_options options = usual();
    gd_capture_files *files = open_files(&options);
    for (int i = 0; i < 64; i++)
        add(files, unit_text("e%d", i), NULL, WHEN, "1\n");
    add(files, "e0", NULL, WHEN, "2\n");
    add(files, "e64", NULL, WHEN, "1\n");
    add(files, "e0", NULL, WHEN, "3\n");
    add(files, "e1", NULL, WHEN, "2\n");
    gd_capture_files_close(files);
    CHECK_EQ_INT(captured_files(unit_path("e0")), 1);
    CHECK_TEXT(captured_file(captured.path[0]), "1\n2\n3\n");
    CHECK_EQ_INT(captured_files(unit_path("e1")), 2);
}

static double full(const char *folder, void *context)
{
    (void)folder;
    return *(const double *)context;
}

TEST(a_full_disk_is_not_written_and_later_is_again)
{
    double used = 80.0;
    gd_capture_files_options options = usual();
    options.disk_percent = 75.0;
    options.disk_used = full;
    options.context = &used;
    const int before = captured_listen();
    gd_capture_files *files = open_files(&options);
    CHECK(!gd_capture_files_ready(files));
    gd_capture_files_refuse(files);
    used = 10.0;
    usleep(1050000);
    CHECK(gd_capture_files_ready(files));
    add(files, NULL, NULL, WHEN, "1\n");
    gd_capture_files_flush(files);
    CHECK(gd_capture_files_tally(files).refused == 1 && gd_capture_files_tally(files).lines == 1);
    gd_capture_files_close(files);
    CHECK_EQ_INT(captured_count(captured_said(before), "\n"), 2);
}

/* No file of this process grows beyond so much; a write that would is cut short, like at a full disk. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

TEST(a_failing_write_leaves_whole_lines_and_is_tried_later)
{
    const gd_capture_files_options options = usual();
    const int before = captured_listen();
    gd_capture_files *files = open_files(&options);
    limit_files(1000);
    for (int i = 0; i < 25; i++)
        add(files, NULL, NULL, WHEN, "0123456789012345678901234567890123456789012345678\n");
    add(files, NULL, NULL, WHEN, "what is longer than the rest\n");
    gd_capture_files_flush(files);
    const gd_capture_tally tally = gd_capture_files_tally(files);
    CHECK(tally.lines == 20 && tally.bytes == 1000 && tally.refused == 6);
    CHECK(!gd_capture_files_ready(files));
    limit_files(10); /* the next file fails at once: none of it is left */
    usleep(1050000);
    CHECK(gd_capture_files_ready(files));
    add(files, NULL, NULL, WHEN, "0123456789012345678901234567890123456789012345678\n");
    gd_capture_files_flush(files);
    CHECK_EQ_INT(gd_capture_files_tally(files).refused, 7);
    limit_files(RLIM_INFINITY);
    CHECK(!gd_capture_files_ready(files));
    usleep(2050000);
    CHECK(gd_capture_files_ready(files));
    add(files, NULL, NULL, WHEN, "last\n");
    gd_capture_files_close(files);
    const char *said = captured_said(before);
    unlink(unit_path("said"));
    CHECK_CONTAINS(said, "File too large");
    CHECK_CONTAINS(said, "goes on");
    CHECK_EQ_INT(captured_count(said, "\n"), 2);
    const char *all = captured_text(unit_folder());
    CHECK_EQ_INT(captured.n, 2);
    CHECK_EQ_INT(captured_count(all, "8\n"), 20);
    CHECK_EQ_INT(captured_count(all, "last\n"), 1);
    CHECK_EQ_INT(captured_count(all, "\n"), 21);
}

static int remove_visit(const char *path, const struct stat *info, int kind, struct FTW *level)
{
    (void)info, (void)kind, (void)level;
    return remove(path);
}

TEST(a_folder_that_was_removed_is_made_again)
{
    gd_capture_files_options options = usual();
    options.folder = unit_path("capture");
    gd_capture_files *files = open_files(&options);
    add(files, NULL, NULL, WHEN, "1\n");
    gd_capture_files_flush(files);
    nftw(options.folder, remove_visit, 16, FTW_PHYS | FTW_DEPTH);
    CHECK(!gd_file_exists(options.folder));
    add(files, NULL, NULL, WHEN, "2\n");
    gd_capture_files_flush(files);
    CHECK_TEXT(captured_text(options.folder), "2\n");

    nftw(options.folder, remove_visit, 16, FTW_PHYS | FTW_DEPTH);
    gd_error error = {0};
    CHECK_OK(gd_file_write(options.folder, "", 0, &error), &error); /* something is in the way */
    const int before = captured_listen();
    add(files, NULL, NULL, WHEN, "3\n");
    gd_capture_files_flush(files);
    gd_capture_files_close(files);
    CHECK_CONTAINS(captured_said(before), "capture stops: cannot make folder");
}

static const char *leave_file(const char *place_below, const char *text)
{
    const char *path = unit_path("%s", place_below);
    char folder[512];
    gd_error error = {0};
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    CHECK_OK(gd_folder_make(folder, &error), &error);
    CHECK_OK(gd_file_write(path, text, strlen(text), &error), &error);
    return path;
}

TEST(half_lines_of_a_killed_process_are_cut_off)
{
    const char *torn = leave_file("e/v/2026/12/31/23/a.jsonl", "one\ntw");
    const char *next = leave_file("e/v/2027/01/01/00/b.jsonl", "one\ntw");
    const char *whole = leave_file("e/v/2027/01/01/00/c.jsonl", "one\ntwo\n");
    const char *written = leave_file("e/v/2027/01/01/00/d.jsonl", "one\ntw");
    const char *strange = leave_file("e/v/2027/01/01/00/e.txt", "one\ntw");
    const char *stranger = leave_file("e e/v/2027/01/01/00/f.jsonl", "one\ntw");
    const int lock = open(written, O_RDONLY | O_CLOEXEC);
    CHECK(flock(lock, LOCK_EX | LOCK_NB) == 0);
    const int before = captured_listen();
    gd_capture_mend(unit_folder());
    gd_capture_mend(unit_path("nothing"));
    const char *said = captured_said(before);
    close(lock);
    CHECK_TEXT(captured_file(torn), "one\n");
    CHECK_TEXT(captured_file(next), "one\n");
    CHECK_TEXT(captured_file(whole), "one\ntwo\n");
    CHECK_TEXT(captured_file(written), "one\ntw");
    CHECK_TEXT(captured_file(strange), "one\ntw");
    CHECK_TEXT(captured_file(stranger), "one\ntw");
    CHECK_EQ_INT(captured_count(said, "griddle: cut a half line of 2 bytes off '"), 2);
    CHECK_EQ_INT(captured_count(said, "\n"), 2);
}

TEST(a_file_that_is_written_is_locked)
{
    const gd_capture_files_options options = usual();
    gd_capture_files *files = open_files(&options);
    add(files, NULL, NULL, WHEN, "1\n");
    gd_capture_files_flush(files);
    CHECK_EQ_INT(captured_files(unit_folder()), 1);
    const int other = open(captured.path[0], O_RDONLY | O_CLOEXEC);
    CHECK(flock(other, LOCK_EX | LOCK_NB) != 0);
    close(other);
    gd_capture_files_close(files);
}

TEST(refuses_what_cannot_be_a_folder)
{
    gd_capture_files *files;
    gd_error error = {0};
    gd_capture_files_options options = usual();
    options.endpoint = "a/b";
    CHECK_FAILS(gd_capture_files_open(&options, &files, &error), GD_INVALID, &error, "endpoint 'a/b'");
    options = usual();
    options.folder = unit_path("file");
    CHECK_OK(gd_file_write(options.folder, "", 0, &error), &error);
    CHECK_FAILS(gd_capture_files_open(&options, &files, &error), GD_IO, &error, "Not a directory");
    options.folder = "/proc/griddle";
    CHECK_FAILS(gd_capture_files_open(&options, &files, &error), GD_IO, &error, "/proc/griddle");
    char *far = calloc(1, 5000);
    memset(far, 'x', 4999);
    options.folder = far;
    CHECK_FAILS(gd_capture_files_open(&options, &files, &error), GD_INVALID, &error, "4999 bytes");
    free(far);
    gd_capture_files_close(NULL);
}
