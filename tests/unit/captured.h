// SPDX-License-Identifier: Apache-2.0
/* What capture left in a folder, and on standard error. */
#ifndef GD_TESTS_UNIT_CAPTURED_H
#define GD_TESTS_UNIT_CAPTURED_H

#include "base/arena.h"
#include "base/text.h"
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_CAPTURED = 1024 };
static struct {
    gd_arena arena; /* of all texts that are returned here */
    int n;
    const char *path[MOST_CAPTURED];
} captured;

static int captured_visit(const char *path, const struct stat *info, int kind, struct FTW *level)
{
    (void)info, (void)level;
    if (kind == FTW_F && captured.n < MOST_CAPTURED)
        captured.path[captured.n++] = gd_arena_text(&captured.arena, path);
    return 0;
}

static int captured_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Fills `captured` with the files below `folder`, in order; returns how many. */
static inline int captured_files(const char *folder)
{
    captured.n = 0;
    nftw(folder, captured_visit, 16, FTW_PHYS);
    qsort(captured.path, (size_t)captured.n, sizeof *captured.path, captured_order);
    return captured.n;
}

static inline const char *captured_file(const char *path)
{
    gd_text text = {0};
    char piece[4096];
    FILE *stream = fopen(path, "rb");
    CHECK(stream != NULL);
    for (size_t n; (n = fread(piece, 1, sizeof piece, stream)) > 0;)
        gd_text_add_n(&text, piece, n);
    fclose(stream);
    const char *kept = gd_arena_text(&captured.arena, text.at ? text.at : "");
    gd_text_release(&text);
    return kept;
}

/* All of them, one behind the other. */
static inline const char *captured_text(const char *folder)
{
    const char *all = "";
    captured_files(folder);
    for (int i = 0; i < captured.n; i++)
        all = gd_arena_printf(&captured.arena, "%s%s", all, captured_file(captured.path[i]));
    return all;
}

static inline int captured_count(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}

/* How many this process has open. */
static inline int captured_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 1000; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* Standard error goes into a file from here to `captured_said`, which returns what was said. */
static inline int captured_listen(void)
{
    const int before = dup(STDERR_FILENO),
              file = open(unit_path("said"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    fflush(stderr);
    dup2(file, STDERR_FILENO);
    close(file);
    return before;
}

static inline const char *captured_said(int before)
{
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    return captured_file(unit_path("said"));
}

#endif
