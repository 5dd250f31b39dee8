// SPDX-License-Identifier: Apache-2.0
#include "captured.h"
#include "serve/capture_line.h"

static const gd_capture_options both = {.input = true, .output = true, .figures = true};

static const char *line(const gd_capture_options *options, const gd_capture_record *record)
{
    gd_text text = {0};
    gd_capture_line(&text, options, record);
    CHECK_EQ_INT(gd_text_status(&text, NULL), GD_OK);
    const char *kept = gd_arena_text(&captured.arena, text.at);
    CHECK_EQ_INT(text.length, strlen(kept));
    gd_text_release(&text);
    return kept;
}

/* One body as input, the rest as short as can be. */
static const char *input(const gd_capture_options *options, const char *type, const char *body, size_t bytes)
{
    gd_capture_options one = *options;
    one.output = false;
    return line(&one, &(gd_capture_record){.input_type = type, .input = body, .input_bytes = bytes, .event_id = "e"});
}

TEST(lines_are_the_managed_services)
{
    static const char csv[] = "1.5,bicycle,0\n", json[] = "{\"predictions\":[{\"class\":\"Fahrrad ä\"}]}";
    const gd_capture_record records[] = {
        {.input_type = "image/png",
         .input = "\x89PNG\r\n\x1a\n",
         .input_bytes = 8,
         .output_type = "application/json",
         .output = "[0.97,0.03]",
         .output_bytes = 11,
         .event_id = "0b6c1f0e-3a59-4a3b-9b3f-5d1f7a0c2e11",
         .time_ms = 1795741323456},
        {.input_type = "text/csv",
         .input = csv,
         .input_bytes = strlen(csv),
         .output_type = "text/csv; charset=utf-8",
         .output = "0.97",
         .output_bytes = 4,
         .event_id = "0b6c1f0e-3a59-4a3b-9b3f-5d1f7a0c2e12",
         .inference_id = "order 66",
         .custom_attributes = "station=\"north\""},
        {.input_type = "image/jpeg",
         .input = "\xff\xd8\xff",
         .input_bytes = 3,
         .output_type = "application/json",
         .output = json,
         .output_bytes = strlen(json),
         .event_id = "0b6c1f0e-3a59-4a3b-9b3f-5d1f7a0c2e13",
         .time_ms = 1835481599999,
         .figures = "{\"width\":32,\n\"brightness\":\r0.5}"}}; /* on one line, whatever comes */
    const char *all = "";
    for (int i = 0; i < 3; i++)
        all = unit_text("%s%s", all, line(&both, &records[i]));
    CHECK_TEXT(all, captured_file(unit_source("tests/golden/capture.jsonl")));
}

TEST(what_is_text_stays_text)
{
    static const struct {
        const char *type, *body;
        size_t bytes;
        const char *want;
    } cases[] = {
        {"application/json", "[1]", 3, "\"data\":\"[1]\",\"encoding\":\"JSON\""},
        {"Application/JSON ;charset=utf-8", "[1]", 3, "\"data\":\"[1]\",\"encoding\":\"JSON\""},
        {" application/json", "[\"a\"]", 5, "\"data\":\"[\\\"a\\\"]\",\"encoding\":\"JSON\""},
        {"application/json", "", 0, "\"data\":\"\",\"encoding\":\"JSON\""},
        {"text/csv", "a,b", 3, "\"data\":\"a,b\",\"encoding\":\"CSV\""},
        {"text/csv", "\xc3\xa4", 2, "\"data\":\"ä\",\"encoding\":\"CSV\""},
        {"text/csv", "\xe4", 1, "\"data\":\"5A==\",\"encoding\":\"BASE64\""}, /* no UTF-8 */
        {"application/json", "[\0]", 3, "\"data\":\"WwBd\",\"encoding\":\"BASE64\""},
        {"application/jsonlines", "[1]", 3, "\"data\":\"WzFd\",\"encoding\":\"BASE64\""},
        {"text/csv2", "a,b", 3, "\"data\":\"YSxi\",\"encoding\":\"BASE64\""},
        {"text/cs", "a,b", 3, "\"data\":\"YSxi\",\"encoding\":\"BASE64\""},
        {"", "a", 1, "\"observedContentType\":\"\",\"mode\":\"INPUT\",\"data\":\"YQ==\",\"encoding\":\"BASE64\""},
        {"image/png", "", 0, "\"data\":\"\",\"encoding\":\"BASE64\""},
        {"image/png", "ab", 2, "\"data\":\"YWI=\",\"encoding\":\"BASE64\""},
        {"image/png", "\0\xff\xfe\x3f", 4, "\"data\":\"AP/+Pw==\",\"encoding\":\"BASE64\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_CONTAINS(input(&both, cases[i].type, cases[i].body, cases[i].bytes), cases[i].want);
}

TEST(lists_of_types_replace_the_usual_ones)
{
    const char *const json[] = {"application/jsonlines", "text/json", NULL}, *const none[] = {NULL};
    gd_capture_options options = both;
    options.json_types = json;
    options.csv_types = none;
    CHECK_CONTAINS(input(&options, "text/json", "[1]", 3), "\"encoding\":\"JSON\"");
    CHECK_CONTAINS(input(&options, "application/jsonlines", "[1]", 3), "\"encoding\":\"JSON\"");
    CHECK_CONTAINS(input(&options, "application/json", "[1]", 3), "\"encoding\":\"BASE64\"");
    CHECK_CONTAINS(input(&options, "text/csv", "1,2", 3), "\"encoding\":\"BASE64\"");
}

TEST(what_is_not_given_or_not_wanted_is_absent)
{
    const gd_capture_record record = {
        .input = "", .output = "", .event_id = "e", .figures = "{\"width\":1}", .time_ms = 1000};
    gd_capture_options options = both;
#define TAIL "},\"eventMetadata\":{\"eventId\":\"e\",\"inferenceTime\":\"1970-01-01T00:00:01Z\"},\"eventVersion\":\"0\""
#define SIDE(name, mode) "\"" name "\":{\"mode\":\"" mode "\",\"data\":\"\",\"encoding\":\"BASE64\"}"
    options.figures = false;
    CHECK_TEXT(line(&options, &record),
               "{\"captureData\":{" SIDE("endpointInput", "INPUT") "," SIDE("endpointOutput", "OUTPUT") TAIL "}\n");
    options.input = false;
    CHECK_TEXT(line(&options, &record), "{\"captureData\":{" SIDE("endpointOutput", "OUTPUT") TAIL "}\n");
    options.input = true;
    options.output = false;
    CHECK_TEXT(line(&options, &record), "{\"captureData\":{" SIDE("endpointInput", "INPUT") TAIL "}\n");
    options.input = false;
    options.figures = true;
    CHECK_TEXT(line(&options, &record), "{\"captureData\":{" TAIL ",\"griddle\":{\"width\":1}}\n");
}

TEST(a_strangers_words_are_escaped)
{
    const gd_capture_record record = {.input_type = "image/png\"\n\x01",
                                      .input = "",
                                      .event_id = "e",
                                      .inference_id = "\",\"x\":\"",
                                      .custom_attributes = "\xff\r\n"};
    const char *said = line(&both, &record);
    CHECK_CONTAINS(said, "\"image/png\\\"\\u000a\\u0001\"");
    CHECK_CONTAINS(said, "\"inferenceId\":\"\\\",\\\"x\\\":\\\"\"");
    CHECK_CONTAINS(said, "[\"\\ufffd\\u000d\\u000a\"]");
    CHECK_EQ_INT(captured_count(said, "\n"), 1);
}

TEST(base64_of_any_length)
{
    static char body[7000];
    const char *before = "";
    for (size_t n = 0; n < sizeof body; n++)
        body[n] = (char)(n * 131 + n / 256);
    for (size_t n = 3070; n < 3080; n++) { /* around a piece of it */
        const char *data = strstr(input(&both, "image/png", body, n), "\"data\":\"") + 8;
        const size_t digits = strcspn(data, "\"="), whole = n / 3 * 4;
        CHECK_EQ_INT(digits, whole + (n % 3 ? n % 3 + 1 : 0));
        CHECK(strncmp(before, data, strlen(before)) == 0);
        before = gd_arena_text_n(&captured.arena, data, whole);
    }
}
