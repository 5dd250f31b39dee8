// SPDX-License-Identifier: Apache-2.0
#include "clock.h"

#include "settings.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace emulator
{
static double clock_time;

using Times = std::vector<std::pair<std::string, double>>;

static Times times_from(const char *text)
{
    Times times;
    while (text && *text) {
        size_t name = strcspn(text, ":"), all = strcspn(text, ",");
        if (name < all)
            times.emplace_back(std::string(text, name), strtod(text + name + 1, nullptr));
        text += all + (text[all] == ',');
    }
    return times;
}

double clock_now() { return clock_time; }

void clock_advance(const char *name)
{
    static const Times &times = forever<Times>() = times_from(settings().time);
    for (const auto &[part, microseconds] : times) {
        if (strstr(name, part.c_str())) {
            clock_time += microseconds;
            return;
        }
    }
}
} // namespace emulator
