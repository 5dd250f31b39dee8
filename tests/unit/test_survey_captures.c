// SPDX-License-Identifier: Apache-2.0
#include "data_files.h"
#include "exported.h"
#include "surveyed.h"

#include "data/decode.h"
#include "image/figures.h"

enum { SIDE = 6, NOON = 1795780800 };

static const char *const two[] = {"cat", "dog"};

/* ---- lines ---- */

static const char *base64_of(blob file)
{
    gd_text text = {0};
    gd_text_add_base64(&text, file.at, file.length);
    const char *kept = unit_text("%s", text.at);
    gd_text_release(&text);
    free(file.at);
    return kept;
}

/* Parts are whole JSON values; "": not there. Seconds behind noon. */
static const char *line(const char *type, const char *body, const char *answer, const char *seen, int seconds)
{
    const char *input = *body ? unit_text("\"endpointInput\":{\"observedContentType\":\"%s\",\"mode\":\"INPUT\","
                                          "\"data\":\"%s\",\"encoding\":\"%s\"}",
                                          type, body, strcmp(type, "image/png") == 0 ? "BASE64" : "JSON")
                              : "";
    const char *output = *answer ? unit_text("\"endpointOutput\":{\"observedContentType\":\"application/json\","
                                             "\"mode\":\"OUTPUT\",\"data\":\"%s\",\"encoding\":\"JSON\"}",
                                             answer)
                                 : "";
    return unit_text("{\"captureData\":{%s%s%s},\"eventMetadata\":{\"eventId\":\"%d\",\"inferenceTime\":"
                     "\"2026-11-27T12:%02d:%02dZ\"},\"eventVersion\":\"0\"%s%s}\n",
                     input, *input && *output ? "," : "", output, seconds, seconds / 60, seconds % 60,
                     *seen ? ",\"griddle\":" : "", seen);
}

static const char *seen(double brightness, const char *features)
{
    return unit_text(
        "{\"pictures\":[{\"brightness\":%g,\"height\":9,\"format\":\"png\",\"bytes\":77,\"features\":[%s]}]}",
        brightness, features);
}

static const char *put_capture(const char *path, const char *text)
{
    return put_file(unit_path("%s", path), blob_of(text, strlen(text)));
}

static surveyed survey(const char *path, surveyed all, gd_status want, const char *complaint)
{
    const char *const paths[] = {path, NULL};
    gd_survey_capture what = {.read = {.paths = paths}};
    gd_error error = {0};
    static surveyed s; /* it is pointed at */
    s = all;
    const gd_see see = surveyed_by(&s);
    const gd_status status = gd_survey_captures(&what, &s.options, &see, &s.captured, &s.counts, &error);
    if (want == GD_OK) {
        CHECK_OK(status, &error);
    } else {
        CHECK_FAILS(status, want, &error, complaint);
        gd_text_release(&s.told); /* what came before it was known */
    }
    return s;
}

static surveyed plain(void) { return (surveyed){.options = {.n_classes = 2, .classes = two, .n_features = 2}}; }

static const char *told(surveyed *all)
{
    const char *text = unit_text("%s", all->told.at ? all->told.at : "");
    gd_text_release(&all->told);
    return text;
}

/* ---- tests ---- */

TEST(tells_what_is_recorded_in_order)
{
    const char *text =
        unit_text("%s%s%s", line("", "", "[0.25,0.75]", seen(0.5, "1,2"), 1), line("", "", "[[1,0],[0.5,null]]", "", 2),
                  line("", "", "[0,1]", seen(0.1, "1,2,3"), 3));
    for (int threads = 1; threads <= 4; threads += 3) {
        surveyed all = plain();
        all.options.threads = threads;
        all = survey(put_capture("a.jsonl", text), all, GD_OK, "");
        CHECK_TEXT(told(&all), unit_text("a.jsonl:1 at %d000 brightness 0.5 height 9 png of 77 answer 0.25 , 0.75 "
                                         "features 1 , 2\n"
                                         "a.jsonl:2 at %d000 answer 1 , 0\n"
                                         "a.jsonl:2 at %d000 answer 0.5\n"
                                         "a.jsonl:3 at %d000 brightness 0.1 height 9 png of 77 answer 0 , 1\n",
                                         NOON + 1, NOON + 2, NOON + 2, NOON + 3));
        CHECK_EQ_INT(all.counts.pictures, 4);
        CHECK_EQ_INT(all.counts.broken, 0);
        CHECK_EQ_INT(all.captured.read.records, 3);
    }
}

TEST(bodies_tell_what_is_not_recorded)
{
    const blob png = pattern_png(1, SIDE, SIDE + 2, 3);
    const long long bytes = (long long)png.length;
    const char *text =
        unit_text("%s%s%s", line("image/png", base64_of(png), "[0,1]", "", 1),
                  line("application/json", "{\\\"instances\\\":[[[255,255]],[[0,0]],[[51,51]]]}", "", "", 2),
                  line("image/png", "iVBORw==", "[1,0]", "", 3));
    surveyed all = plain();
    all.options.channels = 1;
    all.wants = true;
    all = survey(put_capture("a.jsonl", text), all, GD_OK, "");
    char brightness[32];
    double figure[GD_FIGURES];
    gd_picture picture;
    gd_error error = {0};
    const blob again = pattern_png(1, SIDE, SIDE + 2, 3);
    CHECK_OK(gd_decode(NULL, again.at, again.length, 1, &picture, &error), &error);
    free(again.at);
    const gd_image image = {picture.height, picture.width, picture.channels, picture.pixels};
    CHECK_OK(gd_image_figures(&image, figure, &error), &error);
    gd_picture_release(&picture);
    snprintf(brightness, sizeof brightness, "%.4g", figure[GD_BRIGHTNESS]);
    CHECK_TEXT(told(&all), unit_text("a.jsonl:1 at %d000 brightness %s height 6 png of %lld answer 0 , 1\n"
                                     "a.jsonl:2 at %d000 brightness 1 height 1\n"
                                     "a.jsonl:2 at %d000 brightness 0 height 1\n"
                                     "a.jsonl:2 at %d000 brightness 0.2 height 1\n"
                                     "a.jsonl:3 at %d000 answer 1 , 0\n",
                                     NOON + 1, brightness, bytes, NOON + 2, NOON + 2, NOON + 2, NOON + 3));
    CHECK_EQ_INT(all.pictures, 4); /* all but the broken one */
    CHECK_EQ_INT(all.counts.broken, 1);
    char first[1024];
    CHECK_CONTAINS(gd_error_text(&all.counts.first, first, sizeof first), "a.jsonl:3:1: body: neither PNG nor JPEG");
}

TEST(a_model_answers_what_is_not_answered)
{
    gd_model *model = export_model("  network: resnet-9\n  width: 4\n", 16, 3);
    const gd_model_info *info = gd_model_describe(model);
    const gd_session_options with = {.n_outputs = 1, .outputs = &info->features};
    gd_session *session;
    gd_error error = {0};
    float probability[CLASSES];
    const gd_image image = draw_image(model, 3);
    CHECK_OK(gd_session_new(model, &with, &session, &error), &error);
    CHECK_OK(gd_session_run(session, &image, 1, probability, &error), &error);
    int64_t n;
    const float *features = gd_session_output(session, info->features, &n);

    gd_text want = {0};
    const char *body = base64_of(png_of(PNG_FORMAT_RGB, image.height, image.width, image.pixels));
    const char *text =
        unit_text("%s%s", line("image/png", body, "", "", 1), line("image/png", body, "[1,0,0,0,0]", "", 2));
    surveyed all = {.options = {.model = model, .n_classes = CLASSES, .classes = class_names, .n_features = (int)n}};
    all.options.threads = 2;
    all = survey(put_capture("a.jsonl", text), all, GD_OK, "");
    const char *lines = told(&all), *second = strchr(lines, '\n');
    for (int c = 0; c < CLASSES; c++)
        surveyed_number(&want, c ? "," : "answer", (double)probability[c]);
    for (int f = 0; f < n; f++)
        surveyed_number(&want, f ? "," : "features", (double)features[f]);
    CHECK_CONTAINS(lines, want.at);
    CHECK_CONTAINS(second, "answer 1 , 0 , 0 , 0 , 0 features"); /* the recorded one stands */
    gd_text_release(&want);
    free((void *)(uintptr_t)image.pixels);
    gd_session_free(session);
    gd_model_free(model);
}

TEST(answers_of_another_model_are_refused)
{
    survey(put_capture("a.jsonl", line("", "", "[0.2,0.3,0.5]", "", 1)), plain(), GD_INVALID,
           "a.jsonl:1:1: an answer of 3 probabilities where the model has 2 classes");
    const char *other = unit_text("{\\\"predictions\\\":[{\\\"probabilities\\\":{\\\"dog\\\":0.2,\\\"cow\\\":0.8}}]}");
    survey(put_capture("a.jsonl", line("", "", other, "", 1)), plain(), GD_INVALID, "has class 'cow'");
    const char *turned = unit_text("{\\\"predictions\\\":[{\\\"probabilities\\\":{\\\"dog\\\":0.2,\\\"cat\\\":0.8}}]}");
    surveyed all = survey(put_capture("a.jsonl", line("", "", turned, "", 1)), plain(), GD_OK, "");
    CHECK_CONTAINS(told(&all), "answer 0.8 , 0.2");
}

TEST(one_answer_of_another_form_is_counted_and_no_more)
{
    static const char *const odd_ones[][2] = {
        {"[0.2,0.3,0.5]", "a.jsonl:2:1: an answer of 3 probabilities where the model has 2 classes"},
        {"cow", "a.jsonl:2:1: the answer is 'cow', which is none of the model's 2 classes"},
        {"<html>\\n<p>502\\n</html>", "a.jsonl:2:1: the answer is '<html>', which is none of the model's"},
    };
    for (size_t i = 0; i < sizeof odd_ones / sizeof *odd_ones; i++) {
        const char *text = unit_text("%s%s%s", line("", "", "[1,0]", "", 1), line("", "", odd_ones[i][0], "", 2),
                                     line("", "", "[0,1]", "", 3));
        surveyed all = survey(put_capture("a.jsonl", text), plain(), GD_OK, "");
        CHECK_TEXT(told(&all), unit_text("a.jsonl:1 at %d000 answer 1 , 0\na.jsonl:2 at %d000\n"
                                         "a.jsonl:3 at %d000 answer 0 , 1\n",
                                         NOON + 1, NOON + 2, NOON + 3));
        CHECK_EQ_INT(all.captured.answered, 2);
        CHECK_EQ_INT(all.captured.foreign, 1);
        char first[1024];
        CHECK_CONTAINS(gd_error_text(&all.captured.first_foreign, first, sizeof first), odd_ones[i][1]);
    }
}

TEST(what_is_not_understood_is_a_picture_without_an_answer)
{
    const char *text = unit_text("%s%s", line("", "", "[1,0]", "", 1), line("", "", "{\\\"score\\\":1}", "", 2));
    surveyed all = survey(put_capture("a.jsonl", text), plain(), GD_OK, "");
    CHECK_TEXT(told(&all), unit_text("a.jsonl:1 at %d000 answer 1 , 0\na.jsonl:2 at %d000\n", NOON + 1, NOON + 2));
    CHECK_EQ_INT(all.captured.read.strange, 1);
    CHECK_EQ_INT(all.captured.blind, 0);
}

TEST(one_probability_of_two_classes_is_the_seconds)
{
    const char *text = unit_text("%s%s%s", line("", "", "0.25", "", 1), line("", "", "[[0.75],[1]]", "", 2),
                                 line("", "", "1.5", "", 3));
    surveyed all = survey(put_capture("a.jsonl", text), plain(), GD_OK, "");
    CHECK_TEXT(told(&all), unit_text("a.jsonl:1 at %d000 answer 0.75 , 0.25\na.jsonl:2 at %d000 answer 0.25 , 0.75\n"
                                     "a.jsonl:2 at %d000 answer 0 , 1\na.jsonl:3 at %d000 answer -0.5 , 1.5\n",
                                     NOON + 1, NOON + 2, NOON + 2, NOON + 3));
    CHECK_EQ_INT(all.captured.odd, 1);
    surveyed three = {.options = {.n_classes = 3}};
    survey(put_capture("a.jsonl", line("", "", "0.25", "", 1)), three, GD_INVALID,
           "a.jsonl:1:1: an answer of 1 probability where the model has 3 classes");
}

TEST(classes_alone_are_told)
{
    const char *text = unit_text("%s%s", line("", "", "dog", "", 1), line("", "", "[\\\"cat\\\",\\\"dog\\\"]", "", 2));
    surveyed all = survey(put_capture("a.jsonl", text), plain(), GD_OK, "");
    CHECK_TEXT(told(&all), unit_text("a.jsonl:1 at %d000 class 1\na.jsonl:2 at %d000 class 0\n"
                                     "a.jsonl:2 at %d000 class 1\n",
                                     NOON + 1, NOON + 2, NOON + 2));
    surveyed nameless = plain();
    nameless.options.classes = NULL;
    survey(put_capture("a.jsonl", text), nameless, GD_INVALID,
           "the answer is 'dog', and the model's classes have no names here");
}

TEST(one_endpoint_at_a_time)
{
    const char *root = unit_path("captured");
    put_capture("captured/shop/blue/2026/11/27/12/00-01-000-a.jsonl", line("", "", "[1,0]", "", 1));
    put_capture("captured/shop/green/2026/11/27/12/00-02-000-b.jsonl", line("", "", "[0,1]", "", 2));
    survey(root, plain(), GD_INVALID, "captures of variants 'blue' and 'green': name one of them with --variant");
    const char *const paths[] = {root, NULL};
    const gd_survey_capture what = {.read = {.paths = paths}, .endpoint = "shop", .variant = "green"};
    surveyed all = plain();
    gd_error error = {0};
    const gd_see see = surveyed_by(&all);
    CHECK_OK(gd_survey_captures(&what, &all.options, &see, &all.captured, &all.counts, &error), &error);
    CHECK_CONTAINS(told(&all), "answer 0 , 1");
    CHECK_EQ_INT(all.n, 1);
    CHECK_EQ_INT(all.captured.elsewhere, 1);
    CHECK_TEXT(all.captured.variant, "green");
}

TEST(what_says_nothing_is_counted)
{
    const char *text = unit_text("%s{}\n%s%s", line("", "", "", "", 1), line("", "", "[1,0]", "", 2),
                                 line("image/png", "iVBORw==", "", "", 3));
    surveyed all = survey(put_capture("a.jsonl", text), plain(), GD_OK, "");
    CHECK_EQ_INT(all.n, 1);
    CHECK_EQ_INT(all.captured.blind, 1);
    CHECK_EQ_INT(all.counts.broken, 1);
    CHECK_EQ_INT(all.captured.read.broken, 1);
    gd_text_release(&all.told);
}

TEST(many_records_and_a_stop)
{
    gd_text text = {0};
    for (int i = 0; i < 3000; i++)
        gd_text_add(&text, "%s", line("", "", "[0.25,0.75]", seen(i / 4096.0, "1,2"), i % 3600));
    const char *path = put_capture("a.jsonl", text.at);
    surveyed one = plain(), several = plain(), stopped = plain();
    one.options.threads = 1;
    several.options.threads = 4;
    stopped.stop_at = 100;
    one = survey(path, one, GD_OK, "");
    several = survey(path, several, GD_OK, "");
    CHECK_EQ_INT(one.n, 3000);
    CHECK(strcmp(one.told.at, several.told.at) == 0);
    stopped = survey(path, stopped, GD_STOPPED, "stopped behind 100 pictures");
    gd_text_release(&one.told);
    gd_text_release(&several.told);
    gd_text_release(&stopped.told);
    gd_text_release(&text);
}
