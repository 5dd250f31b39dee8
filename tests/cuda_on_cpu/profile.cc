// SPDX-License-Identifier: Apache-2.0
#include "profile.h"

#include "block.h"
#include "finding.h"
#include "memory.h"
#include "settings.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

namespace emulator
{
struct Request {
    size_t bytes;
    bool is_write, is_in_shared;
    std::vector<std::pair<int, size_t>> accesses; // lane, offset
};

struct Line {
    std::string kernel;
    size_t bytes;
    bool is_write, is_in_shared;
    long n_requests, taken, least;
};

/* The n-th time that a warp's lanes come to one instruction is one request. */
static auto &requests = forever<std::map<std::tuple<const void *, int, int>, Request>>(); // instruction, warp, n
static auto &visits = forever<std::map<std::pair<const void *, int>, int>>();             // instruction, thread
static auto &lines = forever<std::map<const void *, Line>>();

void profile_access(const void *p, size_t bytes, bool is_write, const void *pc)
{
    int n = visits[{pc, here->number}]++;
    Request &request = requests[{pc, here->warp(), n}];
    request.bytes = bytes;
    request.is_write = is_write;
    request.is_in_shared = is_shared(p);
    request.accesses.push_back({here->lane(), offset_of(p)});
}

static void count_sectors(const Request &request, Line &line)
{
    std::set<size_t> sectors, starts;
    for (auto [lane, offset] : request.accesses) {
        for (size_t i = 0; i < request.bytes; i++)
            sectors.insert((offset + i) / 32);
        starts.insert(offset);
    }
    line.taken += (long)sectors.size();
    line.least += (long)((starts.size() * request.bytes + 31) / 32);
}

/* Wide accesses go in turns, of half a warp for 8 bytes and a quarter for 16; in a turn each bank gives one word a
 * cycle. */
static void count_cycles(const Request &request, Line &line)
{
    int n_turns = std::max(1, (int)request.bytes / 4), lanes = 32 / n_turns;
    for (int turn = 0; turn < n_turns; turn++) {
        std::set<size_t> words[32];
        for (auto [lane, offset] : request.accesses)
            if (lane / lanes == turn)
                for (size_t i = 0; i < request.bytes; i += 4)
                    words[(offset + i) / 4 % 32].insert((offset + i) / 4);
        size_t most = 0;
        for (auto &bank : words)
            most = std::max(most, bank.size());
        line.taken += (long)most;
        line.least += most > 0;
    }
}

void profile_end_block()
{
    for (auto &[key, request] : requests) {
        Line &line = lines[std::get<0>(key)];
        line.kernel = running.kernel->name;
        line.bytes = request.bytes;
        line.is_write = request.is_write;
        line.is_in_shared = request.is_in_shared;
        line.n_requests++;
        request.is_in_shared ? count_cycles(request, line) : count_sectors(request, line);
    }
    requests.clear();
    visits.clear();
}

__attribute__((destructor(102))) static void print_lines()
{
    for (auto &[pc, line] : lines)
        fprintf(stderr, "profile %s %s %s %s of %zu bytes: %ld requests, %s per request %.2f, at best %.2f\n",
                source_line(pc).c_str(), line.kernel.c_str(), line.is_in_shared ? "shared" : "global",
                line.is_write ? "store" : "load", line.bytes, line.n_requests, line.is_in_shared ? "cycles" : "sectors",
                (double)line.taken / (double)line.n_requests, (double)line.least / (double)line.n_requests);
}
} // namespace emulator
