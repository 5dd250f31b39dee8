// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "data/archive.h"

#include <stdbool.h>
#include <string.h>

static const char ENDING[] = ".safetensors";

/* Without its folders; NULL for what is no model. A name with a dot in front is what tar on a Mac puts beside a file.
 */
static const char *model_name(const char *entry)
{
    const char *slash = strrchr(entry, '/'), *name = slash ? slash + 1 : entry;
    const size_t n = strlen(name), m = sizeof ENDING - 1;
    return name[0] != '.' && n > m && strcmp(name + n - m, ENDING) == 0 ? name : NULL;
}

static gd_status save(gd_archive *archive, const char *path, const char *to, size_t *left, gd_error *error)
{
    gd_file_draft draft;
    size_t length = 0;
    if (gd_file_exists(to))
        return gd_fail_at(error, GD_FORMAT, (gd_place){path, 0, 0}, "two files in it are called '%s'",
                          strrchr(to, '/') + 1);
    GD_TRY(gd_file_begin(&draft, to, error));
    const gd_status status = gd_archive_save(archive, *left, draft.stream, &length, error);
    if (status != GD_OK) {
        gd_file_abandon(&draft);
        return status;
    }
    *left -= length;
    return gd_file_commit(&draft, error);
}

gd_status gd_archive_unpack(const char *path, const char *folder, size_t most, gd_error *error)
{
    gd_archive *archive;
    gd_status status;
    char to[4096];
    int models = 0, others = 0;
    GD_TRY(gd_archive_open(path, &archive, error));
    for (;;) {
        const char *entry;
        GD_TRY_TO(done, gd_archive_next(archive, &entry, error));
        if (!entry)
            break;
        const char *name = model_name(entry);
        if (!name) {
            others++;
            continue;
        }
        const int length = snprintf(to, sizeof to, "%s/%s", folder, name);
        if (length < 0 || (size_t)length >= sizeof to)
            GD_TRY_TO(done, gd_fail_at(error, GD_FORMAT, (gd_place){path, 0, 0}, "an entry's name is too long"));
        GD_TRY_TO(done, save(archive, path, to, &most, error));
        models++;
    }
    if (models == 0)
        status = gd_fail_at(error, GD_FORMAT, (gd_place){path, 0, 0},
                            "no *%s among the %d files in it; griddle export writes one", ENDING, others);
done:
    gd_archive_close(archive);
    return status;
}
