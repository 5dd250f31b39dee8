// SPDX-License-Identifier: Apache-2.0
/* SageMaker starts one container on each host, and says in a file which hosts there are:
 *
 *     {"current_host": "algo-1", "hosts": ["algo-1", "algo-2"], "network_interface_name": "eth0"}
 *
 * https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html */
#ifndef GD_DIST_SEAT_SAGEMAKER_H
#define GD_DIST_SEAT_SAGEMAKER_H

#include "dist/seat.h"

/* Leaves `seat` alone where there is no such file, or one host only. `base`: NULL or "" is /opt/ml. The first host by
 * name leads, at port 7777, as the platform's own toolkits have it. FORMAT for a file that is not like that. */
gd_status gd_seat_read_sagemaker(const char *base, gd_seat *seat, gd_error *error);

#endif
