// SPDX-License-Identifier: Apache-2.0
/* What the environment asks of the emulated cards; read once. README.md says what each variable does. */
#ifndef CUDA_ON_CPU_SETTINGS_H
#define CUDA_ON_CPU_SETTINGS_H

#include <cstddef>
#include <cstdint>

namespace emulator
{
struct Card {
    int sm;
    const char *name;
    size_t shared_optin_kib, shared_sm_kib; // most per block when asked for; per multiprocessor
    int multiprocessors;
};

struct Settings {
    Card card;
    uint64_t seed;
    unsigned preempt; // one access in so many switches threads; 0: none
    bool profile;
    int truncate; // 0: no; n: as tensor cores do, with n - 1 bits fewer
    int devices;
    size_t memory_bytes;
    const char *fail;   // "cudaMalloc:3,device:5"
    const char *time;   // "mma:20,simt:50": microseconds of kernels with such names
    const char *ranges; // the file that nvtx's ranges and what is launched in them are told in
};
Settings read_settings();

inline const Settings &settings()
{
    static const Settings read = read_settings();
    return read;
}

/* Numbers from a seed: the same run again, whatever else the process does. */
class Random
{
    uint64_t state;

  public:
    explicit Random(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15 + 0xd1b54a32d192ed03) {}
    uint64_t next()
    {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        return state * 0x2545f4914f6cdd1d >> 16;
    }
    unsigned below(unsigned n) { return (unsigned)(next() % n); }
};

/* What is global is never destroyed: programs free device memory in destructors of their own, at the very end. */
template <typename T> T &forever() { return *new T; }
} // namespace emulator

#endif
