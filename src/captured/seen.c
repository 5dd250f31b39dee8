// SPDX-License-Identifier: Apache-2.0
/* Figures and features of a record's pictures: {"pictures":[{"brightness":0.5,…,"features":[0.1,…]}]}. */
#include "captured/own.h"
#include "captured/value.h"

#include <math.h>

enum { FORMAT = GD_FIGURES, BYTES, QUALITY, FEATURES };

typedef struct seen {
    gd_captured *captured;
    gd_json_scan *scan;
    int n;
    size_t n_features; /* of all pictures */
} seen;

static gd_status too_many(seen *s, const char *what, long long most)
{
    return gd_fail_at(s->scan->error, GD_FORMAT, gd_json_place(s->scan, s->scan->at), "more than %lld %s", most, what);
}

static gd_status no_memory(seen *s)
{
    return gd_fail(s->scan->error, GD_NOMEM, "out of memory for %d pictures of a record", s->n);
}

static gd_status read_number(seen *s, double *value)
{
    *value = NAN;
    return gd_value_take(s->scan, "null") ? GD_OK : gd_value_number(s->scan, value);
}

static gd_status read_whole(seen *s, double least, double most, double *value)
{
    gd_json_skip_space(s->scan);
    const char *begin = s->scan->at;
    GD_TRY(gd_value_number(s->scan, value));
    if (*value >= least && *value <= most && *value == floor(*value))
        return GD_OK;
    return gd_fail_at(s->scan->error, GD_FORMAT, gd_json_place(s->scan, begin), "%g is no whole number from %g to %g",
                      *value, least, most);
}

static gd_status read_features(seen *s, gd_captured_picture *picture)
{
    gd_room *room = &s->captured->features;
    const size_t before = s->n_features;
    if (gd_value_take(s->scan, "null"))
        return GD_OK;
    for (bool begun = false, more;;) {
        double value;
        GD_TRY(gd_elements_next(s->scan, &begun, &more));
        if (!more)
            break;
        if (s->n_features - before == GD_CAPTURED_FEATURES)
            return too_many(s, "features of a picture", GD_CAPTURED_FEATURES);
        if (s->n_features == GD_CAPTURED_NUMBERS)
            return too_many(s, "features of a record", GD_CAPTURED_NUMBERS);
        GD_TRY(read_number(s, &value));
        float *at = gd_room_for(room, (s->n_features + 1) * sizeof *at);
        if (!at)
            return no_memory(s);
        at[s->n_features++] = (float)value;
    }
    picture->n_features = (int)(s->n_features - before);
    return GD_OK;
}

static gd_status read_picture(seen *s, gd_captured_picture *picture)
{
    gd_members members = {.names = s->captured->picture_keys};
    *picture = (gd_captured_picture){.bytes = -1};
    for (int i = 0; i < GD_FIGURES; i++)
        picture->figure[i] = NAN;
    for (int key;;) {
        double value;
        GD_TRY(gd_members_next(s->scan, &members, &key));
        if (key == GD_MEMBER_END)
            return GD_OK;
        if (key == GD_MEMBER_OTHER) {
            GD_TRY(gd_value_pass(s->scan));
        } else if (key < GD_FIGURES) {
            GD_TRY(read_number(s, &picture->figure[key]));
        } else if (key == FORMAT) {
            GD_TRY(gd_captured_text(s->captured, &picture->format));
        } else if (key == BYTES) {
            GD_TRY(read_whole(s, 0, 0x1p53, &value));
            picture->bytes = (int64_t)value;
        } else if (key == QUALITY) {
            GD_TRY(read_whole(s, 1, 100, &value));
            picture->quality = (int)value;
        } else {
            GD_TRY(read_features(s, picture));
        }
    }
}

static gd_status read_pictures(seen *s)
{
    gd_room *room = &s->captured->pictures;
    for (bool begun = false, more;; s->n++) {
        GD_TRY(gd_elements_next(s->scan, &begun, &more));
        if (!more)
            break;
        if (s->n == GD_CAPTURED_PICTURES)
            return too_many(s, "pictures", GD_CAPTURED_PICTURES);
        gd_captured_picture *picture = gd_room_for(room, (size_t)(s->n + 1) * sizeof *picture);
        if (!picture)
            return no_memory(s);
        GD_TRY(read_picture(s, &picture[s->n]));
    }
    gd_captured_picture *picture = room->at;
    const float *features = s->captured->features.at;
    size_t before = 0;
    for (int i = 0; i < s->n; i++) { /* now that they stay where they are */
        if (picture[i].n_features > 0)
            picture[i].features = features + before;
        before += (size_t)picture[i].n_features;
    }
    s->captured->record.pictures = s->n > 0 ? picture : NULL;
    s->captured->record.n_pictures = s->n;
    return GD_OK;
}

gd_status gd_captured_read_seen(gd_captured *captured)
{
    static const char *const names[] = {"pictures", NULL};
    gd_members members = {.names = names};
    seen s = {.captured = captured, .scan = &captured->scan};
    for (int key;;) {
        GD_TRY(gd_members_next(s.scan, &members, &key));
        if (key == GD_MEMBER_END)
            return GD_OK;
        if (key == GD_MEMBER_OTHER)
            GD_TRY(gd_value_pass(s.scan));
        else
            GD_TRY(read_pictures(&s));
    }
}
