// SPDX-License-Identifier: Apache-2.0
#include "quality/worth.h"

#include "base/digest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static gd_status init(gd_picks *picks, int most, gd_error *error)
{
    picks->most = most;
    picks->at = calloc((size_t)most + 1, sizeof *picks->at);
    return picks->at ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for %d pictures worth labelling", most);
}

static void release(gd_picks *picks)
{
    for (int i = 0; i < picks->n; i++)
        free(picks->at[i].id);
    free(picks->at);
    *picks = (gd_picks){0};
}

gd_status gd_worth_init(gd_worth *worth, int most, gd_error *error)
{
    *worth = (gd_worth){0};
    GD_TRY(init(&worth->wrong, most, error));
    return init(&worth->unsure, most, error);
}

void gd_worth_release(gd_worth *worth)
{
    release(&worth->wrong);
    release(&worth->unsure);
}

/* Of two of a kind: whether the first is worthier. A wrong class alone comes behind all that tell how sure they were.
 */
static bool is_worthier(const gd_pick *a, const gd_pick *b)
{
    if (a->label < 0)
        return a->margin < b->margin;
    return !isnan(a->confidence) && (isnan(b->confidence) || a->confidence > b->confidence);
}

/* Whether it goes in, behind all that are at least as worthy; there is no picture twice. */
static bool has_room(const gd_picks *picks, const gd_pick *pick, int *at)
{
    if (picks->most == 0 || (picks->n == picks->most && !is_worthier(pick, &picks->at[picks->n - 1])))
        return false;
    for (*at = picks->n; *at > 0 && is_worthier(pick, &picks->at[*at - 1]); --*at)
        continue;
    for (int i = 0; pick->digest != 0 && i < picks->n; i++) {
        if (picks->at[i].digest == pick->digest && picks->at[i].label == pick->label)
            return false;
    }
    return true;
}

static gd_status copy_texts(gd_pick *pick, const char *id, const char *file, gd_error *error)
{
    const size_t id_bytes = strlen(id) + 1, file_bytes = strlen(file) + 1;
    pick->id = malloc(id_bytes + file_bytes);
    if (!pick->id)
        return gd_fail(error, GD_NOMEM, "out of memory for the place of a picture");
    pick->file = pick->id + id_bytes;
    memcpy(pick->id, id, id_bytes);
    memcpy(pick->file, file, file_bytes);
    return GD_OK;
}

static uint64_t digest_of(const gd_captured_side *side)
{
    return side->encoding == GD_CAPTURED_ABSENT ? 0 : gd_digest(GD_DIGEST_START, side->text, side->text_bytes);
}

gd_status gd_worth_offer(gd_worth *worth, const gd_captured_record *record, const char *id, int label,
                         const gd_answer_figures *answer, gd_error *error)
{
    gd_picks *picks = label >= 0 ? &worth->wrong : &worth->unsure;
    gd_pick pick = {.line = record->line,
                    .time_ms = record->time_ms,
                    .label = label,
                    .answer = answer->class,
                    .confidence = (float)answer->confidence,
                    .margin = (float)answer->margin};
    int at;
    if (label == answer->class || (label < 0 && isnan(answer->margin)))
        return GD_OK;
    *(label >= 0 ? &worth->n_wrong : &worth->n_unsure) += 1;
    if (!has_room(picks, &pick, &at)) /* most are not, and need no digest */
        return GD_OK;
    pick.digest = digest_of(&record->input);
    if (!has_room(picks, &pick, &at))
        return GD_OK;
    GD_TRY(copy_texts(&pick, id ? id : "", record->file, error));
    if (picks->n == picks->most)
        free(picks->at[--picks->n].id);
    memmove(picks->at + at + 1, picks->at + at, (size_t)(picks->n - at) * sizeof pick);
    picks->at[at] = pick;
    picks->n++;
    return GD_OK;
}
