# SPDX-License-Identifier: Apache-2.0
"""Request bodies as numpy, json, base64, Pillow, urllib3 and curl write them become the pixels that were meant."""
import base64
import http.server
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

try:
    import numpy as np
    from numpy.lib import format as npy
    from PIL import Image, ImageOps
    from safetensors.numpy import load_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)
try:
    from urllib3.filepost import encode_multipart_formdata
except ImportError:
    try:
        from pip._vendor.urllib3.filepost import encode_multipart_formdata
    except ImportError:
        encode_multipart_formdata = None

JUDGE = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-judge")
rng = np.random.default_rng(0)
checked = 0


def ask(kind, body, channels):
    with open("body", "wb") as file:
        file.write(body)
    return subprocess.run([JUDGE, "body", "body", "out", "--type", kind, "--channels", str(channels)],
                          capture_output=True, text=True)


def as_channels(picture, channels):
    """(H,W) or (H,W,C) to the model's channels, as the documentation says."""
    picture = picture.reshape(*picture.shape[:2], -1)
    if picture.shape[2] == channels:
        return picture
    if channels == 3:
        return np.repeat(picture, 3, axis=2)
    return ((picture.astype(int) @ [299, 587, 114] + 500) // 1000)[..., None].astype(np.uint8)


def gives(kind, body, pictures, several, apart=0):
    """The body is read as `pictures`, for models of grey and of colour, to within `apart` grey levels."""
    global checked
    for channels in (1, 3):
        done = ask(kind, body, channels)
        assert done.returncode == 0, (kind, body[:100], done.stderr)
        tensors = load_file("out")
        n = len(pictures)
        assert tensors["n"][0] == (n if several else -n), (kind, body[:100], tensors["n"])
        for i, picture in enumerate(pictures):
            want, got = as_channels(picture, channels), tensors[str(i)]
            assert got.shape == want.shape, (kind, body[:100], got.shape, want.shape)
            far = np.abs(got.astype(int) - want.astype(int)).max()
            assert far <= apart, f"{kind} {body[:60]}: {far} grey levels apart with {channels} channels"
        checked += 1


def refused(kind, body, why):
    global checked
    done = ask(kind, body, 3)
    assert done.returncode == 1 and why in done.stderr, (kind, body[:100], why, done.stderr)
    checked += 1


# ---- files ------------------------------------------------------------------------------------------------------------
def file_of(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def png_of_16_bits(pixels):
    """Pillow does not write 16 bits of colour."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    height, width, channels = pixels.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def over_white(pixels):
    """Colours with alpha behind them."""
    colours, alpha = pixels[..., :-1].astype(float), pixels[..., -1:].astype(float) / 255
    return np.rint(colours * alpha + 255 * (1 - alpha)).astype(np.uint8)


def files():
    blocks = np.kron(rng.integers(0, 256, (5, 7, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    colour = Image.fromarray(blocks)
    translucent = colour.copy()
    translucent.putalpha(Image.fromarray(rng.integers(0, 256, (20, 28), dtype=np.uint8)))
    gives("image/png", file_of(colour, "PNG"), [blocks], False)
    for picture in (colour.convert("L"), colour.convert("P"), colour.convert("1")):
        gives("image/png", file_of(picture, "PNG"), [np.asarray(picture.convert("RGB"))], False, 1)
    gives("image/png", file_of(translucent, "PNG"), [over_white(np.asarray(translucent))], False, 1)
    grey_alpha = np.asarray(translucent.convert("LA"))
    gives("image/png", file_of(translucent.convert("LA"), "PNG"), [over_white(grey_alpha)[..., 0]], False, 1)
    for channels in range(1, 5):
        deep = rng.integers(0, 65536, (6, 9, channels))
        pixels = np.rint(deep / 257).astype(np.uint8)
        gives("image/png", png_of_16_bits(deep), [over_white(pixels) if channels in (2, 4) else pixels], False, 1)
    jpegs = [({"quality": 90}, colour), ({"subsampling": 0}, colour), ({"progressive": True}, colour), ({}, colour.convert("L")),
             ({"quality": 95}, colour.convert("CMYK"))]
    for orientation in range(1, 9):
        tags = Image.Exif()
        tags[0x112] = orientation
        jpegs.append(({"exif": tags}, colour))
    for options, picture in jpegs:
        data = file_of(picture, "JPEG", **options)
        want = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
        gives("image/jpeg", data, [want], False, 2)
        gives("application/x-image", data, [want], False, 2)
        refused("image/jpeg", data[:-20], "broken JPEG")
    refused("image/webp", file_of(colour, "WEBP"), "content type 'image/webp' is not read")
    refused("application/octet-stream", file_of(colour, "WEBP"), "neither PNG nor JPEG")
    refused("image/png", file_of(colour, "GIF"), "neither PNG nor JPEG")
    # a bomb by its dimensions: 400 megapixels of one colour
    rows = zlib.compress(b"\0" * 20001 * 100, 9)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 20000, 20000, 8, 0, 0, 0, 0)
    bomb += struct.pack(">I", zlib.crc32(bomb[12:29])) + struct.pack(">I", len(rows)) + b"IDAT" + rows
    refused("image/png", bomb, "a picture of 20000x20000 pixels is outside the limits: 16384 a side, 64 million in all")


# ---- npy --------------------------------------------------------------------------------------------------------------
def npy_of(array, version=None):
    file = io.BytesIO()
    npy.write_array(file, array, version=version)
    return file.getvalue()


def arrays():
    kind = "application/x-npy"
    colour = rng.integers(0, 256, (4, 11, 13, 3), dtype=np.uint8)
    for version in ((1, 0), (2, 0), (3, 0), None):
        gives(kind, npy_of(colour, version), list(colour), True)
        gives(kind, npy_of(colour[:1], version), list(colour[:1]), True)
        gives(kind, npy_of(colour[0], version), [colour[0]], False)
        gives(kind, npy_of(colour[0, :, :, 0], version), [colour[0, :, :, 0]], False)  # a view with strides
        gives(kind, npy_of(colour[..., :1], version), list(colour[..., :1]), True)
        gives(kind, npy_of(colour[0, ::-2, ::-1], version), [colour[0, ::-2, ::-1]], False)
        refused(kind, npy_of(np.asfortranarray(colour[0]), version), "send numpy.ascontiguousarray(x)")
    for name in ("float32", "float64", "float16", "int8", "int16", "int64", "uint16", "uint32", "bool", "complex64", ">f4"):
        refused(kind, npy_of(colour[0].astype(name)), f"is {np.dtype(name).name} where uint8")
    refused(kind, npy_of(np.array([["a", "b"]])), "is '<U1' where")
    refused(kind, npy_of(np.zeros((4, 4), [("r", "u1"), ("g", "u1")])), "named fields")
    refused(kind, npy_of(np.zeros((4, 4), "M8[s]")), "where uint8")
    refused(kind, npy_of(np.array([[{}]])), "is '|O' where")
    for shape in ((), (5,), (0, 5), (1, 2, 3, 1, 1), (3, 5, 5), (2, 5, 5, 4)):
        refused(kind, npy_of(np.zeros(shape, np.uint8)), "the array" if shape not in ((3, 5, 5), (2, 5, 5, 4)) else "an array")
    whole = npy_of(colour[0])
    refused(kind, whole[:-1], "(11, 13, 3) has 429 bytes, 428 follow")
    refused(kind, whole + b"\0", "(11, 13, 3) has 429 bytes, 430 follow")
    file = io.BytesIO()
    np.savez(file, colour)
    refused(kind, file.getvalue(), "not an npy file")


# ---- JSON -------------------------------------------------------------------------------------------------------------
def texts():
    kind = "application/json"
    colour = rng.integers(0, 256, (3, 8, 5, 3), dtype=np.uint8)
    png = file_of(Image.fromarray(colour[0]), "PNG")
    standard, url = base64.b64encode(png).decode(), base64.urlsafe_b64encode(png).decode()
    for options in ({}, {"indent": 1}, {"separators": (",", ":")}):
        def text(value):
            return json.dumps(value, **options).encode()
        gives(kind, text(colour[0].tolist()), [colour[0]], False)
        gives(kind, text(colour[0, ..., 0].tolist()), [colour[0, ..., 0]], False)
        gives(kind, text(colour.tolist()), list(colour), True)
        gives(kind, text({"instances": colour.tolist()}), list(colour), True)
        gives(kind, text({"instances": [{"image": picture.tolist()} for picture in colour]}), list(colour), True)
        for base in (standard, url, standard.rstrip("="), url.rstrip("=")):
            gives(kind, text(base), [colour[0]], False)
            gives(kind, text({"image": base}), [colour[0]], False)
            gives(kind, text({"instances": [{"b64": base}, {"image": {"b64": base}}, base]}), [colour[0]] * 3, True)
        refused(kind, text((colour[0] / 255).tolist()), "is not a whole number from 0 to 255")
        refused(kind, text(base64.encodebytes(png * 2).decode()), "of value 0x0a, is not of base64")
        refused(kind, text({"inputs": standard}), "key 'inputs' where 'instances', 'image' or 'b64' is expected")
    gives(kind + "; charset=utf-8", json.dumps(standard).encode(), [colour[0]], False)
    large = rng.integers(0, 256, (256, 256, 3), dtype=np.uint8)
    gives(kind, json.dumps(large.tolist()).encode(), [large], False)


# ---- multipart --------------------------------------------------------------------------------------------------------
class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.headers["Content-Type"], body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def forms():
    colour = rng.integers(0, 256, (3, 8, 5, 3), dtype=np.uint8)
    png = [file_of(Image.fromarray(picture), "PNG") for picture in colour]
    if encode_multipart_formdata:
        parts = [("a", ("a.png", png[0], "image/png")), ("field", "value"), ("b", ("b \"é\".png", png[1])),
                 ("c", ("c", npy_of(colour[2]), "application/x-npy")),
                 ("d", ("d.json", json.dumps(colour.tolist()), "application/json"))]
        for boundary in (None, "-" * 40 + "x", "=" * 70):
            body, kind = encode_multipart_formdata(parts, boundary=boundary)
            kind = kind.replace("=" * 71, '="' + "=" * 70 + '"')  # urllib3 leaves quoting to its callers
            gives(kind, body, [*colour, *colour], True)
    else:
        print("without urllib3")
    if shutil.which("curl"):
        server = http.server.HTTPServer(("127.0.0.1", 0), Echo)
        server.seen = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for i in range(3):
            with open(f"{i}.png", "wb") as file:
                file.write(png[i])
        subprocess.run(["curl", "-sS", "--noproxy", "*", "-F", "image=@0.png", "-F", "note=hello", "-F", "image=@1.png;type=image/png",
                        "-F", "image=@2.png;filename=x;type=application/octet-stream", f"http://127.0.0.1:{server.server_port}/"],
                       check=True)
        gives(*server.seen[0], list(colour), True)
        server.shutdown()
    else:
        print("without curl")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    files()
    arrays()
    texts()
    forms()
    os.chdir("/")
print(f"{checked} bodies are what their writers meant, or are refused")
