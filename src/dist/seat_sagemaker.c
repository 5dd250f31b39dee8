// SPDX-License-Identifier: Apache-2.0
#include "dist/seat_sagemaker.h"

#include "base/file.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 1 << 20, PORT = 7777 };

static const char *text_of(const gd_attr *node) { return node && node->kind == GD_ATTR_SCALAR ? node->text : NULL; }

static gd_status take_hosts(const gd_attr *root, const char *path, gd_seat *seat, gd_error *error)
{
    const gd_attr *hosts = gd_attr_find(root, "hosts");
    const char *current = text_of(gd_attr_find(root, "current_host")), *first = NULL;
    const char *interface = text_of(gd_attr_find(root, "network_interface_name"));
    int before = 0, n = 0;
    bool listed = false;
    if (!current || !hosts || hosts->kind != GD_ATTR_LIST)
        return gd_fail(error, GD_FORMAT, "'%s' has no current_host, or no list of hosts", path);
    for (const gd_attr *host = hosts->first; host; host = host->next) { /* rank: how many names sort before this one */
        const char *name = text_of(host);
        if (!name || !*name || strlen(name) >= sizeof seat->host)
            return gd_fail_at(error, GD_FORMAT, host->place, "a host is no name");
        first = !first || strcmp(name, first) < 0 ? name : first;
        before += strcmp(name, current) < 0;
        listed = listed || strcmp(name, current) == 0;
        n++;
    }
    if (!listed)
        return gd_fail(error, GD_FORMAT, "'%s' does not have its current_host '%s' among its %d hosts", path, current,
                       n);
    if (n == 1)
        return GD_OK;
    seat->starter = GD_STARTED_BY_SAGEMAKER;
    seat->rank = before;
    seat->ranks = n;
    seat->port = PORT;
    snprintf(seat->host, sizeof seat->host, "%s", current);
    snprintf(seat->leader, sizeof seat->leader, "%s", first);
    snprintf(seat->interface, sizeof seat->interface, "%s", interface ? interface : "");
    return GD_OK;
}

gd_status gd_seat_read_sagemaker(const char *base, gd_seat *seat, gd_error *error)
{
    char path[4096], *text;
    size_t bytes;
    gd_arena arena = {0};
    gd_attr *root;
    gd_status status;
    snprintf(path, sizeof path, "%s/input/config/resourceconfig.json", base && *base ? base : "/opt/ml");
    if (!gd_file_exists(path))
        return GD_OK;
    GD_TRY_TO(done, gd_file_read(path, LONGEST, &arena, &text, &bytes, error));
    GD_TRY_TO(done, gd_json_parse(&arena, path, text, bytes, (gd_json_limits){0}, &root, error));
    status = take_hosts(root, path, seat, error);
done:
    gd_arena_release(&arena);
    return status;
}
