# SPDX-License-Identifier: Apache-2.0
"""One of Griddle's models for the peers that serve it: serve_model.py MODEL FOLDER

Writes FOLDER/model.onnx for one picture that is normalised already, and FOLDER/input.json, which says how:
(pixel - mean) / deviation per channel."""
import json
import pathlib
import sys

from safetensors import safe_open

from infer_ort import convert


def main():
    path, out = sys.argv[1], pathlib.Path(sys.argv[2])
    with safe_open(path, "np") as file:
        graph = json.loads(file.metadata()["graph"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}
    out.mkdir(parents=True, exist_ok=True)
    model, first = convert(graph, tensors, 1)
    (out / "model.onnx").write_bytes(model.SerializeToString())
    height, width, channels = graph["inputs"][0]["shape"]
    settings = first["settings"]
    (out / "input.json").write_text(json.dumps({
        "name": first["name"], "shape": [channels, height, width], "mean": settings["mean"],
        "deviation": settings["deviation"]}), encoding="utf-8")
    print("{}")


if __name__ == "__main__":
    main()
