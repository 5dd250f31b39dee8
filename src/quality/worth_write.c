// SPDX-License-Identifier: Apache-2.0
/* What is worth labelling, as folders of pictures. */
#include "base/file.h"
#include "base/text.h"
#include "body/body.h"
#include "captured/time.h"
#include "quality/safe_name.h"
#include "quality/worth.h"
#include "survey/origin.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = 4096, WRONG, UNSURE };

/* A picture on its way into a folder. */
typedef struct place {
    gd_pick pick; /* its texts are the worth's */
    int order;    /* in the list */
    bool wrong;
    char file[2 * GD_SAFE_NAME + 32]; /* below the folder; "": not written */
} place;

typedef struct job {
    const gd_worth *worth;
    const char *folder;
    const char *const *classes;
    gd_worth_files *written;
    int n;
    place *place; /* (n) as listed: the wrong ones, then the unsure ones; while going through: by line and file */
    gd_pictures pictures;
} job;

static const char *const names[] = {"wrong", "unsure"};

/* ---- folders ---- */

static gd_status path_of(const job *j, const char *name, const char *ending, char path[PATH], gd_error *error)
{
    if (snprintf(path, PATH, "%s/%s%s", j->folder, name, ending) >= PATH)
        return gd_fail(error, GD_IO, "cannot write '%s' into '%s': the path is too long", name, j->folder);
    return GD_OK;
}

gd_status gd_worth_check(const char *folder, gd_error *error)
{
    for (int i = 0; i < 2; i++) {
        char path[PATH];
        GD_TRY(path_of(&(job){.folder = folder}, names[i], "", path, error));
        if (gd_file_exists(path))
            return gd_fail(error, GD_INVALID,
                           "'%s' is there already, and may have been sorted: name another folder with -o, or write no "
                           "pictures with --worth 0",
                           path);
    }
    return GD_OK;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *level)
{
    (void)info, (void)kind, (void)level;
    return remove(path);
}

/* What a run that was killed had begun, or this one where it failed. */
static void remove_drafts(const job *j)
{
    for (int i = 0; i < 2; i++) {
        char path[PATH];
        if (path_of(j, names[i], ".part", path, NULL) == GD_OK)
            nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
}

static gd_status commit(const job *j, bool wrong, int pictures, gd_error *error)
{
    char part[PATH], path[PATH];
    if (pictures == 0)
        return GD_OK;
    GD_TRY(path_of(j, names[!wrong], ".part", part, error));
    GD_TRY(path_of(j, names[!wrong], "", path, error));
    if (rename(part, path) != 0)
        return gd_fail(error, GD_IO, "cannot rename '%s' to '%s': %s", part, path, strerror(errno));
    return GD_OK;
}

/* ---- pictures ---- */

static gd_status write_png(const char *path, const gd_picture *picture, gd_error *error)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)picture->width,
                       .height = (png_uint_32)picture->height,
                       .format = picture->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *file = malloc(bytes);
    gd_status status;
    if (!file)
        return gd_fail(error, GD_NOMEM, "out of memory for a picture of %dx%d", picture->width, picture->height);
    if (png_image_write_to_memory(&image, file, &bytes, 0, picture->pixels, 0, NULL))
        status = gd_file_write(path, file, bytes, error);
    else
        status = gd_fail(error, GD_NOMEM, "cannot make '%s' a PNG: %s", path, image.message);
    png_image_free(&image);
    free(file);
    return status;
}

/* Makes the file's folder and its name, which `place` keeps. */
static gd_status name_file(const job *j, place *p, const char *ending, char path[PATH], gd_error *error)
{
    char class[GD_SAFE_NAME], id[GD_SAFE_NAME], below[sizeof p->file];
    gd_safe_class(j->classes[p->wrong ? p->pick.label : p->pick.answer], class);
    gd_safe_id(p->pick.id, id);
    snprintf(below, sizeof below, "%s.part/%s", names[!p->wrong], class);
    GD_TRY(path_of(j, below, "", path, error));
    GD_TRY(gd_folder_make(path, error));
    for (int twin = 1;; twin++) { /* the same id again: another picture */
        char suffix[16] = "";
        if (twin > 1)
            snprintf(suffix, sizeof suffix, "%%%d", twin);
        snprintf(below, sizeof below, "%s.part/%s/%s%s.%s", names[!p->wrong], class, id, suffix, ending);
        GD_TRY(path_of(j, below, "", path, error));
        snprintf(p->file, sizeof p->file, "%s/%s/%s%s.%s", names[!p->wrong], class, id, suffix, ending);
        if (!gd_file_exists(path))
            return GD_OK;
    }
}

static gd_status write_picture(job *j, place *p, const void *body, size_t length, gd_error *error)
{
    const gd_description file = gd_decode_describe(body, length);
    char path[PATH];
    GD_TRY(name_file(j, p, file.format && strcmp(file.format, "jpeg") == 0 ? "jpg" : "png", path, error));
    GD_TRY(file.format ? gd_file_write(path, body, length, error) : write_png(path, &j->pictures.picture[0], error));
    ++*(p->wrong ? &j->written->wrong : &j->written->unsure);
    return GD_OK;
}

static gd_status write_record(job *j, gd_captured *reader, const gd_captured_record *record, place *p, gd_error *error)
{
    const void *body;
    size_t length;
    gd_error why = {0};
    if (!record->input.encoding)
        return GD_OK;
    gd_pictures_clear(&j->pictures);
    gd_status status = gd_captured_body(reader, &record->input, &body, &length, &why);
    if (status == GD_OK)
        status = gd_body_decode(record->input.type, body, length, 0, &j->pictures, &why);
    if (status == GD_OK && j->pictures.n != 1)
        status = gd_fail(&why, GD_FORMAT, "has %d pictures where one was answered", j->pictures.n);
    if (status == GD_OK)
        return write_picture(j, p, body, length, error);
    if (status != GD_FORMAT && status != GD_UNSUPPORTED)
        return gd_fail(error, status, "%s", why.message);
    gd_origin_note_body(record, &why, &j->written->broken, &j->written->first);
    return GD_OK;
}

/* ---- going through again ---- */

static int by_place(const void *a, const void *b)
{
    const gd_pick *x = &((const place *)a)->pick, *y = &((const place *)b)->pick;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return strcmp(x->file, y->file);
}

static int by_order(const void *a, const void *b) { return ((const place *)a)->order - ((const place *)b)->order; }

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static gd_status collect(job *j, gd_error *error)
{
    const gd_picks *wrong = &j->worth->wrong, *unsure = &j->worth->unsure;
    j->n = wrong->n + unsure->n;
    j->place = calloc((size_t)j->n + 1, sizeof *j->place);
    if (!j->place)
        return gd_fail(error, GD_NOMEM, "out of memory for %d pictures worth labelling", j->n);
    for (int i = 0; i < j->n; i++) {
        j->place[i].wrong = i < wrong->n;
        j->place[i].pick = i < wrong->n ? wrong->at[i] : unsure->at[i - wrong->n];
        j->place[i].order = i;
    }
    return GD_OK;
}

/* The files that hold something, each once; ends with NULL, to be freed. */
static const char **files_of(const job *j)
{
    const char **file = calloc((size_t)j->n + 1, sizeof *file);
    int n = 0;
    for (int i = 0; file && i < j->n; i++)
        file[i] = j->place[i].pick.file;
    if (file)
        qsort(file, (size_t)j->n, sizeof *file, by_text);
    for (int i = 0; file && i < j->n; i++) {
        if (n == 0 || strcmp(file[n - 1], file[i]) != 0)
            file[n++] = file[i];
    }
    if (file)
        file[n] = NULL;
    return file;
}

static gd_status go_through(job *j, gd_captured *reader, gd_error *error)
{
    for (;;) {
        const gd_captured_record *record;
        GD_TRY(gd_captured_next(reader, &record, error));
        if (!record)
            return GD_OK;
        place key = {.pick = {.file = (char *)record->file, .line = record->line}};
        place *found = bsearch(&key, j->place, (size_t)j->n, sizeof key, by_place);
        const char *id = record->inference_id ? record->inference_id : record->event_id ? record->event_id : "";
        if (found && strcmp(found->pick.id, id) == 0)
            GD_TRY(write_record(j, reader, record, found, error));
    }
}

static gd_status write_pictures(job *j, const gd_captured_options *captured, gd_error *error)
{
    const char **files = files_of(j);
    gd_captured *reader = NULL;
    gd_captured_options options = *captured;
    if (!files)
        return gd_fail(error, GD_NOMEM, "out of memory for a list of files");
    options.paths = files;
    qsort(j->place, (size_t)j->n, sizeof *j->place, by_place);
    gd_status status = gd_captured_open(&options, &reader, error);
    if (status == GD_OK)
        status = go_through(j, reader, error);
    gd_captured_close(reader);
    qsort(j->place, (size_t)j->n, sizeof *j->place, by_order);
    free(files);
    return status;
}

/* ---- the list ---- */

static void print_why(const job *j, const place *p, gd_text *out)
{
    const gd_pick *k = &p->pick;
    char *why = NULL;
    const char *answer = j->classes[k->answer];
    const int n = p->wrong && isnan(k->confidence)
                      ? asprintf(&why, "answered '%s', and is labelled '%s'", answer, j->classes[k->label])
                  : p->wrong ? asprintf(&why, "answered '%s' with %.4f, and is labelled '%s'", answer,
                                        (double)k->confidence, j->classes[k->label])
                             : asprintf(&why, "answered '%s' with %.4f, %.4f more than the next", answer,
                                        (double)k->confidence, (double)k->margin);
    if (n < 0)
        out->failed = 1;
    else
        gd_text_add_json(out, why);
    free(n < 0 ? NULL : why);
}

static void print_pick(const job *j, const place *p, gd_text *out)
{
    const gd_pick *k = &p->pick;
    char *where = NULL, when[GD_TIME_TEXT];
    if (asprintf(&where, "%s:%" PRId64, k->file, k->line) < 0) {
        out->failed = 1;
        return;
    }
    gd_text_add(out, "{\"kind\":\"%s\",\"id\":", names[!p->wrong]);
    gd_text_add_json(out, k->id);
    gd_text_add(out, ",\"place\":");
    gd_text_add_json(out, where);
    gd_text_add(out, ",\"time\":\"%s\",\"label\":", gd_time_text(k->time_ms, when));
    if (p->wrong)
        gd_text_add_json(out, j->classes[k->label]);
    else
        gd_text_add(out, "null");
    gd_text_add(out, ",\"answer\":");
    gd_text_add_json(out, j->classes[k->answer]);
    if (isnan(k->confidence))
        gd_text_add(out, ",\"confidence\":null,\"margin\":null,\"why\":");
    else
        gd_text_add(out, ",\"confidence\":%.9g,\"margin\":%.9g,\"why\":", (double)k->confidence, (double)k->margin);
    print_why(j, p, out);
    gd_text_add(out, ",\"file\":");
    if (p->file[0])
        gd_text_add_json(out, p->file);
    else
        gd_text_add(out, "null");
    gd_text_add(out, "}\n");
    free(where);
}

static gd_status write_list(const job *j, gd_error *error)
{
    gd_text list = {0};
    char path[PATH];
    for (int i = 0; i < j->n; i++)
        print_pick(j, &j->place[i], &list);
    gd_status status = path_of(j, "worth.jsonl", "", path, error);
    if (status == GD_OK)
        status = gd_text_status(&list, error);
    if (status == GD_OK)
        status = gd_file_write(path, list.at ? list.at : "", list.length, error);
    gd_text_release(&list);
    return status;
}

gd_status gd_worth_write(const gd_worth *worth, const char *folder, const char *const *classes,
                         const gd_captured_options *captured, gd_worth_files *written, gd_error *error)
{
    job j = {.worth = worth, .folder = folder, .classes = classes, .written = written};
    *written = (gd_worth_files){0};
    gd_status status;
    remove_drafts(&j);
    GD_TRY_TO(done, collect(&j, error));
    if (j.n > 0)
        GD_TRY_TO(done, write_pictures(&j, captured, error));
    GD_TRY_TO(done, write_list(&j, error));
    GD_TRY_TO(done, commit(&j, true, written->wrong, error));
    status = commit(&j, false, written->unsure, error);
done:
    if (status != GD_OK)
        remove_drafts(&j);
    gd_pictures_release(&j.pictures);
    free(j.place);
    return status;
}
