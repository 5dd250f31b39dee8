# SPDX-License-Identifier: Apache-2.0
"""Training throughput of PyTorch; prints what `griddle bench train --json` prints."""
import argparse
import json
import os
import resource
import time

import torch
from torch.nn import functional as F

import torch_nets


def ms_since_process_start():
    with open("/proc/self/stat", encoding="utf-8") as stat:
        start_ticks = int(stat.read().rsplit(")", 1)[1].split()[19])  # field 22, in 10 ms
    return 1000 * (time.clock_gettime(time.CLOCK_BOOTTIME) - start_ticks / os.sysconf("SC_CLK_TCK"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", default="resnet-20")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--precision", choices=("fp32", "bf16", "fp16"), default="fp32")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--layout", choices=("channels_last", "contiguous"), default="channels_last")
    parser.add_argument("--seconds", type=float, default=4, help="0: one step alone")
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's choice")
    parser.add_argument("--maps", action="store_true", help="also list the libraries mapped at the end")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    layout = torch.channels_last if options.layout == "channels_last" else torch.contiguous_format
    torch.manual_seed(0)
    net, shape = torch_nets.make(options.network)
    net = net.to(options.device, memory_format=layout).train()
    on_gpu = options.device == "cuda"
    torch.backends.cudnn.benchmark = True  # it tries its algorithms, as we try our entries
    torch.backends.cudnn.allow_tf32 = False  # fp32 is fp32
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, fused=on_gpu)
    scaler = torch.amp.GradScaler(options.device, enabled=options.precision == "fp16")
    images = torch.randn(options.batch, *shape).to(options.device, memory_format=layout)
    labels = torch.randint(10, (options.batch,)).to(options.device)
    before = [None]  # on a GPU: the end of the step before, as the host may run ahead by one

    def step():
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch_nets.autocast(options.precision, options.device):
            loss = F.cross_entropy(net(images), labels)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        if on_gpu:
            end = torch.cuda.Event()
            end.record()
            if before[0]:
                before[0].synchronize()
            before[0] = end
        else:
            loss.item()
        return options.batch / (time.perf_counter() - start)

    rates = [step()]
    if on_gpu:
        torch.cuda.synchronize()
    first_step_ms = ms_since_process_start()
    if options.seconds > 0:
        for _ in range(3):
            step()  # primitives and memory are cached by now
        rates, end = [], time.perf_counter() + options.seconds
        while not rates or time.perf_counter() < end:
            rates.append(step())
    output = {
        "version": torch.__version__, "device": options.device, "threads": torch.get_num_threads(), "layout": options.layout,
        "images_per_second": [round(r, 2) for r in rates], "first_step_ms": round(first_step_ms, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1),
    }
    if options.maps:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            output["mapped"] = sorted({line.split(None, 5)[5].strip() for line in maps if "r-xp" in line and "/" in line})
    print(json.dumps(output))


if __name__ == "__main__":
    main()
