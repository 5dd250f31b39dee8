// SPDX-License-Identifier: Apache-2.0
#include "bodies.h"

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
    fails("multipart/form-data; boundary=b", form_of("--b\nContent-Type: application/json\n\n[[1],\n [256]]\n--b--"),
          GD_FORMAT, "part 1:2:3: 256 is not a whole number");
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
