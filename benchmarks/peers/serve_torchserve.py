# SPDX-License-Identifier: Apache-2.0
"""TorchServe's handler: decodes and normalises what it is given as a batch, and runs the TorchScript of serve_torchscript.py."""
import io
import json
import pathlib

import numpy as np
import torch
from PIL import Image


class Handler:
    def initialize(self, context):
        folder = pathlib.Path(context.system_properties["model_dir"])
        described = json.loads((folder / "input.json").read_text(encoding="utf-8"))
        self.scale = 1 / np.array(described["deviation"], np.float32)
        self.shift = -np.array(described["mean"], np.float32) * self.scale
        torch.set_num_threads(1)
        self.net = torch.jit.optimize_for_inference(torch.jit.load(folder / "model.pt").eval())

    def handle(self, requests, _):
        pictures = []
        for request in requests:
            with Image.open(io.BytesIO(request.get("body") or request.get("data"))) as image:
                pictures.append(np.asarray(image.convert("RGB")) * self.scale + self.shift)
        with torch.inference_mode():
            x = torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2)).contiguous()
            return self.net(x).tolist()
