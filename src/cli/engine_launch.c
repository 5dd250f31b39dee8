// SPDX-License-Identifier: Apache-2.0
/* griddle train --procs N: what is done once for all ranks of a host, and their command line. */
#include "cli/engine.h"
#include "cli/engine_ranks.h"
#include "dist/hosts.h"
#include "dist/launch.h"
#include "train/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many cards ranks can have; 0: they compute on the CPU. Asked in a process of its own: who opens a card keeps some
 * of its memory. */
static gd_status count_cards(gd_command *command, int *cards, gd_error *error)
{
    const gd_device *device;
    int how = 0, answer[2];
    *cards = 0;
    if (pipe(answer) != 0)
        return gd_fail(error, GD_IO, "the device could not be looked at: %s", strerror(errno));
    const pid_t child = fork();
    if (child == 0) {
        gd_error complaint = {0};
        gd_device_facts facts = {0};
        gd_status status = gd_engine_device(command, &device, &complaint);
        if (status != GD_OK)
            gd_command_complain(&complaint);
        else if (device->kind != GD_CPU)
            device->describe(&facts);
        _exit(write(answer[1], &facts.cards, sizeof facts.cards) < 0 ? 1 : gd_status_exit_code(status));
    }
    while (child > 0 && waitpid(child, &how, 0) < 0 && errno == EINTR)
        ;
    close(answer[1]);
    const bool answered = read(answer[0], cards, sizeof *cards) == sizeof *cards;
    close(answer[0]);
    if (child < 0 || !answered || !WIFEXITED(how))
        return gd_fail(error, GD_DEVICE, "the device could not be looked at; use --device cpu");
    command->exit_code = WEXITSTATUS(how); /* where it failed it has said why */
    return command->exit_code == 0 ? GD_OK : GD_DEVICE;
}

static gd_status check_ranks(const gd_config *config, const char *folder, int ranks, int *groups, gd_error *error)
{
    gd_staged staged = {0};
    gd_status status;
    GD_TRY_TO(done, gd_staged_open(gd_run_file(folder, "staged.safetensors").text, GD_OPEN_TRAIN, &staged, error));
    const gd_build_input input = gd_build_input_of(&staged);
    status = gd_train_check_ranks(config, &input, ranks, groups, error);
done:
    gd_staged_close(&staged);
    return status;
}

/* The command line of a rank: this one, without what is the launcher's. */
static gd_status make_command(gd_command *command, const char *folder, bool resume, const char ***made, gd_error *error)
{
    static const char *const passed[] = {"--device"};
    const char *const *set;
    int n_set, n = 0;
    gd_engine_path program;
    GD_TRY(gd_engine_find_program("griddle-engine", &program, error));
    GD_TRY(gd_command_values(command, "--set", &set, &n_set, error));
    const char **words = gd_arena_alloc(&command->arena, 16 + 2 * (size_t)n_set, sizeof *words);
    if (!words || !(words[n++] = gd_arena_text(&command->arena, program.text)))
        return gd_fail(error, GD_NOMEM, "out of memory for a command line");
    words[n++] = "train";
    words[n++] = "--out";
    words[n++] = folder;
    for (int i = 0; i < n_set; i++) {
        words[n++] = "--set";
        words[n++] = set[i];
    }
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
        if (gd_command_has(command, passed[i])) {
            words[n++] = passed[i];
            words[n++] = gd_command_option(command, passed[i]);
        }
    }
    if (gd_command_has(command, "--json"))
        words[n++] = "--json";
    if (resume)
        words[n++] = "--resume";
    words[n++] = "--";
    words[n++] = command->word[0];
    *made = words;
    return GD_OK;
}

static void log_line(const char *folder, const char *text) { gd_run_log(folder, "%s", text); }

static void note(const char *folder, const char *text)
{
    log_line(folder, text);
    fprintf(stderr, "griddle: %s\n", text);
}

/* What is done before ranks are started, on each host. */
typedef struct preparation {
    gd_command *command;
    const gd_seat *seat; /* this host's among all */
    int wanted;          /* ranks on each; 0: as many as there are cards */
    int cards, groups;
    gd_config config;
    gd_engine_path folder;
} preparation;

static gd_status prepare(void *argument, int *ranks, gd_error *error)
{
    preparation *p = argument;
    const int hosts = p->seat->ranks;
    const bool leads = p->seat->rank == 0;
    GD_TRY(count_cards(p->command, &p->cards, error));
    if (hosts > 1 && p->cards == 0)
        return gd_fail(error, GD_UNSUPPORTED,
                       "%s starts ranks for NCCL, on GPUs; on CPUs ranks meet over MPI: mpirun -n %d griddle train …",
                       gd_starter_name(p->seat->starter), hosts);
    *ranks = p->wanted ? p->wanted : p->cards;
    GD_TRY(gd_engine_config(p->command, p->command->word[0], &p->config, error));
    GD_TRY(gd_engine_begin_run(p->command, &p->config, &p->folder, leads, error));
    return leads ? check_ranks(&p->config, p->folder.text, hosts * *ranks, &p->groups, error) : GD_OK;
}

gd_status gd_engine_launch(gd_command *command, const gd_seat *seat, int ranks, int restarts, gd_error *error)
{
    static const double MEETING_SECONDS = 300;
    const char **first = NULL, **resumed = NULL;
    preparation p = {.command = command, .seat = seat, .wanted = ranks};
    gd_hosts *hosts = NULL;
    gd_status status;
    gd_engine_find_folder(command, command->word[0], &p.folder);
    if (seat->ranks > 1)
        GD_TRY(gd_hosts_meet(seat, MEETING_SECONDS, &hosts, error));
    GD_TRY_TO(done, hosts ? gd_hosts_prepare(hosts, prepare, &p, &ranks, error) : prepare(&p, &ranks, error));
    gd_run_path checkpoint = gd_run_file(p.folder.text, "checkpoint.safetensors");
    gd_stop *stop = gd_stop_catch(false);
    GD_TRY_TO(done, make_command(command, p.folder.text, gd_command_has(command, "--resume"), &first, error));
    GD_TRY_TO(done, make_command(command, p.folder.text, true, &resumed, error));
    const gd_launch_options options = {
        .command = first,
        .resumed = resumed,
        .checkpoint = checkpoint.text,
        .folder = p.folder.text,
        .mpi = p.cards == 0,
        .ranks = seat->ranks * ranks,
        .restarts = restarts,
        .groups = p.groups,
        .stop = &stop->signal,
        .stops = &stop->count,
        .hosts = hosts,
        .note = note,
        .log = log_line,
    };
    if (isatty(STDERR_FILENO))
        setenv("GRIDDLE_TERMINAL", "1", true); /* for rank 0, whose standard error may be a pipe to here */
    status = gd_launch(&options, &command->exit_code, error);
    if (status != GD_OK)
        gd_run_log(p.folder.text, "ended: %s", error->message);
done:
    gd_hosts_end(hosts, status, command->exit_code ? command->exit_code : gd_status_exit_code(status), error);
    gd_config_release(&p.config);
    return status;
}
