"""Runs the code of docs/manifests.md as it stands there, with DuckDB and polars, and compares every answer.

    test_manifests.py FOLDER REF PROGRAM     FOLDER: holds the datasets, and in them the version REF; PROGRAM: the path of
                                             augmint

A block is run if `<!-- run: NAME -->` stands before it: `sh` in a folder of its own, `sql` by DuckDB, `python` with what
the blocks before it left, its answer in `answer`. The answers are counted again here, in plain Python from the manifest and the
list of sources, which know nothing of `augmint show`. Every check prints one line; the last line counts them.
"""

import collections
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
from read_version import manifest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "manifests.md"
WHOLE = 65536


def blocks():
    """(name, language, code) of every block that is to be run, in order."""
    found = re.findall(r"<!-- run: (\S+) -->\n```(\w+)\n(.*?)```\n", DOCUMENT.read_text(), re.DOTALL)
    assert len(found) == DOCUMENT.read_text().count("<!-- run:"), "a marker without its block"
    return found


def sources(folder, record):
    """By digest: path and group."""
    text = (folder / "datasets" / record["name"] / "sources" / f"{record['sources']}.tsv").read_text()
    rows = [line.split("\t") for line in text.splitlines()[2:]]
    return {row[0]: (row[7], row[2]) for row in rows}


class Truth:
    """The answers, from the manifest."""

    def __init__(self, samples, sources, classes):
        self.samples, self.sources, self.classes = samples, sources, classes
        self.train = {key: sample for key, sample in samples.items() if sample["role"] in ("original", "train")}

    def of(self, sample):
        return self.classes[str(sample["class"])]

    def mixes(self, sample):
        return [step["draw"]["partner"] for step in sample["steps"] if "partner" in step["draw"]]

    def turned(self):
        of_source = {sample["source"]: self.of(sample) for sample in self.samples.values()}
        rows = []
        for key, sample in self.samples.items():
            for step in sample["steps"]:
                if step["id"] == "rotate" and abs(step["draw"]["degrees"]) > 90:
                    found = [(key, self.of(sample), step["draw"]["degrees"], of_source[p]) for p in self.mixes(sample)]
                    rows.extend(found)
        return sorted(rows)

    def mass(self):
        mass, others = collections.Counter(), collections.Counter()
        for sample in self.train.values():
            for number, weight in sample["label"]:
                mass[self.classes[str(number)]] += weight
                others[self.classes[str(number)]] += weight if number != sample["class"] else 0
        return sorted((name, mass[name] / WHOLE, others[name] / WHOLE) for name in mass)

    def seen(self):
        seen = collections.Counter()
        for sample in self.train.values():
            seen.update(self.sources[digest][0] for digest in [sample["source"], *self.mixes(sample)])
        return sorted(seen.items(), key=lambda item: (-item[1], item[0]))[:10]

    def leak(self):
        used = {digest for sample in self.train.values() for digest in [sample["source"], *self.mixes(sample)]}
        groups = {self.sources[digest][1] for digest in used}
        held_out = {self.sources[s["source"]][1] for key, s in self.samples.items() if key not in self.train}
        return [(group,) for group in sorted(groups & held_out)]

    def filters(self):
        """The keys that the second block lists."""
        receipts = (key for key, sample in self.train.items() if self.of(sample) == "receipt" and self.mixes(sample))
        return [key for key in receipts if any(step["id"] == "rotate" for step in self.samples[key]["steps"])]


def shell(code, ref, environment, folder):
    code = code.replace("quickstart@v1", ref)
    subprocess.run(["bash", "-euo", "pipefail", "-c", code], cwd=folder, env=environment, check=True)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def main():
    folder, ref, program = Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]).resolve()
    record = json.loads(subprocess.run([program, "show", ref, "--json"], cwd=folder, check=True, capture_output=True).stdout)
    record = record["record"]
    version = folder / "datasets" / ".store" / "versions" / record["digest"]
    truth = Truth(manifest(version, f"sha256:{record['digest']}"), sources(folder, record), record["classes"])
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "AUGMINT_DATASETS": str(folder / "datasets")}
    passed = 0
    with tempfile.TemporaryDirectory() as temporary:
        os.chdir(temporary)
        database, scope = duckdb.connect(), {}
        for name, language, code in blocks():
            if language == "sh":
                shell(code, ref, environment, temporary)
                if name == "filters":
                    keys = [row["key"] for row in lines(Path("receipts.jsonl"))]
                    assert keys == truth.filters() and keys, f"{len(keys)} lines, {len(truth.filters())} expected"
                    print(f"filters: {len(keys)} samples")
                    passed += 1
                else:
                    assert [row["key"] for row in lines(Path("samples.jsonl"))] == list(truth.samples)
            elif language == "sql":
                answer = database.sql(code)
                answer = None if answer is None else answer.fetchall()
            else:
                exec(compile(code, f"docs/manifests.md: {name}", "exec"), scope)
                answer = [tuple(row) for row in scope["answer"].rows()] if "answer" in scope else None
            if hasattr(truth, name) and language != "sh":
                expected = getattr(truth, name)()
                assert same(answer, expected), f"{name} ({language}): {answer[:3]} instead of {expected[:3]}"
                assert (len(answer) > 0) == (name != "leak"), f"{name}: {len(answer)} rows say little"
                print(f"{name} ({language}): {len(answer)} rows")
                passed += 1
        leak_is_found(database, [code for name, _, code in blocks() if name == "leak"][0])
        passed += 1
    assert passed == 9, f"{passed} answers were compared"
    print(f"{passed} passed, 0 failed")


def leak_is_found(database, query):
    """The question that is answered by nothing has an answer where there is one: a held-out sample of a training source."""
    rows = lines(Path("samples.jsonl"))
    twin = next(row for row in rows if row["role"] == "original")
    with open("samples.jsonl", "a") as file:
        file.write(json.dumps({**twin, "key": "f" * 32, "role": "val", "set": "val"}) + "\n")
    assert database.sql(query).fetchall() == [(twin["group"],)]
    print("leak: found where there is one")


def same(answer, expected):
    """Sums of fractions are equal to a rounding; all else exactly."""

    def close(a, b):
        return abs(a - b) < 1e-6 if isinstance(a, float) else a == b

    rows = zip(answer, expected)
    return len(answer) == len(expected) and all(len(a) == len(b) and all(map(close, a, b)) for a, b in rows)


if __name__ == "__main__":
    main()
