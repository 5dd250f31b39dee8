// SPDX-License-Identifier: Apache-2.0
#include "data/walk.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool hidden(const char *name, size_t length)
{
    return name[0] == '.' || (length == 8 && memcmp(name, "__MACOSX", 8) == 0);
}

bool gd_path_hidden(const char *path)
{
    for (;;) {
        size_t length = strcspn(path, "/");
        if (hidden(path, length))
            return true;
        if (path[length] == '\0')
            return false;
        path += length + 1;
    }
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const gd_walked *)a)->path, ((const gd_walked *)b)->path);
}

static gd_status add(gd_walk *walk, int64_t *capacity, const char *path, const struct stat *info, gd_error *error)
{
    if (walk->n == *capacity) {
        int64_t more = *capacity ? 2 * *capacity : 1024;
        gd_walked *grown = realloc(walk->at, (size_t)more * sizeof *grown);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for a list of %lld files", (long long)more);
        walk->at = grown;
        *capacity = more;
    }
    char *copy = gd_arena_text(&walk->arena, path);
    if (!copy)
        return gd_fail(error, GD_NOMEM, "out of memory for a list of %lld files", (long long)walk->n);
    walk->at[walk->n++] =
        (gd_walked){copy, info->st_size, (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec};
    return GD_OK;
}

gd_status gd_walk_folder(const char *root, gd_walk_loops loops, gd_walk *walk, gd_error *error)
{
    *walk = (gd_walk){0};
    int64_t capacity = 0;
    size_t skip = strlen(root) + (root[0] && root[strlen(root) - 1] == '/' ? 0 : 1);
    gd_status status = GD_OK;
    char *start = gd_arena_text(&walk->arena, root);
    FTS *tree = start ? fts_open((char *[]){start, NULL}, FTS_LOGICAL | FTS_NOCHDIR, NULL) : NULL;
    if (!tree) {
        status = gd_fail(error, GD_IO, "cannot open '%s': %s", root, strerror(errno));
        goto fail;
    }
    errno = 0;
    for (FTSENT *entry; (entry = fts_read(tree));) {
        if (entry->fts_level > 0 && hidden(entry->fts_name, entry->fts_namelen)) {
            fts_set(tree, entry, FTS_SKIP);
        } else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
            status = gd_fail(error, GD_IO, "cannot open '%s': %s", entry->fts_path, strerror(entry->fts_errno));
            goto fail;
        } else if (entry->fts_info == FTS_DC && loops == GD_LOOPS_FAIL) {
            status = gd_fail(error, GD_IO, "cannot list '%s': the link leads back to '%s'", entry->fts_path,
                             entry->fts_cycle->fts_path);
            goto fail;
        } else if (entry->fts_info == FTS_F && S_ISREG(entry->fts_statp->st_mode)) {
            GD_TRY_TO(fail, add(walk, &capacity, entry->fts_path + skip, entry->fts_statp, error));
        }
        errno = 0;
    }
    if (errno != 0) {
        status = gd_fail(error, GD_IO, "cannot list '%s': %s", root, strerror(errno));
        goto fail;
    }
    fts_close(tree);
    if (walk->n > 0)
        qsort(walk->at, (size_t)walk->n, sizeof *walk->at, by_path);
    return GD_OK;
fail:
    if (tree)
        fts_close(tree);
    gd_walk_release(walk);
    return status;
}

void gd_walk_release(gd_walk *walk)
{
    free(walk->at);
    gd_arena_release(&walk->arena);
    *walk = (gd_walk){0};
}
