// SPDX-License-Identifier: Apache-2.0
/* Unit tests in plain C. A file tests/unit/test_<thing>.c holds the tests of one thing:
 *
 *     #include "unit.h"
 *
 *     TEST(adds_up)
 *     {
 *         CHECK_EQ_INT(1 + 1, 2);
 *     }
 *
 * and that is all: the build finds the file, TEST registers itself, GoogleTest (register.cc) runs it as
 * `<thing>.adds_up` and ctest lists it. A check that fails prints its place and both sides and ends the test; a test
 * that skips says why and is counted as skipped, never as passed. Checks may stand in helper functions too; on another
 * thread than the test's own a failed check is recorded and the thread goes on.
 *
 * A text that a function here returns lives until the test ends.
 */
#ifndef GD_TESTS_UNIT_H
#define GD_TESTS_UNIT_H

#include "base/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#define UNIT_NORETURN [[noreturn]]
#else
#define UNIT_NORETURN _Noreturn
#endif

typedef struct unit_test {
    const char *file;
    int line;
    const char *suite; /* NULL: <thing>, from the name of the file */
    const char *name;
    void (*body)(void);
    const void *argument; /* (optional) what unit_argument() returns in the body */
    struct unit_test *next;
} unit_test;

/* Adds a test; borrows it for the process's life. TEST does it for you; a file that makes tests from a list calls it
 * from a function marked __attribute__((constructor)). */
void unit_add(unit_test *test);
const void *unit_argument(void);

#define TEST(name)                                                                                                     \
    static void test_##name(void);                                                                                     \
    __attribute__((constructor)) static void add_##name(void)                                                          \
    {                                                                                                                  \
        static unit_test unit_entry_ = {__FILE__, __LINE__, 0, #name, test_##name, 0, 0};                              \
        unit_add(&unit_entry_);                                                                                        \
    }                                                                                                                  \
    static void test_##name(void)

#define CHECK(condition) unit_check((condition) ? 1 : 0, __FILE__, __LINE__, #condition)
#define CHECK_EQ_INT(got, want) unit_check_int((got), (want), __FILE__, __LINE__, #got)
#define CHECK_TEXT(got, want) unit_check_text((got), (want), __FILE__, __LINE__, #got)
#define CHECK_CONTAINS(got, part) unit_check_contains((got), (part), __FILE__, __LINE__, #got)
#define CHECK_NEAR(got, want, tolerance) unit_check_near((got), (want), (tolerance), __FILE__, __LINE__, #got)

/* `call` must give GD_OK; else the message of `error` (a gd_error *) is printed. */
#define CHECK_OK(call, error) unit_check_ok((call), (error), __FILE__, __LINE__, #call)
/* `call` must fail with `status` and its error, place included ("file:3:7: message"), must contain `text`. Empties the
 * error afterwards, so that the next call can use it. */
#define CHECK_FAILS(call, want_status, error, text)                                                                    \
    unit_check_fails((call), (want_status), (error), (text), __FILE__, __LINE__, #call)

#define SKIP(why) unit_skip(why)

/* An empty folder of this test's own, removed after it; and a path in it. */
const char *unit_folder(void);
const char *unit_path(const char *format, ...) GD_PRINTF(1, 2);
/* A path in the source tree: unit_source("tests/golden/conv2d.safetensors"). */
const char *unit_source(const char *path);
/* A path below $GRIDDLE_DATA; skips the test where that is not set or there is no such file. */
const char *unit_data(const char *path);
/* printf into a text. */
const char *unit_text(const char *format, ...) GD_PRINTF(1, 2);

/* What the macros call. */
void unit_check(bool holds, const char *file, int line, const char *expression);
void unit_check_int(long long got, long long want, const char *file, int line, const char *expression);
void unit_check_text(const char *got, const char *want, const char *file, int line, const char *expression);
void unit_check_contains(const char *got, const char *part, const char *file, int line, const char *expression);
void unit_check_near(double got, double want, double tolerance, const char *file, int line, const char *expression);
void unit_check_ok(gd_status status, const gd_error *error, const char *file, int line, const char *expression);
void unit_check_fails(gd_status status, gd_status want, gd_error *error, const char *text, const char *file, int line,
                      const char *expression);
void unit_fail(const char *file, int line, const char *format, ...) GD_PRINTF(3, 4);
UNIT_NORETURN void unit_skip(const char *why);

#ifdef __cplusplus
}
#endif
#endif
