# SPDX-License-Identifier: Apache-2.0
"""From a picture's file to probabilities with PyTorch: what a short script pays. The weights are random."""
import json
import sys

import numpy as np
import torch
from PIL import Image

import torch_nets

net, (_, height, width) = torch_nets.make("resnet-9", classes=2)
with Image.open(sys.argv[1]) as image:
    pixels = np.asarray(image.convert("RGB").resize((width, height)), np.float32)
with torch.inference_mode():
    x = torch.from_numpy(pixels / 255 - 0.5).permute(2, 0, 1)[None]
    print(json.dumps({"version": torch.__version__, "probabilities": net.eval()(x).softmax(1)[0].tolist()}))
