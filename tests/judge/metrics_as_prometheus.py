# SPDX-License-Identifier: Apache-2.0
"""The text of the metrics is what Prometheus' own parser reads, and says what was counted; docs/metrics.md explains each
metric."""
import math
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "serve", "support"))
from server import Server, tiny  # noqa: E402

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

text = subprocess.run([os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-metrics"), "text"], check=True,
                      capture_output=True).stdout.decode()
families = {family.name: family for family in text_string_to_metric_families(text)}
series = {}
for family in families.values():
    assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        assert key not in series, f"twice: {key}"
        series[key] = sample.value
assert len(series) == sum(1 for line in text.splitlines() if not line.startswith("#")), "lines that are no samples"
heads = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
assert len(heads) == len(set(heads)) == len(families)


def value(metric, /, **labels):
    return series[metric, tuple(sorted(labels.items()))]


MAIN = {"variant": "AllTraffic"}
STRANGER = {"variant": "\ufffd{\"\\"}
assert value("griddle_requests_total", **MAIN, code="200") == 1000
assert value("griddle_requests_total", **STRANGER, code="404") == 1
assert value("griddle_received_bytes_total", **MAIN) == 2801000
assert value("griddle_sent_bytes_total", **MAIN) == 25000
assert value("griddle_queue_depth", **MAIN) == 0
for name in ("air\"plane", "back\\slash", "line\nbreak", "grüß", "plain"):
    assert value("griddle_predictions_total", **MAIN, **{"class": name}) == 200, name
assert value("griddle_model_info", **MAIN, file="a \"model\".safetensors", classes="5") == 1
assert value("griddle_reloads_total", **MAIN, result="refused") == 1
assert value("griddle_fill_ratio") == 0.125

# The times that tests/serve/metrics.c counted, each in its bucket.
spreads = [(i * 0x9E3779B97F4A7C15 & (1 << 64) - 1) >> 44 for i in range(1000)]
STATIONS = {"receive": spreads, "queue": [s // 2 for s in spreads], "decode": [60000 + s // 8 for s in spreads],
            "compute": [300000 + s for s in spreads], "request": [400000 + 4 * s for s in spreads]}
for station, times in STATIONS.items():
    name = f"griddle_{station}_duration_seconds"
    times = [t for t in times if t > 0]
    buckets = [(float(s.labels["le"]), s.value) for s in families[name].samples
               if s.name == f"{name}_bucket" and s.labels["variant"] == "AllTraffic"]
    for bound, count in buckets:
        want = sum(t <= round(bound * 1e9) for t in times) if bound < math.inf else len(times)
        assert count == want, f"{name}: {count} up to {bound}, want {want}"
    assert buckets[-1] == (math.inf, value(f"{name}_count", **MAIN)), name
    assert abs(value(f"{name}_sum", **MAIN) - sum(times) / 1e9) < 1e-9, name
assert value("griddle_confidence_count", **MAIN) == value("griddle_batch_size_sum", **MAIN) == 1000
assert abs(value("griddle_confidence_sum", **MAIN) - sum(spreads) / (1 << 20)) < 1e-3

for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
             "process_open_fds", "process_max_fds", "process_start_time_seconds"):
    assert value(name) > 0, name
# Each metric with its kind, in the tables.
with open(os.path.join(os.environ["GRIDDLE_SOURCE"], "docs", "metrics.md")) as file:
    explained = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", file.read(), re.M))
with tempfile.TemporaryDirectory() as folder:
    tiny.write_model(model := os.path.join(folder, "model.safetensors"))
    with Server(model, "--capture", os.path.join(folder, "captured"), "--access-log", os.path.join(folder, "log")) as server:
        lines = server.ask("GET", "/metrics").text.splitlines()
written = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE"))
assert explained == written, explained.items() ^ written.items()
print(f"{len(series)} series of {len(families)} metrics, {len(text)} bytes")
