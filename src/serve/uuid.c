// SPDX-License-Identifier: Apache-2.0
#include "serve/uuid.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

enum { UUID = 16, MANY = 64 };

/* getrandom never fails for so few bytes once the system has started, but it may be interrupted before. */
static void fill(uint8_t *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t got = getrandom(bytes, n, 0);
        if (got < 0 && errno != EINTR)
            return;
        bytes += got > 0 ? got : 0;
        n -= got > 0 ? (size_t)got : 0;
    }
}

void gd_uuid(char text[37])
{
    static _Thread_local uint8_t random[MANY * UUID]; /* a system call for many */
    static _Thread_local int left;
    static const char digit[] = "0123456789abcdef";
    if (left == 0) {
        fill(random, sizeof random);
        left = MANY;
    }
    uint8_t *bytes = &random[--left * UUID];
    bytes[6] = (uint8_t)(0x40 | (bytes[6] & 0x0f));
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
    for (int i = 0; i < UUID; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = digit[bytes[i] >> 4];
        *text++ = digit[bytes[i] & 15];
    }
    *text = '\0';
    memset(bytes, 0, UUID);
}
