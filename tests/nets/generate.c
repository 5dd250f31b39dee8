// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "nets.h"

#include <stdio.h>
#include <string.h>

typedef struct maker {
    uint64_t seed, drawn;
    int h, w, c; /* shape so far */
} maker;

static int pick(maker *m, int n)
{
    return (int)gd_rng_below(gd_rng(m->seed, GD_RNG_TEST, 7, m->drawn++).at[0], (uint32_t)n);
}
static const char *activation(maker *m) { return pick(m, 2) ? "relu" : "none"; }

/* A convolution that fits; `keep`: its output has the input's height and width. */
static void conv(maker *m, int indent, bool keep, int filters, char *text, size_t bytes)
{
    int kernel = 1 + 2 * pick(m, 3), dilation = 1 + (pick(m, 4) == 0 && kernel > 1),
        reach = dilation * (kernel - 1) + 1;
    int pad = reach / 2, stride = 1, groups = 1;
    if (!keep) {
        pad = pick(m, 2) ? pad : 0;
        stride = 1 + pick(m, 2);
        if (reach > m->h + 2 * pad || reach > m->w + 2 * pad)
            pad = reach / 2;
    }
    if (pick(m, 3) == 0) {
        for (int g = 4; g > 1 && groups == 1; g--)
            groups = m->c % g == 0 && filters % g == 0 ? g : 1;
    }
    snprintf(text, bytes,
             "%*s- conv2d:\n%*s    filters: %d\n%*s    kernel: %d\n%*s    stride: %d\n%*s    pad: %d\n%*s    dilation: "
             "%d\n%*s    groups: %d\n%*s    bias: %s\n",
             indent, "", indent, "", filters, indent, "", kernel, indent, "", stride, indent, "", pad, indent, "",
             dilation, indent, "", groups, indent, "", pick(m, 2) ? "true" : "false");
    m->h = (m->h + 2 * pad - reach) / stride + 1;
    m->w = (m->w + 2 * pad - reach) / stride + 1;
    m->c = filters;
}

static void residual(maker *m, char *text, size_t bytes)
{
    char first[400], second[400], shortcut[400] = "";
    int filters = 1 + pick(m, 20), in = m->c;
    bool has_shortcut = filters != in || pick(m, 2);
    bool ends_in_norm = pick(m, 2);
    conv(m, 10, true, filters, first, sizeof first);
    conv(m, 10, true, filters, second, sizeof second);
    if (has_shortcut) {
        m->c = in;
        conv(m, 10, true, filters, shortcut, sizeof shortcut);
    }
    snprintf(text, bytes,
             "    - residual:\n        layers:\n%s          - batch_norm:\n              activation: %s\n%s%s%s%s"
             "        activation: %s\n",
             first, activation(m), second, ends_in_norm ? "          - batch_norm\n" : "",
             has_shortcut ? "        shortcut:\n" : "", shortcut, activation(m));
}

void nets_generate(uint64_t seed, nets_case *net)
{
    maker m = {.seed = seed};
    memset(net, 0, sizeof *net);
    net->seed = seed;
    net->height = m.h = 4 + pick(&m, 8);
    net->width = m.w = 4 + pick(&m, 8);
    net->channels = m.c = pick(&m, 2) ? 3 : 1;
    net->classes = 2 + pick(&m, 5);
    net->batch = 2 + pick(&m, 6);
    net->group = pick(&m, 5); /* 0: the whole batch */
    net->label_smoothing = pick(&m, 2) ? 0.1 : 0;
    int n = 1 + pick(&m, 7);
    for (int i = 0; i < n; i++) {
        char *text = net->layer[i];
        size_t bytes = sizeof net->layer[i];
        int kind = pick(&m, 7);
        bool has_norm = kind == 2 || kind > 4;
        switch (has_norm && m.h * m.w == 1 ? 0 : kind) { /* no norm of a single value: rounding is all that it gives */
        case 0:
        case 1:
            conv(&m, 4, false, 1 + pick(&m, 20), text, bytes);
            break;
        case 2:
            snprintf(text, bytes, "    - batch_norm:\n        activation: %s\n", activation(&m));
            break;
        case 3:
            snprintf(text, bytes, "    - %s\n", pick(&m, 2) ? "relu" : "hard_swish");
            break;
        case 4:
            if (m.h >= 2 && m.w >= 2) {
                int kernel = 2 + (m.h >= 3 && m.w >= 3 && pick(&m, 2)), stride = 1 + pick(&m, 3);
                snprintf(text, bytes, "    - pool2d:\n        kind: %s\n        kernel: %d\n        stride: %d\n",
                         pick(&m, 2) ? "max" : "average", kernel, stride);
                m.h = (m.h - kernel) / stride + 1;
                m.w = (m.w - kernel) / stride + 1;
                break;
            }
            snprintf(text, bytes, "    - dropout:\n        rate: 0.25\n");
            break;
        case 5:
        case 6:
            residual(&m, text, bytes);
            break;
        }
    }
    switch (pick(&m, 3)) {
    case 0:
        snprintf(net->layer[n++], sizeof net->layer[0], "    - global_pool:\n        kind: %s\n",
                 pick(&m, 2) ? "max" : "average");
        break;
    case 1:
        snprintf(net->layer[n++], sizeof net->layer[0], "    - flatten\n");
        snprintf(net->layer[n++], sizeof net->layer[0], "    - linear:\n        features: %d\n", 1 + pick(&m, 20));
        snprintf(net->layer[n++], sizeof net->layer[0], "    - relu\n");
        break;
    default:
        break;
    }
    net->n_layers = n;
}

void nets_print(const nets_case *net, gd_text *out)
{
    gd_text_add(out,
                "# griddle net THIS --input %dx%dx%d --classes %d\ndata:\n  source: none\nbatch_norm:\n  group: %d\n",
                net->height, net->width, net->channels, net->classes, net->group);
    gd_text_add(out, "train:\n  batch: %d\n  seed: %llu\n  label_smoothing: %g\nmodel:\n  network: layers\n  layers:\n",
                net->batch, (unsigned long long)net->seed, net->label_smoothing);
    for (int i = 0; i < net->n_layers; i++)
        gd_text_add(out, "%s", net->layer[i]);
    if (net->n_layers == 0)
        gd_text_add(out, "    - flatten\n");
}
