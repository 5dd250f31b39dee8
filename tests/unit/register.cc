// SPDX-License-Identifier: Apache-2.0
/* The bridge from unit.h to GoogleTest: the only C++ of the tests. A failed check or a skip leaves the C body by
 * longjmp, so no C++ object may live between setjmp in TestBody and there. */
#include "unit.h"

#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

namespace
{

unit_test *first, **last = &first;

/* Of the test that runs now. */
const void *argument;
std::jmp_buf way_out;
std::thread::id own_thread;
std::string folder, skip_reason;
std::deque<std::string> texts; /* a deque: references to its members stay */

const char *keep(std::string text) { return texts.emplace_back(std::move(text)).c_str(); }

std::string format_text(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    const int length = std::vsnprintf(nullptr, 0, format, again);
    va_end(again);
    std::string text(length < 0 ? 0 : static_cast<size_t>(length), '\0');
    std::vsnprintf(text.data(), text.size() + 1, format, arguments);
    return text;
}

class Case : public ::testing::Test
{
  public:
    explicit Case(const unit_test *which) : test(which) {}

  private:
    const unit_test *test;

    void TestBody() override
    {
        argument = test->argument;
        own_thread = std::this_thread::get_id();
        if (setjmp(way_out) == 0)
            test->body();
        if (!folder.empty()) {
            std::error_code ignored;
            std::filesystem::remove_all(folder, ignored);
        }
        folder.clear();
        texts.clear();
        if (!skip_reason.empty()) {
            const std::string reason = std::move(skip_reason);
            skip_reason.clear();
            GTEST_SKIP() << reason;
        }
    }
};

std::string suite_of(const unit_test *test)
{
    if (test->suite)
        return test->suite;
    std::string stem = std::filesystem::path(test->file).stem().string();
    return stem.rfind("test_", 0) == 0 ? stem.substr(5) : stem;
}

} // namespace

void unit_add(unit_test *test)
{
    *last = test;
    last = &test->next;
}

const void *unit_argument(void) { return argument; }

void unit_fail(const char *file, int line, const char *format, ...)
{
    {
        va_list arguments;
        va_start(arguments, format);
        const std::string message = format_text(format, arguments);
        va_end(arguments);
        ADD_FAILURE_AT(file, line) << message;
    }
    if (std::this_thread::get_id() == own_thread)
        std::longjmp(way_out, 1);
}

void unit_skip(const char *why)
{
    skip_reason = why;
    std::longjmp(way_out, 1);
}

void unit_check(bool holds, const char *file, int line, const char *expression)
{
    if (!holds)
        unit_fail(file, line, "does not hold: %s", expression);
}

void unit_check_int(long long got, long long want, const char *file, int line, const char *expression)
{
    if (got != want)
        unit_fail(file, line, "%s\n  got  %lld\n  want %lld", expression, got, want);
}

void unit_check_text(const char *got, const char *want, const char *file, int line, const char *expression)
{
    if ((!got || !want) ? got != want : std::strcmp(got, want) != 0)
        unit_fail(file, line, "%s\n  got  \"%s\"\n  want \"%s\"", expression, got ? got : "(null)",
                  want ? want : "(null)");
}

void unit_check_contains(const char *got, const char *part, const char *file, int line, const char *expression)
{
    if (!got || !std::strstr(got, part))
        unit_fail(file, line, "%s\n  got       \"%s\"\n  should contain \"%s\"", expression, got ? got : "(null)",
                  part);
}

void unit_check_near(double got, double want, double tolerance, const char *file, int line, const char *expression)
{
    const double distance = got > want ? got - want : want - got;
    if (!(distance <= tolerance))
        unit_fail(file, line, "%s\n  got  %.17g\n  want %.17g\n  apart %.3g, allowed %.3g", expression, got, want,
                  distance, tolerance);
}

void unit_check_ok(gd_status status, const gd_error *error, const char *file, int line, const char *expression)
{
    char text[1024] = "";
    if (status != GD_OK)
        unit_fail(file, line, "%s\n  failed (%s): %s", expression, gd_status_text(status),
                  error ? gd_error_text(error, text, sizeof text) : "");
}

void unit_check_fails(gd_status status, gd_status want, gd_error *error, const char *text, const char *file, int line,
                      const char *expression)
{
    char message[1024];
    gd_error_text(error, message, sizeof message);
    const gd_status told = error->status;
    *error = gd_error{};
    if (status != want)
        unit_fail(file, line, "%s\n  got  status '%s'%s%s\n  want status '%s'", expression, gd_status_text(status),
                  status == GD_OK ? "" : ": ", status == GD_OK ? "" : message, gd_status_text(want));
    else if (told != want)
        unit_fail(file, line, "%s\n  returned '%s' but its error says '%s'", expression, gd_status_text(want),
                  gd_status_text(told));
    else if (!std::strstr(message, text))
        unit_fail(file, line, "%s\n  message        \"%s\"\n  should contain \"%s\"", expression, message, text);
}

const char *unit_folder(void)
{
    if (folder.empty()) {
        const char *place = std::getenv("TMPDIR");
        std::string pattern = std::string(place && *place ? place : "/tmp") + "/griddle-test-XXXXXX";
        if (!mkdtemp(pattern.data()))
            unit_fail(__FILE__, __LINE__, "no temporary folder '%s': %s", pattern.c_str(), std::strerror(errno));
        folder = pattern;
    }
    return folder.c_str();
}

const char *unit_path(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *path = keep(std::string(unit_folder()) + "/" + format_text(format, arguments));
    va_end(arguments);
    return path;
}

const char *unit_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = keep(format_text(format, arguments));
    va_end(arguments);
    return text;
}

const char *unit_source(const char *path) { return unit_text("%s/%s", GRIDDLE_SOURCE, path); }

const char *unit_data(const char *path)
{
    const char *data = std::getenv("GRIDDLE_DATA");
    if (!data || !*data)
        unit_skip("GRIDDLE_DATA is not set");
    const char *whole = unit_text("%s/%s", data, path);
    if (access(whole, R_OK) != 0)
        unit_skip(unit_text("no '%s'", whole));
    return whole;
}

int main(int argc, char **argv)
{
    ::testing::InitGoogleTest(&argc, argv);
    for (const unit_test *test = first; test; test = test->next)
        ::testing::RegisterTest(suite_of(test).c_str(), test->name, nullptr, nullptr, test->file, test->line,
                                [test]() -> Case * { return new Case(test); });
    return RUN_ALL_TESTS();
}
