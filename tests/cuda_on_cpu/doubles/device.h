// SPDX-License-Identifier: Apache-2.0
/* How a double finds the emulated card: what doubles/card.h declares is exported by the library that has loaded it. */
#ifndef CUDA_ON_CPU_DOUBLES_DEVICE_H
#define CUDA_ON_CPU_DOUBLES_DEVICE_H

#include "doubles/card.h"

#include <cstring>
#include <dlfcn.h>
#include <link.h>

namespace gd_double
{
inline void *device_symbol(const char *name)
{
    void *device = nullptr;
    auto find = [](dl_phdr_info *info, size_t, void *found) {
        if (!strstr(info->dlpi_name, "griddle-cuda-on-cpu"))
            return 0;
        *static_cast<void **>(found) = dlopen(info->dlpi_name, RTLD_NOW | RTLD_NOLOAD);
        return 1;
    };
    return dl_iterate_phdr(find, &device) && device ? dlsym(device, name) : nullptr;
}

/* gd_emulator_library_call, or NULL: no emulated card has loaded this. */
inline auto library_call()
{
    static auto call = reinterpret_cast<decltype(&gd_emulator_library_call)>(device_symbol("gd_emulator_library_call"));
    return call;
}

inline void wrong_call(const char *function, const char *why)
{
    static auto wrong = reinterpret_cast<decltype(&gd_emulator_wrong_call)>(device_symbol("gd_emulator_wrong_call"));
    wrong(function, why);
}
} // namespace gd_double

#endif
