// SPDX-License-Identifier: Apache-2.0
/* griddle serve: a program of its own, as the HTTP library comes with no other verb. */
#include "cli/command.h"
#include "cli/serve_unpack.h"
#include "data/decode.h"
#include "serve/answer.h"
#include "serve/cores.h"
#include "serve/name.h"
#include "serve/place.h"
#include "serve/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- words of the command line, and of SageMaker's environment ---- */

static gd_status number(const gd_command *command, const char *flag, double least, double most, double fallback,
                        double *value, gd_error *error)
{
    const char *text = gd_command_option(command, flag);
    char *end;
    *value = fallback;
    if (!text)
        return GD_OK;
    *value = strtod(text, &end);
    if (end == text || *end || !(*value >= least && *value <= most))
        return gd_fail(error, GD_INVALID, "%s is '%s' where a number from %g to %g is wanted", flag, text, least, most);
    return GD_OK;
}

static gd_status environment_int(const char *name, int least, int most, int *value, gd_error *error)
{
    const char *text = getenv(name);
    char *end;
    if (!text || !*text)
        return GD_OK;
    const long n = strtol(text, &end, 10);
    if (*end || n < least || n > most)
        return gd_fail(error, GD_INVALID, "the environment's %s is '%s' where a whole number from %d to %d is wanted",
                       name, text, least, most);
    *value = (int)n;
    return GD_OK;
}

static gd_status find_model(const char *word, gd_scratch *scratch, gd_server_model *model, gd_error *error)
{
    char archive[sizeof model->path];
    GD_TRY(gd_model_place(word, NULL, model->path, sizeof model->path, error));
    if (!gd_model_is_archive(model->path))
        return GD_OK;
    memcpy(archive, model->path, sizeof archive);
    return gd_serve_unpack(archive, model->name, scratch, model->path, sizeof model->path, error);
}

/* [NAME[:WEIGHT]=]PATH */
static gd_status read_model(const char *word, int n_words, gd_scratch *scratch, gd_server_model *model, gd_error *error)
{
    const char *equals = strchr(word, '='), *path = word;
    *model = (gd_server_model){.name = "AllTraffic", .weight = 1};
    const size_t head = equals ? (size_t)(equals - word) : 0;
    if (equals && head < sizeof model->name && !memchr(word, '/', head)) {
        path = equals + 1;
        memcpy(model->name, word, head);
        model->name[head] = '\0';
        char *colon = strchr(model->name, ':'), *end;
        if (colon) {
            *colon = '\0';
            model->weight = strtod(colon + 1, &end);
            if (end == colon + 1 || *end || !(model->weight >= 0 && model->weight <= 1e6))
                return gd_fail(error, GD_INVALID, "'%s': weight '%s' where a number from 0 to 1000000 is wanted", word,
                               colon + 1);
        }
        if (!gd_name_is_good(model->name))
            return gd_fail(error, GD_INVALID, "'%s': a name has " GD_NAME_RULE, word);
    } else if (n_words > 1) {
        return gd_fail(error, GD_INVALID, "'%s': several models need names, as in blue:9=%s", word, word);
    }
    return find_model(path, scratch, model, error);
}

static gd_status read_models(gd_command *command, gd_scratch *scratch, gd_server_options *o, gd_error *error)
{
    gd_server_model *model = gd_arena_alloc(&command->arena, (size_t)command->n_words + 1, sizeof *model);
    double weights = 0;
    if (!model)
        return gd_fail(error, GD_NOMEM, "out of memory for the command line");
    for (int i = 0; i < command->n_words; i++) {
        GD_TRY(read_model(command->word[i], command->n_words, scratch, &model[i], error));
        weights += model[i].weight;
        for (int j = 0; j < i; j++) {
            if (strcmp(model[j].name, model[i].name) == 0)
                return gd_fail(error, GD_INVALID, "two models are called '%s'", model[i].name);
        }
    }
    if (command->n_words > 0 && weights == 0)
        return gd_fail(error, GD_INVALID, "all weights are 0: nobody would be answered");
    o->model = model;
    o->n_models = command->n_words;
    return GD_OK;
}

/* Started as a container's `serve`, without words: the platform has put the model where it always does. */
static gd_status read_container(gd_command *command, gd_scratch *scratch, gd_server_options *o, gd_error *error)
{
    const char *base = getenv("SAGEMAKER_BASE_DIR"), *many = getenv("SAGEMAKER_MULTI_MODEL");
    base = base && *base ? base : "/opt/ml";
    if (many && strcmp(many, "true") == 0 && !o->models) {
        o->models = gd_arena_printf(&command->arena, "%s/models", base);
        return o->models ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for the command line");
    }
    gd_server_model *model = gd_arena_alloc(&command->arena, 1, sizeof *model);
    const char *folder = gd_arena_printf(&command->arena, "%s/model", base);
    if (!model || !folder)
        return gd_fail(error, GD_NOMEM, "out of memory for the command line");
    if (access(folder, F_OK) != 0)
        return gd_fail(error, GD_INVALID, "no model: name one, or start this in a container that has one in %s",
                       folder);
    *model = (gd_server_model){.name = "AllTraffic", .weight = 1};
    o->model = model;
    o->n_models = 1;
    return find_model(folder, scratch, model, error);
}

static gd_status read_types(gd_command *command, const char *flag, const char *const **types, gd_error *error)
{
    const char *text = gd_command_option(command, flag);
    if (!text)
        return GD_OK;
    const char **list = gd_arena_alloc(&command->arena, strlen(text) / 2 + 2, sizeof *list);
    char *copy = gd_arena_text(&command->arena, text), *type;
    if (!list || !copy)
        return gd_fail(error, GD_NOMEM, "out of memory for the command line");
    *types = list;
    while ((type = strsep(&copy, ","))) {
        if (*type)
            *list++ = type;
    }
    return GD_OK;
}

static gd_status read_capture(gd_command *command, gd_server_options *o, gd_error *error)
{
    static const char *const details[] = {"--capture-percent", "--capture-mode", "--capture-figures",
                                          "--capture-json",    "--capture-csv",  "--capture-disk"};
    const char *mode = gd_command_option(command, "--capture-mode");
    gd_capture_options *c = &o->capture;
    c->folder = gd_command_option(command, "--capture");
    for (size_t i = 0; !c->folder && i < sizeof details / sizeof *details; i++) {
        if (gd_command_has(command, details[i]))
            return gd_fail(error, GD_INVALID, "%s without --capture DIR", details[i]);
    }
    c->endpoint = gd_command_option(command, "--endpoint");
    c->endpoint = c->endpoint ? c->endpoint : "griddle";
    c->figures = gd_command_has(command, "--capture-figures");
    c->input = !mode || strcmp(mode, "output") != 0;
    c->output = !mode || strcmp(mode, "input") != 0;
    if (mode && c->input && c->output && strcmp(mode, "both") != 0)
        return gd_fail(error, GD_INVALID, "--capture-mode is '%s' where input, output or both is wanted", mode);
    GD_TRY(read_types(command, "--capture-json", &c->json_types, error));
    GD_TRY(read_types(command, "--capture-csv", &c->csv_types, error));
    GD_TRY(number(command, "--capture-disk", 1, 100, 75, &c->disk_percent, error));
    return number(command, "--capture-percent", 0, 100, 100, &c->percent, error);
}

/* ---- */

static const char DEFAULT_ACCEPT[] = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT";

static gd_status read_options(gd_command *command, gd_scratch *scratch, gd_server_options *o, gd_error *error)
{
    const int cores = gd_cores();
    const char *host = gd_command_option(command, "--host");
    int port = 8080, workers = cores, timeout = 60, megabytes = 6;
    double megapixels;
    GD_TRY(environment_int("SAGEMAKER_BIND_TO_PORT", 1, 65535, &port, error));
    GD_TRY(environment_int("SAGEMAKER_MODEL_SERVER_WORKERS", 1, 256, &workers, error));
    GD_TRY(environment_int("SAGEMAKER_MODEL_SERVER_TIMEOUT", 1, 86400, &timeout, error));
    GD_TRY(environment_int("SAGEMAKER_MAX_PAYLOAD_IN_MB", 1, 1024, &megabytes, error));
    GD_TRY(gd_command_int(command, "--port", 0, 65535, port, &o->port, error));
    GD_TRY(gd_command_int(command, "--workers", 1, 256, workers, &o->workers, error));
    GD_TRY(gd_command_int(command, "--batch", 0, 256, 0, &o->batch, error));
    GD_TRY(gd_command_int(command, "--queue", 1, 1000000, 128, &o->queue, error));
    GD_TRY(number(command, "--timeout", 0.001, 86400, timeout, &o->timeout, error));
    GD_TRY(number(command, "--linger", 0, 20, 1, &o->linger, error));
    GD_TRY(number(command, "--idle", 1, 86400, 75, &o->idle, error));
    GD_TRY(number(command, "--receive", 1, 86400, 30, &o->receive, error));
    GD_TRY(gd_command_int(command, "--max-body", 1, 1024, megabytes, &megabytes, error));
    GD_TRY(number(command, "--max-pixels", 0.001, GD_PICTURE_PIXELS * 1e-6, 40, &megapixels, error));
    GD_TRY(gd_command_int(command, "--connections", 1, 1000000, 4096, &o->connections, error));
    GD_TRY(gd_command_int(command, "--per-address", 0, 1000000, 0, &o->per_address, error));
    GD_TRY(gd_command_int(command, "--http-threads", 1, 64, cores < 4 ? cores : 4, &o->http_threads, error));
    o->body_bytes = (size_t)megabytes << 20;
    o->pixels = (int64_t)(megapixels * 1e6);
    o->models = gd_command_option(command, "--models");
    const bool contained = command->n_words == 0 && !o->models;
    o->host = host ? host : contained ? "0.0.0.0" : "127.0.0.1";
    o->accept = getenv(DEFAULT_ACCEPT);
    if (gd_answer_negotiate(o->accept) == GD_ANSWER_NONE)
        return gd_fail(error, GD_INVALID, "the environment's %s is '%s' where " GD_ANSWER_TYPES " are possible",
                       DEFAULT_ACCEPT, o->accept);
    if (o->models && access(o->models, R_OK | X_OK) != 0)
        return gd_fail(error, GD_IO, "cannot read folder '%s': %s", o->models, strerror(errno));
    o->tokens = gd_command_option(command, "--tokens");
    o->log = gd_command_option(command, "--access-log");
    o->handover = gd_command_option(command, "--handover");
    o->certificate = gd_command_option(command, "--tls-cert");
    o->key = gd_command_option(command, "--tls-key");
    if (!o->certificate != !o->key)
        return gd_fail(error, GD_INVALID, "--tls-cert and --tls-key go together");
    GD_TRY(read_capture(command, o, error));
    return contained ? read_container(command, scratch, o, error) : read_models(command, scratch, o, error);
}

static gd_status run(gd_command *command, gd_error *error)
{
    gd_server_options options = {0};
    gd_scratch scratch = {0}; /* for models out of archives */
    gd_status status = read_options(command, &scratch, &options, error);
    if (status == GD_OK)
        status = gd_server_run(&options, error);
    gd_scratch_remove(&scratch);
    return status;
}

static const gd_option options[] = {
    {"--port", NULL, "P", "default 8080, or SAGEMAKER_BIND_TO_PORT; 0: any that is free"},
    {"--host", NULL, "ADDRESS", "default 127.0.0.1, or 0.0.0.0 without words and --models (a container); :: for all"},
    {"--workers", NULL, "N", "threads that compute, of each model; default: the cores"},
    {"--batch", NULL, "N", "most waiting pictures that a worker takes at once; default: what the model's times say"},
    {"--queue", NULL, "N", "requests of a model that may wait; more are answered 503; default 128"},
    {"--timeout", NULL, "SECONDS", "what waited longer is answered 504; default 60"},
    {"--max-body", NULL, "MB", "larger bodies are answered 413; default 6"},
    {"--max-pixels", NULL, "MILLIONS", "pictures of more, those of a request in all, are answered 400; default 40"},
    {"--connections", NULL, "N", "at once; default 4096"},
    {"--per-address", NULL, "N", "connections of one address at once; default: no limit"},
    {"--http-threads", NULL, "N", "threads that receive and send; default: the cores, at most 4"},
    {"--idle", NULL, "SECONDS", "a connection that asks for nothing is closed; default 75"},
    {"--receive", NULL, "SECONDS", "for a request to arrive, and for an answer to be taken; default 30"},
    {"--linger", NULL, "SECONDS", "on SIGTERM, how long idle connections are kept; default 1"},
    {"--tls-cert", NULL, "FILE", "certificate in PEM, with those that lead to a root: HTTPS, TLS 1.2 or 1.3"},
    {"--tls-key", NULL, "FILE", "its key"},
    {"--tokens", NULL, "FILE", "bearer tokens, one a line; without: anybody may ask"},
    {"--handover", NULL, "SOCKET", "take over from the process that serves with the same option, without a refusal"},
    {"--models", NULL, "DIR", "clients may load models of this folder, and name the one they ask"},
    {"--capture", NULL, "DIR", "record what is asked and answered"},
    {"--endpoint", NULL, "NAME", "in the capture's path; default griddle, or the one that a request names"},
    {"--capture-percent", NULL, "P", "of the requests; default 100"},
    {"--capture-mode", NULL, "MODE", "input, output or both, the default"},
    {"--capture-figures", NULL, NULL, "the pictures' figures and the network's features too"},
    {"--capture-json", NULL, "TYPES", "content types recorded as JSON text, by commas; default application/json"},
    {"--capture-csv", NULL, "TYPES", "as CSV text; default text/csv"},
    {"--capture-disk", NULL, "PERCENT", "nothing is recorded while the disk is fuller; default 75"},
    {"--access-log", NULL, "FILE", "a line of JSON for each request; - is standard output"},
    {0},
};

static const gd_verb verbs[] = {
    {.name = "serve",
     .words = "[[NAME[:WEIGHT]=]RUN|MODEL…]",
     .least = 0,
     .most = 64,
     .summary = "Answers over HTTP what a model sees in pictures (docs/serving.md). RUN is a run's folder, MODEL a\n"
                "model.safetensors or a model.tar.gz with one in it; without either, /opt/ml/model, as in a container\n"
                "of SageMaker's.",
     .examples = "griddle serve runs/scones\n"
                 "curl -H 'Content-Type: image/png' --data-binary @bike.png localhost:8080/invocations\n"
                 "griddle serve old:9=runs/scones new:1=runs/scones-2 --capture captured\n"
                 "griddle serve --models /srv/models --port 9000 --tokens /etc/griddle/tokens\n",
     .options = options,
     .run = run},
    {0},
};

int main(int argc, char **argv)
{
    gd_command_init();
    return gd_command_main(verbs, argc, argv);
}
