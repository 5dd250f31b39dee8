// SPDX-License-Identifier: Apache-2.0
/* What is worth a look: which pictures, under which names, in which folders. */
#include "quality/worth.h"

#include "base/file.h"
#include "base/text.h"
#include "captured.h"
#include "data/decode.h"
#include "quality/safe_name.h"
#include "unit.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

/* ---- which ---- */

static void offer(gd_worth *worth, const char *id, int label, int answer, double confidence, double margin,
                  const char *body)
{
    gd_error error = {0};
    gd_captured_record record = {.file = "f", .line = 7};
    if (body)
        record.input = (gd_captured_side){.encoding = GD_CAPTURED_BASE64, .text = body, .text_bytes = strlen(body)};
    const gd_answer_figures of = {answer, confidence, 1 - confidence, margin};
    CHECK_OK(gd_worth_offer(worth, &record, id, label, &of, &error), &error);
}

static const char *ids_of(const gd_picks *picks)
{
    const char *all = "";
    for (int i = 0; i < picks->n; i++)
        all = unit_text("%s %s", all, picks->at[i].id);
    return all;
}

TEST(the_surest_of_the_wrong_and_the_least_sure_of_others)
{
    gd_worth worth;
    gd_error error = {0};
    CHECK_OK(gd_worth_init(&worth, 3, &error), &error);
    offer(&worth, "w1", 0, 1, 0.6, 0.2, NULL);
    offer(&worth, "right", 1, 1, 0.99, 0.98, NULL);
    offer(&worth, "w2", 0, 1, 0.9, 0.8, NULL);
    offer(&worth, "u1", -1, 1, 0.6, 0.2, NULL);
    offer(&worth, "w3", 1, 0, 0.9, 0.8, NULL); /* as sure as w2, and later */
    offer(&worth, "w4", 1, 0, 0.7, 0.4, NULL);
    offer(&worth, "u2", -1, 1, 0.5, 0.01, NULL);
    offer(&worth, "w5", 1, 0, 0.7, 0.4, NULL); /* no surer than the last */
    CHECK_TEXT(ids_of(&worth.wrong), " w2 w3 w4");
    CHECK_TEXT(ids_of(&worth.unsure), " u2 u1");
    CHECK_EQ_INT(worth.n_wrong, 5);
    CHECK_EQ_INT(worth.n_unsure, 2);
    gd_worth_release(&worth);
}

TEST(a_class_alone_is_wrong_behind_those_that_were_sure)
{
    gd_worth worth;
    gd_error error = {0};
    CHECK_OK(gd_worth_init(&worth, 3, &error), &error);
    offer(&worth, "a1", 0, 1, NAN, NAN, NULL);
    offer(&worth, "a2", 0, 1, NAN, NAN, NULL);
    offer(&worth, "w1", 0, 1, 0.6, 0.2, NULL);
    offer(&worth, "u1", -1, 1, NAN, NAN, NULL); /* nothing says that it was unsure */
    CHECK_TEXT(ids_of(&worth.wrong), " w1 a1 a2");
    offer(&worth, "w2", 0, 1, 0.5, 0, NULL);
    offer(&worth, "a3", 0, 1, NAN, NAN, NULL);
    CHECK_TEXT(ids_of(&worth.wrong), " w1 w2 a1");
    CHECK_EQ_INT(worth.n_unsure, 0);
    gd_worth_release(&worth);
}

TEST(no_picture_twice_but_under_another_label)
{
    gd_worth worth;
    gd_error error = {0};
    CHECK_OK(gd_worth_init(&worth, 9, &error), &error);
    offer(&worth, "a", 0, 1, 0.8, 0.6, "UE5H");
    offer(&worth, "b", 0, 1, 0.9, 0.8, "UE5H"); /* the same */
    offer(&worth, "c", 2, 1, 0.8, 0.6, "UE5H"); /* somebody is wrong here: worth a look */
    offer(&worth, "d", 0, 1, 0.8, 0.6, "UE5I");
    offer(&worth, "e", 0, 1, 0.8, 0.6, NULL); /* without a body nobody knows */
    offer(&worth, "f", 0, 1, 0.8, 0.6, NULL);
    CHECK_TEXT(ids_of(&worth.wrong), " a c d e f");
    gd_worth_release(&worth);
    CHECK_OK(gd_worth_init(&worth, 0, &error), &error);
    offer(&worth, "a", 0, 1, 0.8, 0.6, "UE5H");
    CHECK_EQ_INT(worth.wrong.n, 0);
    gd_worth_release(&worth);
}

/* ---- names ---- */

static const char *id_name(const char *text)
{
    char name[GD_SAFE_NAME];
    gd_safe_id(text, name);
    return unit_text("%s", name);
}

static const char *class_name(const char *text)
{
    char name[GD_SAFE_NAME];
    gd_safe_class(text, name);
    return unit_text("%s", name);
}

TEST(names_are_one_component_whatever_an_id_is)
{
    CHECK_TEXT(id_name("0b2f-4_A.x"), "0b2f-4_A.x");
    CHECK_TEXT(id_name("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
    CHECK_TEXT(id_name("a b\n\xc3\xaf%"), "a%20b%0A%C3%AF%25");
    CHECK_TEXT(id_name(""), "%");
    CHECK_TEXT(class_name("maple tree"), "maple tree");
    CHECK_TEXT(class_name("ne\xc3\xafther"), "ne\xc3\xafther");
    CHECK_TEXT(class_name("n01/tench"), "n01%2Ftench");
    CHECK_TEXT(class_name(".."), "%2E%2E");
    CHECK_TEXT(class_name(".hidden"), "%2Ehidden");
    CHECK_TEXT(class_name("__MACOSX"), "%5F_MACOSX");
    CHECK_TEXT(class_name(" a\x01\xff\\ "), "%20a%01%FF%5C%20");
    CHECK_TEXT(class_name(""), "%");
}

TEST(long_names_are_cut_and_still_differ)
{
    char a[5000], b[5000];
    memset(a, 'a', sizeof a - 1);
    a[sizeof a - 1] = '\0';
    memcpy(b, a, sizeof a);
    b[4000] = 'b';
    CHECK(strlen(id_name(a)) < GD_SAFE_NAME && strlen(id_name(a)) > 200);
    CHECK(strcmp(id_name(a), id_name(b)) != 0);
    memset(a, '/', sizeof a - 1);
    CHECK(strlen(id_name(a)) < GD_SAFE_NAME && !strchr(id_name(a), '/'));
    CHECK(strlen(class_name(a)) < GD_SAFE_NAME && !strchr(class_name(a), '/'));
}

/* ---- folders ---- */

#define RECORD(id, type, body)                                                                                         \
    "{\"captureData\":{\"endpointInput\":{\"observedContentType\":\"" type "\",\"mode\":\"INPUT\",\"data\":\"" body    \
    "\",\"encoding\":\"BASE64\"}},\"eventMetadata\":{\"eventId\":\"" id                                                \
    "\",\"inferenceTime\":\"2026-11-27T01:02:03Z\"},\"eventVersion\":\"0\"}\n"

/* A picture of one grey pixel, as PNG: 67 bytes. */
#define PNG "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="

typedef struct written {
    gd_worth worth;
    gd_worth_files files;
    const char *paths[2];
} written;

/* Offers all records of a file: the first half labelled 0 and answered 1, the others without a label. */
static gd_status write_all(written *w, const char *records, const char *folder, gd_error *error)
{
    static const char *const classes[] = {"a cat", ".dog"};
    *w = (written){.paths = {unit_path("c.jsonl")}};
    gd_captured *reader;
    const gd_captured_record *record;
    const gd_captured_options options = {.paths = w->paths};
    CHECK_OK(gd_file_write(w->paths[0], records, strlen(records), error), error);
    CHECK_OK(gd_folder_make(folder, error), error);
    CHECK_OK(gd_worth_init(&w->worth, 10, error), error);
    CHECK_OK(gd_captured_open(&options, &reader, error), error);
    for (;;) {
        CHECK_OK(gd_captured_next(reader, &record, error), error);
        if (!record)
            break;
        const gd_answer_figures answer = {1, 0.75, 0.25, 0.5};
        CHECK_OK(
            gd_worth_offer(&w->worth, record, record->event_id, record->event_id[0] == 'w' ? 0 : -1, &answer, error),
            error);
    }
    gd_captured_close(reader);
    return gd_worth_write(&w->worth, folder, classes, &options, &w->files, error);
}

TEST(pictures_lie_in_a_folder_per_class)
{
    written w;
    gd_error error = {0};
    const char *folder = unit_path("out"), *png, *list;
    CHECK_OK(gd_folder_make(unit_path("out/wrong.part/left"), &error), &error); /* of a run that was killed */
    CHECK_OK(write_all(&w,
                       RECORD("w/1", "image/png", PNG) RECORD("w2", "image/png", "AAAA") /* no picture */
                       RECORD("w3", "text/plain", "QUJD")                                /* nor that */
                       RECORD("u1", "application/json", "W1swLDI1NV1d")                  /* [[0,255]] */
                       RECORD("u2", "image/png", PNG) RECORD("u2", "image/png", ""),
                       folder, &error),
             &error);
    CHECK_EQ_INT(w.files.wrong, 1);
    CHECK_EQ_INT(w.files.unsure, 2);
    CHECK_EQ_INT(w.files.broken, 3);
    CHECK_CONTAINS(w.files.first.message, "the body: ");
    CHECK_EQ_INT(w.files.first.line, 2);
    CHECK(gd_file_exists(unit_path("out/wrong/a cat/w%%2F1.png")));
    CHECK(gd_file_exists(unit_path("out/unsure/%%2Edog/u2.png")));
    CHECK(!gd_file_exists(unit_path("out/wrong.part")) && !gd_file_exists(unit_path("out/unsure.part")));
    CHECK_EQ_INT(captured_files(folder), 4);

    gd_arena arena = {0};
    gd_picture picture = {0};
    char *bytes;
    size_t length;
    png = unit_path("out/unsure/%%2Edog/u1.png");
    CHECK_OK(gd_file_read(png, 1000, &arena, &bytes, &length, &error), &error);
    CHECK_OK(gd_decode(png, bytes, length, 0, &picture, &error), &error);
    CHECK(picture.height == 1 && picture.width == 2 && picture.pixels[0] == 0 && picture.pixels[1] == 255);
    gd_picture_release(&picture);
    gd_arena_release(&arena);

    list = captured_file(unit_path("out/worth.jsonl"));
    CHECK_EQ_INT(captured_count(list, "\n"), 6);
    CHECK_EQ_INT(captured_count(list, "\"file\":null"), 3);
    CHECK_CONTAINS(list, "\"why\":\"answered '.dog' with 0.7500, and is labelled 'a cat'\"");
    CHECK_CONTAINS(list, "\"file\":\"wrong/a cat/w%2F1.png\"");
    CHECK_CONTAINS(list, "c.jsonl:4\",\"time\":\"2026-11-27T01:02:03Z\",\"label\":null,\"answer\":\".dog\"");

    CHECK_FAILS(gd_worth_check(folder, &error), GD_INVALID, &error, "out/wrong' is there already");
    CHECK_OK(gd_worth_check(unit_path("other"), &error), &error);
    gd_worth_release(&w.worth);
}

TEST(of_nothing_there_is_a_list_and_no_folder)
{
    written w;
    gd_error error = {0};
    CHECK_OK(write_all(&w, "\n", unit_path("out"), &error), &error);
    CHECK_EQ_INT(captured_files(unit_path("out")), 1);
    CHECK_TEXT(captured_file(unit_path("out/worth.jsonl")), "");
    CHECK_OK(gd_worth_check(unit_path("out"), &error), &error);
    gd_worth_release(&w.worth);
}

TEST(a_folder_that_cannot_be_written_leaves_nothing)
{
    written w;
    gd_error error = {0};
    CHECK_OK(gd_folder_make(unit_path("out/worth.jsonl"), &error), &error); /* in the list's place */
    CHECK_FAILS(write_all(&w, RECORD("w1", "image/png", PNG), unit_path("out"), &error), GD_IO, &error, "worth.jsonl");
    CHECK(!gd_file_exists(unit_path("out/wrong")) && !gd_file_exists(unit_path("out/wrong.part")));
    gd_worth_release(&w.worth);
}
