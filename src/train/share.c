// SPDX-License-Identifier: Apache-2.0
#include "train/share.h"

#include "base/digest.h"
#include "comm/comm.h"

#include <string.h>

static gd_status send_plane(const gd_comm *comm, const gd_train_set *set, gd_space space, gd_error *error)
{
    const size_t bytes = gd_plan_set_bytes(set->plans, space);
    if (bytes == 0)
        return GD_OK;
    GD_TRY(gd_plan_set_pull(set->plans, space, error));
    GD_TRY(comm->broadcast(comm, gd_plan_set_space(set->plans, space), bytes, 0, NULL));
    return gd_plan_set_push(set->plans, space, error);
}

static gd_status digest_config(const gd_config *config, uint64_t *digest, gd_error *error)
{
    gd_text text = {0};
    gd_status status = gd_config_print(config, &text);
    if (status == GD_OK)
        status = gd_text_status(&text, error);
    if (status == GD_OK)
        *digest = gd_digest(GD_DIGEST_START, text.at, text.length);
    gd_text_release(&text);
    return status;
}

gd_status gd_train_share(const gd_comm *comm, const gd_train_set *set, gd_train_state *state, const gd_config *config,
                         const char *data, gd_error *error)
{
    static const gd_space planes[] = {GD_SPACE_PARAM, GD_SPACE_MOMENT1, GD_SPACE_MOMENT2, GD_SPACE_AVERAGE};
    struct {
        gd_train_state state;
        uint64_t config, data;
        int64_t precision;
    } first = {.state = *state, .precision = set->precision, .data = gd_digest(GD_DIGEST_START, data, strlen(data))};
    gd_status status = digest_config(config, &first.config, error); /* one that fails takes part all the same */
    const uint64_t own_config = first.config, own_data = first.data;
    GD_TRY(comm->broadcast(comm, &first, sizeof first, 0, NULL));
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++)
        GD_TRY(send_plane(comm, set, planes[i], error));
    gd_plan_set_touch(set->plans);
    *state = first.state;
    if (status == GD_OK && first.config != own_config)
        status = gd_fail(error, GD_INVALID, "the config is not that of rank 0");
    if (status == GD_OK && first.precision != (int64_t)set->precision)
        status = gd_fail(error, GD_INVALID, "here it is %s that is fastest, on rank 0 %s; name one as train.precision",
                         gd_type_name(set->precision), gd_type_name((gd_type)first.precision));
    if (status == GD_OK && first.data != own_data)
        status = gd_fail(error, GD_INVALID, "the images are not those of rank 0: here, %s", data);
    return status;
}
