// SPDX-License-Identifier: Apache-2.0
/* `griddle`: predict is answered here, every other verb is a program in libexec that this one becomes, as git does. So
 * asking a model does not load what only training needs. */
#include "cli/predict.h"
#include "griddle/infer.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENGINE "griddle-engine"
#define STAGE "griddle-stage"
#define SERVE "griddle-serve"
#define MONITOR "griddle-monitor"

/* In the order of the road. */
static const struct {
    const char *name, *summary;
    const char *program; /* in libexec; NULL: answered here, or not there yet */
    const gd_verb *verb;
} verbs[] = {
    {"run", "stage, train and evaluate: from a config or a folder of pictures to a model", ENGINE, NULL},
    {"stage", "fetch, verify, unpack and decode a data set", STAGE, NULL},
    {"train", "train a model; resumable", ENGINE, NULL},
    {"evaluate", "accuracy and more on the test images; compare two models", ENGINE, NULL},
    {"export", "a run's model as one file", ENGINE, NULL},
    {"predict", "ask a model about pictures", NULL, &gd_verb_predict},
    {"serve", "a model behind HTTP: classes, batches, capture, metrics", SERVE, NULL},
    {"monitor", "is the model still right: baselines, checks of captures, reports", MONITOR, NULL},
    {"config", "the config as it is understood, defaults too", ENGINE, NULL},
    {"net", "the network that a config makes, layer by layer", ENGINE, NULL},
    {"plan", "what training computes, step by step", ENGINE, NULL},
    {"bench", "throughput of a network on this machine", ENGINE, NULL},
    {"info", "what this griddle is and what it finds here", ENGINE, NULL},
    {"report", "not there yet", NULL, NULL},
    {"runs", "not there yet", NULL, NULL},
    {"import", "not there yet", NULL, NULL},
    {"init", "not there yet", NULL, NULL},
};
enum { N_VERBS = sizeof verbs / sizeof *verbs };

static void print_help(FILE *stream)
{
    fputs("griddle run photos/                          a classifier from a folder of pictures, one folder per class\n"
          "griddle run configs/fashion-mnist.yaml       or from a config\n"
          "griddle predict runs/fashion-mnist boot.png  ask it\n\n"
          "usage: griddle VERB …; griddle VERB --help says more\n\n",
          stream);
    for (int i = 0; i < N_VERBS; i++)
        fprintf(stream, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
    fputs("\n  --version\n  --help\n", stream);
}

/* ---- programs in libexec ---- */

/* Beside this program in a build folder, one up from it where it is installed. */
static bool find_program(const char *program, char *path, size_t path_bytes)
{
    static const char *const places[] = {"libexec/griddle", "../libexec/griddle"};
    char folder[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - 1);
    folder[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash)
        return false;
    *slash = '\0';
    for (int i = 0; i < 2; i++) {
        const int length = snprintf(path, path_bytes, "%s/%s/%s", folder, places[i], program);
        if (length > 0 && (size_t)length < path_bytes && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static gd_status become(const char *program, char **argv, gd_error *error)
{
    char path[PATH_MAX];
    if (!find_program(program, path, sizeof path))
        return gd_fail(error, GD_IO,
                       "no program '%s' in libexec/griddle beside this one: the installation is not whole", program);
    execv(path, argv);
    return gd_fail(error, GD_IO, "cannot start '%s': %s", path, strerror(errno));
}

/* ---- */

static gd_status start(const char *name, char **argv, gd_error *error)
{
    const char *names[N_VERBS];
    for (int i = 0; i < N_VERBS; i++) {
        names[i] = verbs[i].name;
        if (strcmp(name, names[i]) == 0)
            return verbs[i].program ? become(verbs[i].program, argv, error)
                                    : gd_fail(error, GD_INVALID, "'%s' is not there yet", name);
    }
    return gd_command_unknown("verb", name, names, N_VERBS, error);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    gd_command_init();
    if (strcmp(name, "--version") == 0)
        return printf("griddle %s\n", gd_infer_version()) < 0 || fflush(stdout) != 0;
    if (argc < 2 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : fflush(stdout) != 0;
    }
    for (int i = 0; i < N_VERBS; i++) {
        if (verbs[i].verb && strcmp(name, verbs[i].name) == 0)
            return gd_command_run(verbs[i].verb, argc - 2, argv + 2);
    }
    gd_error error = {0};
    start(name, argv, &error);
    gd_command_complain(&error);
    return gd_status_exit_code(error.status);
}
