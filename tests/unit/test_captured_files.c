// SPDX-License-Identifier: Apache-2.0
/* Which files are read, in which order, and out of what. */
#include "captured/captured.h"
#include "captured/files.h"

#include "base/file.h"
#include "base/text.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

static const char *record(const char *id, const char *time)
{
    return unit_text(
        "{\"captureData\":{},\"eventMetadata\":{\"eventId\":\"%s\",\"inferenceTime\":\"%s\"},\"eventVersion\":\"0\"}\n",
        id, time);
}

/* A file below the test's folder, and the folders above it. */
static void add(const char *path, const char *text)
{
    char folder[1024];
    gd_error error = {0};
    snprintf(folder, sizeof folder, "%s", unit_path("%s", path));
    *strrchr(folder, '/') = '\0';
    CHECK_OK(gd_folder_make(folder, &error), &error);
    CHECK_OK(gd_file_write(unit_path("%s", path), text, strlen(text), &error), &error);
}

static void add_packed(const char *path, const char *text, size_t length)
{
    add(path, "");
    gzFile file = gzopen(unit_path("%s", path), "ab"); /* a further member */
    CHECK(file != NULL);
    CHECK_EQ_INT(gzwrite(file, text, (unsigned)length), (int)length);
    CHECK_EQ_INT(gzclose(file), Z_OK);
}

/* The event ids of what is read, one after the other, and then what was counted that is not 0. */
static const char *read_all(const char *const *paths, int64_t from_ms, int64_t to_ms)
{
    gd_captured *captured;
    gd_error error = {0};
    const gd_captured_options options = {.paths = paths, .from_ms = from_ms, .to_ms = to_ms};
    CHECK_OK(gd_captured_open(&options, &captured, &error), &error);
    const char *all = "";
    for (const gd_captured_record *r;;) {
        CHECK_OK(gd_captured_next(captured, &r, &error), &error);
        if (!r)
            break;
        all = unit_text("%s%s%s", all, *all ? " " : "", r->event_id);
    }
    const gd_captured_counts *c = gd_captured_count(captured);
    const struct {
        const char *name;
        int64_t n;
    } counts[] = {{"outside", c->outside}, {"unfinished", c->unfinished}, {"broken", c->broken}, {"unread", c->unread}};
    for (int i = 0; i < 4; i++)
        all = counts[i].n ? unit_text("%s; %lld %s", all, (long long)counts[i].n, counts[i].name) : all;
    if (c->n_complaints > 0)
        all = unit_text("%s: %s", all, c->complaint[0].message);
    gd_captured_close(captured);
    return all;
}

static const char *read_path(const char *path) { return read_all((const char *const[]){path, NULL}, 0, 0); }

TEST(hours_come_in_order)
{
    /* of two endpoints and variants; by the hour, then by minute, second and millisecond */
    add("c/a/AllTraffic/2026/12/01/00/00-00-000-x.jsonl", record("7", "2026-12-01T00:00:00Z"));
    add("c/a/AllTraffic/2026/11/27/09/59-59-999-x.jsonl", record("3", "2026-11-27T09:59:59Z"));
    add("c/a/AllTraffic/2026/11/27/10/00-00-001-x.jsonl", record("5", "2026-11-27T10:00:00Z"));
    add("c/a/B/2026/11/27/10/00-00-000-x.jsonl", record("4", "2026-11-27T10:00:00Z"));
    add("c/z/AllTraffic/2026/11/27/09/00-00-000-x.jsonl", record("1", "2026-11-27T09:00:00Z"));
    add("c/a/B/2026/11/27/09/30-00-000-x.jsonl", record("2", "2026-11-27T09:30:00Z"));
    add("c/b/AllTraffic/2027/01/01/00/00-00-000-x.jsonl", record("8", "2027-01-01T00:00:00Z"));
    add("c/a/AllTraffic/2026/11/27/11/00-00-000-x.jsonl", record("6", "2026-11-27T11:00:00Z"));
    add("c/a/AllTraffic/2026/11/27/11/.hidden.jsonl", record("no", "2026-11-27T11:00:00Z"));
    add("c/a/AllTraffic/2026/11/27/11/00-00-000-x.jsonl.part", record("no", "2026-11-27T11:00:00Z"));
    add("c/.trash/b/2026/11/27/11/00-00-000-x.jsonl", record("no", "2026-11-27T11:00:00Z"));
    CHECK_TEXT(read_path(unit_path("c")), "1 2 3 4 5 6 7 8");
    CHECK_TEXT(read_path(unit_path("c/")), "1 2 3 4 5 6 7 8");
    CHECK_TEXT(read_path(unit_path("c/a")), "2 3 4 5 6 7");
    CHECK_TEXT(read_path(unit_path("c/a/AllTraffic/2026")), "3 5 6 7");
    CHECK_TEXT(read_path(unit_path("c/a/AllTraffic/2026/11")), "3 5 6");
    CHECK_TEXT(read_path(unit_path("c/a/AllTraffic/2026/11/27/10")), "5");
    CHECK_TEXT(read_path(unit_path("c/a/AllTraffic/2026/11/27/10/")), "5");
    /* of several folders too, and files that are named come first */
    CHECK_TEXT(read_all((const char *const[]){unit_path("c/a/B"), unit_path("c/a/AllTraffic"),
                                              unit_path("c/b/AllTraffic/2027/01/01/00/00-00-000-x.jsonl"), NULL},
                        0, 0),
               "8 2 3 4 5 6 7");
    /* a link that leads back is passed over */
    CHECK_EQ_INT(symlink("..", unit_path("c/a/back")), 0);
    CHECK_TEXT(read_path(unit_path("c")), "1 2 3 4 5 6 7 8");
}

TEST(windows_are_half_open)
{
    const int64_t nine = 1795770000000; /* 2026-11-27T09:00:00Z */
    const char *const hour = record("2", "2026-11-27T09:00:00Z"), *const late = record("1", "2026-11-27T08:59:59.999Z");
    add("c/a/AllTraffic/2026/11/27/08/59-00-000-x.jsonl", unit_text("%s%s", late, hour)); /* goes on behind its hour */
    add("c/a/AllTraffic/2026/11/27/09/00-00-000-x.jsonl", record("3", "2026-11-27T09:00:00.001Z"));
    add("c/a/AllTraffic/2026/11/27/10/00-00-000-x.jsonl",
        unit_text("%s%s", record("4", "2026-11-27T09:59:59Z"),
                  record("5", "2026-11-27T10:00:00Z"))); /* answered late */
    /* what is not within an hour of the window is not opened: it would be broken */
    add("c/a/AllTraffic/2026/11/27/06/00-00-000-x.jsonl", "{\n");
    add("c/a/AllTraffic/2026/11/27/12/00-00-000-x.jsonl", "{\n");
    add("c/a/AllTraffic/2026/11/26/09/00-00-000-x.jsonl", "{\n");
    add("c/a/AllTraffic/2026/12/27/09/00-00-000-x.jsonl", "{\n");
    add("c/a/AllTraffic/2025/11/27/09/00-00-000-x.jsonl", "{\n");
    const char *const paths[] = {unit_path("c"), NULL};
    CHECK_TEXT(read_all(paths, nine, nine + 3600000), "2 3 4; 2 outside");
    CHECK_TEXT(read_all(paths, nine, nine + 1), "2; 4 outside");
    CHECK_TEXT(read_all(paths, nine - 1, nine), "1; 2 outside");
    CHECK_TEXT(read_all(paths, nine + 1, nine + 2), "3; 4 outside");
    CHECK_TEXT(read_all((const char *const[]){unit_path("c/a/AllTraffic/2026/11/27/06"), NULL}, nine, nine + 1), "");
    gd_captured *captured;
    gd_error error = {0};
    CHECK_FAILS(gd_captured_open(&(gd_captured_options){.paths = paths, .from_ms = 2, .to_ms = 2}, &captured, &error),
                GD_INVALID, &error, "a window from 2 to 2 ms ends before it begins");
    CHECK(captured == NULL);
}

/* New Year, and the ends of months, on both sides of a window. */
TEST(windows_over_the_ends_of_years)
{
    static const char *const hours[] = {"2026/12/31/22", "2026/12/31/23", "2027/01/01/00",
                                        "2027/01/01/01", "2027/02/28/23", "2027/03/01/00"};
    for (int i = 0; i < 6; i++) {
        const char *h = hours[i];
        add(unit_text("c/a/b/%s/00-00-000-x.jsonl", h),
            record(unit_text("%d", i), unit_text("%.4s-%.2s-%.2sT%.2s:00:00Z", h, h + 5, h + 8, h + 11)));
    }
    const int64_t year = 1798761600000, march = 1803859200000, hour = 3600000;
    const char *const paths[] = {unit_path("c"), NULL};
    CHECK_TEXT(read_all(paths, year - hour, year), "1; 2 outside");
    CHECK_TEXT(read_all(paths, year, year + hour), "2; 2 outside");
    CHECK_TEXT(read_all(paths, year - hour, year + hour), "1 2; 2 outside");
    CHECK_TEXT(read_all(paths, march - hour, march), "4; 1 outside");
    CHECK_TEXT(read_all(paths, year + 24 * hour, march + hour), "4 5");
    CHECK_TEXT(read_all(paths, march, 0), "5; 1 outside");
}

TEST(folders_without_hours)
{
    add("f/b.jsonl", record("2", "2026-11-27T09:00:00Z"));
    add("f/a.jsonl", record("1", "2026-11-27T09:00:00Z"));
    add("f/notes.txt", "{\n");
    add("f/sub/c.jsonl", record("3", "2026-11-27T09:00:00Z"));
    add("f/2026/13/d.jsonl", record("4", "2026-11-27T09:00:00Z"));       /* no month */
    add("f/2026/02/31/00/e.jsonl", record("5", "2026-11-27T09:00:00Z")); /* no day */
    add("f/x/y/2026/11/27/09/00-00-000-x.jsonl", record("6", "2026-11-27T09:00:00Z"));
    CHECK_TEXT(read_path(unit_path("f")), "1 2 5 4 3 6");
    add("e/notes.txt", "{\n");
    gd_captured *captured;
    gd_error error = {0};
    const char *const none[] = {unit_path("e"), NULL}, *const missing[] = {unit_path("missing"), NULL};
    CHECK_FAILS(gd_captured_open(&(gd_captured_options){.paths = none}, &captured, &error), GD_INVALID, &error,
                "/e': neither folders yyyy/mm/dd/hh nor files that end in .jsonl or .jsonl.gz");
    CHECK_FAILS(gd_captured_open(&(gd_captured_options){.paths = missing}, &captured, &error), GD_IO, &error,
                "missing': No such file or directory");
}

TEST(names_of_paths)
{
    static const char *const cases[][3] = {
        {"c/scones/AllTraffic/2026/11/27/09/00-00-000-x.jsonl", "scones", "AllTraffic"},
        {"/scones//AllTraffic/2026/11/27/09/x.jsonl", "scones", "AllTraffic"},
        {"AllTraffic/2026/11/27/09/x.jsonl", "", "AllTraffic"},
        {"2026/11/27/09/x.jsonl", "", ""},
        {"c/scones/AllTraffic/2026/11/27/x.jsonl", "", ""},
        {"c/scones/AllTraffic/2026/11/27/9/x.jsonl", "", ""},
        {"x.jsonl", "", ""},
        {"-", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const gd_files_names names = gd_files_name(cases[i][0]);
        CHECK_TEXT(unit_text("%.*s", names.endpoint_bytes, names.endpoint), cases[i][1]);
        CHECK_TEXT(unit_text("%.*s", names.variant_bytes, names.variant), cases[i][2]);
    }
}

/* ---- gzip ---- */

TEST(packed_files)
{
    const char *const one = record("1", "2026-11-27T09:00:00Z"), *const two = record("2", "2026-11-27T09:00:00Z");
    add_packed("a.jsonl.gz", one, strlen(one));
    CHECK_TEXT(read_path(unit_path("a.jsonl.gz")), "1");
    add_packed("named-otherwise", one, strlen(one));
    CHECK_TEXT(read_path(unit_path("named-otherwise")), "1");
    add_packed("d/a.jsonl.gz", one, strlen(one));
    add("d/b.jsonl", two);
    CHECK_TEXT(read_path(unit_path("d")), "1 2");

    /* members one behind the other; a line that is cut by the end of the first */
    const char *const both = unit_text("%s%s", one, two);
    for (size_t n = 0; n <= strlen(both); n += 7) {
        add_packed("m.jsonl.gz", both, n);
        gzFile file = gzopen(unit_path("m.jsonl.gz"), "ab");
        CHECK_EQ_INT(gzwrite(file, both + n, (unsigned)(strlen(both) - n)), (int)(strlen(both) - n));
        CHECK_EQ_INT(gzclose(file), Z_OK);
        CHECK_TEXT(read_path(unit_path("m.jsonl.gz")), "1 2");
    }
}

/* What stands before the break is given. */
TEST(packed_files_that_break)
{
    gd_text many = {0};
    for (int i = 0; i < 3000; i++)
        gd_text_add(&many, "%s", record(unit_text("%d-%d", i, i * 7919 % 3001), "2026-11-27T09:00:00Z"));
    add_packed("a.jsonl.gz", many.at, many.length);
    gd_text_release(&many);
    gd_arena arena = {0};
    gd_error error = {0};
    char *bytes;
    size_t length;
    CHECK_OK(gd_file_read(unit_path("a.jsonl.gz"), 1 << 20, &arena, &bytes, &length, &error), &error);
    CHECK_OK(gd_file_write(unit_path("cut.gz"), bytes, length / 2, &error), &error);
    const char *said = read_path(unit_path("cut.gz"));
    CHECK_CONTAINS(said, "0-0 1-1917 2-833");
    CHECK_CONTAINS(said, "; 1 unread: not gzip behind line ");
    CHECK_CONTAINS(said, "the file ends within what was compressed");
    memset(bytes + length / 2, 0xff, 100);
    CHECK_OK(gd_file_write(unit_path("bad.gz"), bytes, length, &error), &error);
    said = read_path(unit_path("bad.gz"));
    CHECK_CONTAINS(said, "0-0 1-1917 2-833");
    CHECK_CONTAINS(said, "; 1 unread: "); /* behind lines of rubbish, maybe */
    gd_arena_release(&arena);
}

/* ---- standard input, and what cannot be read ---- */

TEST(standard_input)
{
    const int before = dup(STDIN_FILENO);
    for (int packed = 0; packed < 2; packed++) {
        const char *const text = record("1", "2026-11-27T09:00:00Z");
        if (packed)
            add_packed("in", text, strlen(text));
        else
            add("in", text);
        const int file = open(unit_path("in"), O_RDONLY);
        dup2(file, STDIN_FILENO);
        close(file);
        const char *said = read_path("-");
        dup2(before, STDIN_FILENO);
        CHECK_TEXT(said, "1");
    }
    close(before);
    CHECK(fcntl(STDIN_FILENO, F_GETFD) >= 0);
}

TEST(files_that_cannot_be_read)
{
    add("c/a/b/2026/11/27/09/00-00-000-x.jsonl", record("1", "2026-11-27T09:00:00Z"));
    add("c/a/b/2026/11/27/09/02-00-000-x.jsonl", record("2", "2026-11-27T09:00:00Z"));
    CHECK_EQ_INT(mkdir(unit_path("folder"), 0700), 0);
    CHECK_EQ_INT(symlink(unit_path("folder"), unit_path("c/a/b/2026/11/27/09/01-00-000-x.jsonl")), 0);
    CHECK_TEXT(read_path(unit_path("c")), "1 2; 1 unread: cannot read: Is a directory");

    /* removed between listing and opening */
    gd_captured *captured;
    const gd_captured_record *r;
    gd_error error = {0};
    const char *const paths[] = {unit_path("c/a/b/2026/11/27/09"), NULL};
    CHECK_EQ_INT(unlink(unit_path("c/a/b/2026/11/27/09/01-00-000-x.jsonl")), 0);
    CHECK_OK(gd_captured_open(&(gd_captured_options){.paths = paths}, &captured, &error), &error);
    CHECK_OK(gd_captured_next(captured, &r, &error), &error);
    CHECK_TEXT(r->event_id, "1");
    CHECK_EQ_INT(unlink(unit_path("c/a/b/2026/11/27/09/02-00-000-x.jsonl")), 0);
    CHECK_OK(gd_captured_next(captured, &r, &error), &error);
    CHECK(r == NULL);
    CHECK_EQ_INT(gd_captured_count(captured)->unread, 0);
    gd_captured_close(captured);

    /* named, and gone: that is the caller's affair */
    add("n.jsonl", "");
    const char *const named[] = {unit_path("n.jsonl"), NULL};
    CHECK_OK(gd_captured_open(&(gd_captured_options){.paths = named}, &captured, &error), &error);
    CHECK_EQ_INT(unlink(unit_path("n.jsonl")), 0);
    CHECK_FAILS(gd_captured_next(captured, &r, &error), GD_IO, &error, "n.jsonl': No such file or directory");
    gd_captured_close(captured);
}

/* Nobody writes into it, and nobody is waited for; one that is named is read as it comes. */
TEST(pipes)
{
    add("c/a/b/2026/11/27/09/00-00-000-x.jsonl", record("1", "2026-11-27T09:00:00Z"));
    CHECK_EQ_INT(mkfifo(unit_path("c/a/b/2026/11/27/09/01-00-000-x.jsonl"), 0600), 0);
    CHECK_EQ_INT(symlink("01-00-000-x.jsonl", unit_path("c/a/b/2026/11/27/09/02-00-000-x.jsonl")), 0);
    CHECK_TEXT(read_path(unit_path("c")), "1");

    const char *const named = unit_path("pipe"), *const text = record("2", "2026-11-27T09:00:00Z");
    CHECK_EQ_INT(mkfifo(named, 0600), 0);
    const pid_t writer = fork();
    if (writer == 0) {
        const int file = open(named, O_WRONLY);
        bool written = file >= 0;
        for (size_t i = 0; i < strlen(text) && written; i++)
            written = write(file, text + i, 1) == 1;
        _exit(!written);
    }
    CHECK(writer > 0);
    CHECK_TEXT(read_path(named), "2");
    int status;
    CHECK_EQ_INT(waitpid(writer, &status, 0), writer);
    CHECK_EQ_INT(status, 0);
}

/* What is written while it is read is read; half a line waits for the next reader. */
TEST(files_that_grow)
{
    const char *const path = unit_path("g.jsonl"), *const two = record("2", "2026-11-27T09:00:00Z");
    add("g.jsonl", record("1", "2026-11-27T09:00:00Z"));
    gd_captured *captured;
    const gd_captured_record *r;
    gd_error error = {0};
    const char *const paths[] = {path, NULL};
    CHECK_OK(gd_captured_open(&(gd_captured_options){.paths = paths}, &captured, &error), &error);
    CHECK_OK(gd_captured_next(captured, &r, &error), &error);
    CHECK_TEXT(r->event_id, "1");
    FILE *file = fopen(path, "ab");
    CHECK(file != NULL);
    fprintf(file, "%s%.20s", two, two);
    CHECK_EQ_INT(fflush(file), 0);
    CHECK_OK(gd_captured_next(captured, &r, &error), &error);
    CHECK_TEXT(r->event_id, "2");
    CHECK_OK(gd_captured_next(captured, &r, &error), &error);
    CHECK(r == NULL);
    CHECK_EQ_INT(gd_captured_count(captured)->unfinished, 1);
    CHECK_EQ_INT(gd_captured_count(captured)->n_complaints, 0);
    gd_captured_close(captured);
    fputs(two + 20, file);
    CHECK_EQ_INT(fclose(file), 0);
    CHECK_TEXT(read_path(path), "1 2 2");
}

/* What is broken stays so; what the system does not give may be there the next time. */
TEST(what_is_not_given_is_told_from_what_is_broken)
{
    static const char *const links[] = {"/proc/self/mem", "03-00-000-x.jsonl", "/"};
    static const char *const reasons[] = {"Input/output error", "Too many levels of symbolic links", "Is a directory"};
    const char *const paths[] = {unit_path("c"), NULL}, *link = unit_path("c/a/b/2026/11/27/09/03-00-000-x.jsonl");
    add("c/a/b/2026/11/27/09/00-00-000-x.jsonl", record("1", "2026-11-27T09:00:00Z"));
    add("c/a/b/2026/11/27/09/02-00-000-x.jsonl", "\x1f\x8bnot gzip\n");
    for (int i = 0; i < 3; i++) {
        gd_captured *captured;
        const gd_captured_record *r;
        gd_error error = {0};
        CHECK_EQ_INT(symlink(links[i], link), 0);
        CHECK_OK(gd_captured_open(&(gd_captured_options){.paths = paths}, &captured, &error), &error);
        do
            CHECK_OK(gd_captured_next(captured, &r, &error), &error);
        while (r);
        const gd_captured_counts *counts = gd_captured_count(captured);
        CHECK_EQ_INT(counts->unread, 2);
        CHECK_EQ_INT(counts->barred, 1);
        CHECK_CONTAINS(counts->barrier.message, reasons[i]);
        CHECK_EQ_INT(counts->barrier.status, GD_IO);
        gd_captured_close(captured);
        CHECK_EQ_INT(unlink(link), 0);
    }
}

/* Traffic that is there and cannot be seen is not passed over. */
TEST(folders_that_cannot_be_looked_into)
{
    add("c/a/b/2026/11/27/09/00-00-000-x.jsonl", record("1", "2026-11-27T09:00:00Z"));
    add("c/other/00-00-000-x.jsonl", record("2", "2026-11-27T09:00:00Z"));
    const char *const above[] = {unit_path("c"), NULL}, *const closed = unit_path("c/other");
    const bool root = geteuid() == 0; /* who may look anywhere */
    CHECK_EQ_INT(chmod(unit_folder(), 0755), 0);
    for (int mode = 0; mode <= 0444; mode += 0444) { /* not listed; listed, and what is in it unknown */
        gd_captured *captured;
        gd_error error = {0};
        CHECK_EQ_INT(chmod(closed, (mode_t)mode), 0);
        if (root)
            CHECK_EQ_INT(seteuid(65534), 0);
        const gd_status status = gd_captured_open(&(gd_captured_options){.paths = above}, &captured, &error);
        if (root)
            CHECK_EQ_INT(seteuid(0), 0);
        CHECK_EQ_INT(chmod(closed, 0700), 0);
        CHECK_FAILS(status, GD_IO, &error, "Permission denied");
    }
}
