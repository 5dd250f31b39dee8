// SPDX-License-Identifier: Apache-2.0
/* griddle-engine: the verbs that need the whole engine. Started by `griddle` by name, as git starts its parts. */
#include "cli/engine.h"

#include "device/device.h"

#include <stdlib.h>

#ifdef GRIDDLE_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

/* GRIDDLE_ISA caps our kernels; oneDNN's are capped with them. */
static void cap_onednn(void)
{
#ifdef GRIDDLE_HAVE_ONEDNN
    uint32_t features = gd_cpu_features();
    if (getenv("GRIDDLE_ISA") && !(features & GD_AVX512))
        dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
    else if (getenv("GRIDDLE_ISA") && !(features & GD_AVX512_BF16))
        dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx512_core);
#endif
}

int main(int argc, char **argv)
{
    const gd_verb verbs[] = {gd_verb_config, gd_verb_net, gd_verb_plan,  gd_verb_train, gd_verb_evaluate,
                             gd_verb_export, gd_verb_run, gd_verb_bench, gd_verb_info,  {0}};
    gd_command_init();
    cap_onednn();
    return gd_command_main(verbs, argc, argv);
}
