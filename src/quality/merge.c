// SPDX-License-Identifier: Apache-2.0
#include "quality/merge.h"

#include "base/text.h"
#include "body/body.h"
#include "survey/origin.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A pass. */
typedef struct pass {
    gd_merge *m;
    gd_captured *reader;
    gd_session *session; /* NULL: none */
    gd_pictures pictures;
    float *probability; /* (classes) of the record in hand */
    gd_answer_figures answer;
    bool begun;
} pass;

static gd_status no_memory(int classes, gd_error *error)
{
    return gd_fail(error, GD_NOMEM, "out of memory for %d classes", classes);
}

/* ---- classes ---- */

static gd_status copy_names(gd_merge *m, const char *const *names, gd_error *error)
{
    const char **copy = gd_arena_alloc(m->arena, (size_t)m->n_classes, sizeof *copy);
    for (int c = 0; copy && c < m->n_classes; c++) {
        copy[c] = names ? gd_arena_text(m->arena, names[c]) : gd_arena_printf(m->arena, "%d", c);
        if (!copy[c])
            return no_memory(m->n_classes, error);
    }
    m->classes = copy;
    return copy ? GD_OK : no_memory(m->n_classes, error);
}

/* The second, as the managed monitor has it: its labels are 0 and 1. */
static gd_status find_positive(const gd_merge *m, int *positive, gd_error *error)
{
    *positive = 1;
    if (!m->positive)
        return GD_OK;
    *positive = gd_truth_class(m->positive, m->n_classes, m->classes);
    if (*positive < 0)
        return gd_fail(error, GD_INVALID, "--positive: no class is called '%.64s'", m->positive);
    if (m->n_classes != 2)
        return gd_fail(error, GD_INVALID, "--positive is of two classes, where the model has %d", m->n_classes);
    return GD_OK;
}

/* Once it is known how many classes there are. */
static gd_status begin(pass *p, gd_error *error)
{
    gd_merge *m = p->m;
    int positive;
    GD_TRY(find_positive(m, &positive, error));
    GD_TRY(gd_grades_init(m->grades, m->n_classes, positive, error));
    p->probability = calloc((size_t)m->n_classes, sizeof *p->probability);
    return p->probability ? GD_OK : no_memory(m->n_classes, error);
}

/* ---- answers ---- */

/* The first answer says how many classes there are, where nobody else did: two, where it is one probability. */
static void count_classes(gd_merge *m, const gd_captured_record *record)
{
    if (m->n_classes == 0 && record->probability)
        m->n_classes = record->n_classes == 1 ? 2 : record->n_classes;
}

static gd_status take_captured(pass *p, const gd_captured_record *record, gd_error *error)
{
    gd_merge *m = p->m;
    if (!m->classes && record->classes)
        GD_TRY(copy_names(m, record->classes, error));
    if (!p->probability)
        GD_TRY(begin(p, error));
    if (record->answered) {
        p->answer = gd_answer_alone(gd_origin_class(record, 0, m->n_classes, m->classes));
        return GD_OK;
    }
    gd_origin_answer(record, 0, m->n_classes, m->classes, p->probability);
    p->answer = gd_answer_of(p->probability, m->n_classes);
    return GD_OK;
}

typedef enum pictures { NONE, ONE, SEVERAL } pictures; /* that were answered */

/* What the model says of the captured picture. */
static gd_status ask(pass *p, const gd_captured_record *record, pictures *answered, gd_error *error)
{
    const void *body;
    size_t length;
    gd_error why = {0};
    gd_pictures_clear(&p->pictures);
    gd_status status = gd_captured_body(p->reader, &record->input, &body, &length, &why);
    if (status == GD_OK)
        status = gd_body_decode(record->input.type, body, length, p->m->model->info->channels, &p->pictures, &why);
    if (status == GD_FORMAT) {
        gd_origin_note_body(record, &why, &p->m->counts.broken, &p->m->counts.first_broken);
        return GD_OK;
    }
    if (status != GD_OK)
        return gd_fail(error, status, "%s", why.message);
    *answered = p->pictures.n == 1 ? ONE : SEVERAL;
    const gd_picture *picture = &p->pictures.picture[0];
    const gd_image image = {picture->height, picture->width, picture->channels, picture->pixels};
    if (*answered == ONE)
        GD_TRY(gd_session_run(p->session, &image, 1, p->probability, error));
    p->answer = gd_answer_of(p->probability, p->m->n_classes); /* it is used of one only */
    return GD_OK;
}

/* Of a record of one picture, into the pass. */
static gd_status take_answer(pass *p, const gd_captured_record *record, pictures *answered, gd_error *error)
{
    count_classes(p->m, record);
    const bool ours = gd_origin_answers(record, p->m->n_classes, p->m->classes, &p->m->captured);
    *answered = gd_origin_pictures(record, ours) > 1 ? SEVERAL : ours ? ONE : NONE;
    if (*answered == ONE)
        return take_captured(p, record, error);
    if (*answered == NONE && p->session && record->input.encoding && gd_body_is_read(record->input.type))
        return ask(p, record, answered, error);
    return GD_OK;
}

/* ---- records ---- */

static void note_unknown(pass *p, const gd_truth_label *label)
{
    const gd_merge *m = p->m;
    const gd_truth_word *word = &m->truth->word[label->word];
    const gd_place place = {word->file, word->line < INT32_MAX ? (int)word->line : INT32_MAX, 1};
    if (p->m->counts.unknown++ > 0)
        return;
    (void)gd_fail_at(&p->m->counts.first_unknown, GD_INVALID, place, "label '%.64s' is none of the %d classes%s",
                     m->truth->words.at[label->word], m->n_classes,
                     m->classes ? "" : ", whose names are not known: name the model, or a baseline of it");
}

/* -1: none. Names may still be found out, so only what was found is remembered. */
static int class_of(gd_merge *m, const gd_truth_label *label)
{
    gd_truth_word *word = &m->truth->word[label->word];
    if (word->class == 0)
        word->class = gd_truth_class(m->truth->words.at[label->word], m->n_classes, m->classes) + 1;
    return word->class - 1;
}

/* One that is answered, with its label or NULL. */
static gd_status add(pass *p, const gd_captured_record *record, const char *id, gd_truth_label *label, gd_error *error)
{
    gd_merge *m = p->m;
    const gd_answer_figures *answer = &p->answer;
    const bool alone = isnan(answer->confidence);
    int class = -1;
    if (answer->class < 0) { /* it gave no numbers */
        m->counts.without_answer++;
        return GD_OK;
    }
    if (label && label->answered) {
        m->counts.again++;
        return GD_OK;
    }
    if (label) {
        label->answered = true;
        class = class_of(m, label);
        if (class < 0) {
            note_unknown(p, label);
            return GD_OK;
        }
        m->counts.merged++;
        m->counts.late += label->late;
        GD_TRY(alone ? gd_grades_add_alone(m->grades, class, answer->class, error)
                     : gd_grades_add(m->grades, class, p->probability, error));
    } else if (m->counts.without_label++ == 0) {
        snprintf(m->counts.id_unlabelled, sizeof m->counts.id_unlabelled, "%s", id ? id : "");
    }
    return gd_worth_offer(m->worth, record, id, class, answer, error);
}

static gd_status look_at(pass *p, const gd_captured_record *record, gd_error *error)
{
    gd_merge *m = p->m;
    const char *id = record->inference_id ? record->inference_id : record->event_id;
    gd_truth_label *label = gd_truth_find(m->truth, id);
    pictures answered;
    m->counts.records++;
    if (label)
        label->met = true;
    GD_TRY(take_answer(p, record, &answered, error));
    m->counts.several += answered == SEVERAL;
    m->counts.without_answer += answered == NONE;
    m->counts.nameless += answered == NONE && record->answered && m->n_classes == 0;
    return answered == ONE ? add(p, record, id, label, error) : GD_OK;
}

static gd_status go_through(pass *p, gd_error *error)
{
    gd_merge *m = p->m;
    for (;;) {
        const gd_captured_record *record;
        bool belongs;
        GD_TRY(gd_captured_next(p->reader, &record, error));
        if (!record)
            return GD_OK;
        if (m->stop && *m->stop)
            return gd_fail(error, GD_STOPPED, "stopped behind %" PRId64 " record%s", m->counts.records,
                           gd_plural(m->counts.records));
        GD_TRY(gd_origin_belongs(m->what, record, &m->captured, &p->begun, &belongs, error));
        if (belongs)
            GD_TRY(look_at(p, record, error));
    }
}

static void count_left(gd_merge *m)
{
    const gd_truth *t = m->truth;
    for (int64_t i = 0; i < t->ids.n; i++) {
        if (!t->label[i].met && m->counts.labels_left++ == 0)
            snprintf(m->counts.id_left, sizeof m->counts.id_left, "%s", t->ids.at[i]);
    }
}

gd_status gd_merge_run(gd_merge *m, gd_error *error)
{
    pass p = {.m = m};
    gd_status status;
    m->counts = (gd_merge_counts){0};
    m->captured = (gd_survey_captured){0};
    if (m->n_classes > 0)
        GD_TRY_TO(done, begin(&p, error));
    if (m->model->model)
        GD_TRY_TO(done, gd_session_new(m->model->model, NULL, &p.session, error));
    GD_TRY_TO(done, gd_captured_open(&m->what->read, &p.reader, error));
    status = go_through(&p, error);
    if (status == GD_OK)
        status = gd_origin_check(&m->captured, error);
    m->captured.read = *gd_captured_count(p.reader);
    if (status == GD_OK && m->n_classes > 0 && !m->classes)
        status = copy_names(m, NULL, error);
    count_left(m);
done:
    gd_captured_close(p.reader);
    gd_session_free(p.session);
    gd_pictures_release(&p.pictures);
    free(p.probability);
    return status;
}
