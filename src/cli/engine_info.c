// SPDX-License-Identifier: Apache-2.0
/* griddle info: what this griddle is and what it finds here. */
#include "base/text.h"
#include "cli/engine.h"
#include "device/cuda.h"
#include "griddle/infer.h"

#include <stdio.h>
#include <unistd.h>

static const char *const programs[] = {"griddle-engine", "griddle-stage"};
enum { PROGRAMS = sizeof programs / sizeof *programs };

typedef struct findings {
    gd_engine_path program[PROGRAMS]; /* "": it is missing */
    bool has_card;
    gd_device_facts card;
    const char *nccl;                           /* its version; "": none of use */
    char why[sizeof(((gd_error *)0)->message)]; /* there is none */
} findings;

static gd_status look(findings *found, gd_error *error)
{
    for (int i = 0; i < PROGRAMS; i++) {
        GD_TRY(gd_engine_find_program(programs[i], &found->program[i], error));
        if (access(found->program[i].text, X_OK) != 0)
            found->program[i].text[0] = '\0';
    }
    const gd_device *cuda;
    gd_error reason = {0};
    found->has_card = gd_device_open_cuda(&cuda, &reason) == GD_OK;
    if (found->has_card)
        cuda->describe(&found->card);
    found->nccl = found->has_card ? gd_nccl_version() : "";
    snprintf(found->why, sizeof found->why, "%s", reason.message);
    return GD_OK;
}

static void print(const findings *found, gd_text *out)
{
    gd_text_add(out, "griddle %s\nisa    %s\ncores  %ld\n", gd_infer_version(), gd_infer_isa(),
                sysconf(_SC_NPROCESSORS_ONLN));
    for (int i = 0; i < PROGRAMS; i++) {
        const char *path = found->program[i].text;
        gd_text_add(out, "%s  %s\n", programs[i], path[0] ? path : "missing: the installation is not whole");
    }
    const gd_device_facts *card = &found->card;
    if (!found->has_card) {
        gd_text_add(out, "card   none: %s\n", found->why);
        return;
    }
    gd_text_add(out, "card   %s, %s, %d multiprocessors, %zu MB, %zu MB of it free\n", card->name, card->architecture,
                card->multiprocessors, card->memory_bytes >> 20, card->free_bytes >> 20);
    gd_text_add(out, "cuda   driver for %d.%d, runtime %d.%d\n", card->driver / 1000, card->driver % 1000 / 10,
                card->runtime / 1000, card->runtime % 1000 / 10);
    for (size_t i = 0; i < sizeof card->library / sizeof *card->library && card->library[i].name[0]; i++)
        gd_text_add(out, "%s  %s\n", card->library[i].name,
                    card->library[i].version[0] ? card->library[i].version : "not found");
    gd_text_add(out, "nccl  %s\n", found->nccl[0] ? found->nccl : "not found");
}

/* A text, or null where it is empty. */
static void add_text(gd_text *out, const char *key, const char *text)
{
    gd_text_add(out, ",\"%s\":", key);
    if (text[0])
        gd_text_add_json(out, text);
    else
        gd_text_add(out, "null");
}

static void print_json(const findings *found, gd_text *out)
{
    gd_text_add(out, "{\"version\":\"%s\",\"isa\":\"%s\",\"cores\":%ld", gd_infer_version(), gd_infer_isa(),
                sysconf(_SC_NPROCESSORS_ONLN));
    for (int i = 0; i < PROGRAMS; i++)
        add_text(out, programs[i], found->program[i].text);
    const gd_device_facts *card = &found->card;
    add_text(out, "card", card->name);
    if (found->has_card) {
        gd_text_add(out,
                    ",\"architecture\":\"%s\",\"multiprocessors\":%d,\"memory_bytes\":%zu,\"free_bytes\":%zu,"
                    "\"driver\":\"%d.%d\",\"runtime\":\"%d.%d\"",
                    card->architecture, card->multiprocessors, card->memory_bytes, card->free_bytes,
                    card->driver / 1000, card->driver % 1000 / 10, card->runtime / 1000, card->runtime % 1000 / 10);
        for (size_t i = 0; i < sizeof card->library / sizeof *card->library && card->library[i].name[0]; i++)
            add_text(out, card->library[i].name, card->library[i].version);
        add_text(out, "nccl", found->nccl);
    } else {
        add_text(out, "no_card", found->why);
    }
    gd_text_add(out, "}\n");
}

static gd_status run_info(gd_command *command, gd_error *error)
{
    findings found = {0};
    gd_text out = {0};
    GD_TRY(look(&found, error));
    (gd_command_has(command, "--json") ? print_json : print)(&found, &out);
    gd_status status = gd_text_status(&out, error);
    if (status == GD_OK)
        fputs(out.at, stdout);
    gd_text_release(&out);
    return status;
}

static const gd_option options[] = {GD_OPTION_JSON, {0}};

const gd_verb gd_verb_info = {
    "info",
    "",
    0,
    0,
    "what this griddle is and what it finds here: programs, instruction set, card",
    "griddle info\ngriddle info --json\n",
    options,
    run_info,
};
