// SPDX-License-Identifier: Apache-2.0
#include "train/share.h"

#include "base/digest.h"
#include "comm/agree.h"
#include "kernel/all_reduce.h"

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

/* Every sum over the ranks in the order of the plan, its length and type; shapes of a rank's own share are its own. */
static uint64_t digest_sums(const gd_train_set *set)
{
    uint64_t digest = GD_DIGEST_START;
    for (int plan = 0; plan < 2; plan++) {
        const gd_plan *p = gd_plan_set_plan(set->plans, plan);
        for (int s = 0; s < p->n_steps; s++) {
            if (!p->step[s].op || strcmp(p->step[s].op->name, "all_reduce") != 0)
                continue;
            const gd_desc desc = p->step[s].problem.desc[ALL_REDUCE_DW];
            const int64_t count = gd_desc_count(desc), type = desc.type;
            digest = gd_digest(gd_digest(digest, &count, sizeof count), &type, sizeof type);
        }
    }
    return digest;
}

/* What ranks must have in common, and where rank 0 stands. */
typedef struct standing {
    gd_train_state state;
    uint64_t config, data, sums;
    int64_t precision;
} standing;

static gd_status compare(const standing *own, const standing *first, const char *data, gd_error *error)
{
    if (first->config != own->config)
        return gd_fail(error, GD_INVALID, "the config is not that of rank 0");
    if (first->precision != own->precision)
        return gd_fail(error, GD_INVALID, "here it is %s that is fastest, on rank 0 %s; name one as train.precision",
                       gd_type_name((gd_type)own->precision), gd_type_name((gd_type)first->precision));
    if (first->data != own->data)
        return gd_fail(error, GD_INVALID, "the images are not those of rank 0: here, %s", data);
    if (first->sums != own->sums)
        return gd_fail(error, GD_INVALID, "the plan adds up other things than that of rank 0; use one griddle");
    return GD_OK;
}

gd_status gd_train_share(const gd_comm *comm, const gd_train_set *set, gd_train_state *state, const gd_config *config,
                         const char *data, gd_error *error)
{
    static const gd_space planes[] = {GD_SPACE_PARAM, GD_SPACE_MOMENT1, GD_SPACE_MOMENT2, GD_SPACE_AVERAGE};
    standing own = {.state = *state,
                    .data = gd_digest(GD_DIGEST_START, data, strlen(data)),
                    .sums = digest_sums(set),
                    .precision = set->precision};
    gd_status status = digest_config(config, &own.config, error); /* one that fails takes part all the same */
    standing first = own;
    GD_TRY(comm->broadcast(comm, &first, sizeof first, 0, NULL));
    GD_TRY(gd_comm_agree(comm, status == GD_OK ? compare(&own, &first, data, error) : status, error));
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++) /* of one length on all: the sums are */
        GD_TRY(send_plane(comm, set, planes[i], error));
    gd_plan_set_touch(set->plans);
    *state = first.state;
    return GD_OK;
}
