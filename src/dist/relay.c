// SPDX-License-Identifier: Apache-2.0
#include "dist/relay.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

static void put(int to, const char *bytes, int n)
{
    for (ssize_t done; n > 0 && (done = write(to, bytes, (size_t)n)) > 0; n -= (int)done)
        bytes += done;
}

/* "[machine:123] " in whole (1), a beginning of it that may become it (0), or not (-1). */
static int looks_like_mpi(const char *text, int n)
{
    int i = 1;
    if (n > 0 && text[0] != '[')
        return -1;
    while (i < n && text[i] != ':') {
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '.' && text[i] != '_')
            return -1;
        i++;
    }
    for (i++; i < n && isdigit((unsigned char)text[i]);)
        i++;
    return i >= n ? 0 : text[i] == ']' ? 1 : -1;
}

static void take(gd_relay *r, char c, int to, const char *folder, void (*log)(const char *, const char *))
{
    if (r->state == GD_RELAY_PASS) {
        put(to, &c, 1);
        r->state = c == '\n' ? GD_RELAY_BEGIN : GD_RELAY_PASS;
        return;
    }
    if (c != '\n' && r->used < (int)sizeof r->head - 1)
        r->head[r->used++] = c;
    if (r->state == GD_RELAY_BEGIN) {
        int is = c == '\n' ? -1 : looks_like_mpi(r->head, r->used);
        if (is > 0) {
            r->state = GD_RELAY_LOG;
        } else if (is < 0) {
            put(to, r->head, r->used);
            if (c == '\n')
                put(to, "\n", 1);
            r->used = 0;
            r->state = c == '\n' ? GD_RELAY_BEGIN : GD_RELAY_PASS;
        }
    } else if (c == '\n') {
        r->head[r->used] = '\0';
        log(folder, r->head);
        r->used = 0;
        r->state = GD_RELAY_BEGIN;
    }
}

/* Bytes that pass go in one piece, as far as they came in one. */
void gd_relay_turn(gd_relay *r, int to, const char *folder, void (*log)(const char *, const char *))
{
    char piece[4096];
    ssize_t n;
    while (r->from >= 0 && (n = read(r->from, piece, sizeof piece)) > 0) {
        for (ssize_t i = 0; i < n;) {
            if (r->state == GD_RELAY_PASS) {
                const char *end = memchr(piece + i, '\n', (size_t)(n - i));
                ssize_t length = (end ? end + 1 : piece + n) - (piece + i);
                put(to, piece + i, (int)length);
                r->state = end ? GD_RELAY_BEGIN : GD_RELAY_PASS;
                i += length;
            } else {
                take(r, piece[i++], to, folder, log);
            }
        }
    }
}

void gd_relay_end(gd_relay *r, int to)
{
    if (r->state != GD_RELAY_LOG)
        put(to, r->head, r->used);
    if (r->state == GD_RELAY_PASS || (r->state == GD_RELAY_BEGIN && r->used > 0))
        put(to, "\n", 1);
    r->used = 0;
    r->state = GD_RELAY_BEGIN;
}
