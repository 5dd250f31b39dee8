# SPDX-License-Identifier: Apache-2.0
"""One of Griddle's models for TorchServe: serve_torchscript.py MODEL OUT.pt

TorchScript with the same weights, for any number of pictures that are normalised already."""
import json
import sys

import torch
from safetensors import safe_open
from torch.nn import functional as F


class Net(torch.nn.Module):
    """Griddle's nodes in PyTorch: those that a folded ResNet has. A method an op, as in infer_ort.Onnx."""

    def __init__(self, graph, tensors):
        super().__init__()
        self.first, *self.others = graph["nodes"]
        self.tensors = {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}

    def forward(self, x):
        values = {self.first["name"]: x}
        for node in self.others:
            inputs = [values[v] for v in node["in"] if v]
            params = [self.tensors[p] for p in node["params"] if p]
            values[node["name"]] = getattr(self, node["op"])(inputs, params, node.get("settings", {}))
        return values["probabilities"]

    @staticmethod
    def conv2d(inputs, params, s):
        x, *residual = inputs
        w, *b = params
        y = F.conv2d(x, w.permute(0, 3, 1, 2), *b, stride=s["stride"], padding=s["pad"], groups=s["groups"])
        y = sum(residual, y)
        return {"none": lambda v: v, "relu": F.relu}[s["activation"]](y)

    @staticmethod
    def global_pool(inputs, _, s):
        return {"average": torch.mean, "max": torch.amax}[s["kind"]](inputs[0], dim=(2, 3))

    @staticmethod
    def linear(inputs, params, _):
        return F.linear(*inputs, *params)

    @staticmethod
    def softmax(inputs, _, s):
        return torch.softmax(inputs[0] / s["temperature"], 1)


def main():
    with safe_open(sys.argv[1], "np") as file:
        graph = json.loads(file.metadata()["graph"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}
    height, width, channels = graph["inputs"][0]["shape"]
    with torch.inference_mode():
        net = torch.jit.trace(Net(graph, tensors).eval(), torch.zeros(2, channels, height, width))
        net.save(sys.argv[2])
    print(json.dumps({"version": torch.__version__}))


if __name__ == "__main__":
    main()
