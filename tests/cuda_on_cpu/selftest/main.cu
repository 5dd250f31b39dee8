// SPDX-License-Identifier: Apache-2.0
#include "selftest.h"

#include <cstring>

Test *tests;

int main(int argc, char **argv)
{
    for (Test *test = tests; test && argc == 2; test = test->next)
        if (strcmp(test->name, argv[1]) == 0) {
            bool is_right = test->run();
            fprintf(stderr, "%s: %s\n", test->name, is_right ? "right" : "wrong");
            return is_right ? 0 : 1;
        }
    fprintf(stderr, "usage: %s test\n", argv[0]);
    for (Test *test = tests; test; test = test->next)
        fprintf(stderr, "    %s\n", test->name);
    return 2;
}
