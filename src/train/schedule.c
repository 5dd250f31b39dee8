// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <math.h>

double gd_schedule_rate(const gd_train_config *train, int64_t step, int64_t steps, int64_t steps_per_epoch)
{
    const double pi = 3.14159265358979323846;
    double rising = train->warmup * (double)steps, at = (double)step + 0.5; /* the middle of the step: never quite 0 */
    if (at < rising)
        return train->learning_rate * at / rising;
    double rest = (double)steps - rising, t = rest > 0 ? (at - rising) / rest : 1;
    switch ((gd_schedule_kind)train->schedule) {
    case GD_SCHEDULE_COSINE:
        return train->learning_rate * (1 + cos(pi * t)) / 2;
    case GD_SCHEDULE_ONE_CYCLE:
        return train->learning_rate * (1 - t);
    case GD_SCHEDULE_STEP: {
        double rate = train->learning_rate;
        for (int i = 0; i < train->steps.n; i++) {
            if (step >= (int64_t)train->steps.at[i] * steps_per_epoch)
                rate *= train->step_factor;
        }
        return rate;
    }
    case GD_SCHEDULE_CONSTANT:
        break;
    }
    return train->learning_rate;
}
