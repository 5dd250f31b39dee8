#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden outputs of PyTorch for every op: tests/golden/<op>.safetensors, held against our kernels by test_golden.c.

    tools/make-golden.py            write the files
    tools/make-golden.py --check    exit with 1 where the committed files are not what PyTorch computes

A file holds a few cases. Its metadata has a line of settings for each, as in tests/cases; its tensors are what the case
reads, `case0.x`, `case0.dy`, in F32 (bytes: U8), and what must come out, `case0.want.y`, `case0.want.dx`, in F64: PyTorch
computes in double from the rounded inputs. Inputs of activation type are numbers that bf16 can hold, so that one file
judges both storage types. Layouts are ours: NHWC, KRSC.

PyTorch knows no `augment`; that file is NumPy's, computed by padding, slicing and mirroring whole images."""
import sys

import numpy as np
import torch
from torch.nn import functional as F

import golden
from golden import nchw, nhwc


class File:
    """The cases of one op, and the random numbers they are made of."""

    def __init__(self, op):
        self.op, self.tensors, self.metadata, self.rng = op, {}, {}, np.random.default_rng(sum(op.encode()))

    def case(self, settings, inputs, want):
        name = f"case{len(self.metadata)}"
        self.metadata[name] = settings
        for key, value in inputs.items():
            value = np.asarray(value)
            self.tensors[f"{name}.{key}"] = value if value.dtype == np.uint8 else value.astype(np.float32)
        for key, value in want.items():
            self.tensors[f"{name}.want.{key}"] = np.ascontiguousarray(np.asarray(value, np.float64))

    def normal(self, *shape):
        """Standard normal, rounded to bf16, as doubles that require a gradient."""
        x = torch.from_numpy(self.rng.standard_normal(shape)).bfloat16().double()
        return x.requires_grad_()

    def uniform(self, low, high, *shape):
        return torch.from_numpy(self.rng.uniform(low, high, shape)).float().double()


def array(x):
    return x.detach().numpy()


def arrays(**tensors):
    return {name: array(x) for name, x in tensors.items() if x is not None}


def backward(y, dy):
    y.backward(dy.detach())


def conv2d(f):
    for settings, x, (K, R, C), bias, options in (
            ("x=2x7x6x5 filters=7 kernel=3 stride=2 pad=1 bias=true", (2, 7, 6, 5), (7, 3, 5), True,
             dict(stride=2, pad=1)),
            ("x=1x7x7x12 filters=8 kernel=3 dilation=2 pad=2 groups=4", (1, 7, 7, 12), (8, 3, 3), False,
             dict(dilation=2, pad=2, groups=4)),
            ("x=1x6x6x16 filters=32 kernel=1 stride=2", (1, 6, 6, 16), (32, 1, 16), False, dict(stride=2))):
        x, w, b = f.normal(*x), f.normal(K, R, R, C), f.normal(K) if bias else None
        y = golden.conv2d(x, w, b, **options)
        dy = f.normal(*y.shape)
        backward(y, dy)
        f.case(settings, arrays(x=x, w=w, b=b, dy=dy),
               arrays(y=y, dx=x.grad, dw=w.grad, db=b.grad if bias else None))


def linear(f):
    for N, C, K, bias in ((5, 19, 10, True), (3, 32, 17, False)):
        x, w, b = f.normal(N, C), f.normal(K, C), f.normal(K) if bias else None
        y = F.linear(x, w, b)
        dy = f.normal(N, K)
        backward(y, dy)
        f.case(f"x={N}x{C} features={K} bias={str(bias).lower()}", arrays(x=x, w=w, b=b, dy=dy),
               arrays(y=y, dx=x.grad, dw=w.grad, db=b.grad if bias else None))


def relu(f):
    for shape in ((2, 7, 5, 3), (5, 33)):
        x = f.normal(*shape)
        y = F.relu(x)
        dy = f.normal(*shape)
        backward(y, dy)
        f.case(f"x={'x'.join(map(str, shape))}", arrays(x=x, dy=dy), arrays(y=y, dx=x.grad))


def hard_swish(f):
    for shape in ((2, 5, 4, 3), (3, 37)):
        x = (2 * f.normal(*shape).detach()).requires_grad_()  # on both sides of -3 and 3
        y = F.hardswish(x)
        dy = f.normal(*shape)
        backward(y, dy)
        f.case(f"x={'x'.join(map(str, shape))}", arrays(x=x, dy=dy), arrays(y=y, dx=x.grad))


def mul(f):
    for shape, gate in (((2, 5, 4, 3), (2, 3)), ((2, 3, 3, 17), (2, 3, 3, 17))):
        x, g = f.normal(*shape), f.normal(*gate)
        y = x * (g if gate == shape else g[:, None, None])
        dy = f.normal(*shape)
        backward(y, dy)
        f.case(f"x={'x'.join(map(str, shape))} g={'x'.join(map(str, gate))}", arrays(x=x, g=g, dy=dy),
               arrays(y=y, dx=x.grad, dg=g.grad))


def add(f):
    for shape, activation in (((2, 4, 5, 7), "none"), ((2, 3, 4, 16), "relu")):
        a, b = f.normal(*shape), f.normal(*shape)
        y = F.relu(a + b) if activation == "relu" else a + b
        dy = f.normal(*shape)
        backward(y, dy)
        text = "x".join(map(str, shape))
        f.case(f"a={text} b={text} activation={activation}", arrays(a=a, b=b, dy=dy), arrays(y=y, da=a.grad, db=b.grad))


def bn_stats(f):
    momentum = 0.125
    for shape, group in (((4, 3, 5, 6), 0), ((5, 4, 4, 17), 2)):
        x, C = f.normal(*shape), shape[-1]
        before = torch.stack([f.normal(C).detach(), f.uniform(0.5, 2, C)])
        stats, running = [], torch.zeros(2, C, dtype=torch.double)
        for part in golden.groups_of(x.detach(), group):
            variance, mean = torch.var_mean(part, (0, 1, 2), unbiased=False)
            stats.append(torch.stack([mean, variance]))
            after = before.clone()  # what PyTorch's batch norm keeps after seeing this group alone
            F.batch_norm(nchw(part), after[0], after[1], training=True, momentum=momentum)
            running += after * len(part) / len(x)
        f.case(f"x={'x'.join(map(str, shape))} group={group} momentum={momentum}", arrays(x=x, running=before),
               arrays(stats=torch.stack(stats), running=running))


def bn_apply(f):
    epsilon = 1e-5
    for shape, group, fused in (((4, 3, 5, 6), 0, False), ((5, 3, 3, 17), 2, True)):
        x, C = f.normal(*shape), shape[-1]
        gamma, beta = f.normal(C), f.normal(C)
        residual = f.normal(*shape) if fused else None
        y = golden.batch_norm(x, gamma, beta, group, epsilon)
        y = F.relu(y + residual) if fused else y
        dy = f.normal(*shape)
        backward(y, dy)
        stats = torch.stack([torch.stack(torch.var_mean(part, (0, 1, 2), unbiased=False)[::-1])
                             for part in golden.groups_of(x, group)])
        text = "x".join(map(str, shape))
        f.case(f"x={text} stats={len(stats)}x2x{C} group={group} epsilon={epsilon}"
               + (f" residual={text} activation=relu" if fused else ""),
               arrays(x=x, stats=stats, residual=residual, gamma=gamma, beta=beta, dy=dy),
               arrays(y=y, dx=x.grad, dgamma=gamma.grad, dbeta=beta.grad, dresidual=residual.grad if fused else None))
    x, gamma, beta, C = f.normal(2, 3, 3, 8), f.normal(8), f.normal(8), 8
    running = torch.stack([f.normal(C).detach(), f.uniform(0.5, 2, C)])
    y = nhwc(F.batch_norm(nchw(x), running[0], running[1], gamma, beta, training=False, eps=epsilon))
    f.case(f"x=2x3x3x8 epsilon={epsilon} fwd", arrays(x=x, gamma=gamma, beta=beta, running=running), arrays(y=y))


def pool2d(f):
    for kind, shape, kernel, stride, pad in (("max", (2, 7, 6, 5), 3, 2, 1), ("max", (1, 6, 6, 16), 2, 2, 0),
                                             ("average", (2, 7, 6, 5), 3, 2, 1), ("average", (1, 6, 7, 17), 2, 2, 0)):
        x = f.normal(*shape)
        y = golden.pool2d(x, kind, kernel, stride, pad)
        dy = f.normal(*y.shape)
        backward(y, dy)
        f.case(f"x={'x'.join(map(str, shape))} kind={kind} kernel={kernel} stride={stride} pad={pad}",
               arrays(x=x, dy=dy), arrays(y=y, dx=x.grad))


def global_pool(f):
    for kind, shape in (("max", (3, 4, 4, 17)), ("average", (2, 5, 3, 16))):
        x = f.normal(*shape)
        y = golden.global_pool(x, kind)
        dy = f.normal(*y.shape)
        backward(y, dy)
        f.case(f"x={'x'.join(map(str, shape))} kind={kind}", arrays(x=x, dy=dy), arrays(y=y, dx=x.grad))


def softmax_xent(f):
    N, K = 6, 10
    weights = [0.5, 1, 2, 0.25, 1, 1, 1.5, 1, 3, 1]
    for smoothing, weighted in ((0.0, False), (0.125, True)):
        logits = (3 * f.normal(N, K).detach()).bfloat16().double().requires_grad_()
        targets = torch.softmax(2 * f.normal(N, K).detach(), 1).float().double()
        targets[1] = F.one_hot(torch.tensor(3), K)
        if not smoothing:
            targets[4] = 0  # a padded row
        loss = F.cross_entropy(logits, targets, torch.tensor(weights).double() if weighted else None, reduction="none",
                               label_smoothing=smoothing)
        loss.mean().backward()
        settings = f"logits={N}x{K} targets={N}x{K} label_smoothing={smoothing}"
        f.case(settings + (f" class_weights=[{','.join(map(str, weights))}]" if weighted else ""),
               arrays(logits=logits, targets=targets), arrays(loss=loss, dlogits=logits.grad))


def softmax(f):
    for N, K, temperature in ((3, 10, 1.0), (4, 17, 2.5)):
        x = (4 * f.normal(N, K).detach()).bfloat16().double()
        f.case(f"x={N}x{K} temperature={temperature}", arrays(x=x), arrays(y=torch.softmax(x / temperature, 1)))


def cast(f):
    def f32(*shape):
        return torch.from_numpy(f.rng.standard_normal(shape)).float()

    x, dy = f32(7, 5), f.normal(7, 5)
    f.case("x=7x5:f32 type=bf16", arrays(x=x, dy=dy), arrays(y=x.bfloat16().double(), dx=dy))
    x, dy = f.normal(3, 17), f32(3, 17)
    f.case("x=3x17:bf16 type=f32", arrays(x=x, dy=dy), arrays(y=x, dx=dy.bfloat16().double()))


RATE = 0.125


def optimizer(f, settings, make, names, before, scale=1.0):
    """One step of an optimizer of PyTorch whose state has been warmed up by `before` steps."""
    w = torch.nn.Parameter(f.normal(37).detach())
    torch_optimizer = make([w])

    def step():
        dw = f.normal(37).detach().float().double()
        w.grad = scale * dw
        torch_optimizer.step()
        return dw

    for _ in range(before):
        step()
    state = torch_optimizer.state[w]
    with torch.no_grad():
        w.copy_(w.float().double())
        for name in names.values():
            state[name].copy_(state[name].float().double())
    held = {"w": array(w).copy(), **{ours: array(state[name]).copy() for ours, name in names.items()}}
    dw = step()
    state = torch_optimizer.state[w]
    f.case(f"w=37 ctx.learning_rate={RATE} {settings}", {**held, "dw": array(dw)},
           {"w": array(w), **{ours: array(state[name]) for ours, name in names.items()}})


def sgd(f):
    momentum = {"m": "momentum_buffer"}
    optimizer(f, "momentum=0.875 weight_decay=0.0625",
              lambda w: torch.optim.SGD(w, RATE, momentum=0.875, weight_decay=0.0625), momentum, before=2)
    optimizer(f, "momentum=0.875 nesterov=true weight_decay=0.0625 ctx.gradient_scale=0.5",
              lambda w: torch.optim.SGD(w, RATE, momentum=0.875, weight_decay=0.0625, nesterov=True), momentum, before=2,
              scale=0.5)
    optimizer(f, "momentum=0 weight_decay=0", lambda w: torch.optim.SGD(w, RATE), {}, before=2)


def adamw(f):
    moments = {"m": "exp_avg", "v": "exp_avg_sq"}
    for decay, epsilon, scale in ((0.0, 1e-8, 1.0), (0.0625, 1e-3, 0.5)):
        optimizer(f, f"beta1=0.875 beta2=0.984375 epsilon={epsilon} weight_decay={decay} ctx.gradient_scale={scale}",
                  lambda w, d=decay, e=epsilon: torch.optim.AdamW(w, RATE, betas=(0.875, 0.984375), eps=e, weight_decay=d),
                  moments, before=5, scale=scale)  # the harness' tally says that five updates were applied


def average(f):
    for count, decay in ((37, 0.875), (1000, 0.984375)):
        held, w = f.normal(count).detach(), f.normal(count).detach()
        after = held.clone()
        torch.optim.swa_utils.get_ema_multi_avg_fn(decay)([after], [w], None)
        f.case(f"average={count} w={count}:f32 ctx.average_decay={decay}", arrays(average=held, w=w), arrays(average=after))


def grad_norm(f):
    for count, clip in ((37, 0.5), (1000, 100.0)):
        w = torch.nn.Parameter(torch.zeros(count, dtype=torch.double))
        w.grad = f.normal(count).detach()
        dw = array(w.grad).copy()
        norm = torch.nn.utils.clip_grad_norm_(w, clip)
        f.case(f"w={count} clip={clip}", {"dw": dw}, {"gradient_norm": [norm], "gradient_scale": [w.grad[0] / dw[0]]})


def augment(f):
    mean, deviation = [120.5, 100.25, 90.0], [60.0, 50.5, 70.25]
    draws = np.array([(0, 0, 0, 0, 0, 0, 0, 1.0, 0.0), (2, -1, 1, 2, 3, 1, 0, 1.25, -10.5),
                      (-3, 3, -1, 4, 4, 0, 0, 0.75, 20.25), (1, 2, 5, -2, 5, 1, 0, 1.0, 0.0)], golden.DRAW)
    for edge in ("zero", "reflect"):
        x = f.rng.integers(0, 256, (4, 6, 7, 3), np.uint8)
        f.case(f"x=4x6x7x3 draws=4x20 edge={edge} mean=[{','.join(map(str, mean))}]"
               f" deviation=[{','.join(map(str, deviation))}]", {"x": x, "draws": draws.view(np.uint8).reshape(4, 20)},
               {"y": golden.augment(x, draws, mean, deviation, edge)})
    x = f.rng.integers(0, 256, (2, 5, 5, 1), np.uint8)
    f.case("x=2x5x5x1 mean=72.5 deviation=90.25", {"x": x}, {"y": (x - 72.5) / 90.25})


OPS = (conv2d, linear, relu, hard_swish, mul, add, bn_stats, bn_apply, pool2d, global_pool, softmax_xent, softmax, cast, sgd,
       adamw, average, grad_norm, augment)


def make():
    for op in OPS:
        f = File(op.__name__)
        op(f)
        yield golden.GOLDEN / f"{f.op}.safetensors", f.tensors, f.metadata


if __name__ == "__main__":
    sys.exit(golden.main(__doc__, make))
