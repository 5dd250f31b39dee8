// SPDX-License-Identifier: Apache-2.0
/* A request's body: the first byte chooses its type and the model's channels. What is accepted has all its pixels, no
 * more than a request may have; what is refused leaves nothing and says why, JSON with a place. The last of the choices
 * takes the rest of the bytes for the headers Content-Type and Accept. */
#include "body/body.h"
#include "serve/answer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum;

static void read_headers(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    sum += (unsigned)gd_answer_negotiate(text);
    gd_pictures pictures = {0};
    const gd_status status = gd_body_decode(text, "--b\r\n\r\n--b--", 12, 3, &pictures, NULL);
    if ((status == GD_UNSUPPORTED) == gd_body_is_read(text) || status == GD_OK)
        abort();
    gd_pictures_release(&pictures);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {"image/png", "application/x-npy", "application/json",
                                        "multipart/form-data; boundary=b"};
    enum { TYPES = sizeof types / sizeof *types };
    if (size == 0)
        return 0;
    const int which = (*data & 0x7f) % (TYPES + 1), channels = *data & 0x80 ? 1 : 3;
    if (which == TYPES) {
        read_headers(data + 1, size - 1);
        return 0;
    }
    gd_pictures pictures = {0};
    gd_error error = {0};
    const gd_status status = gd_body_decode(types[which], data + 1, size - 1, channels, &pictures, &error);
    if (status != GD_OK && (status != GD_FORMAT || pictures.n != 0 || !error.message[0]))
        abort();
    if (status != GD_OK && which == 2 && size > 1 && (error.line < 1 || error.column < 1))
        abort();
    if (status == GD_OK && (pictures.n < 1 || pictures.n > GD_BODY_PICTURES))
        abort();
    int64_t pixels = 0;
    for (int i = 0; i < pictures.n; i++) {
        const gd_picture *picture = &pictures.picture[i];
        if (picture->channels != channels || picture->height < 1 || picture->width < 1)
            abort();
        pixels += (int64_t)picture->height * picture->width;
        for (int64_t k = 0; k < (int64_t)picture->height * picture->width * channels; k++)
            sum += picture->pixels[k];
    }
    if (pixels > GD_PICTURE_PIXELS)
        abort();
    gd_pictures_release(&pictures);
    return 0;
}
