// SPDX-License-Identifier: Apache-2.0
#include "bodies.h"

static const char form[] = "multipart/form-data; boundary=b";

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
