// SPDX-License-Identifier: Apache-2.0
#include "scale/predict.h"

static const char *dominant(const gd_prediction *p)
{
    const struct {
        double seconds;
        const char *what;
    } parts[] = {
        {p->memory_bound, "the bandwidth of memory"}, {p->flops_bound, "arithmetic"},
        {p->least_bound, "the number of steps"},      {p->exposed, "sums that computing cannot hide"},
        {p->slowest, "waiting for the slowest rank"},
    };
    int most = 0;
    for (int i = 1; i < (int)(sizeof parts / sizeof *parts); i++)
        most = parts[i].seconds > parts[most].seconds ? i : most;
    return parts[most].what;
}

void gd_forecast_print(const gd_scaling *s, const gd_forecast *f, gd_text *out)
{
    const gd_prediction *p = &f->expected;
    gd_text_add(out, "PREDICTION, nothing of this was measured: %d rank%s on '%s', %d images at once, %s\n", s->ranks,
                s->ranks == 1 ? "" : "s", s->machine->name, s->micro, gd_type_name(s->plan->options.precision));
    gd_text_add(out, "  throughput  %12.0f images/s  between %.0f and %.0f\n", p->throughput, f->throughput[0],
                f->throughput[1]);
    gd_text_add(out, "  efficiency  %11.1f%%            between %.1f%% and %.1f%%, of ranks that need not wait\n",
                100 * p->efficiency, 100 * f->efficiency[0], 100 * f->efficiency[1]);
    gd_text_add(out, "  an update   %12.3f ms\n", p->update * 1e3);
    gd_text_add(
        out, "    computing %12.3f ms  bound by arithmetic %.0f%%, by memory %.0f%%, by the least of a step %.0f%%\n",
        p->alone * 1e3, 100 * p->flops_bound / p->alone, 100 * p->memory_bound / p->alone,
        100 * p->least_bound / p->alone);
    gd_text_add(out, "    sums      %12.3f ms  that are not hidden, of %.3f ms\n", p->exposed * 1e3, p->sums * 1e3);
    gd_text_add(out, "    waiting   %12.3f ms  for the slowest rank\n", p->slowest * 1e3);
    gd_text_add(out, "  what dominates: %s\n", dominant(p));
    gd_text_add(out, "It does not know how fast images are decoded and loaded.\n");
}

void gd_forecast_print_json(const gd_scaling *s, const gd_forecast *f, gd_text *out)
{
    const gd_prediction *p = &f->expected;
    gd_text_add(out, "{\"prediction\":true,\"machine\":");
    gd_text_add_json(out, s->machine->name);
    gd_text_add(out, ",\"ranks\":%d,\"batch\":%d,\"precision\":\"%s\"", s->ranks, s->micro * s->accumulate,
                gd_type_name(s->plan->options.precision));
    gd_text_add(out, ",\"throughput\":[%.1f,%.1f,%.1f],\"efficiency\":[%.4f,%.4f,%.4f]", f->throughput[0],
                p->throughput, f->throughput[1], f->efficiency[0], p->efficiency, f->efficiency[1]);
    gd_text_add(out,
                ",\"seconds\":{\"update\":%.9f,\"arithmetic\":%.9f,\"memory\":%.9f,\"least\":%.9f,\"sums\":%.9f,"
                "\"exposed\":%.9f,\"slowest\":%.9f},\"dominates\":",
                p->update, p->flops_bound, p->memory_bound, p->least_bound, p->sums, p->exposed, p->slowest);
    gd_text_add_json(out, dominant(p));
    gd_text_add(out, "}\n");
}
