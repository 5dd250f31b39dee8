// SPDX-License-Identifier: Apache-2.0
/* FNV-1a, 64 bits: tells texts and descriptions apart that nobody forges. */
#ifndef GD_BASE_DIGEST_H
#define GD_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define GD_DIGEST_START 0xcbf29ce484222325u

static inline uint64_t gd_digest(uint64_t start, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        start = (start ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return start;
}

#endif
