// SPDX-License-Identifier: Apache-2.0
/* Errors and devices: the parts of the runtime that run nothing. */
#include "memory.h"
#include "runtime.h"
#include "settings.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace emulator
{
static cudaError_t sticky = cudaSuccess;
static thread_local cudaError_t last = cudaSuccess;
static thread_local int current_device;

/* Never destroyed: other libraries' destructors may still call us. */
static std::recursive_mutex &the_lock()
{
    static auto *lock = new std::recursive_mutex;
    return *lock;
}

static std::map<std::string, long> failures_from(const char *text)
{
    std::map<std::string, long> due;
    while (text && *text) {
        size_t name = strcspn(text, ":"), all = strcspn(text, ",");
        if (name >= all || atol(text + name + 1) < 1) {
            fprintf(stderr, "cuda on cpu: GRIDDLE_EMULATED_FAIL='%s' is not call:count[,call:count…]\n", text);
            _Exit(2);
        }
        due[std::string(text, name)] = atol(text + name + 1);
        text += all + (text[all] == ',');
    }
    return due;
}

bool is_failure_due(const char *name)
{
    static auto due = failures_from(settings().fail);
    auto found = due.find(name);
    return found != due.end() && --found->second == 0;
}

Call::Call(const char *name, cudaError_t injected) : lock(the_lock()), error(cudaSuccess)
{
    memory_open();
    if (settings().devices == 0)
        error = cudaErrorNoDevice;
    else if (sticky != cudaSuccess)
        error = sticky;
    else if (is_failure_due(name))
        error = injected;
    if (error != cudaSuccess)
        last = error;
}

cudaError_t Call::fail(cudaError_t why) { return last = why; }
cudaError_t Call::finish() { return sticky != cudaSuccess ? fail(sticky) : cudaSuccess; }

void stick(cudaError_t error)
{
    if (sticky == cudaSuccess)
        sticky = error;
}
} // namespace emulator

using namespace emulator;

cudaError_t cudaGetLastError(void)
{
    cudaError_t error = sticky != cudaSuccess ? sticky : last;
    last = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError(void) { return sticky != cudaSuccess ? sticky : last; }

const char *cudaGetErrorName(cudaError_t error)
{
    switch (error) {
#define NAME(name, value, text)                                                                                        \
    case name:                                                                                                         \
        return #name;
        GD_CUDA_ERRORS(NAME)
    }
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
    switch (error) {
#define TEXT(name, value, text)                                                                                        \
    case name:                                                                                                         \
        return text;
        GD_CUDA_ERRORS(TEXT)
    }
    return "unrecognized error code";
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = settings().devices;
    if (is_failure_due("cudaGetDeviceCount"))
        return last = cudaErrorInsufficientDriver;
    return *count ? cudaSuccess : last = cudaErrorNoDevice;
}

cudaError_t cudaGetDevice(int *device)
{
    *device = current_device;
    return cudaSuccess;
}

/* All devices are one: the same memory, the same streams. That no stream is used on a wrong device is not checked. */
cudaError_t cudaSetDevice(int device)
{
    Call call("cudaSetDevice", cudaErrorUnknown);
    if (call.failed())
        return call.failure();
    if (device < 0 || device >= settings().devices)
        return call.fail(cudaErrorInvalidDevice);
    current_device = device;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *to, int device)
{
    Call call("cudaGetDeviceProperties", cudaErrorUnknown);
    if (call.failed())
        return call.failure();
    if (device < 0 || device >= settings().devices)
        return call.fail(cudaErrorInvalidDevice);
    const Card &card = settings().card;
    *to = {};
    snprintf(to->name, sizeof to->name, "%s", card.name);
    to->major = card.sm / 10, to->minor = card.sm % 10;
    to->totalGlobalMem = settings().memory_bytes;
    to->sharedMemPerBlock = 48 << 10;
    to->sharedMemPerBlockOptin = card.shared_optin_kib << 10;
    to->sharedMemPerMultiprocessor = card.shared_sm_kib << 10;
    to->multiProcessorCount = card.multiprocessors;
    to->regsPerBlock = to->regsPerMultiprocessor = 65536;
    to->warpSize = 32;
    to->maxThreadsPerBlock = 1024;
    to->maxThreadsPerMultiProcessor = card.sm == 75 ? 1024 : 2048;
    to->maxThreadsDim[0] = to->maxThreadsDim[1] = 1024, to->maxThreadsDim[2] = 64;
    to->maxGridSize[0] = 0x7fffffff, to->maxGridSize[1] = to->maxGridSize[2] = 65535;
    to->l2CacheSize = 6 << 20;
    to->memoryBusWidth = 4096;
    to->concurrentKernels = to->asyncEngineCount = to->unifiedAddressing = 1;
    to->pciBusID = device + 1;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device)
{
    cudaDeviceProp is;
    cudaError_t error = cudaGetDeviceProperties(&is, device);
    if (error != cudaSuccess)
        return error;
    switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
        *value = is.maxThreadsPerBlock;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
        *value = (int)is.sharedMemPerBlock;
        break;
    case cudaDevAttrWarpSize:
        *value = is.warpSize;
        break;
    case cudaDevAttrMultiProcessorCount:
        *value = is.multiProcessorCount;
        break;
    case cudaDevAttrIntegrated:
        *value = is.integrated;
        break;
    case cudaDevAttrL2CacheSize:
        *value = is.l2CacheSize;
        break;
    case cudaDevAttrComputeCapabilityMajor:
        *value = is.major;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = is.minor;
        break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        *value = (int)is.sharedMemPerMultiprocessor;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = (int)is.sharedMemPerBlockOptin;
        break;
    default:
        return last = cudaErrorInvalidValue;
    }
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = settings().devices ? CUDART_VERSION : 0; // 0: no driver is installed
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaDeviceReset(void) { return cudaDeviceSynchronize(); }
