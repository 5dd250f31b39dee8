// SPDX-License-Identifier: Apache-2.0
/* Kernels are compiled with -fsanitize=thread, which puts a call at every load and store, and -fsanitize=bounds, which
 * puts one where an array, of registers too, has no such element; but linked with these functions in place of the
 * sanitizers' own libraries.
 */
#include "block.h"
#include "check.h"
#include "finding.h"
#include "memory.h"
#include "settings.h"

using namespace emulator;

static void accessed(const void *p, size_t bytes, Access access, const void *pc, size_t alignment)
{
    /* The host's half of a .cu file may run in a second thread of the system while kernels run in the first: whose code
     * this is, its stack tells. */
    if (!is_stack(__builtin_frame_address(0))) {
        if (is_device(p))
            finding("host code in the card's memory", pc, "%zu bytes at %s", bytes, describe(p).c_str());
        return;
    }
    if (is_stack(p))
        return;
    if ((uintptr_t)p % alignment)
        finding("misaligned", pc, "%zu bytes at %p", bytes, p);
    check_access(p, bytes, access, pc);
    if (settings().preempt) {
        static Random random(settings().seed + 1);
        if (random.below(settings().preempt) == 0)
            let_others_run();
    }
}

#define HOOK extern "C" __attribute__((visibility("hidden"))) void
#define HERE __builtin_return_address(0)
#define HOOKS(n)                                                                                                       \
    HOOK __tsan_read##n(void *p) { accessed(p, n, Access::READ, HERE, n); }                                            \
    HOOK __tsan_write##n(void *p) { accessed(p, n, Access::WRITE, HERE, n); }                                          \
    HOOK __tsan_volatile_read##n(void *p) { accessed(p, n, Access::READ, HERE, n); }                                   \
    HOOK __tsan_volatile_write##n(void *p) { accessed(p, n, Access::WRITE, HERE, n); }                                 \
    HOOK __tsan_unaligned_read##n(void *p) { accessed(p, n, Access::READ, HERE, 1); }                                  \
    HOOK __tsan_unaligned_write##n(void *p) { accessed(p, n, Access::WRITE, HERE, 1); }

HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

HOOK __tsan_read_range(void *p, size_t bytes) { accessed(p, bytes, Access::READ, HERE, 1); }
HOOK __tsan_write_range(void *p, size_t bytes) { accessed(p, bytes, Access::WRITE, HERE, 1); }
HOOK __tsan_init() { is_checked = true; } // a constructor of every file so compiled calls it
HOOK __tsan_func_entry(void *) {}
HOOK __tsan_func_exit() {}
HOOK __tsan_vptr_update(void **, void *) {}
HOOK __tsan_vptr_read(void **) {}

/* As the compiler lays them out: the place in the source, the array's type, the index's. A type's `info` is, of an
 * integer, the logarithm of its bits, and in the lowest bit whether it has a sign. */
struct Type {
    uint16_t kind, info;
    char name[1];
};
struct BadIndex {
    const char *file;
    uint32_t line, column;
    const Type *array, *index;
};

HOOK __ubsan_handle_out_of_bounds(const BadIndex *bad, uintptr_t index)
{
    unsigned unused = 64 - (1u << (bad->index->info >> 1));
    long long value = bad->index->info & 1 ? (long long)(index << unused) >> unused : (long long)index;
    finding("out of bounds", HERE, "element %lld of %s", value, bad->array->name);
}

/* The host's half of a .cu file may use atomics: shared_ptr does. They are not the card's business. */
#define ATOMIC extern "C" __attribute__((visibility("hidden")))
#define ATOMICS(bits, T)                                                                                               \
    ATOMIC T __tsan_atomic##bits##_load(const T *p, int) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }              \
    ATOMIC void __tsan_atomic##bits##_store(T *p, T v, int) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }              \
    ATOMIC T __tsan_atomic##bits##_fetch_add(T *p, T v, int) { return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); }    \
    ATOMIC T __tsan_atomic##bits##_fetch_sub(T *p, T v, int) { return __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST); }    \
    ATOMIC T __tsan_atomic##bits##_exchange(T *p, T v, int) { return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST); }    \
    ATOMIC int __tsan_atomic##bits##_compare_exchange_strong(T *p, T *expected, T v, int, int)                         \
    {                                                                                                                  \
        return __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                 \
    }

ATOMICS(8, unsigned char)
ATOMICS(32, unsigned)
ATOMICS(64, unsigned long)
