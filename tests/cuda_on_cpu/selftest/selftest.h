// SPDX-License-Identifier: Apache-2.0
/* A test is a function that returns whether all went well; TEST puts it into the program's table. */
#ifndef SELFTEST_H
#define SELFTEST_H

#include "kernel/machine.cuh"

#include <cstdio>
#include <vector>

struct Test {
    const char *name;
    bool (*run)();
    Test *next;
};
extern Test *tests;

struct Registration {
    Test test;
    Registration(const char *name, bool (*run)()) : test{name, run, tests} { tests = &test; }
};

#define TEST(name)                                                                                                     \
    static bool name();                                                                                                \
    static Registration register_##name(#name, name);                                                                  \
    static bool name()

#define REQUIRE(condition)                                                                                             \
    do                                                                                                                 \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #condition,                                \
                    cudaGetErrorName(cudaPeekAtLastError()));                                                          \
            return false;                                                                                              \
        }                                                                                                              \
    while (0)
#define WORKS(call) REQUIRE((call) == cudaSuccess)

/* The card's copy of a vector. */
template <typename T> struct Device {
    T *data = nullptr;
    size_t n;
    explicit Device(size_t count) : n(count) { cudaMalloc(reinterpret_cast<void **>(&data), n * sizeof(T)); }
    explicit Device(const std::vector<T> &from) : Device(from.size())
    {
        cudaMemcpy(data, from.data(), n * sizeof(T), cudaMemcpyHostToDevice);
        cudaStreamSynchronize(nullptr); // for the streams that do not wait for it
    }
    ~Device() { cudaFree(data); }
    Device(const Device &) = delete;
    std::vector<T> get() const
    {
        std::vector<T> to(n);
        cudaMemcpy(to.data(), data, n * sizeof(T), cudaMemcpyDeviceToHost);
        return to;
    }
};

/* Small whole numbers of both signs, so that sums are exact in every order. */
inline float sample(size_t i) { return (float)((i * 37 + i / 11 * 5) % 15) - 7; }

template <typename T> std::vector<T> samples(size_t n, size_t offset = 0)
{
    std::vector<T> values(n);
    for (size_t i = 0; i < n; i++)
        values[i] = T(sample(i + offset));
    return values;
}

#endif
