// SPDX-License-Identifier: Apache-2.0
#include "base/field.h"
#include "base/text.h"
#include "unit.h"

#include <float.h>
#include <limits.h>
#include <string.h>

typedef struct inner {
    int deep;
} inner;

typedef struct object {
    int whole;
    uint64_t big;
    double real;
    bool flag;
    const char *text;
    int choice;
    gd_ints ints;
    gd_reals reals;
    gd_texts texts;
    inner inner;
    const gd_attr *tree;
} object;

static const gd_field inner_fields[] = {GD_FIELD_INT(inner, deep, "4", 0, 9, "deep"), {0}};
static const gd_field fields[] = {
    GD_FIELD_INT(object, whole, "3", 1, 64, "a whole number"),
    GD_FIELD_UINT64(object, big, "7", "a large one"),
    GD_FIELD_REAL(object, real, "0.5", -1, 1e300, "a real one"),
    GD_FIELD_BOOL(object, flag, "true", "a flag"),
    GD_FIELD_TEXT(object, text, "", "a text"),
    GD_FIELD_CHOICE(object, choice, "two", "one two three", "a choice"),
    GD_FIELD_INTS(object, ints, "[1, 2]", 0, 10, "whole numbers"),
    GD_FIELD_REALS(object, reals, "[]", 0, 1, "real ones"),
    GD_FIELD_TEXTS(object, texts, "[]", "texts"),
    GD_FIELD_SECTION(object, inner, inner_fields, "a struct"),
    GD_FIELD_TREE(object, tree, "anything"),
    {0},
};

static const gd_place here = {"here", 5, 1};

static gd_status read(const char *pairs, object *to, gd_arena *arena, gd_error *error)
{
    gd_attr *map;
    gd_status status = gd_attr_parse_pairs(arena, pairs, here, &map, error);
    return status == GD_OK ? gd_fields_read(fields, to, map, arena, error) : status;
}

static void refuses(const char *pairs, const char *why)
{
    gd_arena arena = {0};
    gd_error error = {0};
    object to;
    CHECK_FAILS(read(pairs, &to, &arena, &error), GD_INVALID, &error, why);
    gd_arena_release(&arena);
}

TEST(a_word_may_stand_for_nought)
{
    static const gd_field worded[] = {GD_FIELD_INT_OR(inner, deep, "4", "all", 9, "how deep"), {0}};
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *map;
    inner read;
    CHECK_OK(gd_attr_parse_pairs(&arena, "deep=all", (gd_place){0}, &map, &error), &error);
    CHECK_OK(gd_fields_read(worded, &read, map, &arena, &error), &error);
    CHECK_EQ_INT(read.deep, 0);
    CHECK_TEXT(gd_attr_find(gd_fields_print(worded, &read, &arena), "deep")->text, "all");
    CHECK_OK(gd_attr_parse_pairs(&arena, "deep=7", (gd_place){0}, &map, &error), &error);
    CHECK_OK(gd_fields_read(worded, &read, map, &arena, &error), &error);
    CHECK_EQ_INT(read.deep, 7);
    CHECK_TEXT(gd_attr_find(gd_fields_print(worded, &read, &arena), "deep")->text, "7");
    CHECK_OK(gd_attr_parse_pairs(&arena, "deep=some", (gd_place){0}, &map, &error), &error);
    CHECK_FAILS(gd_fields_read(worded, &read, map, &arena, &error), GD_INVALID, &error, "whole number");
    gd_arena_release(&arena);
}

TEST(defaults)
{
    gd_arena arena = {0};
    gd_error error = {0};
    object o;
    memset(&o, 0xff, sizeof o);
    CHECK_OK(gd_fields_read(fields, &o, NULL, &arena, &error), &error);
    CHECK_EQ_INT(o.whole, 3);
    CHECK_EQ_INT((long long)o.big, 7);
    CHECK_NEAR(o.real, 0.5, 0);
    CHECK(o.flag);
    CHECK_TEXT(o.text, "");
    CHECK_EQ_INT(o.choice, 1);
    CHECK_EQ_INT(o.ints.n, 2);
    CHECK_EQ_INT(o.ints.at[1], 2);
    CHECK_EQ_INT(o.reals.n, 0);
    CHECK_EQ_INT(o.inner.deep, 4);
    CHECK(o.tree == NULL);
    gd_arena_release(&arena);
}

TEST(values)
{
    gd_arena arena = {0};
    gd_error error = {0};
    object o;
    CHECK_OK(read("whole=64 big=18446744073709551615 real=-1e-3 flag=false text=12 choice=three ints=9 reals=[0,1] "
                  "texts=[a,'b c'] inner.deep=0 tree.x=1",
                  &o, &arena, &error),
             &error);
    CHECK_EQ_INT(o.whole, 64);
    CHECK(o.big == UINT64_MAX);
    CHECK_NEAR(o.real, -1e-3, 0);
    CHECK(!o.flag);
    CHECK_TEXT(o.text, "12");
    CHECK_EQ_INT(o.choice, 2);
    CHECK_EQ_INT(o.ints.n, 1);
    CHECK_EQ_INT(o.ints.at[0], 9);
    CHECK_NEAR(o.reals.at[1], 1, 0);
    CHECK_TEXT(o.texts.at[1], "b c");
    CHECK_EQ_INT(o.inner.deep, 0);
    CHECK_TEXT(gd_attr_find(o.tree, "x")->text, "1");
    CHECK_OK(read("inner=null ints=null texts=x", &o, &arena, &error), &error);
    CHECK_EQ_INT(o.inner.deep, 4);
    CHECK_EQ_INT(o.ints.n, 0);
    CHECK_TEXT(o.texts.at[0], "x");
    gd_arena_release(&arena);
}

TEST(refused_values)
{
    refuses("whole=0", "here:5:1: 'whole' is 0, outside 1 to 64");
    refuses("whole=65", "outside 1 to 64");
    refuses("whole=99999999999999999999", "'whole' is 99999999999999999999, outside 1 to 64");
    refuses("whole=-99999999999", "outside 1 to 64");
    refuses("whole=3.5", "'whole' is '3.5' where a whole number is wanted");
    refuses("whole='3'", "'whole' is '3' in quotes where a whole number is wanted");
    refuses("whole=", "'whole' is empty where a whole number is wanted");
    refuses("whole=[3]", "'whole' is a list where");
    refuses("whole=0x3", "whole number");
    refuses("whole=-", "whole number");
    refuses("big=-1", "not negative");
    refuses("big=18446744073709551616", "at most 64 bits");
    refuses("real=1e301", "outside -1 to 1e+300");
    refuses("real=nan", "'real' is 'nan' where a number is wanted");
    refuses("real=inf", "a number is wanted");
    refuses("real=1e999", "a number is wanted");
    refuses("real=1e", "a number is wanted");
    refuses("flag=yes", "'flag' is 'yes' where true or false is wanted");
    refuses("flag='true'", "in quotes where true or false");
    refuses("text.x=1", "'text' is a map where a text is wanted");
    refuses("choice=tow", "'choice' is 'tow'; did you mean 'two'?");
    refuses("choice=seventeen", "it can be: one two three");
    refuses("choice=[one]", "'choice' is a list where one word");
    refuses("ints=[1,11]", "'ints' is 11, outside 0 to 10");
    refuses("ints.x=1", "'ints' is a map where a list");
    refuses("reals=[0,x]", "'reals' is 'x' where a number");
    refuses("texts=[a,null]", "has an empty member");
    refuses("inner=3", "'inner' is '3' where a map is wanted");
    refuses("inner=[1]", "'inner' is a list where a map");
    refuses("inner.deep=10", "'deep' is 10, outside 0 to 9");
    refuses("inner.dep=1", "unknown key 'dep'; did you mean 'deep'?");
    refuses("hole=1", "unknown key 'hole'; did you mean 'whole'?");
    refuses("unheard_of=1", "known are: whole, big, real");
}

TEST(required_and_no_settings)
{
    static const gd_field required[] = {GD_FIELD_INT(inner, deep, NULL, 0, 9, "how deep"), {0}}, none[] = {{0}};
    gd_arena arena = {0};
    gd_error error = {0};
    inner to;
    gd_attr *map = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    map->place = here;
    CHECK_FAILS(gd_fields_read(required, &to, map, &arena, &error), GD_INVALID, &error,
                "here:5:1: 'deep' is missing: how deep");
    CHECK_OK(gd_fields_read(none, NULL, map, &arena, &error), &error);
    CHECK_EQ_INT(gd_attr_append(&arena, map, "x", gd_attr_new(&arena, GD_ATTR_SCALAR, "1")), GD_OK);
    CHECK_FAILS(gd_fields_read(none, NULL, map, &arena, &error), GD_INVALID, &error, "nothing can be set");
    CHECK_EQ_INT(gd_attr_append(&arena, map, "x", gd_attr_new(&arena, GD_ATTR_SCALAR, "1")), GD_OK);
    CHECK_FAILS(gd_fields_read(required, &to, map, &arena, &error), GD_INVALID, &error, "'x' is given twice");
    CHECK_FAILS(gd_fields_read(required, &to, gd_attr_new(&arena, GD_ATTR_LIST, NULL), &arena, &error), GD_INVALID,
                &error, "is a list where a map is wanted");
    gd_arena_release(&arena);
}

TEST(printing_round_trips_exactly)
{
    static const double reals[] = {
        0.1,  1.0 / 3,       5e-4,     1e300, 2.2250738585072014e-308, 0.30000000000000004, DBL_MIN, DBL_EPSILON,
        1e-5, 123456789.123, 4.9e-324, -1};
    gd_arena arena = {0};
    gd_error error = {0};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        object o, back;
        CHECK_OK(read("texts=[a,'1','true'] text='null' big=18446744073709551615 tree=[1,x]", &o, &arena, &error),
                 &error);
        o.real = reals[i];
        gd_attr *map = gd_fields_print(fields, &o, &arena);
        CHECK(map != NULL);
        CHECK_OK(gd_fields_read(fields, &back, map, &arena, &error), &error);
        CHECK(back.real == o.real && back.big == o.big && back.whole == o.whole && back.flag == o.flag);
        CHECK_TEXT(back.text, "null");
        CHECK_TEXT(back.texts.at[2], "true");
        CHECK_EQ_INT(back.choice, o.choice);
        CHECK_EQ_INT(gd_attr_count(back.tree), 2);
    }
    object o;
    gd_text text = {0};
    CHECK_OK(gd_fields_read(fields, &o, NULL, &arena, &error), &error);
    o.real = 0.1;
    CHECK_EQ_INT(gd_attr_print_json(gd_fields_print(fields, &o, &arena), &text), GD_OK);
    CHECK_TEXT(text.at, "{\"whole\":3,\"big\":7,\"real\":0.1,\"flag\":true,\"text\":\"\",\"choice\":\"two\","
                        "\"ints\":[1,2],\"reals\":[],\"texts\":[],\"inner\":{\"deep\":4},\"tree\":null}");
    gd_text_release(&text);
    gd_arena_release(&arena);
}

TEST(single_values)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *map;
    int whole;
    double real;
    bool flag;
    CHECK_OK(gd_attr_parse_pairs(&arena, "a=3 b=x c=true", here, &map, &error), &error);
    const gd_attr *a = gd_attr_find(map, "a"), *b = gd_attr_find(map, "b"), *c = gd_attr_find(map, "c");
    CHECK_OK(gd_attr_int(a, 1, 3, &whole, &error), &error);
    CHECK_OK(gd_attr_real(a, 1, 3, &real, &error), &error);
    CHECK_OK(gd_attr_bool(c, &flag, &error), &error);
    CHECK(whole == 3 && real == 3 && flag);
    CHECK_FAILS(gd_attr_int(a, 4, 5, &whole, &error), GD_INVALID, &error, "'a' is 3, outside 4 to 5");
    CHECK_FAILS(gd_attr_real(b, 0, 1, &real, &error), GD_INVALID, &error, "'b' is 'x'");
    CHECK_FAILS(gd_attr_bool(a, &flag, &error), GD_INVALID, &error, "true or false");
    gd_arena_release(&arena);
}
