// SPDX-License-Identifier: Apache-2.0
#include "finding.h"

#include "block.h"
#include "runtime.h"
#include "settings.h"

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <set>
#include <unistd.h>

namespace emulator
{
constexpr int told_max = 20;
static int n_findings;

/* Frames that say nothing: the emulator's headers, and those of machine.cuh, which kernels call. */
static bool is_wrapper(const char *line)
{
    static const char *const wrappers[] = {
        "/cuda_on_cpu/include/", "/c++/",      "/machine.cuh:",   "/storage.cuh:",   "/copy.cuh:",
        "/reduce.cuh:",          "/tile.cuh:", "/tile_sm70.cuh:", "/tile_sm75.cuh:", "/instruction.cuh:"};
    for (const char *wrapper : wrappers)
        if (strstr(line, wrapper))
            return true;
    return false;
}

/* The innermost frame of addr2line's answer that is the kernel's own. */
static std::string ask_addr2line(const char *file, uintptr_t offset)
{
    char command[600], line[600];
    snprintf(command, sizeof command, "addr2line -i -e '%s' 0x%zx 2>/dev/null", file, (size_t)offset);
    FILE *answer = popen(command, "r");
    std::string where;
    while (answer && fgets(line, sizeof line, answer)) {
        line[strcspn(line, " \n")] = 0;
        const char *slash = strrchr(line, '/');
        where = slash ? slash + 1 : line;
        if (!is_wrapper(line))
            break;
    }
    if (answer)
        pclose(answer);
    return where;
}

std::string source_line(const void *pc)
{
    Dl_info image;
    if (!pc || !dladdr(pc, &image) || !image.dli_fname)
        return "?";
    uintptr_t offset = (uintptr_t)pc - 1 - (uintptr_t)image.dli_fbase; // the call, not what comes after it
    std::string where = ask_addr2line(image.dli_fname, offset);
    if (where.empty() || where[0] == '?')
        where = ask_addr2line(image.dli_fname, (uintptr_t)pc - 1); // not a position-independent program
    char text[64];
    snprintf(text, sizeof text, "offset 0x%zx", (size_t)offset);
    return where.empty() || where[0] == '?' ? text : where;
}

void finding(const char *kind, const void *pc, const char *format, ...)
{
    static auto &told = forever<std::set<std::pair<const char *, const void *>>>();
    n_findings++;
    stick(cudaErrorLaunchFailure);
    if ((int)told.size() >= told_max || !told.insert({kind, pc}).second)
        return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    std::string where = pc ? source_line(pc) + ": " : "";
    fprintf(stderr, "cuda on cpu: %s%s: %s", where.c_str(), kind, text);
    if (running.kernel)
        fprintf(stderr, "; kernel %s, block (%u,%u,%u)", running.kernel->name, running.block.x, running.block.y,
                running.block.z);
    if (here)
        fprintf(stderr, ", thread (%u,%u,%u)", here->index.x, here->index.y, here->index.z);
    fputc('\n', stderr);
}

int gd_emulator_findings(void) { return n_findings; }

__attribute__((destructor)) static void end_with_findings()
{
    if (!n_findings)
        return;
    fprintf(stderr, "cuda on cpu: %d findings\n", n_findings);
    fflush(nullptr);
    _exit(4);
}
} // namespace emulator
