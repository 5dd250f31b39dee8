// SPDX-License-Identifier: Apache-2.0
/* The verbs of griddle-monitor, and what their command lines have in common. */
#ifndef GD_CLI_MONITOR_H
#define GD_CLI_MONITOR_H

#include "check/check.h"
#include "cli/command.h"

enum { GD_MONITOR_VIOLATIONS = 3 /* the exit code */ };

/* A word behind `griddle monitor` each: "monitor baseline" … */
extern const gd_verb gd_verb_monitor_baseline, gd_verb_monitor_check, gd_verb_monitor_watch;
extern const gd_verb gd_verb_monitor_quality, gd_verb_monitor_container;

#define GD_OPTION_WINDOW                                                                                               \
    {"--from", NULL, "TIME", "records from then on: 2026-11-27 or 2026-11-27T01:02:03Z"},                              \
        {"--to", NULL, "TIME", "and before then"}, {"--endpoint", NULL, "NAME", "of captures that hold several"},      \
    {                                                                                                                  \
        "--variant", NULL, "NAME", "likewise"                                                                          \
    }
#define GD_OPTION_THREADS                                                                                              \
    {                                                                                                                  \
        "--threads", NULL, "N", "that decode and compute; default: the cores"                                          \
    }

/* The window and whose captures; paths are the caller's to fill in. INVALID for what is no time. */
gd_status gd_monitor_capture(const gd_command *command, gd_survey_capture *capture, gd_error *error);

/* A number from `least` to `most`; `fallback` where the option was not given. INVALID. */
gd_status gd_monitor_number(const gd_command *command, const char *flag, double least, double most, double fallback,
                            double *value, gd_error *error);

/* -o DIR, which must be given. */
gd_status gd_monitor_out(const gd_command *command, const char **out, gd_error *error);

/* --baseline DIR, likewise. */
gd_status gd_monitor_baseline(const gd_command *command, const char **baseline, gd_error *error);

/* Prints what was lost on stderr, then `text` on stdout, and releases both. NOMEM where either is not whole. */
gd_status gd_monitor_tell(gd_text *losses, gd_text *text, gd_error *error);

/* The signal's exit code where a command was stopped. Returns the status. */
gd_status gd_monitor_end(gd_command *command, gd_status status);

#endif
