// SPDX-License-Identifier: Apache-2.0
/* Where a process stands among those that train together, as whoever started it says in the environment:
 *
 *     griddle     GRIDDLE_RANK GRIDDLE_RANKS GRIDDLE_LOCAL_RANK GRIDDLE_LOCAL_RANKS    (dist/children.h sets them)
 *                 on several hosts also GRIDDLE_HOST, and GRIDDLE_LEADER on all but the first  (dist/hosts.h)
 *     OpenMPI     OMPI_COMM_WORLD_RANK _SIZE _LOCAL_RANK _LOCAL_SIZE                   mpirun
 *     torchrun    RANK WORLD_SIZE LOCAL_RANK LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT
 *     Slurm       SLURM_PROCID SLURM_NTASKS SLURM_LOCALID, tasks per node              srun
 *     SageMaker   $SAGEMAKER_BASE_DIR (/opt/ml) input/config/resourceconfig.json: a rank per host, in sorted order;
 *                 MASTER_PORT, else 7777. `griddle train` is a launcher there: dist/hosts.h
 *
 * The first that is there counts: mpirun under Slurm leaves Slurm's variables about its own daemons behind, and so does
 * torchrun. With GRIDDLE_WATCH it was griddle that started mpirun. */
#ifndef GD_DIST_SEAT_H
#define GD_DIST_SEAT_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_starter {
    GD_STARTED_ALONE,
    GD_STARTED_BY_GRIDDLE,
    GD_STARTED_BY_MPIRUN,
    GD_STARTED_BY_TORCHRUN,
    GD_STARTED_BY_SLURM,
    GD_STARTED_BY_SAGEMAKER
} gd_starter;

typedef struct gd_seat {
    int rank, ranks, local_rank, local_ranks;
    gd_starter starter;
    char host[256];     /* this machine's name */
    char leader[256];   /* where rank 0 (or the watch) is, as far as the environment says; "": it does not */
    int port;           /* of the leader, for a first meeting; 0: the environment does not say */
    char interface[64]; /* of the network between the machines; "": any */
} gd_seat;

/* `get` is getenv, or a test's own. INVALID names the variable that is missing, no number, or out of range. */
gd_status gd_seat_find(const char *(*get)(const char *name), gd_seat *seat, gd_error *error);

/* "mpirun", "torchrun" …: for messages. */
const char *gd_starter_name(gd_starter starter);

/* Waits until a machine's name has an address: where containers start together, names come up late. IO after `seconds`.
 */
gd_status gd_await_name(const char *host, double seconds, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
