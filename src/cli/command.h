// SPDX-License-Identifier: Apache-2.0
/* Command lines, for every program of Griddle: a verb is a table of options and a function; parsing, --help, complaints
 * and exit codes follow from it.
 *
 *     static const gd_option options[] = {
 *         {"--top", NULL, "K", "how many classes to show; default 5"},
 *         GD_OPTION_JSON,
 *         {0},
 *     };
 *     static const gd_verb verbs[] = {
 *         {"predict", "RUN|MODEL IMAGE…", 2, -1, "ask a model about pictures",
 *          "griddle predict runs/fashion-mnist boot.png\n", options, predict},
 *         {0},
 *     };
 *     int main(int argc, char **argv) { return gd_command_main(verbs, argc, argv); }
 *
 * Words and options come in any order; `--name VALUE` and `--name=VALUE` are the same; `--` ends the options.
 * Complaints go to standard error as one line, "griddle: <message>".
 */
#ifndef GD_CLI_COMMAND_H
#define GD_CLI_COMMAND_H

#include "base/arena.h"
#include "base/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_option {
    const char *flag;     /* as it is typed: "--out", "-o"; NULL ends a table */
    const char *alias;    /* another spelling, or NULL */
    const char *argument; /* what help calls its value, "DIR"; NULL: it has none */
    const char *help;     /* one line: meaning, unit, default */
} gd_option;

/* What means the same wherever it is there. */
#define GD_OPTION_SET                                                                                                  \
    {                                                                                                                  \
        "--set", NULL, "KEY=VALUE", "override a key of the config, as train.epochs=20; may be repeated"                \
    }
#define GD_OPTION_OUT                                                                                                  \
    {                                                                                                                  \
        "--out", NULL, "DIR", "folder of the run"                                                                      \
    }
#define GD_OPTION_DEVICE                                                                                               \
    {                                                                                                                  \
        "--device", NULL, "NAME", "cpu, cuda, or auto, the default: cuda where there is a card"                        \
    }
#define GD_OPTION_JSON                                                                                                 \
    {                                                                                                                  \
        "--json", NULL, NULL, "print one JSON object on standard output"                                               \
    }

struct gd_verb;
typedef struct gd_command {
    const struct gd_verb *verb;
    int n_words;
    const char **word; /* RUN, IMAGE …: what is no option; ends with NULL */
    int exit_code;     /* set by run: what the process exits with; 0: the status decides */

    /* the command's own */
    gd_arena arena;
    int n_given;
    struct gd_given *given; /* options in order */
} gd_command;

typedef struct gd_verb {
    const char *name;         /* NULL ends a table */
    const char *words;        /* for the usage line: "CONFIG" */
    int least, most;          /* how many words; most -1: any number */
    const char *summary;      /* one line */
    const char *examples;     /* whole command lines, each with its newline */
    const gd_option *options; /* NULL: none */
    gd_status (*run)(gd_command *command, gd_error *error);
} gd_verb;

/* First in every program: standard streams that are closed are taken by /dev/null, which cannot be written, so that no
 * file comes to lie where messages go; a limit on file sizes is an error of write, as a full disk is. */
void gd_command_init(void);

/* Runs the verb that argv[1] names: parses, runs, complains; flushes standard output, whose failure is one too. Returns
 * the exit code: that of the command, or else of the status (2: wrong command line or config, 1: other faults). Without
 * a verb, or with one that is not in the table: 2. */
int gd_command_main(const gd_verb *verbs, int argc, char **argv);

/* The parts, for programs that answer more than verbs. parse: INVALID for unknown options, missing values, too few or
 * too many words; the command is to be released whatever comes. `argv` without program and verb, borrowed. */
gd_status gd_command_parse(const gd_verb *verb, int argc, char **argv, gd_command *command, gd_error *error);
int gd_command_run(const gd_verb *verb, int argc, char **argv);
void gd_command_release(gd_command *command);

/* The last value given for `flag`; "" for an option without value; NULL where it was not given. */
const char *gd_command_option(const gd_command *command, const char *flag);
bool gd_command_has(const gd_command *command, const char *flag);

/* All values of a repeated option in order, in the command's memory; NULL and 0 when there are none. */
gd_status gd_command_values(gd_command *command, const char *flag, const char *const **values, int *n, gd_error *error);

/* A whole number in [least, most], or `fallback` where the option was not given. INVALID names both. */
gd_status gd_command_int(const gd_command *command, const char *flag, int least, int most, int fallback, int *value,
                         gd_error *error);

/* "griddle: <place: message>" on standard error, in one line and one write. */
void gd_command_complain(const gd_error *error);

/* "no verb is called 'trian'; did you mean 'train'?" among `n` names. INVALID. */
gd_status gd_command_unknown(const char *what, const char *word, const char *const *names, int n, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
