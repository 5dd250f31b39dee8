// SPDX-License-Identifier: Apache-2.0
#include "serve/seen.h"

#include "image/figures.h"
#include "serve/number.h"

#include <math.h>

static void add_figures(gd_text *text, const gd_picture *picture)
{
    const gd_image image = {picture->height, picture->width, picture->channels, picture->pixels};
    double value[GD_FIGURES];
    if (gd_image_figures(&image, value, NULL) != GD_OK) /* decoded pictures are within its bounds */
        return;
    for (int i = 0, n = 0; i < GD_FIGURES; i++) {
        if (isfinite(value[i]))
            gd_text_add(text, "%s\"%s\":%.9g", n++ ? "," : "", gd_figure_table[i].name, value[i]);
    }
}

static void add_file(gd_text *text, const void *body, size_t bytes)
{
    const gd_description file = gd_decode_describe(body, bytes);
    if (!file.format)
        return;
    gd_text_add(text, ",\"format\":\"%s\",\"bytes\":%zu", file.format, file.bytes);
    if (file.quality > 0)
        gd_text_add(text, ",\"quality\":%d", file.quality);
}

void gd_seen_write(gd_text *text, const gd_seen *seen, const void *body, size_t body_bytes)
{
    gd_text_add(text, "{\"pictures\":[");
    for (int i = 0; i < seen->pictures->n; i++) {
        gd_text_add(text, i ? ",{" : "{");
        add_figures(text, &seen->pictures->picture[i]);
        if (!seen->pictures->several)
            add_file(text, body, body_bytes);
        if (seen->features) {
            gd_text_add(text, ",\"features\":");
            gd_number_add_list(text, seen->features + i * seen->info->n_features, seen->info->n_features, ",");
        }
        gd_text_add(text, "}");
    }
    gd_text_add(text, "]}");
}
