// SPDX-License-Identifier: Apache-2.0
#include "quality/truth.h"

#include "base/text.h"
#include "captured/files.h"

#include <stdlib.h>
#include <string.h>

/* `at` with room for one more than n; NULL: there is none. */
static void *grow(void *at, int64_t *capacity, int64_t n, size_t size)
{
    if (n < *capacity)
        return at;
    const int64_t more = *capacity > 0 ? 2 * *capacity : 64;
    void *grown = realloc(at, (size_t)more * size);
    if (grown)
        *capacity = more;
    return grown;
}

static gd_status no_memory(const gd_truth *truth, gd_error *error)
{
    return gd_fail(error, GD_NOMEM, "out of memory for %lld labels", (long long)truth->ids.n + 1);
}

/* The number of a label's text; where it stood first is kept. */
static gd_status put_word(gd_truth *truth, const gd_captured_label *label, int64_t *number, gd_error *error)
{
    int64_t file;
    *number = gd_texts_find(&truth->words, label->label);
    if (*number >= 0)
        return GD_OK;
    gd_truth_word *words = grow(truth->word, &truth->word_capacity, truth->words.n, sizeof *words);
    if (!words)
        return no_memory(truth, error);
    truth->word = words;
    GD_TRY(gd_texts_put(&truth->words, label->label, number, error));
    GD_TRY(gd_texts_put(&truth->files, label->file, &file, error));
    words[*number] = (gd_truth_word){truth->files.at[file], label->line, 0};
    return GD_OK;
}

static void note_contradiction(gd_truth *truth, const gd_captured_label *label, int32_t before)
{
    if (truth->contradicting++ > 0)
        return;
    const gd_place place = {label->file, label->line < INT32_MAX ? (int)label->line : INT32_MAX, 1};
    (void)gd_fail_at(&truth->contradiction, GD_FORMAT, place, "'%.64s' is labelled '%.64s', and was '%.64s' before",
                     label->id, label->label, truth->words.at[before]);
}

static gd_status add_id(gd_truth *truth, const char *id, int64_t *number, gd_error *error)
{
    gd_truth_label *labels = grow(truth->label, &truth->label_capacity, truth->ids.n, sizeof *labels);
    if (!labels)
        return no_memory(truth, error);
    truth->label = labels;
    return gd_texts_put(&truth->ids, id, number, error);
}

static gd_status add(gd_truth *truth, const gd_captured_label *label, int64_t to_ms, gd_error *error)
{
    int64_t id = gd_texts_find(&truth->ids, label->id), word, hour;
    GD_TRY(put_word(truth, label, &word, error));
    if (id >= 0 && truth->label[id].word == word) {
        truth->repeated++;
        return GD_OK;
    }
    if (id >= 0)
        note_contradiction(truth, label, truth->label[id].word);
    else
        GD_TRY(add_id(truth, label->id, &id, error));
    truth->label[id] = (gd_truth_label){.word = (int32_t)word,
                                        .late = to_ms > 0 && gd_files_hour(label->file, &hour) && hour >= to_ms};
    return GD_OK;
}

static gd_status read_all(gd_truth *truth, gd_captured *reader, int64_t to_ms, const volatile int *stop,
                          gd_error *error)
{
    for (;;) {
        const gd_captured_label *label;
        GD_TRY(gd_captured_next_label(reader, &label, error));
        if (!label)
            return GD_OK;
        if (stop && *stop)
            return gd_fail(error, GD_STOPPED, "stopped behind %lld label%s", (long long)truth->ids.n,
                           gd_plural(truth->ids.n));
        GD_TRY(add(truth, label, to_ms, error));
    }
}

gd_status gd_truth_read(gd_truth *truth, const char *const *paths, int64_t to_ms, const volatile int *stop,
                        gd_error *error)
{
    gd_captured *reader;
    *truth = (gd_truth){0};
    GD_TRY(gd_captured_open(&(gd_captured_options){.paths = paths}, &reader, error));
    const gd_status status = read_all(truth, reader, to_ms, stop, error);
    truth->read = *gd_captured_count(reader);
    gd_captured_close(reader);
    return status;
}

void gd_truth_release(gd_truth *truth)
{
    gd_texts_release(&truth->ids);
    gd_texts_release(&truth->words);
    gd_texts_release(&truth->files);
    free(truth->label);
    free(truth->word);
    *truth = (gd_truth){0};
}

gd_truth_label *gd_truth_find(const gd_truth *truth, const char *id)
{
    const int64_t number = id ? gd_texts_find(&truth->ids, id) : -1;
    return number < 0 ? NULL : &truth->label[number];
}

int gd_truth_class(const char *text, int n_classes, const char *const *classes)
{
    char *end;
    for (int c = 0; classes && c < n_classes; c++) {
        if (strcmp(classes[c], text) == 0)
            return c;
    }
    if (*text < '0' || *text > '9')
        return -1;
    const double number = strtod(text, &end);
    return *end == '\0' && number < n_classes && number == (int)number ? (int)number : -1;
}
