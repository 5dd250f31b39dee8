// SPDX-License-Identifier: Apache-2.0
/* Staging as a whole: what is current, where things lie, what a failure leaves. Formats have tests of their own. */
#include "data/walk.h"
#include "data_stage.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two classes of n images. */
static const char *shapes(int n, int side)
{
    for (int i = 0; i < n; i++) {
        put_file(unit_path("shapes/round/%d.png", i), pattern_png(i, side, side, 1));
        put_file(unit_path("shapes/square/%d.png", i), pattern_png(i + 100, side, side, 1));
    }
    setenv("GRIDDLE_CACHE", unit_path("cache"), 1);
    return unit_text("source: %s", unit_path("shapes"));
}

static bool stage_again(const char *out, const char *lines)
{
    gd_error error = {0};
    bool fresh;
    CHECK_OK(stage_to(out, lines, &fresh, &error), &error);
    return fresh;
}

static int64_t images_in(const char *path)
{
    gd_staged set;
    gd_error error = {0};
    CHECK_OK(gd_staged_open(path, GD_OPEN_TRAIN, &set, &error), &error);
    int64_t n = set.train.n;
    gd_staged_close(&set);
    return n;
}

static int files_in(const char *folder)
{
    int n = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *file; dir && (file = readdir(dir));)
        n += file->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return n;
}

TEST(a_current_set_is_left_alone)
{
    const char *lines = shapes(3, 6), *out = unit_path("a.safetensors");
    CHECK(stage_again(out, lines));
    struct stat before, after;
    CHECK_EQ_INT(stat(out, &before), 0);
    CHECK(!stage_again(out, lines));
    CHECK_EQ_INT(stat(out, &after), 0);
    CHECK(before.st_ino == after.st_ino);
}

TEST(a_changed_source_or_setting_stages_anew)
{
    const char *lines = shapes(3, 6), *out = unit_path("a.safetensors");
    CHECK(stage_again(out, lines));
    put_file(unit_path("shapes/round/new.png"), pattern_png(7, 6, 6, 1));
    CHECK(stage_again(out, lines));
    CHECK_EQ_INT(images_in(out), 7);
    CHECK(stage_again(out, unit_text("%s\n  size: 3", lines)));
    CHECK(!stage_again(out, unit_text("%s\n  size: 3\n  validation: 0.5", lines))); /* decides nothing here */
}

TEST(a_set_for_a_run_is_shared_with_the_cache_and_outlives_it)
{
    const char *lines = shapes(3, 6);
    CHECK_EQ_INT(mkdir(unit_path("run"), 0777), 0);
    const char *out = unit_path("run/staged.safetensors");
    CHECK(stage_again(unit_path("run"), lines)); /* a folder: the set's usual name in it */
    struct stat info;
    CHECK_EQ_INT(stat(out, &info), 0);
    CHECK_EQ_INT(info.st_nlink, 2);
    /* the source changes; another run stages; this one keeps what it had */
    put_file(unit_path("shapes/round/new.png"), pattern_png(7, 6, 6, 1));
    CHECK(stage_again(unit_path("other.safetensors"), lines));
    CHECK_EQ_INT(images_in(unit_path("other.safetensors")), 7);
    CHECK_EQ_INT(images_in(out), 6);
    CHECK_EQ_INT(files_in(unit_path("cache/staged")), 1);
}

TEST(no_cache_is_no_hindrance_for_a_named_place)
{
    const char *lines = shapes(3, 6), *out = unit_path("a.safetensors");
    gd_error error = {0};
    bool fresh;
    put_file(unit_path("file"), blob_of("", 0));
    setenv("GRIDDLE_CACHE", unit_path("file/below"), 1);
    CHECK(stage_again(out, lines));
    CHECK_EQ_INT(images_in(out), 6);
    CHECK_FAILS(stage_to(NULL, lines, &fresh, &error), GD_IO, &error, "cannot make folder");
    setenv("GRIDDLE_CACHE", "", 1);
    setenv("XDG_CACHE_HOME", unit_path("xdg"), 1);
    CHECK(stage_again(NULL, lines));
    CHECK_EQ_INT(files_in(unit_path("xdg/griddle/staged")), 1);
    unsetenv("XDG_CACHE_HOME");
}

TEST(a_cache_that_takes_no_set_is_no_hindrance_either)
{
    const char *lines = shapes(3, 4), *out = unit_path("out.safetensors"), *cached;
    gd_error error = {0};
    gd_walk walk;
    stage_again(out, lines);
    CHECK_OK(gd_walk_folder(unit_path("cache"), GD_LOOPS_FAIL, &walk, &error), &error);
    CHECK_EQ_INT(walk.n, 1);
    cached = unit_path("cache/%s", walk.at[0].path);
    gd_walk_release(&walk);
    CHECK(unlink(cached) == 0 && unlink(out) == 0 && mkdir(cached, 0777) == 0); /* no file can be renamed to it */
    CHECK(stage_again(out, lines));
    CHECK_EQ_INT(images_in(out), 6);
}

TEST(a_run_that_holds_its_folder_is_staged_into_without_a_cache)
{
    const char *lines = shapes(3, 4), *run = unit_path("run");
    put_file(unit_path("file"), blob_of("", 0));
    setenv("GRIDDLE_CACHE", unit_path("file/below"), 1);
    CHECK_EQ_INT(mkdir(run, 0777), 0);
    int held = open(run, O_RDONLY | O_DIRECTORY);
    CHECK(held >= 0 && flock(held, LOCK_EX | LOCK_NB) == 0);
    alarm(60); /* instead of waiting for ever */
    CHECK(stage_again(run, lines));
    alarm(0);
    CHECK_EQ_INT(images_in(unit_path("run/staged.safetensors")), 6);
    close(held);
}

TEST(a_digest_is_of_a_file)
{
    stage_fails(unit_text("%s\n  sha256: %064d", shapes(3, 4), 0), GD_INVALID, "is a folder; leave it empty");
}

TEST(a_place_that_cannot_be_written_is_named)
{
    const char *lines = shapes(2, 6);
    gd_error error = {0};
    bool fresh;
    put_file(unit_path("file"), blob_of("", 0));
    CHECK_FAILS(stage_to(unit_path("file/x/a.safetensors"), lines, &fresh, &error), GD_IO, &error, "/file'");
}

TEST(a_read_only_folder_is_named)
{
    if (geteuid() == 0)
        SKIP("root may write into read-only folders");
    const char *lines = shapes(2, 6);
    gd_error error = {0};
    bool fresh;
    CHECK_EQ_INT(mkdir(unit_path("locked"), 0555), 0);
    setenv("GRIDDLE_CACHE", unit_path("locked/cache"), 1);
    CHECK_FAILS(stage_to(unit_path("locked/a.safetensors"), lines, &fresh, &error), GD_IO, &error,
                "locked/a.safetensors': Permission denied");
}

TEST(a_full_disk_leaves_nothing)
{
    /* the limit on the size of a file stands for a disk that fills up: in the spool, or while the set is written */
    const char *lines = shapes(20, 40);
    struct rlimit before, tiny;
    CHECK_EQ_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < 2; i++) {
        gd_error error = {0};
        bool fresh;
        tiny = before;
        tiny.rlim_cur = i == 0 ? 20000 : 64500; /* 40 images have 64,000 bytes */
        CHECK_EQ_INT(setrlimit(RLIMIT_FSIZE, &tiny), 0);
        gd_status status = stage_to(unit_path("a.safetensors"), lines, &fresh, &error);
        setrlimit(RLIMIT_FSIZE, &before);
        CHECK_FAILS(status, GD_IO, &error, "File too large");
        CHECK(!gd_file_exists(unit_path("a.safetensors")));
        CHECK_EQ_INT(files_in(unit_path("cache/staged")), 0);
    }
    signal(SIGXFSZ, handler);
    CHECK(stage_again(unit_path("a.safetensors"), lines));
}

TEST(file_addresses_and_relative_paths)
{
    shapes(2, 6);
    CHECK_EQ_INT(rename(unit_path("shapes"), unit_path("my shapes")), 0);
    CHECK(stage_again(unit_path("a.safetensors"), unit_text("source: 'file://%s'", unit_path("my%%20shapes"))));
    CHECK(!stage_again(unit_path("a.safetensors"), unit_text("source: 'file:%s'", unit_path("my shapes"))));

    /* beside the config, wherever the process stands */
    gd_config config;
    gd_arena arena = {0};
    gd_staging staging;
    gd_error error = {0};
    put_file(unit_path("a.yaml"), blob_of("data:\n  source: my shapes\n", 26));
    CHECK_OK(gd_config_read(unit_path("a.yaml"), NULL, 0, &config, &error), &error);
    CHECK_OK(gd_staging_find(&config, NULL, &arena, &staging, &error), &error);
    CHECK_CONTAINS(staging.source, "/my shapes");
    CHECK(!staging.remote);
    gd_arena_release(&arena);
    gd_config_release(&config);
}

TEST(sources_of_other_kinds_are_refused)
{
    stage_fails("source: s3://bucket/key", GD_INVALID, "test.yaml:2:11: data.source 's3://bucket/key'");
    stage_fails("source: http://x/y.tar", GD_INVALID, "this one with http:");
    stage_fails("source: file://host/y.tar", GD_INVALID, "names another machine");
    stage_fails("source: /nowhere", GD_IO, "cannot open '/nowhere': No such file");
    stage_fails(unit_text("source: %s", put_file(unit_path("x.tar"), blob_of("no tar", 6))), GD_FORMAT, "x.tar");
}

TEST(the_digest_of_a_local_file_is_checked)
{
    const packed_file files[] = {{"a/1.png", pattern_png(1, 6, 6, 1)}, {"b/1.png", pattern_png(2, 6, 6, 1)}};
    const char *path = put_archive(unit_path("x.tar"), "ustar", NULL, files, 2);
    stage_fails(unit_text("source: %s\n  sha256: %064d", path, 0), GD_FORMAT, "data.sha256 is 000000");
}

TEST(cifar_10_as_jpeg)
{
    gd_staged set = staged_of(unit_text("source: %s\n  classes: [cat, dog]", unit_data("cifar10-jpeg.tar.xz")));
    CHECK_EQ_INT(set.train.n, 10000);
    CHECK_EQ_INT(set.test.n, 2000);
    gd_staged_close(&set);
}
