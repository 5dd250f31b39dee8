// SPDX-License-Identifier: Apache-2.0
#include "data/cache.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "data/walk.h"
#include "store/safetensors.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Raised when staging makes other bytes of the same source and settings. */
enum { STAGER_VERSION = 1 };

static gd_status too_long(const char *what, gd_error *error)
{
    return gd_fail(error, GD_IO, "the path of %s has more than %d bytes", what, GD_PATH_MAX - 1);
}

#define PRINT(to, what, error, ...)                                                                                    \
    do {                                                                                                               \
        if (snprintf((to), GD_PATH_MAX, __VA_ARGS__) >= GD_PATH_MAX)                                                   \
            return too_long((what), (error));                                                                          \
    } while (0)

/* ---- the source ---- */

/* The length of a leading "scheme:", or 0. One letter is no scheme. */
static size_t scheme_length(const char *source)
{
    size_t n = 0;
    while (isalnum((unsigned char)source[n]) || (n > 0 && strchr("+.-", source[n]) && source[n]))
        n++;
    return n > 1 && source[n] == ':' && isalpha((unsigned char)source[0]) ? n + 1 : 0;
}

/* file:PATH, file:///PATH, file://localhost/PATH, with %XX decoded (RFC 8089). */
static gd_status read_file_address(const char *address, gd_place place, char *path, gd_error *error)
{
    const char *at = address + strlen("file:");
    if (strncmp(at, "//localhost/", 12) == 0)
        at += 11;
    else if (strncmp(at, "///", 3) == 0)
        at += 2;
    else if (strncmp(at, "//", 2) == 0)
        return gd_fail_at(error, GD_INVALID, place, "data.source '%s' names another machine", address);
    size_t n = 0;
    for (; *at && n < GD_PATH_MAX - 1; at++) {
        if (*at == '%' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])) {
            path[n++] = (char)strtoul((char[]){at[1], at[2], '\0'}, NULL, 16);
            at += 2;
        } else {
            path[n++] = *at;
        }
    }
    path[n] = '\0';
    return *at ? too_long("data.source", error) : GD_OK;
}

/* A path as given → absolute, of something that is there. */
static gd_status find_local(const gd_config *config, const char *given, char *found, gd_error *error)
{
    char beside[GD_PATH_MAX] = "", *whole = NULL;
    const char *slash = config->path ? strrchr(config->path, '/') : NULL;
    if (given[0] != '/' && slash) {
        PRINT(beside, "data.source", error, "%.*s/%s", (int)(slash - config->path), config->path, given);
        whole = realpath(beside, NULL);
    }
    if (!whole)
        whole = realpath(given, NULL);
    if (!whole)
        return gd_fail_at(error, GD_IO, gd_config_place(config, "data.source"), "data.source: cannot open '%s': %s",
                          given, strerror(errno));
    size_t length = strlen(whole);
    if (length < GD_PATH_MAX)
        memcpy(found, whole, length + 1);
    free(whole);
    return length < GD_PATH_MAX ? GD_OK : too_long("data.source", error);
}

static gd_status find_source(const gd_config *config, gd_staging *staging, gd_error *error)
{
    const char *source = config->data.source;
    gd_place place = gd_config_place(config, "data.source");
    size_t length = scheme_length(source);
    staging->remote = strncmp(source, "https:", 6) == 0;
    if (staging->remote) {
        PRINT(staging->source, "data.source", error, "%s", source);
        return GD_OK;
    }
    if (strncmp(source, "file:", 5) == 0) {
        char path[GD_PATH_MAX];
        GD_TRY(read_file_address(source, place, path, error));
        return find_local(config, path, staging->source, error);
    }
    if (length > 0 && !gd_file_exists(source))
        return gd_fail_at(error, GD_INVALID, place,
                          "data.source '%s': addresses begin with https: or file:, this one with %.*s", source,
                          (int)length, source);
    return find_local(config, source, staging->source, error);
}

/* ---- settings ---- */

/* Sizes and times of the source's files: bytes of the one file, or of all in the folder, and a stamp of the rest. */
static gd_status stamp(const char *source, char text[64], gd_error *error)
{
    struct stat info;
    if (stat(source, &info) != 0)
        return gd_fail(error, GD_IO, "cannot open '%s': %s", source, strerror(errno));
    int64_t bytes = info.st_size, times[2] = {info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
    uint64_t state = gd_digest(GD_DIGEST_START, times, sizeof times);
    if (S_ISDIR(info.st_mode)) {
        gd_walk walk;
        GD_TRY(gd_walk_folder(source, GD_LOOPS_FAIL, &walk, error));
        bytes = 0;
        state = GD_DIGEST_START;
        for (int64_t i = 0; i < walk.n; i++) {
            const gd_walked *file = &walk.at[i];
            bytes += file->bytes;
            state = gd_digest(state, file->path, strlen(file->path) + 1);
            state = gd_digest(state, &file->bytes, sizeof file->bytes);
            state = gd_digest(state, &file->mtime, sizeof file->mtime);
        }
        gd_walk_release(&walk);
    }
    snprintf(text, 64, "%lld-%016llx", (long long)bytes, (unsigned long long)state);
    return GD_OK;
}

static void print_settings(const gd_data_config *data, const gd_staging *staging, gd_text *text)
{
    gd_text_add(text, "{\"stager\":%d,\"source\":", STAGER_VERSION);
    gd_text_add_json(text, staging->source);
    gd_text_add(text, ",\"sha256\":");
    gd_text_add_json(text, data->sha256);
    gd_text_add(text, ",\"format\":%d,\"classes\":[", data->format);
    for (int i = 0; i < data->classes.n; i++) {
        gd_text_add(text, i ? "," : "");
        gd_text_add_json(text, data->classes.at[i]);
    }
    gd_text_add(text, "],\"size\":%d,\"channels\":%d,\"test\":%.17g,\"max_rejected\":%d", data->size, data->channels,
                data->test, data->max_rejected);
}

/* The source's last name without what does not belong into a file's. */
static void short_name(const char *source, char name[64])
{
    size_t end = strcspn(source, "?#"), begin;
    while (end > 0 && source[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && source[begin - 1] != '/'; begin--)
        ;
    size_t n = 0;
    for (; begin < end && n < 63; begin++)
        name[n++] = isalnum((unsigned char)source[begin]) || strchr("._-", source[begin]) ? source[begin] : '_';
    name[n] = '\0';
}

/* A file, or its usual name in a folder. */
static gd_status place_out(const char *out, char *path, gd_error *error)
{
    struct stat info;
    size_t length = strlen(out);
    bool slash = length > 0 && out[length - 1] == '/';
    if (slash || (stat(out, &info) == 0 && S_ISDIR(info.st_mode)))
        PRINT(path, "the staged set", error, "%s%sstaged.safetensors", out, slash ? "" : "/");
    else
        PRINT(path, "the staged set", error, "%s", out);
    return GD_OK;
}

static gd_status finish(const gd_config *config, const char *out, gd_text *text, gd_arena *arena, gd_staging *staging,
                        gd_error *error)
{
    char cache[GD_PATH_MAX], name[64];
    bool has_cache = gd_cache_folder(cache, sizeof cache, out && !staging->remote ? NULL : error) == GD_OK;
    if (!has_cache && (!out || staging->remote))
        return GD_IO;
    print_settings(&config->data, staging, text);
    GD_TRY(gd_text_status(text, error));
    short_name(staging->source, name);
    if (has_cache) {
        /* the times of files are not part of the name: a changed source replaces its set */
        uint64_t key = gd_digest(GD_DIGEST_START, text->at, text->length);
        PRINT(staging->cached, "the staged set", error, "%s/staged/%s-%016llx.safetensors", cache, name,
              (unsigned long long)key);
    }
    if (out)
        GD_TRY(place_out(out, staging->staged, error));
    else
        memcpy(staging->staged, staging->cached, sizeof staging->staged);
    if (staging->remote) {
        uint64_t key = gd_digest(GD_DIGEST_START, staging->source, strlen(staging->source));
        PRINT(staging->fetched, "the fetched file", error, "%s/fetched/%016llx-%s", cache, (unsigned long long)key,
              name);
    } else {
        char files[64];
        GD_TRY(stamp(staging->source, files, error));
        gd_text_add(text, ",\"files\":\"%s\"", files);
    }
    gd_text_add(text, "}");
    GD_TRY(gd_text_status(text, error));
    staging->settings = gd_arena_text(arena, text->at);
    return staging->settings ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for settings");
}

gd_status gd_staging_find(const gd_config *config, const char *out, gd_arena *arena, gd_staging *staging,
                          gd_error *error)
{
    *staging = (gd_staging){0};
    GD_TRY(find_source(config, staging, error));
    gd_text text = {0};
    gd_status status = finish(config, out, &text, arena, staging, error);
    gd_text_release(&text);
    return status;
}

bool gd_staged_current(const char *path, const char *settings)
{
    gd_safetensors file;
    gd_error ignored = {0};
    if (!gd_file_exists(path) || gd_safetensors_open(path, &file, &ignored) != GD_OK)
        return false;
    const char *format = gd_safetensors_metadata(&file, "format");
    const char *its = gd_safetensors_metadata(&file, "settings");
    bool current = format && its && strcmp(format, "griddle-staged") == 0 && strcmp(its, settings) == 0;
    gd_safetensors_close(&file);
    return current;
}
