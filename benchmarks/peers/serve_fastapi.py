# SPDX-License-Identifier: Apache-2.0
"""FastAPI and onnxruntime as a model server, for uvicorn; the folder of serve_model.py is in SERVE_MODEL.

A request is answered where it is read: a run of the network is shorter than a hand-over to a thread. Each of uvicorn's
workers has a session of one thread."""
import io
import json
import os
import pathlib

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request, Response
from PIL import Image

FOLDER = pathlib.Path(os.environ["SERVE_MODEL"])
INPUT = json.loads((FOLDER / "input.json").read_text(encoding="utf-8"))
SCALE = 1 / np.array(INPUT["deviation"], np.float32)
SHIFT = -np.array(INPUT["mean"], np.float32) * SCALE

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(FOLDER / "model.onnx", options, providers=["CPUExecutionProvider"])
app = FastAPI()


@app.get("/ping")
async def ping():
    return Response()


@app.post("/invocations")
async def invocations(request: Request):
    with Image.open(io.BytesIO(await request.body())) as image:
        pixels = np.asarray(image.convert("RGB"))
    x = np.ascontiguousarray((pixels * SCALE + SHIFT).transpose(2, 0, 1))[None]
    (probabilities,) = session.run(["probabilities"], {INPUT["name"]: x})
    return Response(json.dumps(probabilities[0].tolist()), media_type="application/json")
