// SPDX-License-Identifier: Apache-2.0
/* The process's own figures, under the names that Prometheus' client libraries give them:
 * https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics. What the system does not tell is left
 * out. */
#include "serve/counts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* When the system booted and how many ticks later the process started: proc(5), "btime" in /proc/stat and the 22nd
 * field of /proc/self/stat; fields are counted from behind the name in brackets, which may hold anything. */
static double start_of_process(void)
{
    char line[1024];
    double boot = 0, ticks = 0;
    FILE *file = fopen("/proc/stat", "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "btime ", 6) == 0)
            boot = strtod(line + 6, NULL);
    if (file)
        fclose(file);
    file = fopen("/proc/self/stat", "re");
    char *field = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    for (int i = 2; field && i < 22; i++)
        field = strchr(field + 1, ' ');
    if (field)
        ticks = strtod(field, NULL);
    if (file)
        fclose(file);
    return boot > 0 && ticks > 0 ? boot + ticks / (double)sysconf(_SC_CLK_TCK) : 0;
}

void gd_process_open(gd_process *process)
{
    process->descriptors = opendir("/proc/self/fd");
    process->memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    process->start = start_of_process();
}

void gd_process_close(gd_process *process)
{
    if (process->descriptors)
        closedir(process->descriptors);
    if (process->memory >= 0)
        close(process->memory);
}

static int open_descriptors(DIR *folder)
{
    int n = 0;
    rewinddir(folder);
    for (const struct dirent *entry; (entry = readdir(folder));)
        n += entry->d_name[0] != '.';
    return n;
}

static void write_value(gd_text *text, const char *name, const char *kind, const char *help, double value)
{
    gd_metrics_head(text, name, kind, help);
    gd_text_add(text, "%s %.17g\n", name, value);
}

static void write_memory(int file, gd_text *text)
{
    char line[128] = "";
    if (pread(file, line, sizeof line - 1, 0) <= 0)
        return;
    char *rest;
    const double page = (double)sysconf(_SC_PAGESIZE);
    const double all = page * strtod(line, &rest);
    write_value(text, "process_virtual_memory_bytes", "gauge", "Size of the address space.", all);
    write_value(text, "process_resident_memory_bytes", "gauge", "Memory that is in RAM.", page * strtod(rest, NULL));
}

void gd_process_write(const gd_process *process, gd_text *text)
{
    struct timespec cpu;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
        write_value(text, "process_cpu_seconds_total", "counter", "CPU time spent, the user's and the system's.",
                    (double)cpu.tv_sec + 1e-9 * (double)cpu.tv_nsec);
    if (process->memory >= 0)
        write_memory(process->memory, text);
    if (process->descriptors)
        write_value(text, "process_open_fds", "gauge", "File descriptors in use.",
                    open_descriptors(process->descriptors));
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
        write_value(text, "process_max_fds", "gauge", "File descriptors that it may have.", (double)files.rlim_cur);
    if (process->start > 0)
        write_value(text, "process_start_time_seconds", "gauge", "When it started, in seconds since 1970.",
                    process->start);
}
