# SPDX-License-Identifier: Apache-2.0
"""Latency of one of Griddle's models by onnxruntime, on one thread: infer_ort.py MODEL BATCH SECONDS

The model's graph is rewritten as ONNX with the same weights and run on pictures that are normalised already, so that
only the network is timed; input and output lie in place (I/O binding). Prints what infer_latency.c prints."""
import json
import sys
import time

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open

WARM_UP = 10
OUTPUTS = ("probabilities", "logits")


class Onnx:
    """Griddle's nodes as ONNX nodes, NHWC as NCHW. A method an op takes the node's name, inputs, parameters, settings."""

    def __init__(self, tensors):
        self.tensors, self.nodes, self.weights = tensors, [], []
        self.shape = {}      # of a value for one picture, as Griddle has it: (H, W, C) or (C)
        self.flattened = {}  # value → the shape before

    def put(self, name, op, inputs, residual=(), activation="none", **attributes):
        """The op, then the residual, then the activation; the last of them writes value `name`."""
        steps = [(op, inputs, attributes)] + [("Add", [r], {}) for r in residual]
        if activation != "none":
            steps.append(({"relu": "Relu"}[activation], [], {}))
        for i, (kind, others, options) in enumerate(steps):
            output = name if i == len(steps) - 1 else f"{name}.{i}"
            self.nodes.append(helper.make_node(kind, ([f"{name}.{i - 1}"] if i else []) + others, [output], **options))

    def weight(self, name, values):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def windows(self, x, s):
        """Sides of the output of a sliding window, and the attributes that ONNX has for it."""
        dilation = s.get("dilation", 1)
        sides = [(n + 2 * s["pad"] - dilation * (s["kernel"] - 1) - 1) // s["stride"] + 1 for n in self.shape[x][:2]]
        return sides, {"kernel_shape": [s["kernel"]] * 2, "strides": [s["stride"]] * 2, "pads": [s["pad"]] * 4,
                       "dilations": [dilation] * 2}

    def conv2d(self, name, inputs, params, s):
        x, *residual = inputs
        w, *b = params
        weights = [self.weight(w, self.tensors[w].transpose(0, 3, 1, 2)), *(self.weight(p, self.tensors[p]) for p in b)]
        sides, window = self.windows(x, s)
        self.put(name, "Conv", [x, *weights], residual, s["activation"], group=s["groups"], **window)
        self.shape[name] = (*sides, s["filters"])

    def pool2d(self, name, inputs, _, s):
        sides, window = self.windows(inputs[0], s)
        self.put(name, {"max": "MaxPool", "average": "AveragePool"}[s["kind"]], inputs, **window)
        self.shape[name] = (*sides, self.shape[inputs[0]][2])

    def global_pool(self, name, inputs, _, s):
        op = {"max": "GlobalMaxPool", "average": "GlobalAveragePool"}[s["kind"]]
        self.nodes.append(helper.make_node(op, inputs, [f"{name}.map"]))
        self.put(name, "Flatten", [f"{name}.map"])
        self.shape[name] = self.shape[inputs[0]][2:]

    def flatten(self, name, inputs, _, __):
        self.put(name, "Flatten", inputs)
        self.flattened[name] = self.shape[inputs[0]]

    def linear(self, name, inputs, params, s):
        w, *b = params
        matrix = self.tensors[w]
        if inputs[0] in self.flattened:  # columns in the order (H, W, C), where ONNX flattens (C, H, W)
            matrix = matrix.reshape(-1, *self.flattened[inputs[0]]).transpose(0, 3, 1, 2).reshape(len(matrix), -1)
        weights = [self.weight(w, matrix), *(self.weight(p, self.tensors[p]) for p in b)]
        self.put(name, "Gemm", [*inputs, *weights], (), s["activation"], transB=1)
        self.shape[name] = (s["features"],)

    def add(self, name, inputs, _, s):
        self.put(name, "Add", inputs, (), s["activation"])
        self.shape[name] = self.shape[inputs[0]]

    def bn_apply(self, name, inputs, params, s):
        x, *residual = inputs
        gamma, beta, running = params
        mean, variance = self.tensors[running]
        weights = [self.weight(p, self.tensors[p]) for p in (gamma, beta)]
        weights += [self.weight(f"{running}.mean", mean), self.weight(f"{running}.variance", variance)]
        self.put(name, "BatchNormalization", [x, *weights], residual, s["activation"], epsilon=s["epsilon"])
        self.shape[name] = self.shape[x]

    def relu(self, name, inputs, _, __):
        self.put(name, "Relu", inputs)
        self.shape[name] = self.shape[inputs[0]]

    def softmax(self, name, inputs, _, s):
        if s["temperature"] != 1:
            raise ValueError("a temperature other than 1")
        self.put(name, "Softmax", inputs, axis=1)


def convert(graph, tensors, batch):
    """(ONNX model, settings of the normalisation). Input `x` (N,C,H,W) is what the op augment gives."""
    onnx_graph = Onnx(tensors)
    first, *others = graph["nodes"]
    if first["op"] != "augment":
        raise ValueError(f"the graph begins with {first['op']}")
    height, width, channels = graph["inputs"][0]["shape"]
    onnx_graph.shape[first["name"]] = (height, width, channels)
    for node in others:
        present = [[v for v in node[key] if v] for key in ("in", "params")]
        getattr(onnx_graph, node["op"])(node["name"], *present, node.get("settings", {}))
    made = helper.make_graph(
        onnx_graph.nodes, "griddle",
        [helper.make_tensor_value_info(first["name"], TensorProto.FLOAT, [batch, channels, height, width])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in OUTPUTS], onnx_graph.weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), first


def draw(graph, settings, batch):
    """infer_latency.c's pictures, normalised."""
    shape = (batch, *graph["inputs"][0]["shape"])
    index = np.arange(np.prod(shape), dtype=np.uint64)
    pixels = ((index * 2654435761 & 0xFFFFFFFF) >> 24).astype(np.float32).reshape(shape)
    mean, deviation = (np.array(settings[key], np.float32) for key in ("mean", "deviation"))
    return np.ascontiguousarray(((pixels - mean) / deviation).transpose(0, 3, 1, 2))


def main():
    path, batch, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    with safe_open(path, "np") as file:
        graph = json.loads(file.metadata()["graph"])
        model, first = convert(graph, {key: file.get_tensor(key) for key in file.keys()}, batch)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    start = time.perf_counter()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    open_ms = 1e3 * (time.perf_counter() - start)
    binding = session.io_binding()
    binding.bind_cpu_input(first["name"], draw(graph, first["settings"], batch))
    for name in OUTPUTS:
        binding.bind_output(name)
    for _ in range(WARM_UP):
        session.run_with_iobinding(binding)
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        session.run_with_iobinding(binding)
        times.append(1e6 * (time.perf_counter() - start))
    times.sort()
    print(json.dumps({
        "version": onnxruntime.__version__, "open_ms": open_ms, "runs": len(times),
        "median_us": times[len(times) // 2], "p99_us": times[len(times) - 1 - len(times) // 100],
        "logits": binding.copy_outputs_to_cpu()[1][0].tolist(),
    }))


if __name__ == "__main__":
    main()
