// SPDX-License-Identifier: Apache-2.0
#include "body/body.h"

#include "data_files.h"

static gd_pictures decode(const char *type, blob body, int channels)
{
    gd_pictures pictures = {0};
    gd_error error = {0};
    CHECK_OK(gd_body_decode(type, body.at, body.length, channels, &pictures, &error), &error);
    free(body.at);
    return pictures;
}

static void fails(const char *type, blob body, gd_status status, const char *why)
{
    gd_pictures pictures = {0};
    gd_error error = {0};
    CHECK_FAILS(gd_body_decode(type, body.at, body.length, 3, &pictures, &error), status, &error, why);
    CHECK_EQ_INT(pictures.n, 0);
    gd_pictures_release(&pictures);
    free(body.at);
}

/* Pictures of pattern(), the first with `seed`, of what PNG keeps exactly. */
static void check_patterns(const gd_pictures *pictures, int seed, int n, int height, int width, int channels)
{
    CHECK_EQ_INT(pictures->n, n);
    for (int i = 0; i < n; i++) {
        const gd_picture *picture = &pictures->picture[i];
        CHECK_EQ_INT(picture->height, height);
        CHECK_EQ_INT(picture->width, width);
        CHECK_EQ_INT(picture->channels, channels);
        uint8_t *want = pattern_pixels(seed + i, height, width, channels);
        const bool same = memcmp(picture->pixels, want, (size_t)height * (size_t)width * (size_t)channels) == 0;
        free(want);
        CHECK(same);
    }
}

/* `n` parts with the same file. */
static blob multipart_of(const char *boundary, int n, const blob *file)
{
    blob body = {malloc((size_t)n * (file->length + 100) + 100), 0};
    for (int i = 0; i < n; i++) {
        body.length += (size_t)sprintf((char *)body.at + body.length,
                                       "--%s\r\nContent-Disposition: form-data; filename=\"%d\"\r\n\r\n", boundary, i);
        memcpy(body.at + body.length, file->at, file->length);
        body.length += file->length;
        body.length += (size_t)sprintf((char *)body.at + body.length, "\r\n");
    }
    body.length += (size_t)sprintf((char *)body.at + body.length, "--%s--\r\n", boundary);
    return body;
}

TEST(types_that_are_read)
{
    static const char *const read[] = {
        "image/png",           "image/jpeg",          "Image/JPG", "application/x-image", "application/octet-stream",
        "application/x-npy",   "multipart/form-data", /* without a boundary its body is bad, not its type */
        " image/png ; a=\"b\""};
    static const char *const others[] = {
        "image/webp", "text/csv",       "",          "/",
        "image",      "image/png x=\"", "image/*",   "application/x-www-form-urlencoded",
        "image/pngx", "image/pn",       "image/png,"};
    CHECK(gd_body_is_read(NULL));
    for (size_t i = 0; i < sizeof read / sizeof *read; i++)
        CHECK(gd_body_is_read(read[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK(!gd_body_is_read(others[i]));
        fails(others[i], pattern_png(1, 2, 2, 3), GD_UNSUPPORTED, "is not read: send image/png");
    }
}

TEST(a_file_is_told_by_its_first_bytes)
{
    static const char *const types[] = {NULL, "image/png", "image/jpeg", "application/x-image"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        gd_pictures pictures = decode(types[i], pattern_png(4, 5, 7, 3), 3);
        check_patterns(&pictures, 4, 1, 5, 7, 3);
        CHECK(!pictures.several);
        gd_pictures_release(&pictures);
        pictures = decode(types[i], pattern_jpeg(4, 16, 8, 3), 3);
        CHECK_NEAR(pictures.picture[0].pixels[0], pattern(4, 0, 0, 0), 6);
        gd_pictures_release(&pictures);
    }
}

TEST(pictures_get_the_models_channels)
{
    gd_pictures pictures = decode("image/png", pattern_png(2, 4, 4, 3), 1);
    const int grey = (299 * pattern(2, 1, 2, 0) + 587 * pattern(2, 1, 2, 1) + 114 * pattern(2, 1, 2, 2) + 500) / 1000;
    CHECK_EQ_INT(pictures.picture[0].channels, 1);
    CHECK_EQ_INT(pictures.picture[0].pixels[1 * 4 + 2], grey);
    gd_pictures_release(&pictures);
    pictures = decode("image/png", pattern_png(2, 4, 4, 1), 3);
    for (int c = 0; c < 3; c++)
        CHECK_EQ_INT(pictures.picture[0].pixels[(1 * 4 + 2) * 3 + c], pattern(2, 1, 2, 0));
    gd_pictures_release(&pictures);
}

TEST(bodies_are_appended_and_a_bad_one_leaves_nothing)
{
    gd_pictures pictures = {0};
    gd_error error = {0};
    for (int i = 0; i < 3; i++) {
        blob body = pattern_png(i, 3, 3, 3);
        CHECK_OK(gd_body_decode("image/png", body.at, body.length, 3, &pictures, &error), &error);
        CHECK_FAILS(gd_body_decode("image/png", body.at, body.length - 9, 3, &pictures, &error), GD_FORMAT, &error,
                    "body: broken PNG");
        free(body.at);
        check_patterns(&pictures, 0, i + 1, 3, 3, 3);
    }
    gd_picture *table = pictures.picture;
    gd_pictures_clear(&pictures);
    CHECK_EQ_INT(pictures.n, 0);
    CHECK(pictures.picture == table);
    CHECK_OK(gd_body_decode("application/json", "[[[[1]]]]", 9, 3, &pictures, &error), &error);
    CHECK(pictures.several);
    CHECK_OK(gd_body_decode("application/json", "[[[1]]]", 7, 3, &pictures, &error), &error);
    CHECK(!pictures.several);
    gd_pictures_release(&pictures);
    CHECK(pictures.picture == NULL);
}

TEST(what_is_no_picture)
{
    fails("image/png", blob_of("", 0), GD_FORMAT, "the body is empty");
    fails("image/png", blob_of("hello", 5), GD_FORMAT, "body: neither PNG nor JPEG");
}

TEST(pixels_of_one_request_are_bounded_in_all)
{
    /* each picture is within the limits of one, two of them are not */
    const int side = 6000;
    uint8_t *pixels = calloc((size_t)side * (size_t)side, 1);
    blob png = png_of(PNG_FORMAT_GRAY, side, side, pixels);
    free(pixels);
    fails("multipart/form-data; boundary=b", multipart_of("b", 2, &png), GD_FORMAT,
          "part 2: 72000000 pixels are more than the 67108864 that the pictures of one request may have in all");
    free(png.at);
}

TEST(whoever_decodes_may_take_fewer_pixels)
{
    const char *const type = "multipart/form-data; boundary=b";
    blob file[] = {pattern_png(0, 4, 5, 3), pattern_jpeg(1, 16, 8, 3)};
    blob two = multipart_of("b", 2, &file[0]);
    gd_pictures pictures = {.most_pixels = 40};
    gd_error error = {0};
    CHECK_OK(gd_body_decode(type, two.at, two.length, 3, &pictures, &error), &error);
    CHECK_FAILS(gd_body_decode("image/jpeg", file[1].at, file[1].length, 3, &pictures, &error), GD_FORMAT, &error,
                "a picture of 8x16 pixels where 40 are the most: send a smaller one");
    pictures.most_pixels = 39;
    error = (gd_error){0};
    CHECK_FAILS(gd_body_decode(type, two.at, two.length, 3, &pictures, &error), GD_FORMAT, &error,
                "part 2: 40 pixels are more than the 39 that the pictures of one request may have in all");
    pictures.most_pixels = 19;
    error = (gd_error){0};
    CHECK_FAILS(gd_body_decode("image/png", file[0].at, file[0].length, 3, &pictures, &error), GD_FORMAT, &error,
                "a picture of 5x4 pixels where 19 are the most");
    gd_pictures_release(&pictures);
    for (int i = 0; i < 2; i++)
        free(file[i].at);
    free(two.at);
}

/* ---- npy ----------------------------------------------------------------------------------------------------------
 */

/* `version`: the major one. `data` bytes 0, 1, 2 … follow. */
static blob npy_of(int version, const char *header, size_t data)
{
    const size_t length = strlen(header), start = version == 1 ? 10 : 12;
    blob file = {malloc(start + length + data), start + length + data};
    memcpy(file.at, "\x93NUMPY", 6);
    file.at[6] = (uint8_t)version;
    file.at[7] = 0;
    for (size_t i = 8; i < start; i++)
        file.at[i] = (uint8_t)(length >> (8 * (i - 8)));
    memcpy(file.at + start, header, length);
    for (size_t i = 0; i < data; i++)
        file.at[start + length + i] = (uint8_t)i;
    return file;
}

static const char npy[] = "application/x-npy";

TEST(npy_of_every_rank_and_version)
{
    static const struct {
        const char *header;
        int n, height, width, channels;
    } cases[] = {
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6), }          \n", 1, 4, 6, 1},
        {"{'shape': (4, 6, 1), 'fortran_order': False, 'descr': '|u1'}\n", 1, 4, 6, 1},
        {"{\"shape\":(4,2,3),\"descr\":\"<u1\",\"fortran_order\":False}", 1, 4, 2, 3},
        {"{'descr': 'u1', 'fortran_order': False, 'shape': (2L, 2L, 2L, 3L)}\n", 2, 2, 2, 3},
        {"{ 'descr' : '>u1' , 'fortran_order' : False , 'shape' : ( 1 , 8 , 3 , 1 , ) , }\n", 1, 8, 3, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int version = 1; version <= 3; version++) {
            gd_pictures pictures = decode(npy, npy_of(version, cases[i].header, 24), cases[i].channels);
            CHECK_EQ_INT(pictures.n, cases[i].n);
            CHECK(pictures.several == (strstr(cases[i].header, ", 2") != NULL || i == 4));
            for (int k = 0; k < pictures.n; k++) {
                CHECK_EQ_INT(pictures.picture[k].height, cases[i].height);
                CHECK_EQ_INT(pictures.picture[k].width, cases[i].width);
                for (int j = 0; j < 24 / cases[i].n; j++)
                    CHECK_EQ_INT(pictures.picture[k].pixels[j], k * 24 / cases[i].n + j);
            }
            gd_pictures_release(&pictures);
        }
    }
}

TEST(npy_is_converted_to_the_models_channels)
{
    gd_pictures pictures = decode(npy, npy_of(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6)}", 24), 3);
    for (int i = 0; i < 72; i++)
        CHECK_EQ_INT(pictures.picture[0].pixels[i], i / 3);
    gd_pictures_release(&pictures);
    pictures = decode(npy, npy_of(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2, 3)}", 24), 1);
    for (int i = 0; i < 8; i++)
        CHECK_EQ_INT(pictures.picture[0].pixels[i], (299 * 3 * i + 587 * (3 * i + 1) + 114 * (3 * i + 2) + 500) / 1000);
    gd_pictures_release(&pictures);
}

TEST(npy_that_is_refused)
{
    static const struct {
        const char *header;
        const char *why;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 6)}",
         "body: the array is float32 where uint8 (0 to 255)"},
        {"{'descr': '>f8', 'fortran_order': False, 'shape': (4, 6)}", "is float64 where"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (4, 6)}", "is int64 where"},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (4, 3)}", "is uint16 where"},
        {"{'descr': '|i1', 'fortran_order': False, 'shape': (4, 6)}", "is int8 where"},
        {"{'descr': '|b1', 'fortran_order': False, 'shape': (4, 6)}", "is bool where"},
        {"{'descr': '<c16', 'fortran_order': False, 'shape': (4, 6)}", "is complex128 where"},
        {"{'descr': '<U7', 'fortran_order': False, 'shape': (4, 6)}", "is '<U7' where"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (4, 6)}", "is '|O' where"},
        {"{'descr': '', 'fortran_order': False, 'shape': (4, 6)}", "is '' where"},
        {"{'descr': 'u1111', 'fortran_order': False, 'shape': (4, 6)}", "is 'u1111' where"},
        {"{'descr': [('r', '|u1')], 'fortran_order': False, 'shape': (4, 6)}", "named fields"},
        {"{'descr': '|u1', 'fortran_order': True, 'shape': (4, 6)}", "send numpy.ascontiguousarray(x)"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': ()}", "has 0 axes, not 2 (H,W), 3 (H,W,C) or 4"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (24,)}", "has 1 axes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 24, 1)}", "has 5 axes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 4)}", "an array has 4 channels, its last axis"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 7)}", "(4, 7) has 28 bytes, 24 follow the header"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 5)}", "(4, 5) has 20 bytes, 24 follow the header"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 6)}", "(0, 6) has 0 bytes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 4, 6, 1)}", "(0, 4, 6, 1) has 0 bytes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296, 3)}",
         "has 55340232221128654848 bytes, 24 follow"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 3)}", "no tuple of sizes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (-4, 6)}", "no tuple of sizes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (,)}", "no tuple of sizes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': [4, 6]}", "'shape' is no tuple"},
        {"{'descr': '|u1', 'fortran_order': 0, 'shape': (4, 6)}", "not True or False"},
        {"{'descr': '|u1', 'fortran_order': False}", "each once"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6), 'shape': (4, 6)}", "each once"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6), 'more': 1}", "each once"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6)", "not closed"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6)} x", "something follows"},
        {"{'descr': '|u1, 'fortran_order': False, 'shape': (4, 6)}", "the header is not closed"},
        {"{'descr': '\\x7cu1', 'fortran_order': False, 'shape': (4, 6)}", "'descr' is no string"},
        {"{'descr\": '|u1'}", "a key of the header is no string"},
        {"[]", "the header is no dictionary"},
        {"", "the header is no dictionary"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        fails(npy, npy_of(1, cases[i].header, 24), GD_FORMAT, cases[i].why);
    fails(npy, npy_of(4, "{}", 0), GD_FORMAT, "npy version 4.0 is not one of");
    fails(npy, blob_of("\x93NUMPX\1\0\0\0", 10), GD_FORMAT, "does not begin with");
    fails(npy, blob_of("\x93NUMPY\1\0\0", 9), GD_FORMAT, "does not begin with");
    fails(npy, blob_of("\x93NUMPY\2\0\1\0", 10), GD_FORMAT, "ends within its header");
    fails(npy, blob_of("\x93NUMPY\1\0\1\0", 10), GD_FORMAT, "ends within its header");
    fails(npy, blob_of("\x93NUMPY\2\0\xff\xff\xff\xff", 12), GD_FORMAT, "of 4294967295 bytes is longer than 10000");
    fails(npy, npy_of(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (257, 1, 1, 1)}", 257), GD_FORMAT,
          "more than the 256 pictures");
    fails(npy, npy_of(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 20000)}", 20000), GD_FORMAT,
          "20000x1 pixels is outside the limits");
}

/* ---- multipart ----------------------------------------------------------------------------------------------------
 */

static const char form[] = "multipart/form-data; boundary=b";

/* Text with \n for the line ends, and @ for a picture: pattern 0, then 1 … */
static blob form_of(const char *text)
{
    blob body = {malloc(1 << 16), 0};
    int seed = 0;
    for (; *text; text++) {
        if (*text == '@') {
            blob png = pattern_png(seed++, 4, 5, 3);
            memcpy(body.at + body.length, png.at, png.length);
            body.length += png.length;
            free(png.at);
            continue;
        }
        if (*text == '\n')
            body.at[body.length++] = '\r';
        body.at[body.length++] = (uint8_t)*text;
    }
    return body;
}

static void form_gives(const char *type, const char *text, int n)
{
    gd_pictures pictures = decode(type, form_of(text), 3);
    check_patterns(&pictures, 0, n, 4, 5, 3);
    CHECK(pictures.several);
    gd_pictures_release(&pictures);
}

TEST(parts_are_pictures_in_their_order)
{
    form_gives(form, "--b\nContent-Disposition: form-data; name=\"x\"; filename=\"a.png\"\n\n@\n--b--\n", 1);
    form_gives(form,
               "--b\nContent-Type: image/png\n\n@\n--b\ncontent-type:image/jpeg\n\n@\n--b\nCONTENT-TYPE: "
               "application/octet-stream; a=b\n\n@\n--b--",
               3);
    form_gives(form, "before\n--b  \nContent-Type: image/png\n\n@\n--b--behind\n--b\n", 1);
    form_gives(form,
               "--b\nContent-Disposition: form-data; filename*=UTF-8''a\nContent-Transfer-Encoding: Binary\n\n@\n--b--",
               1);
    form_gives(
        "multipart/form-data; boundary=1234567890123456789012345678901234567890123456789012345678901234567890",
        "--1234567890123456789012345678901234567890123456789012345678901234567890\nContent-Type: image/png\n\n@\n"
        "--1234567890123456789012345678901234567890123456789012345678901234567890--",
        1);
    form_gives("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b:c\"",
               "--a b:c\nContent-Type: image/png\n\n@\n--a b:c--", 1);
}

TEST(parts_of_every_kind)
{
    const char *header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 2, 3)}";
    blob array = npy_of(1, header, 24), body = {malloc(4096), 0};
    body.length = (size_t)sprintf((char *)body.at, "--b\r\nContent-Type: application/x-npy\r\n\r\n");
    memcpy(body.at + body.length, array.at, array.length);
    body.length += array.length;
    body.length += (size_t)sprintf((char *)body.at + body.length, "\r\n--b--");
    free(array.at);
    gd_pictures pictures = decode(form, body, 3);
    CHECK_EQ_INT(pictures.n, 2);
    CHECK_EQ_INT(pictures.picture[1].pixels[11], 23);
    gd_pictures_release(&pictures);
}

TEST(fields_of_a_form_are_passed_over)
{
    form_gives(form,
               "--b\nContent-Disposition: form-data; name=\"token\"\n\nsecret\n"
               "--b\nContent-Disposition: form-data; name=\"x\"; filename=\"y\"\n\n@\n"
               "--b\nContent-Disposition: form-data; name=\"a\"\n\n1\n--b\n\n\n--b--",
               1);
    fails(form, form_of("--b\nContent-Disposition: form-data; name=\"a\"\n\n1\n--b\n\n2\n--b--"), GD_FORMAT,
          "body: none of 2 parts is a picture: that needs a file name or a Content-Type");
}

TEST(boundaries_within_content)
{
    /* lines that begin as the boundary does, and a last part that has no content at all */
    gd_pictures pictures = decode(form, form_of("--b\nContent-Type: image/png\n\n@\n--bc\n--b\n\n--b--"), 3);
    check_patterns(&pictures, 0, 1, 4, 5, 3); /* what follows a PNG's end is not read */
    gd_pictures_release(&pictures);
    fails(form, form_of("--b\nContent-Type: image/png\n\n\n--b--"), GD_FORMAT, "part 1: the file is empty");
    fails(form, form_of("--b\nContent-Type: image/png\n\n--b--"), GD_FORMAT, "part 1: the file is empty");
}

TEST(multipart_that_is_refused)
{
    static const struct {
        const char *type, *body, *why;
    } cases[] = {
        {"multipart/form-data", "--b--", "has no boundary"},
        {"multipart/form-data; boundary=", "--b--", "has no boundary"},
        {"multipart/form-data; boundary=\"b", "--b--", "has no boundary"},
        {"multipart/form-data; boundary=\"b \"", "--b --", "must not have"},
        {"multipart/form-data; boundary=\"b\\b\"", "--b--", "must not have"},
        {"multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789012345678901", "--",
         "a boundary of 71 characters is longer than 70"},
        {form, "--c--", "the boundary 'b' of the Content-Type is not there"},
        {form, "--", "is not there"},
        {form, "x--b--", "is not there"},
        {form, "--b--", "none of 0 parts"},
        {form, "--b\n", "part 1: the body ends within the part's header"},
        {form, "--b\nContent-Type: image/png\n", "part 1: the body ends within the part's header"},
        {form, "--b\nContent-Type: image/png\n\n@", "part 1: the body ends within the part: its boundary is missing"},
        {form, "--b\nContent-Type: image/png\n\n@\n--b\n\n@\n--b", "part 2: the body ends within the part"},
        {form, "--b\nContent-Type image/png\n\n@\n--b--", "no 'name: value'"},
        {form, "--b\nContent-Type: image/png\n x: y\n\n@\n--b--", "no 'name: value'"},
        {form, "--b\nContent-Disposition: ;\n\n@\n--b--", "Content-Disposition is malformed"},
        {form, "--b\nContent-Disposition: form-data; filename=\"a\n\n@\n--b--", "Content-Disposition is malformed"},
        {form, "--b\nContent-Transfer-Encoding: base64\n\n@\n--b--", "part 1: transfer encoding 'base64' is not read"},
        {form, "--b\nContent-Type: multipart/form-data; boundary=c\n\n--c--\n--b--", "is not read in a part"},
        {form, "--b\nContent-Type: text/plain\n\nx\n--b--", "part 1: content type 'text/plain' is not read in a part"},
        {form, "--b\nContent-Type: image/png\n\n@\n--b\nContent-Type: image/png\n\nx\n--b--",
         "part 2: neither PNG nor"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        fails(cases[i].type, form_of(cases[i].body), GD_FORMAT, cases[i].why);
    fails(form, blob_of("--b\r\nA: \0\r\n\r\n\r\n--b--", 21), GD_FORMAT, "a zero byte stands in the part's header");
    char headers[5000] = "--b\r\nx: ";
    memset(headers + 8, 'x', 4500);
    memcpy(headers + 4508, "\r\n\r\n\r\n--b--", 12);
    fails(form, blob_of(headers, 4519), GD_FORMAT, "a header of 4503 bytes is longer than 4096");
}

TEST(a_request_has_at_most_256_pictures)
{
    blob png = pattern_png(0, 4, 5, 3), body = multipart_of("b", GD_BODY_PICTURES, &png);
    gd_pictures pictures = decode(form, body, 3);
    CHECK_EQ_INT(pictures.n, GD_BODY_PICTURES);
    gd_error error = {0}; /* another one's do not count */
    CHECK_OK(gd_body_decode("image/png", png.at, png.length, 3, &pictures, &error), &error);
    CHECK_EQ_INT(pictures.n, GD_BODY_PICTURES + 1);
    gd_pictures_release(&pictures);
    fails(form, multipart_of("b", GD_BODY_PICTURES + 1, &png), GD_FORMAT, "part 257: more than the 256 pictures");
    free(png.at);
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------
 */

static const char json[] = "application/json";

static blob text_of(const char *text) { return blob_of(text, strlen(text)); }

static gd_pictures decode_json(const char *text, int channels, int n, bool several)
{
    gd_pictures pictures = decode(json, text_of(text), channels);
    CHECK_EQ_INT(pictures.n, n);
    CHECK(pictures.several == several);
    return pictures;
}

static void check_pixels(gd_pictures pictures, int which, int height, int width, const char *pixels)
{
    const gd_picture *picture = &pictures.picture[which];
    CHECK_EQ_INT(picture->height, height);
    CHECK_EQ_INT(picture->width, width);
    for (size_t i = 0; i < strlen(pixels); i++)
        CHECK_EQ_INT(picture->pixels[i], pixels[i] - '0');
}

TEST(json_arrays_of_every_rank)
{
    gd_pictures pictures = decode_json("[[1,2,3],[4,5,6]]", 1, 1, false);
    check_pixels(pictures, 0, 2, 3, "123456");
    gd_pictures_release(&pictures);
    pictures = decode_json(" [ [ [ 1 , 2 , 3 ] ] ,\r\n\t[ [ 4 , 5 , 6 ] ] ] ", 3, 1, false);
    check_pixels(pictures, 0, 2, 1, "123456");
    gd_pictures_release(&pictures);
    pictures = decode_json("[[[[1],[2]]],[[[3],[4]]],[[[5],[6]]]]", 1, 3, true);
    check_pixels(pictures, 0, 1, 2, "12");
    check_pixels(pictures, 2, 1, 2, "56");
    gd_pictures_release(&pictures);
    pictures = decode_json("[[0,255]]", 1, 1, false);
    CHECK_EQ_INT(pictures.picture[0].pixels[0], 0);
    CHECK_EQ_INT(pictures.picture[0].pixels[1], 255);
    gd_pictures_release(&pictures);
    pictures = decode_json("[[1,2],[3,4]]", 3, 1, false);
    check_pixels(pictures, 0, 2, 2, "111222333444");
    gd_pictures_release(&pictures);
}

TEST(json_instances_have_sizes_of_their_own)
{
    gd_pictures pictures = decode_json(
        "{\"instances\": [[[1]], [[[2],[3]]], {\"image\": [[4],[5]]}, {\"im\\u0061ge\":[[6,7,8]]}]}", 1, 4, true);
    check_pixels(pictures, 0, 1, 1, "1");
    check_pixels(pictures, 1, 1, 2, "23");
    check_pixels(pictures, 2, 2, 1, "45");
    check_pixels(pictures, 3, 1, 3, "678");
    gd_pictures_release(&pictures);
}

/* "<base64>" where the format has %s; `url`: the other alphabet, unpadded, and slashes escaped where not. */
static blob json_of_file(const char *format, blob file, bool url)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char *text = malloc(3 * file.length + 16), *at = text;
    *at++ = '"';
    for (size_t i = 0; i < file.length; i += 3) {
        const size_t n = file.length - i < 3 ? file.length - i : 3;
        const uint32_t bits = (uint32_t)file.at[i] << 16 | (n > 1 ? (uint32_t)file.at[i + 1] << 8 : 0) |
                              (n > 2 ? (uint32_t)file.at[i + 2] : 0);
        for (size_t k = 0; k < 4; k++) {
            const uint32_t value = bits >> (18 - 6 * k) & 63;
            if (k > n)
                at += url ? 0 : sprintf(at, "=");
            else if (value < 62)
                *at++ = letters[value];
            else
                at += sprintf(at, "%s", value == 62 ? url ? "-" : "+" : url ? "_" : "\\/");
        }
    }
    memcpy(at, "\"", 2);
    blob body = {malloc(strlen(format) + strlen(text) + 1), 0};
    const char *hole = strstr(format, "%s");
    body.length = (size_t)sprintf((char *)body.at, "%.*s%s%s", (int)(hole - format), format, text, hole + 2);
    free(text);
    free(file.at);
    return body;
}

TEST(json_files_in_base64)
{
    static const struct {
        const char *format;
        bool several;
    } cases[] = {
        {"%s", false},
        {" %s\n", false},
        {"{\"image\":%s}", false},
        {"{\"b64\":%s}", false},
        {"{\"image\":{\"b64\":%s}}", false},
        {"{\"instances\":[%s]}", true},
        {"{ \"instances\" : [ { \"b64\" : %s } ] }", true},
        {"{\"instances\":[{\"image\":{\"b64\":%s}}]}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int width = 5; width < 9; width++) { /* files of every length in thirds */
            for (int url = 0; url < 2; url++) {
                gd_pictures pictures =
                    decode(json, json_of_file(cases[i].format, pattern_png(width, 7, width, 3), url), 3);
                check_patterns(&pictures, width, 1, 7, width, 3);
                CHECK(pictures.several == cases[i].several);
                gd_pictures_release(&pictures);
            }
        }
    }
}

TEST(json_that_is_refused)
{
    static const struct {
        const char *body, *why;
    } cases[] = {
        /* numbers */
        {"[[1,256]]", "body:1:5: 256 is not a whole number from 0 to 255"},
        {"[[1,\n 2],[3,\n 99999999999999999999]]", "body:3:2: 99999999999999999999 is not a whole number"},
        {"[[-1]]", "body:1:3: -1 is not a whole number"},
        {"[[1.0]]", "body:1:3: 1.0 is not a whole number"},
        {"[[0.5]]", "0.5 is not a whole number"},
        {"[[1e2]]", "1e2 is not a whole number"},
        {"[[01]]", "body:1:3: a whole number from 0 to 255 or a list of such is expected"},
        {"[[1x]]", "body:1:4: ',' or ']' is expected"},
        {"[[1 2]]", "body:1:5: ',' or ']' is expected"},
        {"[[true]]", "body:1:3: a whole number"},
        {"[[null]]", "body:1:3: a whole number"},
        {"[[\"a\"]]", "body:1:3: a whole number"},
        {"[[{}]]", "body:1:3: a whole number"},
        {"[[1,]]", "body:1:5: a whole number"},
        {"[[1],]", "body:1:6: a whole number"},
        {"[[1]", "body:1:5: ',' or ']' is expected"},
        {"[[1", "body:1:4: ',' or ']' is expected"},
        {"[[", "body:1:3: a whole number"},
        /* shapes */
        {"[]", "body:1:2: a whole number"},
        {"[[]]", "body:1:3: a whole number"},
        {"\n [1,2]", "body:2:2: an array of 1 axis, not 2 (H,W), 3 (H,W,C) or 4 (N,H,W,C)"},
        {"[[1,2],[3]]", "body:1:8: a list of 1 where those before have 2"},
        {"[[1,2],\n[3,4,5]]", "body:2:1: a list of 3 where those before have 2"},
        {"[[[1,2,3]],[[1,2,3],[1,2,3]]]", "body:1:12: a list of 2 where those before have 1"},
        {"[[1,2],3]", "body:1:8: a number where those before have lists"},
        {"[[1,[2]]]", "body:1:5: a list where those before have numbers"},
        {"[[[1,2]]]", "body:1:1: an array has 2 channels, its last axis, not 1 or 3"},
        {"[[[[[1]]]]]", "body:1:5: an array of more than 4 axes"},
        {"{\"instances\":[[[[[1]]]]]}", "body:1:18: an array of more than 3 axes"},
        {"{\"image\":[1]}", "body:1:10: an array of 1 axis, not 2 (H,W) or 3 (H,W,C)"},
        /* objects */
        {"{}", "body:1:2: a key in quotes is expected"},
        {"{\"picture\":[[1]]}", "body:1:2: key 'picture' where 'instances', 'image' or 'b64' is expected"},
        {"{\"instances\":[{\"instances\":[]}]}", "body:1:16: key 'instances' where 'image' or 'b64' is expected"},
        {"{\"imagf\":[[1]]}", "key 'imagf' where"},
        {"{\"instance\":[[1]]}", "key 'instance' where"},
        {"{\"image\":{\"image\":[[1]]}}", "body:1:11: key 'image' where 'b64' is expected"},
        {"{\"b64\":[[1]]}", "body:1:8: a text in base64 is expected"},
        {"{\"b64\":{\"b64\":\"\"}}", "body:1:8: a text in base64 is expected"},
        {"{\"image\":[[1]],\"image\":[[1]]}", "body:1:15: '}' is expected: an object with 'image' has no other key"},
        {"{\"image\" [[1]]}", "body:1:10: ':' is expected"},
        {"{\"instances\":[]}", "body:1:15: a picture is expected: base64, an array or an object"},
        {"{\"instances\":[[[1]],]}", "body:1:21: a picture is expected"},
        {"{\"instances\":[[[1]]}", "body:1:20: ',' or ']' is expected"},
        {"{\"instances\":{}}", "body:1:14: 'instances' is no list"},
        {"{\"image\":null}", "body:1:10: a picture is expected"},
        {"7", "body:1:1: a picture is expected"},
        {" ", "body:1:2: a picture is expected"},
        {"[[1]] [[1]]", "body:1:7: something follows the picture"},
        /* texts */
        {"\"\"", "body:1:1: the file is empty"},
        {"\"QUJD\"", "body:1:1: neither PNG nor JPEG"},
        {"{\"instances\":[\n\"QUJD\"]}", "body:2:1: neither PNG nor JPEG"},
        {"\"QUJDR\"", "body:1:1: base64 of 5 characters ends within a byte"},
        {"\"QU JD\"", "body:1:1: character 3, of value 0x20, is not of base64"},
        {"\"QUJD\\n\"", "body:1:1: character 5, of value 0x0a"},
        {"\"QUI=QUI=\"", "body:1:1: character 4, of value 0x3d"},
        {"\"QUI===\"", "body:1:1: character 4, of value 0x3d"},
        {"\"data:image/png;base64,QUI=\"", "body:1:1: character 5, of value 0x3a"},
        {"\"QUJD", "body:1:6: the text ends within a string"},
        {"\"QU\\qJD\"", "body:1:4: not an escape sequence"},
        {"\"QU\xff\"", "body:1:4: not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        fails(json, text_of(cases[i].body), GD_FORMAT, cases[i].why);
    fails(json, blob_of("[[1,\0]]", 7), GD_FORMAT, "body:1:5: a whole number");
}

TEST(json_of_a_part_is_placed_in_the_part)
{
    fails(form, form_of("--b\nContent-Type: application/json\n\n[[1],\n [256]]\n--b--"), GD_FORMAT,
          "part 1:2:3: 256 is not a whole number");
}

TEST(json_of_a_large_picture)
{
    const int height = 480, width = 640, n = height * width * 3;
    char *text = malloc((size_t)n * 4 + (size_t)height * (size_t)width * 3 + 10000), *at = text;
    int i = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, i += 3)
            at += sprintf(at, "%s[%d,%d,%d]%s",
                          x   ? ","
                          : y ? ",["
                              : "[[",
                          i % 256, (i + 1) % 256, (i + 2) % 256,
                          x < width - 1    ? ""
                          : y < height - 1 ? "]"
                                           : "]]");
    gd_pictures pictures = decode(json, text_of(text), 3);
    free(text);
    CHECK_EQ_INT(pictures.picture[0].height, height);
    for (i = 0; i < n; i++)
        CHECK(pictures.picture[0].pixels[i] == i % 256);
    gd_pictures_release(&pictures);
}
