// SPDX-License-Identifier: Apache-2.0
/* griddle-monitor: `griddle monitor WORD …`. Links what predict links, and what reads captures and writes pages. */
#include "cli/monitor.h"

#include "captured/time.h"
#include "cli/stop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of their use. */
static const gd_verb *const verbs[] = {
    &gd_verb_monitor_baseline, &gd_verb_monitor_check,     &gd_verb_monitor_watch,
    &gd_verb_monitor_quality,  &gd_verb_monitor_container, NULL,
};
enum { MOST_VERBS = 16, PREFIX = sizeof "monitor " - 1 };

/* ---- options ---- */

/* A time, or a day, which begins then. */
static gd_status read_time(const gd_command *command, const char *flag, int64_t *ms, gd_error *error)
{
    const char *text = gd_command_option(command, flag);
    char whole[64];
    *ms = 0;
    if (!text)
        return GD_OK;
    snprintf(whole, sizeof whole, strlen(text) == 10 ? "%sT00:00:00Z" : "%s", text);
    if (strlen(text) < sizeof whole && gd_time_read(whole, strlen(whole), ms)) {
        if (*ms <= 0) /* 0 would be none */
            return gd_fail(error, GD_INVALID, "option '%s' is '%s' where a time behind 1970-01-01 is needed", flag,
                           text);
        return GD_OK;
    }
    return gd_fail(error, GD_INVALID, "option '%s' is '%.64s' where a time is needed, as 2026-11-27T01:02:03Z", flag,
                   text);
}

gd_status gd_monitor_capture(const gd_command *command, gd_survey_capture *capture, gd_error *error)
{
    *capture = (gd_survey_capture){.endpoint = gd_command_option(command, "--endpoint"),
                                   .variant = gd_command_option(command, "--variant")};
    GD_TRY(read_time(command, "--from", &capture->read.from_ms, error));
    GD_TRY(read_time(command, "--to", &capture->read.to_ms, error));
    if (capture->read.to_ms && capture->read.to_ms <= capture->read.from_ms)
        return gd_fail(error, GD_INVALID, "the window ends before it begins: --from %s --to %s",
                       gd_command_option(command, "--from"), gd_command_option(command, "--to"));
    return GD_OK;
}

gd_status gd_monitor_number(const gd_command *command, const char *flag, double least, double most, double fallback,
                            double *value, gd_error *error)
{
    const char *text = gd_command_option(command, flag);
    char *end;
    *value = fallback;
    if (!text)
        return GD_OK;
    *value = strtod(text, &end);
    if (end != text && *end == '\0' && *value >= least && *value <= most)
        return GD_OK;
    return gd_fail(error, GD_INVALID, "option '%s' is '%s' where a number from %g to %g is needed", flag, text, least,
                   most);
}

gd_status gd_monitor_out(const gd_command *command, const char **out, gd_error *error)
{
    *out = gd_command_option(command, "-o");
    return *out ? GD_OK : gd_fail(error, GD_INVALID, "wants -o DIR, a folder for what it writes");
}

gd_status gd_monitor_baseline(const gd_command *command, const char **baseline, gd_error *error)
{
    *baseline = gd_command_option(command, "--baseline");
    return *baseline ? GD_OK : gd_fail(error, GD_INVALID, "wants --baseline DIR, which griddle monitor baseline makes");
}

gd_status gd_monitor_tell(gd_text *losses, gd_text *text, gd_error *error)
{
    gd_status status = gd_text_status(text, error);
    if (status == GD_OK)
        status = gd_text_status(losses, error);
    if (status == GD_OK) {
        fputs(losses->at ? losses->at : "", stderr);
        fputs(text->at, stdout);
    }
    gd_text_release(text);
    gd_text_release(losses);
    return status;
}

gd_status gd_monitor_end(gd_command *command, gd_status status)
{
    if (status == GD_STOPPED)
        command->exit_code = 128 + gd_stop_catch(true)->signal;
    return status;
}

/* ---- words ---- */

static void print_verbs(FILE *stream)
{
    fputs("griddle monitor baseline runs/scones -o monitors/scones           what is normal: once\n"
          "griddle monitor check captured --baseline monitors/scones -o out  is it still so\n"
          "griddle monitor watch captured --baseline monitors/scones -o out  every hour\n"
          "griddle monitor quality captured labels -o quality               is it right, once labels are there\n\n"
          "usage: griddle monitor WORD …; griddle monitor WORD --help says more\n\n",
          stream);
    for (int i = 0; verbs[i]; i++)
        fprintf(stream, "  %-10s %s\n", verbs[i]->name + PREFIX, verbs[i]->summary);
}

int main(int argc, char **argv)
{
    int n = 0;
    const char *names[MOST_VERBS], *word = argc > 2 ? argv[2] : "";
    gd_command_init();
    for (; verbs[n] && n < MOST_VERBS; n++) {
        names[n] = verbs[n]->name + PREFIX;
        if (strcmp(word, names[n]) == 0)
            return gd_command_run(verbs[n], argc - 3, argv + 3);
    }
    if (argc < 3 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_verbs(argc < 3 ? stderr : stdout);
        return argc < 3 ? 2 : fflush(stdout) != 0;
    }
    gd_error error = {0};
    gd_command_unknown("word of monitor", word, names, n, &error);
    gd_command_complain(&error);
    print_verbs(stderr);
    return gd_status_exit_code(error.status);
}
