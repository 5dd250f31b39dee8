// SPDX-License-Identifier: Apache-2.0
#include "serve/name.h"

#include <string.h>

bool gd_name_is_good(const char *name)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    const size_t n = strlen(name);
    return n > 0 && n <= GD_NAME_LENGTH && strspn(name, good) == n && name[0] != '.';
}
