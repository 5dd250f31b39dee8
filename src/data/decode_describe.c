// SPDX-License-Identifier: Apache-2.0
/* What a file is, by its first bytes and, of a JPEG, its markers up to the first scan. ITU-T T.81, annexes B and K. */
#include "data/decode_codec.h"

#include <string.h>

bool gd_is_png(const uint8_t *bytes, size_t length)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return length >= sizeof signature && memcmp(bytes, signature, sizeof signature) == 0;
}

bool gd_is_jpeg(const uint8_t *bytes, size_t length)
{
    static const uint8_t signature[3] = {0xff, 0xd8, 0xff};
    return length >= sizeof signature && memcmp(bytes, signature, sizeof signature) == 0;
}

enum { ENTRIES = 64, TABLES = 4 };

/* What the markers say: the sum of each quantisation table's entries, 0 where there is none, and which of them the
 * first component takes, luma or grey. The order of the entries does not matter to a sum. */
typedef struct tables {
    int sum[TABLES];
    bool wide[TABLES]; /* of 16 bits */
    int first;         /* -1: not known yet */
} tables;

static void read_tables(const uint8_t *at, size_t length, tables *t)
{
    while (length > 0) {
        const bool wide = at[0] >> 4;
        const int number = at[0] & 15;
        const size_t bytes = 1 + (wide ? 2 : 1) * (size_t)ENTRIES;
        if (bytes > length || number >= TABLES)
            return;
        int sum = 0;
        for (size_t i = 1; i < bytes; i += wide ? 2 : 1)
            sum += wide ? at[i] << 8 | at[i + 1] : at[i];
        t->sum[number] = sum;
        t->wide[number] = wide;
        at += bytes;
        length -= bytes;
    }
}

static tables read_markers(const uint8_t *bytes, size_t length)
{
    enum { START_OF_SCAN = 0xda, END = 0xd9, TABLE = 0xdb, FRAME = 0xc0 };
    tables t = {.first = -1};
    for (size_t at = 2; at + 4 <= length;) {
        if (bytes[at] != 0xff || bytes[at + 1] == 0xff || bytes[at + 1] <= 1 ||
            (bytes[at + 1] & 0xf8) == 0xd0) { /* not yet a marker, or one without a body */
            at++;
            continue;
        }
        const int marker = bytes[at + 1];
        const size_t body = (size_t)(bytes[at + 2] << 8 | bytes[at + 3]); /* with these two */
        if (marker == START_OF_SCAN || marker == END || body < 2 || body > length - at - 2)
            break;
        const uint8_t *data = bytes + at + 4;
        if (marker == TABLE)
            read_tables(data, body - 2, &t);
        else if ((marker & 0xf0) == FRAME && marker != 0xc4 && marker != 0xc8 && marker != 0xcc && body >= 2 + 9)
            t.first = data[8]; /* after precision, height, width, how many; number and sampling of the first */
        at += 2 + body;
    }
    return t;
}

/* The sum of the table that libjpeg makes of a quality: annex K's for luma, scaled. */
static int sum_at(int quality, bool wide)
{
    static const uint8_t luma[ENTRIES] = {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                                          14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                                          18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                                          49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
    const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality, most = wide ? 32767 : 255;
    int sum = 0;
    for (int i = 0; i < ENTRIES; i++) {
        const int entry = (luma[i] * scale + 50) / 100;
        sum += entry < 1 ? 1 : entry > most ? most : entry;
    }
    return sum;
}

/* The quality whose table is nearest; sums fall as it rises. */
static int quality_of(int sum, bool wide)
{
    int low = 1, high = 100; /* the first that is not above `sum` lies among these, or none does */
    while (low < high) {
        const int middle = (low + high) / 2;
        if (sum_at(middle, wide) <= sum)
            high = middle;
        else
            low = middle + 1;
    }
    return low > 1 && sum_at(low - 1, wide) - sum < sum - sum_at(low, wide) ? low - 1 : low;
}

gd_description gd_decode_describe(const void *bytes, size_t length)
{
    gd_description d = {.bytes = length};
    if (gd_is_png(bytes, length))
        d.format = "png";
    if (!gd_is_jpeg(bytes, length))
        return d;
    d.format = "jpeg";
    const tables t = read_markers(bytes, length);
    if (t.first >= 0 && t.first < TABLES && t.sum[t.first] > 0)
        d.quality = quality_of(t.sum[t.first], t.wide[t.first]);
    return d;
}
