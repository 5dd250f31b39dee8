// SPDX-License-Identifier: Apache-2.0
/* Pictures in folders that bear the names of their classes:
 *
 *     train/<class>/…   with test/<class>/… or val/<class>/…     two splits
 *     <class>/…                                                  one; data.test draws the other
 *
 * below any number of outer folders. The layout is read off the files that are named like pictures; then every file in
 * a class' folder is used or rejected, whatever its name. Classes are sorted by name, images by path.
 */
#include "data/source.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64, MAX_CLASSES = 1 << 20 };
static const size_t max_bytes = (size_t)1 << 28;

static bool word_in(const char *word, size_t length, const char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        if (strlen(words[i]) == length && strncasecmp(word, words[i], length) == 0)
            return true;
    return false;
}

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
static const char *const picture_endings[] = {"png", "jpg", "jpeg"};
static const char *const train_words[] = {"train", "training"};
static const char *const test_words[] = {"test", "testing"};
static const char *const validation_words[] = {"val", "valid", "validation"};

static bool like_picture(const char *path)
{
    const char *dot = strrchr(gd_base_name(path), '.');
    return dot && word_in(dot + 1, strlen(dot + 1), picture_endings, COUNT(picture_endings));
}

static bool knows(const gd_files *files)
{
    for (int64_t i = 0; i < files->n; i++)
        if (like_picture(files->at[i].path))
            return true;
    return false;
}

/* Component number `depth` of the folders of a path: its start and length; NULL where there are fewer. */
static const char *folder_at(const char *path, int depth, size_t *length)
{
    *length = 0;
    for (; depth > 0; depth--) {
        path = strchr(path, '/');
        if (!path)
            return NULL;
        path++;
    }
    const char *end = strchr(path, '/');
    *length = end ? (size_t)(end - path) : 0;
    return end ? path : NULL;
}

typedef enum split_role { NO_SPLIT, TRAIN, TEST, VALIDATION } split_role;

static split_role role_at(const char *path, int depth)
{
    size_t length;
    const char *folder = folder_at(path, depth, &length);
    if (!folder)
        return NO_SPLIT;
    return word_in(folder, length, train_words, COUNT(train_words))             ? TRAIN
           : word_in(folder, length, test_words, COUNT(test_words))             ? TEST
           : word_in(folder, length, validation_words, COUNT(validation_words)) ? VALIDATION
                                                                                : NO_SPLIT;
}

/* How the folders lie. */
typedef struct folder_plan {
    int depth;     /* of the splits' folders, or of the classes' where there are no splits */
    bool splits;   /* there is a folder of training images */
    bool has_test; /* and one of test images */
} folder_plan;

/* What the pictures show of one depth. */
typedef struct depth_view {
    bool common;     /* all lie in one folder there … */
    bool deeper;     /* … and in a further one below it */
    bool train;      /* there is a train folder */
    bool train_deep; /* … with folders in it */
    bool test;
    bool others; /* there are folders that are named like no split */
} depth_view;

static depth_view look_at(const gd_files *files, int depth)
{
    depth_view view = {.common = true, .deeper = true};
    const char *first = NULL;
    size_t first_length = 0;
    for (int64_t i = 0; i < files->n; i++) {
        const char *path = files->at[i].path;
        size_t length, below;
        if (!like_picture(path))
            continue;
        const char *folder = folder_at(path, depth, &length);
        bool deeper = folder_at(path, depth + 1, &below) != NULL;
        split_role role = role_at(path, depth);
        view.train |= role == TRAIN;
        view.train_deep |= role == TRAIN && deeper;
        view.test |= role == TEST;
        view.others |= role == NO_SPLIT;
        view.deeper &= deeper;
        view.common &= folder && (!first || (length == first_length && memcmp(folder, first, length) == 0));
        first = folder;
        first_length = length;
    }
    return view;
}

/* Goes down from the root as long as all pictures lie in one folder and in further ones below it. A folder `train` may
 * also be a class, of locomotives: it is a split when it has folders in it or no other class beside it. */
static folder_plan find_plan(const gd_files *files)
{
    for (int depth = 0;; depth++) {
        depth_view view = look_at(files, depth);
        bool splits = view.train_deep || (view.train && !view.others);
        if (splits || !view.common || !view.deeper || depth == MAX_DEPTH)
            return (folder_plan){depth, splits, splits && view.test};
    }
}

typedef struct candidate {
    int64_t file;
    const char *path;
    const char *folder; /* its class', within the path: of folder_length bytes */
    size_t folder_length;
    const char *class; /* the same as a text */
    gd_part part;
} candidate;

static int by_path(const void *a, const void *b)
{
    return strcmp(((const candidate *)a)->path, ((const candidate *)b)->path);
}
static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

typedef struct visit_state {
    const gd_files *files;
    gd_sink *sink;
    gd_sample *samples; /* (files) */
} visit_state;

static gd_status on_file(void *context, int64_t file, gd_file_bytes bytes, gd_error *error)
{
    visit_state *state = context;
    if (!bytes.at)
        return gd_sink_reject(state->sink, state->files->at[file].path, bytes.trouble, error);
    return gd_sink_picture(state->sink, state->samples[file], bytes.at, bytes.length, error);
}

/* What becomes of a file: NULL and a filled candidate, or why it is none; "" where nobody expects it to be one. */
static const char *judge(const gd_files *files, int64_t i, const folder_plan *plan, candidate *it)
{
    const char *path = files->at[i].path;
    split_role role = plan->splits ? role_at(path, plan->depth) : TRAIN;
    *it = (candidate){.file = i, .path = path, .part = role == TRAIN ? GD_PART_TRAIN : GD_PART_TEST};
    it->folder = folder_at(path, plan->depth + (plan->splits ? 1 : 0), &it->folder_length);
    if ((role == VALIDATION && plan->has_test) || (!like_picture(path) && (role == NO_SPLIT || !it->folder)))
        return "";
    if (files->at[i].trouble)
        return files->at[i].trouble;
    return role == NO_SPLIT ? "it lies in no folder of a split"
           : !it->folder    ? "it lies in no folder of a class"
                            : NULL;
}

/* The files to be used, by path. */
static int64_t find_candidates(const gd_files *files, const folder_plan *plan, candidate *found)
{
    int64_t n = 0;
    for (int64_t i = 0; i < files->n; i++)
        n += judge(files, i, plan, &found[n]) == NULL;
    if (n > 0)
        qsort(found, (size_t)n, sizeof *found, by_path);
    return n;
}

/* Tells of what lies where it cannot be used. */
static gd_status reject_others(const gd_files *files, const folder_plan *plan, gd_sink *sink, gd_error *error)
{
    bool left_out = false;
    for (int64_t i = 0; i < files->n; i++) {
        candidate unused;
        const char *why = judge(files, i, plan, &unused);
        if (why && *why)
            GD_TRY(gd_sink_reject(sink, files->at[i].path, why, error));
        left_out |= plan->has_test && role_at(files->at[i].path, plan->depth) == VALIDATION;
    }
    if (left_out)
        gd_sink_note(sink, "the validation folder is left out: there is a test folder, and data.validation draws from "
                           "the training images");
    return GD_OK;
}

/* Gives each candidate the text of its class; *classes: all of them sorted, the caller's to free. */
static gd_status find_classes(candidate *found, int64_t n, gd_arena *arena, const char ***classes, int *n_classes,
                              gd_error *error)
{
    const char **all = *classes = malloc(((size_t)n + 1) * sizeof *all);
    int64_t kept = 0;
    *n_classes = 0;
    for (int64_t i = 0; all && i < n; i++) {
        /* by path, the files of a class stand together: its name comes once from each split */
        candidate *it = &found[i], *before = i > 0 ? it - 1 : NULL;
        if (before && it->folder_length == before->folder_length &&
            memcmp(it->folder, before->folder, it->folder_length) == 0)
            it->class = before->class;
        else if ((it->class = gd_arena_text_n(arena, it->folder, it->folder_length)))
            all[kept++] = it->class;
        else
            return gd_fail(error, GD_NOMEM, "out of memory for %lld files", (long long)n);
    }
    if (!all)
        return gd_fail(error, GD_NOMEM, "out of memory for %lld files", (long long)n);
    if (kept > 0)
        qsort(all, (size_t)kept, sizeof *all, by_text);
    for (int64_t i = 0; i < kept; i++)
        if (*n_classes == 0 || strcmp(all[*n_classes - 1], all[i]) != 0) {
            if (*n_classes == MAX_CLASSES)
                return gd_fail(error, GD_FORMAT, "more than %d folders of classes", MAX_CLASSES);
            all[(*n_classes)++] = all[i];
        }
    return GD_OK;
}

static gd_status read_all(const gd_files *files, gd_sink *sink, gd_error *error)
{
    gd_arena arena = {0};
    size_t room = (size_t)files->n + 1;
    candidate *found = calloc(room, sizeof *found);
    bool *wanted = calloc(room, sizeof *wanted);
    visit_state state = {files, sink, calloc(room, sizeof *state.samples)};
    const char **classes = NULL;
    int n_classes;
    int64_t n, n_wanted = 0;
    gd_status status = GD_OK;
    if (!found || !wanted || !state.samples) {
        status = gd_fail(error, GD_NOMEM, "out of memory for %lld files", (long long)files->n);
        goto done;
    }
    folder_plan plan = find_plan(files);
    n = find_candidates(files, &plan, found);
    GD_TRY_TO(done, find_classes(found, n, &arena, &classes, &n_classes, error));
    if (n_classes == 0) {
        status =
            gd_fail(error, GD_FORMAT, "the pictures of '%s' lie in no folders of classes: <class>/… or train/<class>/…",
                    files->root);
        goto done;
    }
    GD_TRY_TO(done, gd_sink_classes(sink, classes, n_classes, error));
    GD_TRY_TO(done, reject_others(files, &plan, sink, error));
    for (int64_t i = 0; i < n; i++) {
        const char **place = bsearch(&found[i].class, classes, (size_t)n_classes, sizeof *classes, by_text);
        int class = (int)(place - classes);
        state.samples[found[i].file] = (gd_sample){found[i].part, class, i, found[i].path};
        wanted[found[i].file] = gd_sink_wants(sink, class);
        n_wanted += wanted[found[i].file];
    }
    gd_sink_expect(sink, n_wanted);
    GD_TRY_TO(done, gd_files_read(files, wanted, max_bytes, on_file, &state, error));
done:
    free(classes);
    free(state.samples);
    free(wanted);
    free(found);
    gd_arena_release(&arena);
    return status;
}

const gd_reader gd_reader_folder = {"folder", knows, read_all};
