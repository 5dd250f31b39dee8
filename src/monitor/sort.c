// SPDX-License-Identifier: Apache-2.0
/* A number's bits, read as an integer, are in order where it is positive; with all bits turned where it is negative and
 * the sign alone where it is not, they are in order throughout. A digit that is the same in all numbers is not sorted
 * by: exponents often are. */
#include "monitor/sort.h"

#include <stdbool.h>
#include <string.h>

static uint64_t key_of_double(const double *x)
{
    uint64_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits ^ ((0 - (bits >> 63)) | 0x8000000000000000u);
}

/* Counts → where each digit's first number goes; false where all n numbers have one digit. */
static bool to_places(uint32_t *count, int values, size_t n)
{
    uint32_t place = 0;
    for (int i = 0; i < values; i++) {
        const uint32_t here = count[i];
        if (here == n)
            return false;
        count[i] = place;
        place += here;
    }
    return true;
}

void gd_sort_doubles(double *x, double *work, size_t n)
{
    enum { BITS = 8, DIGITS = 8, VALUES = 1 << BITS };
    uint32_t place[DIGITS][VALUES] = {{0}};
    for (size_t i = 0; i < n; i++) {
        const uint64_t key = key_of_double(x + i);
        for (int d = 0; d < DIGITS; d++)
            place[d][key >> d * BITS & (VALUES - 1)]++;
    }
    double *from = x, *to = work;
    for (int d = 0; d < DIGITS; d++) {
        if (!to_places(place[d], VALUES, n))
            continue;
        for (size_t i = 0; i < n; i++)
            to[place[d][key_of_double(from + i) >> d * BITS & (VALUES - 1)]++] = from[i];
        double *swap = from;
        from = to;
        to = swap;
    }
    if (from != x && n > 0)
        memcpy(x, from, n * sizeof *x);
}
