// SPDX-License-Identifier: Apache-2.0
#include "quality/safe_name.h"

#include "base/digest.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST = 17 /* '%' and 16 digits in small letters, as no escape is written */ };

typedef struct writer {
    char *name;
    size_t length;
    bool full;
} writer;

/* All of it, or the name is full. */
static void put(writer *w, const char *bytes, size_t n)
{
    w->full = w->full || w->length + n + DIGEST >= GD_SAFE_NAME;
    if (w->full)
        return;
    memcpy(w->name + w->length, bytes, n);
    w->length += n;
}

static void escape(writer *w, unsigned char byte)
{
    char text[4];
    snprintf(text, sizeof text, "%%%02X", byte);
    put(w, text, 3);
}

/* What did not fit is told by a digest of the whole; an empty text is one character that no other is alone. */
static void end(writer *w, const char *text)
{
    if (w->full)
        w->length += (size_t)snprintf(w->name + w->length, DIGEST + 1, "%%%016" PRIx64,
                                      gd_digest(GD_DIGEST_START, text, strlen(text)));
    else if (w->length == 0)
        w->name[w->length++] = '%';
    w->name[w->length] = '\0';
}

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
}

void gd_safe_id(const char *text, char name[GD_SAFE_NAME])
{
    writer w = {.name = name};
    for (const char *at = text; *at && !w.full; at++) {
        if (is_plain(*at) && !(at == text && *at == '.'))
            put(&w, at, 1);
        else
            escape(&w, (unsigned char)*at);
    }
    end(&w, text);
}

void gd_safe_class(const char *text, char name[GD_SAFE_NAME])
{
    writer w = {.name = name};
    const size_t length = strlen(text);
    const bool hidden = strcmp(text, "__MACOSX") == 0; /* passed over by who walks folders */
    int n;
    for (size_t i = 0; i < length && !w.full; i += (size_t)(n > 0 ? n : 1)) {
        uint32_t character;
        const bool edge = i == 0 || i == length - 1;
        n = gd_utf8_decode(text + i, length - i, &character);
        const unsigned char byte = (unsigned char)text[i];
        if (n == 0 || byte < ' ' || byte == 0x7f || strchr("/\\%", text[i]) || (edge && strchr(". ", text[i])) ||
            (hidden && i == 0))
            escape(&w, byte);
        else
            put(&w, text + i, (size_t)n);
    }
    end(&w, text);
}
