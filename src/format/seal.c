// SPDX-License-Identifier: Apache-2.0
#include "format/seal.h"

#include "base/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char gd_seal_about[] = "griddle_baseline", gd_seal_digest[] = "griddle_digest";
const char gd_seal_statistics[] = "griddle_statistics";

static void print(uint64_t digest, char text[GD_SEAL_TEXT]) { snprintf(text, GD_SEAL_TEXT, "%016" PRIx64, digest); }

void gd_seal_bytes(const void *bytes, size_t length, char text[GD_SEAL_TEXT])
{
    print(gd_digest(GD_DIGEST_START, bytes, length), text);
}

void gd_seal_contents(const gd_tensor_entry *tensor, int n, const char *about, char text[GD_SEAL_TEXT])
{
    uint64_t digest = gd_digest(GD_DIGEST_START, about, strlen(about) + 1);
    for (int i = 0; i < n; i++) {
        const gd_desc desc = tensor[i].desc;
        const char *type = gd_type_name(desc.type);
        digest = gd_digest(digest, tensor[i].name, strlen(tensor[i].name) + 1);
        digest = gd_digest(digest, type, strlen(type) + 1);
        digest = gd_digest(digest, desc.dim, (size_t)desc.rank * sizeof desc.dim[0]);
        digest = gd_digest(digest, tensor[i].data, gd_desc_bytes(desc));
    }
    print(digest, text);
}

gd_status gd_seal_check(const gd_safetensors *file, const char *statistics_path, const char *statistics,
                        gd_error *error)
{
    const gd_place place = {file->name, 0, 0};
    const char *about = gd_safetensors_metadata(file, gd_seal_about);
    const char *digest = gd_safetensors_metadata(file, gd_seal_digest);
    const char *beside = gd_safetensors_metadata(file, gd_seal_statistics);
    char contents[GD_SEAL_TEXT];
    if (!about || !digest || !beside)
        return gd_fail_at(error, GD_FORMAT, place,
                          "no baseline, or damaged, or of an earlier build: its metadata lack '%s'; 'griddle monitor "
                          "baseline' makes it anew",
                          !about    ? gd_seal_about
                          : !digest ? gd_seal_digest
                                    : gd_seal_statistics);
    gd_seal_contents(file->tensor, file->n, about, contents);
    if (strcmp(contents, digest) != 0)
        return gd_fail_at(
            error, GD_FORMAT, place,
            "damaged: what it holds has the digest %s where %.64s was written; 'griddle monitor baseline' "
            "makes it anew",
            contents, digest);
    if (strcmp(statistics, beside) != 0)
        return gd_fail_at(error, GD_FORMAT, (gd_place){statistics_path, 0, 0},
                          "not what was written together with '%s': its digest is %s, not %.64s; a baseline is being "
                          "written here, or was not written to its end, or files of two are mixed; 'griddle monitor "
                          "baseline' makes it anew",
                          file->name, statistics, beside);
    return GD_OK;
}
