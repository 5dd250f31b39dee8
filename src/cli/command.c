// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include "base/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct gd_given {
    const gd_option *option;
    const char *value; /* "" without argument */
} gd_given;

enum { MOST_NAMES = 64 };

static const gd_option no_options[] = {{0}}, help = {"--help", "-h", NULL, "show this"};

static const gd_option *options_of(const gd_verb *verb) { return verb->options ? verb->options : no_options; }

/* ---- parsing ---- */

gd_status gd_command_unknown(const char *what, const char *word, const char *const *names, int n, gd_error *error)
{
    const char *near = gd_nearest(word, names, n);
    return gd_fail(error, GD_INVALID, "unknown %s '%s'%s%s%s", what, word, near ? "; did you mean '" : "",
                   near ? near : "; see griddle --help", near ? "'?" : "");
}

static gd_status unknown_option(const gd_verb *verb, const char *word, gd_error *error)
{
    const char *names[MOST_NAMES] = {help.flag};
    int n = 1;
    for (const gd_option *o = options_of(verb); o->flag && n < MOST_NAMES; o++)
        names[n++] = o->flag;
    return gd_command_unknown("option", word, names, n, error);
}

/* Is `text` this spelling, alone or with "=value"? */
static bool spells(const char *text, const char *flag, const char **value)
{
    size_t length = flag ? strlen(flag) : 0;
    if (length == 0 || strncmp(text, flag, length) != 0 || (text[length] != '\0' && text[length] != '='))
        return false;
    *value = text[length] == '=' ? text + length + 1 : NULL;
    return true;
}

static const gd_option *find_option(const gd_verb *verb, const char *text, const char **value)
{
    for (const gd_option *o = options_of(verb); o->flag; o++) {
        if (spells(text, o->flag, value) || spells(text, o->alias, value))
            return o;
    }
    return spells(text, help.flag, value) || spells(text, help.alias, value) ? &help : NULL;
}

static gd_status check_words(const gd_command *command, gd_error *error)
{
    const gd_verb *verb = command->verb;
    if (command->n_words < verb->least)
        return gd_fail(error, GD_INVALID, "expected griddle %s %s; see griddle %s --help", verb->name, verb->words,
                       verb->name);
    if (verb->most >= 0 && command->n_words > verb->most)
        return gd_fail(error, GD_INVALID, "unexpected '%s': expected griddle %s %s", command->word[verb->most],
                       verb->name, verb->words);
    return GD_OK;
}

gd_status gd_command_parse(const gd_verb *verb, int argc, char **argv, gd_command *command, gd_error *error)
{
    bool words_only = false;
    *command = (gd_command){.verb = verb};
    command->word = gd_arena_alloc(&command->arena, (size_t)argc + 1, sizeof *command->word);
    command->given = gd_arena_alloc(&command->arena, (size_t)argc + 1, sizeof *command->given);
    if (!command->word || !command->given)
        return gd_fail(error, GD_NOMEM, "out of memory for the command line");
    for (int i = 0; i < argc; i++) {
        const char *text = argv[i], *value = NULL;
        if (words_only || text[0] != '-' || text[1] == '\0') {
            command->word[command->n_words++] = text;
        } else if (strcmp(text, "--") == 0) {
            words_only = true;
        } else {
            const gd_option *option = find_option(verb, text, &value);
            if (!option)
                return unknown_option(verb, text, error);
            if (value && !option->argument)
                return gd_fail(error, GD_INVALID, "option '%s' takes no value", option->flag);
            if (!value && option->argument && i + 1 < argc)
                value = argv[++i];
            if (!value && option->argument)
                return gd_fail(error, GD_INVALID, "option '%s' needs a value: %s %s", text, text, option->argument);
            command->given[command->n_given++] = (gd_given){option, value ? value : ""};
        }
    }
    return gd_command_has(command, help.flag) ? GD_OK : check_words(command, error);
}

void gd_command_release(gd_command *command)
{
    gd_arena_release(&command->arena);
    *command = (gd_command){0};
}

/* ---- reading ---- */

const char *gd_command_option(const gd_command *command, const char *flag)
{
    for (int i = command->n_given - 1; i >= 0; i--) {
        if (strcmp(command->given[i].option->flag, flag) == 0)
            return command->given[i].value;
    }
    return NULL;
}

bool gd_command_has(const gd_command *command, const char *flag) { return gd_command_option(command, flag) != NULL; }

gd_status gd_command_values(gd_command *command, const char *flag, const char *const **values, int *n, gd_error *error)
{
    const char **list = gd_arena_alloc(&command->arena, (size_t)command->n_given, sizeof *list);
    *values = list;
    *n = 0;
    if (!list)
        return gd_fail(error, GD_NOMEM, "out of memory for the command line");
    for (int i = 0; i < command->n_given; i++) {
        if (strcmp(command->given[i].option->flag, flag) == 0)
            list[(*n)++] = command->given[i].value;
    }
    return GD_OK;
}

gd_status gd_command_int(const gd_command *command, const char *flag, int least, int most, int fallback, int *value,
                         gd_error *error)
{
    const char *text = gd_command_option(command, flag);
    char *end;
    *value = fallback;
    if (!text)
        return GD_OK;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < least || number > most)
        return gd_fail(error, GD_INVALID, "option '%s' is '%s' where a whole number from %d to %d is needed", flag,
                       text, least, most);
    *value = (int)number;
    return GD_OK;
}

/* ---- running ---- */

void gd_command_init(void)
{
    for (int i = 0; i <= 2; i++) {
        if (fcntl(i, F_GETFD) == -1 && open("/dev/null", O_RDONLY) < 0)
            return; /* the lowest free number is i */
    }
    signal(SIGXFSZ, SIG_IGN);
}

static void print_option(const gd_option *option)
{
    char left[64];
    snprintf(left, sizeof left, "%s%s%s%s%s", option->flag, option->alias ? ", " : "",
             option->alias ? option->alias : "", option->argument ? " " : "", option->argument ? option->argument : "");
    printf("  %-20s %s\n", left, option->help);
}

static void print_help(const gd_verb *verb)
{
    printf("%s\nusage: griddle %s%s%s [options]\n\n%s\n\noptions\n", verb->examples, verb->name,
           verb->words[0] ? " " : "", verb->words, verb->summary);
    for (const gd_option *option = options_of(verb); option->flag; option++)
        print_option(option);
    print_option(&help);
}

void gd_command_complain(const gd_error *error)
{
    char text[1024], line[1100];
    snprintf(line, sizeof line, "griddle: %s\n", gd_error_text(error, text, sizeof text));
    fputs(line, stderr);
}

int gd_command_run(const gd_verb *verb, int argc, char **argv)
{
    gd_command command;
    gd_error error = {0};
    gd_status status = gd_command_parse(verb, argc, argv, &command, &error);
    if (status != GD_OK)
        gd_error_prefix(&error, (gd_place){0}, "%s", verb->name);
    else if (gd_command_has(&command, help.flag))
        print_help(verb);
    else
        status = verb->run(&command, &error);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        gd_status lost = gd_fail(&error, GD_IO, "cannot write to standard output: %s", strerror(errno));
        status = status == GD_OK ? lost : status;
    }
    int exit_code = command.exit_code ? command.exit_code : gd_status_exit_code(status);
    if (status != GD_OK && error.message[0]) /* else a program that the command started has said it */
        gd_command_complain(&error);
    gd_command_release(&command);
    return exit_code;
}

int gd_command_main(const gd_verb *verbs, int argc, char **argv)
{
    const char *names[MOST_NAMES], *name = argc > 1 ? argv[1] : "";
    int n = 0;
    for (const gd_verb *verb = verbs; verb->name; verb++) {
        if (strcmp(verb->name, name) == 0)
            return gd_command_run(verb, argc - 2, argv + 2);
        if (n < MOST_NAMES)
            names[n++] = verb->name;
    }
    gd_error error = {0};
    gd_command_unknown("verb", name, names, n, &error);
    gd_command_complain(&error);
    return gd_status_exit_code(error.status);
}
