// SPDX-License-Identifier: Apache-2.0
#include "base/attr.h"
#include "base/text.h"
#include "unit.h"

#include <string.h>

static const char *as_json(const gd_attr *node)
{
    gd_text text = {0};
    CHECK_EQ_INT(gd_attr_print_json(node, &text), GD_OK);
    const char *kept = unit_text("%s", text.at);
    gd_text_release(&text);
    return kept;
}

static const char *as_yaml(const gd_attr *node, int indent)
{
    gd_text text = {0};
    CHECK_EQ_INT(gd_attr_print_yaml(node, indent, &text), GD_OK);
    const char *kept = unit_text("%s", text.at);
    gd_text_release(&text);
    return kept;
}

static const gd_place here = {"here", 3, 7};

/* `pairs` as JSON. */
static const char *parsed(const char *pairs)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *map;
    CHECK_OK(gd_attr_parse_pairs(&arena, pairs, here, &map, &error), &error);
    const char *text = as_json(map);
    gd_arena_release(&arena);
    return text;
}

static void refuses(const char *pairs, const char *why)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *map;
    CHECK_FAILS(gd_attr_parse_pairs(&arena, pairs, here, &map, &error), GD_INVALID, &error, why);
    gd_arena_release(&arena);
}

TEST(pairs)
{
    CHECK_TEXT(parsed(""), "{}");
    CHECK_TEXT(parsed("  kernel=3 \t pad=-1 bias=true name=conv "),
               "{\"kernel\":3,\"pad\":-1,\"bias\":true,\"name\":\"conv\"}");
    CHECK_TEXT(parsed("a='3' b=\"x y\" c= d=null"), "{\"a\":\"3\",\"b\":\"x y\",\"c\":null,\"d\":null}");
    CHECK_TEXT(parsed("a=[1, 2.5,x ] b=[] c=['],']"), "{\"a\":[1,2.5,\"x\"],\"b\":[],\"c\":[\"],\"]}");
    CHECK_TEXT(parsed("a.b=1 a.c.d=2 e=3 a.b=4"), "{\"a\":{\"b\":4,\"c\":{\"d\":2}},\"e\":3}");
    CHECK_TEXT(parsed("a=[1,2,3] a.1=x"), "{\"a\":[1,\"x\",3]}");
    CHECK_TEXT(parsed("x=1x5x5x8 y=a=b"), "{\"x\":\"1x5x5x8\",\"y\":\"a=b\"}");
}

TEST(bad_pairs)
{
    refuses("kernel", "here:3:7: 'kernel' is not of the form key=value");
    refuses("=3", "not of the form");
    refuses("a='x", "quote in ''x' is not closed");
    refuses("a=[1,2", "list in '[1,2' is not closed");
    refuses("a=[1,,2]", "empty member");
    refuses("a=[1]2", "'2' follows");
    refuses("a='x'y", "'y' follows");
    refuses("a..b=1", "empty step");
    refuses(".a=1", "empty step");
    refuses("a=1 a.b=2", "'a' is '1', not a map that could have 'b'");
    refuses("a=[1] a.1=2", "'a' is a list of 1, which has no '1'");
    refuses("a=[1] a.b=2", "which has no 'b'");
    refuses("a=[1] a.99999999999999999999=2", "has no '9999");
}

TEST(values_take_the_rest_of_the_text)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *value;
    CHECK_OK(gd_attr_parse_value(&arena, " /a folder/x ", here, &value, &error), &error);
    CHECK_TEXT(value->text, "/a folder/x");
    CHECK(!value->quoted);
    CHECK_OK(gd_attr_parse_value(&arena, "'3'", here, &value, &error), &error);
    CHECK_TEXT(value->text, "3");
    CHECK(value->quoted);
    CHECK_EQ_INT(value->place.line, 3);
    CHECK_FAILS(gd_attr_parse_value(&arena, "[1] 2", here, &value, &error), GD_INVALID, &error, "'2' follows");
    gd_arena_release(&arena);
}

TEST(set_makes_maps_and_replaces)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    gd_attr *empty = gd_attr_new(&arena, GD_ATTR_SCALAR, NULL), *five = gd_attr_new(&arena, GD_ATTR_SCALAR, "5");
    gd_attr *six = gd_attr_new(&arena, GD_ATTR_SCALAR, "6"), *seven = gd_attr_new(&arena, GD_ATTR_SCALAR, "7");
    CHECK_OK(gd_attr_set(&arena, root, "augment", empty, &error), &error);
    CHECK_OK(gd_attr_set(&arena, root, "augment.crop", five, &error), &error); /* `augment:` alone is a map to be */
    CHECK_OK(gd_attr_set(&arena, root, "augment.crop", six, &error), &error);
    CHECK_OK(gd_attr_set(&arena, root, "train", seven, &error), &error);
    CHECK_TEXT(as_json(root), "{\"augment\":{\"crop\":6},\"train\":7}");
    CHECK_EQ_INT(gd_attr_count(root), 2);
    CHECK(gd_attr_find(root, "train") == seven && root->last == seven);
    CHECK(gd_attr_find(root, "nothing") == NULL && gd_attr_find(seven, "x") == NULL);
    CHECK(gd_attr_find(NULL, "x") == NULL);

    char deep[2 * 70];
    for (int i = 0; i < 70; i++)
        memcpy(deep + 2 * i, i < 69 ? "a." : "a", 2);
    CHECK_FAILS(gd_attr_set(&arena, root, deep, five, &error), GD_INVALID, &error, "more than 64 steps");
    gd_arena_release(&arena);
}

TEST(copies_stand_alone)
{
    gd_arena arena = {0}, other = {0};
    gd_error error = {0};
    gd_attr *map;
    CHECK_OK(gd_attr_parse_pairs(&arena, "a.b=[1,'2'] c=x", here, &map, &error), &error);
    gd_attr *copy = gd_attr_copy(&other, map);
    gd_arena_release(&arena);
    CHECK_TEXT(as_json(copy), "{\"a\":{\"b\":[1,\"2\"]},\"c\":\"x\"}");
    CHECK_EQ_INT(gd_attr_find(copy, "c")->place.column, 7);
    gd_arena_release(&other);
}

TEST(keys_given_twice)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *map = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    static const char *const keys[] = {"z", "b", "a", "b", "z"};
    for (int i = 0; i < 5; i++) {
        gd_attr *child = gd_attr_new(&arena, GD_ATTR_SCALAR, "1");
        child->place = child->key_place = (gd_place){"f", i + 1, 2};
        CHECK_EQ_INT(gd_attr_append(&arena, map, keys[i], child), GD_OK);
        if (i < 3)
            CHECK_OK(gd_attr_check_keys(map, GD_INVALID, &error), &error);
    }
    CHECK_FAILS(gd_attr_check_keys(map, GD_FORMAT, &error), GD_FORMAT, &error,
                "f:4:2: key 'b' is given twice, first in line 2");
    gd_arena_release(&arena);
}

TEST(json_quotes_what_is_no_number)
{
    CHECK_TEXT(parsed("a=01 b=1. c=.5 d=+1 e=1e5 f=-0.25E-3 g=0x1 h=inf i=True j=- k=0"),
               "{\"a\":\"01\",\"b\":\"1.\",\"c\":\".5\",\"d\":\"+1\",\"e\":1e5,\"f\":-0.25E-3,\"g\":\"0x1\","
               "\"h\":\"inf\",\"i\":\"True\",\"j\":\"-\",\"k\":0}");
}

TEST(yaml_is_block_style)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *map;
    CHECK_OK(gd_attr_parse_pairs(&arena, "a=1 b.c=[x,'2'] d=[] e= f='' g='true' h=https://x/y i='a b' j='yes' k=./x",
                                 here, &map, &error),
             &error);
    gd_attr *list = gd_attr_new(&arena, GD_ATTR_LIST, NULL), *item;
    CHECK_OK(gd_attr_parse_pairs(&arena, "op.pad=1 name=x", here, &item, &error), &error);
    CHECK_EQ_INT(gd_attr_append(&arena, list, NULL, item), GD_OK);
    CHECK_EQ_INT(gd_attr_append(&arena, list, NULL, gd_attr_new(&arena, GD_ATTR_MAP, NULL)), GD_OK);
    CHECK_EQ_INT(gd_attr_append(&arena, map, "a key", list), GD_OK);
    CHECK_TEXT(as_yaml(map, 0), "a: 1\n"
                                "b:\n"
                                "  c:\n"
                                "    - x\n"
                                "    - \"2\"\n"
                                "d: []\n"
                                "e: null\n"
                                "f: \"\"\n"
                                "g: \"true\"\n"
                                "h: https://x/y\n"
                                "i: \"a b\"\n"
                                "j: \"yes\"\n"
                                "k: ./x\n"
                                "\"a key\":\n"
                                "  - op:\n"
                                "      pad: 1\n"
                                "    name: x\n"
                                "  - {}\n");
    CHECK_TEXT(as_yaml(item, 2), "  op:\n    pad: 1\n  name: x\n");
    gd_arena_release(&arena);
}

TEST(nearest_word)
{
    static const char *const names[] = {"epochs", "batch", "seed", "learning_rate", "x"};
    CHECK_TEXT(gd_nearest("epoch", names, 5), "epochs");
    CHECK_TEXT(gd_nearest("epcohs", names, 5), "epochs"); /* neighbours swapped: one edit */
    CHECK_TEXT(gd_nearest("learning-rat", names, 5), "learning_rate");
    CHECK_TEXT(gd_nearest("bacht", names, 5), "batch");
    CHECK(gd_nearest("optimizer", names, 5) == NULL);
    CHECK(gd_nearest("", names, 5) == NULL);
    CHECK(gd_nearest("epochs", names, 0) == NULL);
    CHECK(gd_nearest("epochsepochsepochsepochsepochsepochsepochsepochsepochsepochsepochs", names, 5) == NULL);
}
