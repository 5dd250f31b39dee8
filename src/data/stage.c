// SPDX-License-Identifier: Apache-2.0
#include "data/stage.h"

#include "base/file.h"
#include "data/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the order of gd_format, and of trying. */
static const gd_reader *const readers[] = {&gd_reader_idx, &gd_reader_cifar10, &gd_reader_cifar100, &gd_reader_folder};
enum { N_READERS = sizeof readers / sizeof *readers };

/* Makes the folder of a file. */
static gd_status make_folder(const char *path, char folder[GD_PATH_MAX], gd_error *error)
{
    snprintf(folder, GD_PATH_MAX, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        snprintf(folder, GD_PATH_MAX, ".");
    else
        slash[slash == folder] = '\0';
    return gd_folder_make(folder, error);
}

/* Waits until no other process stages into the folder. A file system without locks is no reason to fail. */
static gd_status lock_folder(const char *folder, int *lock, gd_error *error)
{
    *lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*lock < 0)
        return gd_fail(error, GD_IO, "cannot open folder '%s': %s", folder, strerror(errno));
    while (flock(*lock, LOCK_EX) != 0 && errno == EINTR)
        ;
    return GD_OK;
}

static gd_status fetch(const gd_config *config, const gd_staging *staging, const gd_stage_watch *watch, gd_error *error)
{
    char folder[GD_PATH_MAX];
    GD_TRY(make_folder(staging->fetched, folder, error));
    gd_fetch_options options = {.address = staging->source, .path = staging->fetched, .sha256 = config->data.sha256};
    if (watch) {
        options.context = watch->context;
        options.progress = watch->progress;
    }
    return gd_fetch(&options, error);
}

/* Where the source lies on this machine, verified. */
static gd_status obtain(const gd_config *config, const gd_staging *staging, const gd_stage_watch *watch,
                        const char **root, gd_error *error)
{
    const char *sha256 = config->data.sha256;
    struct stat info;
    *root = staging->remote ? staging->fetched : staging->source;
    if (staging->remote && !gd_file_exists(*root))
        return fetch(config, staging, watch, error);
    if (!*sha256)
        return GD_OK;
    if (stat(*root, &info) == 0 && S_ISDIR(info.st_mode))
        return gd_fail_at(error, GD_INVALID, gd_config_place(config, "data.sha256"),
                          "data.sha256 is the digest of a file, and '%s' is a folder; leave it empty", *root);
    gd_error cause = {0};
    gd_status status = gd_sha256_check(*root, sha256, &cause);
    if (status == GD_OK)
        return GD_OK;
    if (!staging->remote || status != GD_FORMAT)
        return gd_fail(error, status, "%s", cause.message);
    /* what was fetched is of an earlier digest */
    if (unlink(*root) != 0)
        return gd_fail(error, GD_IO, "cannot replace '%s': %s", *root, strerror(errno));
    return fetch(config, staging, watch, error);
}

static gd_status choose_reader(const gd_config *config, const gd_files *files, const gd_reader **reader,
                               gd_error *error)
{
    int format = config->data.format;
    *reader = NULL;
    for (int i = 0; i < N_READERS && !*reader; i++)
        if ((format == GD_FORMAT_AUTO || format == GD_FORMAT_IDX + i) && readers[i]->knows(files))
            *reader = readers[i];
    if (*reader)
        return GD_OK;
    if (format != GD_FORMAT_AUTO)
        return gd_fail_at(error, GD_INVALID, gd_config_place(config, "data.format"),
                          "data.format is %s, but '%s' holds no such files", readers[format - GD_FORMAT_IDX]->name,
                          files->root);
    return gd_fail(
        error, GD_FORMAT,
        "'%s' with its %lld files is of no known format: neither IDX, nor CIFAR, nor folders of PNG and JPEG",
        files->root, (long long)files->n);
}

static gd_status read_source(const gd_config *config, const gd_staging *staging, const char *path, const char *root,
                             const gd_stage_watch *watch, gd_error *error)
{
    gd_files files;
    const gd_reader *reader;
    gd_sink *sink = NULL;
    gd_status status;
    GD_TRY(gd_files_list(root, &files, error));
    GD_TRY_TO(done, choose_reader(config, &files, &reader, error));
    GD_TRY_TO(done, gd_sink_new(path, &config->data, watch, &sink, error));
    GD_TRY_TO(done, reader->read(&files, sink, error));
    GD_TRY_TO(done, gd_sink_finish(sink, staging->source, staging->settings, error));
done:
    if (status == GD_INVALID && sink) /* all that a reader or the sink finds wrong with a config */
        gd_error_prefix(error, gd_config_place(config, "data.classes"), "data.classes");
    gd_sink_free(sink);
    gd_files_release(&files);
    return status;
}

/* Makes the set in the cache, unless it is there. */
static gd_status make_cached(const gd_config *config, const gd_staging *staging, const char *root,
                             const gd_stage_watch *watch, gd_error *error)
{
    char folder[GD_PATH_MAX];
    int lock;
    GD_TRY(make_folder(staging->cached, folder, error));
    GD_TRY(lock_folder(folder, &lock, error));
    gd_status status = GD_OK;
    if (!gd_staged_current(staging->cached, staging->settings)) /* another process may have made it while we waited */
        status = read_source(config, staging, staging->cached, root, watch, error);
    close(lock);
    return status;
}

/* Puts a hard link to the set at `from` in the place of `to`. False: not possible here, as between two file systems. */
static bool share(const char *from, const char *to)
{
    char beside[GD_PATH_MAX + 8];
    snprintf(beside, sizeof beside, "%s.link", to);
    unlink(beside);
    if (link(from, beside) != 0)
        return false;
    bool shared = rename(beside, to) == 0;
    unlink(beside); /* where `to` was that very file already, rename does nothing */
    return shared;
}

gd_status gd_stage(const gd_config *config, const gd_staging *staging, const gd_stage_watch *watch, bool *fresh,
                   gd_error *error)
{
    char folder[GD_PATH_MAX];
    const char *root;
    *fresh = false;
    GD_TRY(gd_file_replaceable(staging->staged, error));
    if (gd_staged_current(staging->staged, staging->settings))
        return GD_OK;
    GD_TRY(make_folder(staging->staged, folder, error));
    GD_TRY(obtain(config, staging, watch, &root, error));
    *fresh = true;
    if (strcmp(staging->cached, staging->staged) == 0)
        return make_cached(config, staging, root, watch, error);
    gd_error no_cache = {0}; /* a cache that cannot be made is only slower */
    if (staging->cached[0] && make_folder(staging->cached, folder, &no_cache) == GD_OK && access(folder, W_OK) == 0) {
        gd_status status = make_cached(config, staging, root, watch, &no_cache);
        if (status == GD_OK && share(staging->cached, staging->staged))
            return GD_OK;
        if (status != GD_OK && status != GD_IO) { /* a full cache, for one, leaves the place that was asked for */
            if (error)
                *error = no_cache;
            return status;
        }
    }
    /* Without the lock: a run's folder is held by the run that waits for us. Two writers, the file itself tells apart.
     */
    return read_source(config, staging, staging->staged, root, watch, error);
}
