# SPDX-License-Identifier: Apache-2.0
"""griddle monitor quality: a served model is asked, labels come later, and what they say of it is found: figures, violations,
and the pictures worth a look, out of which `griddle stage` makes a training set."""
import base64
import calendar
import glob
import json
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "serve", "support"))
from server import Server, tiny  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]
N, LABELLED, EARLY = 240, 210, 100
IDS = [f"pic {i}" if i % 3 else f"../{i}" if i % 2 else None for i in range(N)]  # None: only the server names it
CLASSES = tiny.CLASSES
PNG = {}


def quality(*words, code=0):
    done = subprocess.run([GRIDDLE, "monitor", "quality", *words], capture_output=True, text=True, check=False)
    assert done.returncode == code, (words, done)
    return done


def whole(folder):
    with open(f"{folder}/statistics.json", encoding="utf-8") as file:
        return json.load(file)


def violations(folder):
    with open(f"{folder}/constraint_violations.json", encoding="utf-8") as file:
        return json.load(file)["violations"]


def label_line(event, text, encoding="CSV"):
    return json.dumps({"groundTruthData": {"data": text, "encoding": encoding}, "eventMetadata": {"eventId": event},
                       "eventVersion": "0"}) + "\n"


def write_labels(path, lines):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)


def serve_and_ask():
    tiny.write_model("tiny.safetensors")
    for i in range(N):
        tiny.write_png("one.png", tiny.picture(i))
        with open("one.png", "rb") as file:
            PNG[i] = file.read()
    PNG[7] = PNG[1]  # the same picture again
    with Server("tiny.safetensors", "--capture", "captured", "--capture-disk", "100") as server:
        connection = server.connect()
        for i, name in enumerate(IDS):
            headers = {"Content-Type": "image/png"}
            if name:
                headers["X-Amzn-SageMaker-Inference-Id"] = name
            if i % 5 == 0:
                headers["Accept"] = "application/json;verbose"
            assert server.ask("POST", "/invocations", PNG[i], headers, connection).code == 200
        connection.close()


def records():
    found = []
    for path in sorted(glob.glob("captured/**/*.jsonl", recursive=True)):
        with open(path, encoding="utf-8") as file:
            found += [json.loads(line) for line in file]
    assert len(found) == N, len(found)
    return found


def seed_of(record):
    return next(i for i, png in PNG.items()
                if base64.b64decode(record["captureData"]["endpointInput"]["data"]) == png)


def answer_of(i):
    return max(range(3), key=tiny.probabilities(tiny.picture(1 if i == 7 else i)).__getitem__)


def truth(i):
    """What is so: four of five times what the model answers."""
    return (answer_of(i) + (i % 5 == 1 or i == 7)) % 3


def hour_folder(hour):
    return time.strftime("%Y/%m/%d/%H", time.gmtime(hour * 3600))


def stamp(hour):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(hour * 3600))


def the_figures(captured):
    """Labels as numbers and as names, twice, corrected, of nothing, of no class, a broken line; some a day later."""
    by_id = {r["eventMetadata"].get("inferenceId", r["eventMetadata"]["eventId"]): seed_of(r) for r in captured}
    order = list(by_id)
    labelled, unlabelled = order[:LABELLED], order[LABELLED:]
    lines = []
    for k, name in enumerate(labelled):
        text = CLASSES[truth(by_id[name])] if k % 3 == 0 else str(truth(by_id[name]))
        lines.append(label_line(name, text, "JSON" if k % 3 == 1 else "CSV"))
    last = max(r["eventMetadata"]["inferenceTime"] for r in captured)
    end = calendar.timegm(time.strptime(last, "%Y-%m-%dT%H:%M:%SZ")) // 3600 + 1
    early, late = f"labels/{hour_folder(end - 1)}/00-00-000-a.jsonl", f"labels/{hour_folder(end + 24)}/00-00-000-b.jsonl"
    before = label_line(labelled[0], str((truth(by_id[labelled[0]]) + 1) % 3))  # which lines[0] corrects
    write_labels(early, [before, *lines[:EARLY], lines[50], "{broken\n"])
    write_labels(late, [*lines[EARLY:], label_line("nobody", "0"), label_line(unlabelled[0], "zebra")])

    done = quality("captured", "labels", "--model", "tiny.safetensors", "-o", "out", "--json", "--to", stamp(end))
    said = json.loads(done.stdout)
    assert said["dataset"]["item_count"] == LABELLED and said["violations"] == [] and said["checked"] == 0
    want = {"records": N, "labels": LABELLED + 2, "merged": LABELLED, "late_labels": LABELLED - EARLY,
            "repeated_labels": 1, "contradicting_labels": 1, "labels_of_no_class": 1, "labels_without_record": 1,
            "records_without_label": N - LABELLED - 1, "records_without_answer": 0, "records_of_several_pictures": 0, "answers_of_a_class_alone": 0,
            "records_of_a_repeated_id": 0, "broken_lines": 0, "broken_label_lines": 1}
    assert said["griddle"]["merge"] == want, said["griddle"]["merge"]
    for words in ("label 'zebra' is none of the 3 classes", "without a record in this window; the first: 'nobody'",
                  "contradicts one before", f"{early}:2:", f"{early}:{EARLY + 3}:", "given after the window's end"):
        assert words in done.stderr, (words, done.stderr)

    pairs = [(truth(by_id[name]), answer_of(by_id[name])) for name in labelled]
    metrics = said["multiclass_classification_metrics"]
    share = sum(a == b for a, b in pairs) / LABELLED
    assert abs(metrics["accuracy"]["value"] - share) < 1e-12 and 0.7 < share < 0.9
    assert metrics["accuracy"]["standard_deviation"] > 0 and "auc" not in metrics
    assert metrics["confusion_matrix"] == {str(a): {str(b): pairs.count((a, b)) for b in range(3)} for a in range(3)}
    low, high = said["griddle"]["accuracy_interval"]
    assert low < share < high and said["griddle"]["classes"] == CLASSES
    stored = whole("out")
    assert all(stored[key] == said[key] for key in stored) and violations("out") == []

    quality("captured", "labels", "-o", "names", "--worth", "0")  # the first answer names the classes
    assert whole("names")["multiclass_classification_metrics"] == metrics
    return share, unlabelled


def the_violations(share):
    """Its own suggestion holds; what asks more does not, and the exit code says so."""
    quality("captured", "labels", "--model", "tiny.safetensors", "-o", "again", "--constraints", "out/constraints.json",
            "--worth", "0")
    assert violations("again") == [] and not os.path.exists("again/constraints.json")
    assert sorted(os.listdir("again")) == ["constraint_violations.json", "statistics.json"]
    with open("out/constraints.json", encoding="utf-8") as file:
        limits = json.load(file)
    limits["multiclass_classification_constraints"]["accuracy"]["threshold"] = 0.99
    with open("strict.json", "w", encoding="utf-8") as file:
        json.dump(limits, file)
    done = quality("captured", "labels", "--model", "tiny.safetensors", "-o", "strict", "--constraints", "strict.json",
                   "--worth", "0", code=3)
    assert "1 violation of 6 constraints" in done.stdout, done.stdout
    (found,) = violations("strict")
    assert found["metric_name"] == found["feature_name"] == "accuracy", found
    assert found["constraint_check_type"] == "LessThanThreshold"
    assert f"{share:.4f} of {LABELLED}" in found["description"] and "0.9900" in found["description"], found


def the_worth(unlabelled):
    with open("out/worth.jsonl", encoding="utf-8") as file:
        picks = [json.loads(line) for line in file]
    wrong, unsure = ([p for p in picks if p["kind"] == kind] for kind in ("wrong", "unsure"))
    assert 30 < len(wrong) <= 50 and len(unsure) == N - LABELLED - 1
    sure = [p["confidence"] for p in wrong]
    assert sure == sorted(sure, reverse=True) and all(p["label"] != p["answer"] for p in wrong)
    margins = [p["margin"] for p in unsure]
    assert margins == sorted(margins) and all(p["label"] is None for p in unsure)
    assert {p["id"] for p in unsure} <= set(unlabelled)
    known = set(PNG.values())
    for pick in picks:  # byte for byte
        path = os.path.normpath(f"out/{pick['file']}")
        assert path == f"out/{pick['file']}" and path.split("/")[1] == pick["kind"]
        assert path.split("/")[2] == (pick["label"] or pick["answer"])
        with open(path, "rb") as file:
            assert file.read() in known
        name, line = pick["place"].rsplit(":", 1)
        with open(name, encoding="utf-8") as file:
            meta = json.loads(file.readlines()[int(line) - 1])["eventMetadata"]
        assert pick["id"] == meta.get("inferenceId", meta["eventId"]) and pick["time"] == meta["inferenceTime"]
    bodies = []
    for path in glob.glob("out/wrong/*/*"):
        with open(path, "rb") as file:
            bodies.append(file.read())
    assert len(bodies) == len(set(bodies)) == len(wrong)  # the same picture is there once
    assert not glob.glob("out/*.part")


def the_loop():
    """What was answered wrong is a folder per class, as staging reads it."""
    with open("wrong.yaml", "w", encoding="utf-8") as file:
        file.write("data:\n  source: out/wrong\n  test: 0.2\n")
    environment = dict(os.environ, GRIDDLE_CACHE=os.path.abspath("cache"))
    done = subprocess.run([GRIDDLE, "stage", "wrong.yaml", "--json"], capture_output=True, text=True, check=False,
                          env=environment)
    assert done.returncode == 0, done
    said, got = json.loads(done.stdout), {}
    for part in said["splits"].values():
        for name, n in part["classes"].items():
            got[name] = got.get(name, 0) + n
    assert got == {name: len(os.listdir(f"out/wrong/{name}")) for name in os.listdir("out/wrong")} and not said["rejected"]


def the_baseline(captured):
    """What a baseline's labels say of the model is what it is held against: as good is well, worse is not."""
    for i in range(N, 2 * N):
        folder = f"reference/{CLASSES[(answer_of(i) + (i % 5 == 1)) % 3]}"
        os.makedirs(folder, exist_ok=True)
        tiny.write_png(f"{folder}/{i}.png", tiny.picture(i))
    made = subprocess.run([GRIDDLE, "monitor", "baseline", "tiny.safetensors", "reference", "-o", "base"],
                          capture_output=True, text=True, check=False)
    assert made.returncode == 0, made
    quality("captured", "labels", "--baseline", "base", "-o", "as-good", "--worth", "0")
    assert violations("as-good") == []

    names = [r["eventMetadata"].get("inferenceId", r["eventMetadata"]["eventId"]) for r in captured]
    seeds = [seed_of(r) for r in captured]
    write_labels("worse.jsonl", [label_line(name, str((answer_of(i) + (k % 2)) % 3))
                                 for k, (name, i) in enumerate(zip(names, seeds))])
    said = json.loads(quality("captured", "worse.jsonl", "--baseline", "base", "-o", "worse", "--json", code=3).stdout)
    assert said["checked"] == 6 and said["violations"] == violations("worse")
    found = {v["metric_name"]: v["description"] for v in said["violations"]}
    assert f"accuracy is 0.5000 of {N} labelled pictures, and was 0.8000 of {N} in the baseline" in found["accuracy"], found
    done = quality("captured", "labels", "-o", "base", code=2)
    assert "baseline.safetensors" in done.stderr and "another folder" in done.stderr, done.stderr


def the_computed():
    """Answers that were not captured are the model's, of captured pictures; a base64 body becomes a PNG."""
    with Server("tiny.safetensors", "--capture", "inputs", "--capture-disk", "100", "--capture-mode", "input") as server:
        for i in range(20):
            body, kind = PNG[i], "image/png"
            if i % 2:
                body, kind = json.dumps({"b64": base64.b64encode(body).decode()}).encode(), "application/json"
            headers = {"Content-Type": kind, "X-Amzn-SageMaker-Inference-Id": str(i)}
            assert server.ask("POST", "/invocations", body, headers).code == 200
    write_labels("twenty.jsonl", [label_line(str(i), str(truth(i))) for i in range(20)])
    done = quality("inputs", "twenty.jsonl", "-o", "blind", code=1)
    assert "none of 20 records has an answer" in done.stderr and "--model" in done.stderr, done.stderr
    quality("inputs", "twenty.jsonl", "--model", "tiny.safetensors", "-o", "computed")
    metrics = whole("computed")["multiclass_classification_metrics"]
    wrong = [i for i in range(20) if answer_of(i) != truth(i)]
    assert metrics["accuracy"] == {"value": 1 - len(wrong) / 20, "standard_deviation": "NaN"}, metrics
    files = {int(os.path.basename(path)[:-4]): path for path in glob.glob("computed/wrong/*/*.png")}
    assert sorted(files) == [i for i in wrong if i != 7], (files, wrong)  # which is 1 again
    for path in files.values():
        with open(path, "rb") as file:
            assert file.read(8) == b"\x89PNG\r\n\x1a\n"


def the_managed():
    """A managed endpoint's captures: one probability is that of the second of two classes; what is no answer is named."""
    golden = os.path.join(os.environ["GRIDDLE_SOURCE"], "tests", "golden")
    done = quality(f"{golden}/captures/scones-endpoint", f"{golden}/labels", "-o", "managed", "--worth", "0")
    metrics, merge = whole("managed")["binary_classification_metrics"], whole("managed")["griddle"]["merge"]
    assert metrics["accuracy"]["value"] == 1 and merge["merged"] == 2 and merge["labels_of_no_class"] == 2, merge
    assert merge["records_without_answer"] == 1 and merge["records_of_several_pictures"] == 1, merge
    assert "1 answer has a form that is not known" in done.stderr, done.stderr
    write_labels("managed.jsonl", [label_line(f"5f0c7a3e-9d41-4b6a-8f27-0c1d2e3f4a0{i}", str(int(i == 4))) for i in (1, 4)])
    quality(f"{golden}/captures/scones-endpoint", "managed.jsonl", "-o", "second", "--worth", "0")
    matrix = whole("second")["binary_classification_metrics"]["confusion_matrix"]
    assert matrix == {"0": {"0": 1, "1": 0}, "1": {"0": 1, "1": 0}}, matrix  # 0.025 of class 1: 0


def the_strange(captured):
    """Answers of another form among the others are named."""
    texts = {3: "0.93", 4: "Bad Gateway", 5: CLASSES[0], 6: json.dumps([0.25] * 4)}
    lines = []
    for i, record in enumerate(captured):
        if i in texts:
            record = json.loads(json.dumps(record))
            record["captureData"]["endpointOutput"]["data"] = texts[i]
        lines.append(json.dumps(record) + "\n")
    write_labels("strange.jsonl", lines)
    done = quality("strange.jsonl", "labels", "--baseline", "base", "-o", "strange", "--worth", "0")
    for words in ("3 answers are none of the model's, and do not count\n  strange.jsonl:4:1: an answer of 1 probability where "
                  "the model has 3 classes", "3 records without an answer"):
        assert words in done.stderr, (words, done.stderr)
    write_labels("other.jsonl", [lines[3]])
    done = quality("other.jsonl", "labels", "--baseline", "base", "-o", "other", "--worth", "0", code=2)
    assert "other.jsonl:1:1: an answer of 1 probability" in done.stderr, done.stderr


def the_classes_alone(captured):
    """An answer that is a class alone is right or wrong as any other; how sure it was is not known."""
    def alone(name, which):
        lines = []
        for i, record in enumerate(captured):
            if which(i):
                record = json.loads(json.dumps(record))
                output = record["captureData"]["endpointOutput"]
                output["data"] = json.dumps({"predicted_label": CLASSES[answer_of(seed_of(record))]})
            lines.append(json.dumps(record) + "\n")
        write_labels(name, lines)

    def graded(captures, out, *words):
        done = quality(captures, "labels", "--baseline", "base", "-o", out, *words)
        return whole(out)["multiclass_classification_metrics"], whole(out)["griddle"], done.stdout

    alone("bare.jsonl", lambda i: True)
    alone("half.jsonl", lambda i: i % 2)
    full, own, _ = graded("captured", "sure", "--worth", "0")
    bare, bare_own, said = graded("bare.jsonl", "bare")
    assert bare == full, (bare, full)  # figures and their deviations
    assert bare_own["accuracy_interval"] == own["accuracy_interval"]
    assert bare_own["calibration_error"] == bare_own["brier_score"] == {"value": "NaN", "standard_deviation": "NaN"}, bare_own
    merged = own["merge"]["merged"]
    assert bare_own["merge"]["answers_of_a_class_alone"] == merged and own["merge"]["answers_of_a_class_alone"] == 0
    assert "answers are classes alone: there is no calibration error" in said and "a class alone" not in said, said
    with open("bare/worth.jsonl") as file:
        listed = [json.loads(line) for line in file]
    assert listed and all(pick["kind"] == "wrong" and pick["confidence"] is pick["margin"] is None for pick in listed), listed
    assert all(pick["why"].startswith("answered '") and pick["file"] for pick in listed), listed
    half, half_own, said = graded("half.jsonl", "half")
    others = merged - half_own["merge"]["answers_of_a_class_alone"]
    assert half == full and 0 < others < merged and sum(bin["count"] for bin in half_own["reliability"]) == others
    assert f"answers are a class alone; calibration error and Brier score are of the other {others}\n" in said, said
    assert 0 < half_own["brier_score"]["value"] < 2, half_own
    with open("half/worth.jsonl") as file:
        sure = [pick["confidence"] for pick in map(json.loads, file) if pick["kind"] == "wrong"]
    known = [value for value in sure if value is not None]
    assert known and known == sorted(known, reverse=True) and sure[:len(known)] == known and len(sure) > len(known), sure
    done = quality("bare.jsonl", "labels", "-o", "nameless", code=1)
    assert "which classes the model has is not known" in done.stderr and "--model" in done.stderr, done.stderr


def wrong_words():
    for words, code, part in [
        (["captured", "-o", "x"], 2, "LABELS"),
        (["captured", "labels"], 2, "wants -o DIR"),
        (["captured", "labels", "-o", "x", "--worth", "-1"], 2, "--worth"),
        (["captured", "labels", "-o", "out"], 2, "may have been sorted"),
        (["-", "labels", "-o", "x"], 2, "--worth 0"),
        (["captured", "absent", "-o", "x"], 1, "absent"),
        (["captured", "labels", "-o", "x", "--positive", "zebra", "--model", "tiny.safetensors"], 2, "'zebra'"),
        (["captured", "labels", "-o", "x", "--positive", "bicycle", "--model", "tiny.safetensors"], 2, "is of two classes"),
        (["captured", "labels", "-o", "x", "--constraints", "out/statistics.json"], 1, "no constraints of quality"),
        (["captured", "labels", "-o", "x", "--baseline", "labels"], 1, "no baseline's folder"),
        (["captured", "strangers.jsonl", "-o", "x"], 1, "labels have ids as 'stranger'"),
        (["captured", "one.png", "-o", "x"], 1, "no labels"),
        (["captured", "labels", "-o", "x", "--to", "2001-01-02"], 1, "no records of this window"),
    ]:
        done = quality(*words, code=code)
        assert part in done.stderr, (words, done.stderr)
        assert not os.path.exists("x/statistics.json")


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        serve_and_ask()
        captured = records()
        write_labels("strangers.jsonl", [label_line("stranger", "1")])
        share, unlabelled = the_figures(captured)
        the_violations(share)
        the_worth(unlabelled)
        the_loop()
        the_baseline(captured)
        the_computed()
        the_managed()
        the_strange(captured)
        the_classes_alone(captured)
        wrong_words()
        os.chdir("/")
    print("ok")


main()
