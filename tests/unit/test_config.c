// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "config/config.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static const char base[] = "data:\n"
                           "  source: pictures\n"
                           "  sha256: 0123456789012345678901234567890123456789012345678901234567890123\n"
                           "  classes: [cat, dog]\n"
                           "train:\n"
                           "  batch: 64\n"
                           "augment:\n";

static const char *printed(const gd_config *config)
{
    gd_text text = {0};
    CHECK_EQ_INT(gd_config_print(config, &text), GD_OK);
    const char *kept = unit_text("%s", text.at);
    gd_text_release(&text);
    return kept;
}

/* Whether a text is refused with this message. */
static void refuses(const char *text, const char *why)
{
    gd_config config;
    gd_error error = {0};
    CHECK_FAILS(gd_config_parse("c.yaml", text, strlen(text), NULL, 0, &config, &error), GD_INVALID, &error, why);
    CHECK(config.arena.head == NULL);
}

static void refuses_set(const char *set, const char *why)
{
    gd_config config;
    gd_error error = {0};
    CHECK_FAILS(gd_config_parse("c.yaml", base, strlen(base), &set, 1, &config, &error), GD_INVALID, &error, why);
}

/* ---- YAML ---- */

static const char *yaml(const char *text)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root;
    gd_text out = {0};
    CHECK_OK(gd_yaml_parse(&arena, "y", text, strlen(text), &root, &error), &error);
    CHECK_EQ_INT(gd_attr_print_json(root, &out), GD_OK);
    const char *kept = unit_text("%s", out.at);
    gd_text_release(&out);
    gd_arena_release(&arena);
    return kept;
}

static void yaml_refuses(const char *text, const char *why)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root;
    CHECK_FAILS(gd_yaml_parse(&arena, "y", text, strlen(text), &root, &error), GD_INVALID, &error, why);
    gd_arena_release(&arena);
}

TEST(yaml_values)
{
    CHECK_TEXT(
        yaml("a: 1\nb: [x, 'y', \"1\"]\nc:\n  d: ~\n  e: null\n  f:\ng: TRUE\nh: {}\ni: []\n"),
        "{\"a\":1,\"b\":[\"x\",\"y\",\"1\"],\"c\":{\"d\":null,\"e\":null,\"f\":null},\"g\":true,\"h\":{},\"i\":[]}");
    CHECK_TEXT(yaml("# nothing\n"), "null");
    CHECK_TEXT(yaml(""), "null");
    CHECK_TEXT(yaml("---\na: |\n  x\n  y\n...\n"), "{\"a\":\"x\\u000ay\\u000a\"}");
    CHECK_TEXT(yaml("a: &x [1, 2]\nb: *x\n"), "{\"a\":[1,2],\"b\":[1,2]}");
    CHECK_TEXT(yaml("a: !!str 3\n'<<': 2\n"), "{\"a\":3,\"<<\":2}");
    CHECK_TEXT(yaml("ä: \"\\u732b\"\n"), "{\"ä\":\"猫\"}");
}

TEST(yaml_places)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root;
    const char *text = "# c\nä: 1\nb:\n  - x\n  - c: 2\n";
    CHECK_OK(gd_yaml_parse(&arena, "y", text, strlen(text), &root, &error), &error);
    const gd_attr *a = gd_attr_find(root, "ä"), *c = gd_attr_find(root, "b")->first->next->first;
    CHECK_EQ_INT(a->place.line, 2);
    CHECK_EQ_INT(a->place.column, 4);
    CHECK_EQ_INT(a->key_place.column, 1);
    CHECK_EQ_INT(c->place.line, 5);
    CHECK_EQ_INT(c->place.column, 8);
    CHECK_EQ_INT(c->key_place.column, 5);
    gd_arena_release(&arena);
}

TEST(yaml_refused)
{
    yaml_refuses("a: 1\nb: 2\na: 3\n", "y:3:1: key 'a' is given twice, first in line 1");
    yaml_refuses("a: &x {b: 1}\nc:\n  <<: *x\n", "y:3:3: merge keys");
    yaml_refuses("a: 1\n---\nb: 2\n", "y:3:1: a second document begins");
    yaml_refuses("a: 1\n---\n[\n", "y:4:1:");
    yaml_refuses("a: &x [*x]\n", "y:1:4: nested more than 64 levels deep");
    yaml_refuses("a: *x\n", "y:1:4:");
    yaml_refuses("a: [1\n", "y:2:1:");
    yaml_refuses("a: 1\n b: 2\n", "y:2:");
    yaml_refuses("a:\tb: 2\n", "y:1:");
    yaml_refuses("a: !!int 3\n", "y:1:4: tag 'tag:yaml.org,2002:int' is not understood");
    yaml_refuses("a: !thing 3\n", "tag '!thing'");
    yaml_refuses("? [1, 2]\n: 3\n", "y:1:3: a key must be a text");
    yaml_refuses("'': 3\n", "a key must be a text");
    yaml_refuses("a: \"x\\0y\"\n", "must not contain \\0");
    yaml_refuses("\"x\\0y\": 1\n", "must not contain \\0");
    yaml_refuses("a: 1\nb: \xff\n", "y:2:4: invalid leading UTF-8 octet");
    yaml_refuses("a: \x01\n", "y:1:4: control characters are not allowed");

    char bomb[512] = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 9; i++)
        snprintf(bomb + strlen(bomb), sizeof bomb - strlen(bomb), "a%d: &a%d [*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1,
                 i - 1, i - 1, i - 1);
    yaml_refuses(bomb, "more than 10000 values");
}

/* ---- configs ---- */

TEST(defaults_are_filled_in)
{
    gd_config config;
    gd_error error = {0};
    const char *text = "data:\n  source: x\n";
    CHECK_OK(gd_config_parse("c", text, strlen(text), NULL, 0, &config, &error), &error);
    CHECK_TEXT(config.data.source, "x");
    CHECK_TEXT(config.data.sha256, "");
    CHECK_EQ_INT(config.data.format, GD_FORMAT_AUTO);
    CHECK_NEAR(config.data.validation, 0.1, 0);
    CHECK_EQ_INT(config.data.max_rejected, 0);
    CHECK_TEXT(config.model.network, "resnet-9");
    CHECK(config.model.layers == NULL && config.impl == NULL);
    CHECK_EQ_INT(config.batch_norm.group, 32);
    CHECK_EQ_INT(config.train.precision, GD_PRECISION_AUTO);
    CHECK_EQ_INT(config.train.optimizer, GD_NESTEROV);
    CHECK_EQ_INT(config.train.schedule, GD_SCHEDULE_ONE_CYCLE);
    CHECK_NEAR(config.train.learning_rate, 0.1, 0);
    CHECK_EQ_INT(config.augment.edge, GD_EDGE_REFLECT);
    CHECK(!config.evaluate.flip);
    CHECK_TEXT(config.path, "");
    gd_config_release(&config);
    gd_config_release(&config);
}

TEST(sets_win_in_order)
{
    static const char *const set[] = {"train.epochs=5",      "data.classes=[a, b, c]", "train.epochs=7",
                                      "augment.crop=4",      "train.optimizer=adamw",  "impl.conv2d=ref",
                                      "data.source=/a b/=c", "evaluate.flip=true"};
    gd_config config;
    gd_error error = {0};
    CHECK_OK(gd_config_parse("c", base, strlen(base), set, 8, &config, &error), &error);
    CHECK_EQ_INT(config.train.epochs, 7);
    CHECK_EQ_INT(config.train.batch, 64);
    CHECK_EQ_INT(config.data.classes.n, 3);
    CHECK_EQ_INT(config.augment.crop, 4);
    CHECK_NEAR(config.train.learning_rate, 0.001, 0);
    CHECK_TEXT(gd_attr_find(config.impl, "conv2d")->text, "ref");
    CHECK_TEXT(config.data.source, "/a b/=c");
    CHECK_TEXT(config.data.sha256, ""); /* it was of another file */
    CHECK(config.evaluate.flip);
    gd_config_release(&config);

    static const char digest[] = "data.sha256=ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    const char *both[] = {digest, "data.source=y"};
    CHECK_OK(gd_config_parse("c", base, strlen(base), both, 2, &config, &error), &error);
    CHECK_TEXT(config.data.sha256, strchr(digest, '=') + 1);
    gd_config_release(&config);

    const char *alone[] = {"data.source=x"}; /* and no file at all */
    CHECK_OK(gd_config_parse("c", "", 0, alone, 1, &config, &error), &error);
    CHECK_TEXT(config.data.source, "x");
    gd_config_release(&config);
}

TEST(refused_configs)
{
    refuses("", "c.yaml:1:1: 'data.source' is missing");
    refuses("train:\n  epochs: 3\n", "'data.source' is missing");
    refuses("- a\n", "c.yaml:1:1: a config is a map");
    refuses("data: x\n", "c.yaml:1:7: 'data' is 'x' where a map is wanted");
    refuses("data:\n  source: x\n  sha256: 12\n", "c.yaml:3:11: 'sha256' has 2 characters where 64");
    refuses("data:\n  source: x\ntrain:\n  epoch: 3\n", "c.yaml:4:3: unknown key 'epoch'; did you mean 'epochs'?");
    refuses("data:\n  source: x\ntrain:\n  epochs: many\n", "c.yaml:4:11: 'epochs' is 'many' where a whole number");
    refuses("data:\n  source: x\nmodels:\n", "c.yaml:3:1: unknown key 'models'; did you mean 'model'?");
    refuses("data:\n  source: x\ndata:\n  source: y\n", "c.yaml:3:1: key 'data' is given twice");
    refuses("data: {source: x, classes: [a]}\n", "a classifier needs 2 or more");
    refuses("data: {source: x, classes: [a, b, a]}\n", "class 'a' is given twice");
    refuses("data: {source: x, channels: 2}\n", "'channels' is 2; it can be 0, 1 or 3");
    refuses("data: {source: x, folds: 1}\n", "'folds' is 1");
    refuses("data: {source: x, folds: 5, fold: 5}\n", "'fold' is 5 where 'folds' is 5");
    refuses("data: {source: x, fold: 1}\n", "'fold' is 1 where 'folds' is 0");
    refuses("data: {source: x}\ntrain: {batch: 128, accumulate: 3}\n",
            "c.yaml:2:33: 'accumulate' is 3, which does not divide 'batch' 128");
    refuses("data: {source: x}\ntrain: {loss_scale: 1024}\n",
            "c.yaml:2:21: 'loss_scale' is 1024, which has an effect in fp16 only");
    refuses("data: {source: x}\ntrain: {schedule: step}\n", "schedule 'step' needs 'steps'");
    refuses("data: {source: x}\ntrain: {steps: [30, 30]}\n", "'steps' must ascend, but 30 follows 30");
    refuses("data: {source: x}\ntrain: {warmup: 1.5}\n", "'warmup' is 1.5, outside 0 to 1");
    refuses("data: {source: x}\ntrain: {precision: bf61}\n", "did you mean 'bf16'?");
    refuses("data: {source: x}\nmodel: {network: layers}\n", "network 'layers' needs 'layers', a list");
    refuses("data: {source: x}\nmodel: {network: layers, layers: []}\n", "needs 'layers', a list");
    refuses("data: {source: x}\nmodel: {layers: [relu]}\n",
            "c.yaml:2:17: 'layers' is given, but network is 'resnet-9'");
    refuses("data: {source: x}\nimpl: [ref]\n", "'impl' must be a map");
    refuses("data: {source: x}\nimpl: {relu: [ref]}\n", "'impl.relu' must be the name of an entry");
}

TEST(refused_sets)
{
    refuses_set("train.epochs=x", "--set train.epochs=x: 'epochs' is 'x' where a whole number is wanted");
    refuses_set("train.epoch=3", "--set train.epoch=3: unknown key 'epoch'; did you mean 'epochs'?");
    refuses_set("trian.epochs=3", "--set trian.epochs=3: unknown key 'trian'; did you mean 'train'?");
    refuses_set("train.epochs", "--set train.epochs: not of the form section.key=value");
    refuses_set("=3", "not of the form");
    refuses_set("train..epochs=3", "has an empty step");
    refuses_set("train.batch.x=3", "'train.batch' is '64', not a map");
    refuses_set("data.classes.7=x", "'data.classes' is a list of 2, which has no '7'");
    refuses_set("data.classes=[a", "is not closed");
    refuses_set("train.accumulate=3", "--set train.accumulate=3: 'accumulate' is 3");
}

TEST(places_of_settings)
{
    const char *set = "train.seed=4";
    gd_config config;
    gd_error error = {0};
    CHECK_OK(gd_config_parse("c.yaml", base, strlen(base), &set, 1, &config, &error), &error);
    gd_place batch = gd_config_place(&config, "train.batch"), seed = gd_config_place(&config, "train.seed"),
             epochs = gd_config_place(&config, "train.epochs"), flip = gd_config_place(&config, "evaluate.flip");
    CHECK_TEXT(batch.file, "c.yaml");
    CHECK_EQ_INT(batch.line, 6);
    CHECK_EQ_INT(batch.column, 10);
    CHECK_TEXT(seed.file, "--set train.seed=4");
    CHECK_EQ_INT(epochs.line, 6); /* where its section is */
    CHECK_EQ_INT(flip.line, 1);
    gd_config_release(&config);
}

TEST(printed_configs_read_back)
{
    static const char *const set[] = {"train.learning_rate=0.30000000000000004",
                                      "train.class_weights=[0.1, 2]",
                                      "data.source='null'",
                                      "train.steps=[3, 5]",
                                      "data.classes=['1', 'no']",
                                      "impl.relu=ref"};
    gd_config config, again;
    gd_error error = {0};
    CHECK_OK(gd_config_parse("c", base, strlen(base), set, 6, &config, &error), &error);
    const char *text = printed(&config);
    CHECK_CONTAINS(text, "  source: \"null\"\n");
    CHECK_CONTAINS(text, "  classes:\n    - \"1\"\n    - \"no\"\n");
    CHECK_CONTAINS(text, "  learning_rate: 0.30000000000000004\n");
    CHECK_CONTAINS(text, "  layers: null\n");
    CHECK_CONTAINS(text, "impl:\n  relu: ref\n");
    CHECK_OK(gd_config_parse("c", text, strlen(text), NULL, 0, &again, &error), &error);
    CHECK_TEXT(printed(&again), text);
    gd_config_release(&again);
    gd_config_release(&config);
}

TEST(files)
{
    gd_config config;
    gd_error error = {0};
    const char *path = unit_source("configs/scones.yaml");
    CHECK_OK(gd_config_read(path, NULL, 0, &config, &error), &error);
    CHECK_TEXT(config.path, path);
    CHECK_TEXT(config.data.classes.at[1], "motorcycle");
    gd_config_release(&config);
    CHECK_FAILS(gd_config_read("no/such.yaml", NULL, 0, &config, &error), GD_IO, &error, "cannot open 'no/such.yaml'");
}

/* ---- the description and the template cannot go stale ---- */

TEST(the_description_has_every_key)
{
    gd_text text = {0};
    gd_config_describe(&text);
    const char *described = text.at;
    for (const gd_field *section = gd_config_fields; section->key; section++) {
        CHECK_CONTAINS(described, unit_text("## %s: ", section->key));
        for (const gd_field *field = section->fields; field && field->key; field++)
            CHECK_CONTAINS(described, unit_text("| `%s.%s` | ", section->key, field->key));
    }
    CHECK_CONTAINS(described, "| `train.epochs` | 30 | 1 to 100000 | passes over the training images |\n");
    CHECK_CONTAINS(described, "| `augment.edge` | reflect | zero, reflect | ");
    gd_text_release(&text);
}

TEST(the_page_is_the_description)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_text text = {0};
    char *page;
    size_t bytes;
    gd_config_describe(&text);
    CHECK_OK(gd_file_read(unit_source("docs/config.md"), 1 << 20, &arena, &page, &bytes, &error), &error);
    const char *tables = strstr(page, "## ");
    CHECK(tables != NULL);
    CHECK_TEXT(tables, text.at); /* else: griddle config --keys, and put it there */
    gd_text_release(&text);
    gd_arena_release(&arena);
}

TEST(the_template_has_every_key_at_its_default)
{
    static const char *const chosen[] = {"data.source", "data.size", "data.test"};
    gd_config config, defaults;
    gd_error error = {0};
    const char *set = "data.source=pictures", *path = unit_source("configs/folder.yaml");
    CHECK_OK(gd_config_read(path, NULL, 0, &config, &error), &error);
    CHECK_OK(gd_config_parse("c", "", 0, &set, 1, &defaults, &error), &error);
    for (const gd_attr *section = config.tree->first; section; section = section->next) {
        CHECK(section->key_place.line > 0); /* it was given */
        for (const gd_attr *key = section->kind == GD_ATTR_MAP ? section->first : NULL; key; key = key->next) {
            const char *name = unit_text("%s.%s", section->key, key->key);
            const gd_attr *fallback = gd_attr_find(gd_attr_find(defaults.tree, section->key), key->key);
            bool free = false;
            for (int i = 0; i < 3; i++)
                free |= strcmp(name, chosen[i]) == 0;
            if (key->key_place.line == 0)
                CHECK_TEXT("missing in folder.yaml", name);
            if (!free && key->kind == GD_ATTR_SCALAR)
                CHECK_TEXT(unit_text("%s = %s", name, key->text), unit_text("%s = %s", name, fallback->text));
        }
    }
    gd_config_release(&config);
    gd_config_release(&defaults);
}

TEST(a_key_that_could_not_be_read_back_is_refused)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root;
    char text[140];
    memset(text, 'k', sizeof text);
    memcpy(text + 129, ": 1", 4);
    CHECK_FAILS(gd_yaml_parse(&arena, "a.yaml", text, 132, &root, &error), GD_INVALID, &error,
                "a.yaml:1:1: a key of 129 bytes is longer than 128");
    gd_arena_release(&arena);
}
