"""Writes the tables that other programs write, and expected.json: what numpy, scikit-learn, scipy and cleanlab say of them,
for src/answers/.

    python tests/answers/make.py      # numpy 2.4.6, pandas 3.1.1, polars 2.1.0, pyarrow 26.0.1,
                                      # scikit-learn 1.9.1, scipy 1.17.1, cleanlab 2.9.0
"""

import json
import pathlib

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from cleanlab.count import compute_confident_joint
from cleanlab.filter import find_label_issues
from scipy.optimize import minimize
from sklearn.metrics import f1_score

HERE = pathlib.Path(__file__).parent
NAMES = ["계약서", "form", "receipt, paid"]


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# --- one small table, in every format ---
dice = np.random.default_rng(17)
logits = dice.normal(0, 2, (8, 3))
probs = softmax(logits)
ids = [f"이미지 {i}.jpg" for i in range(8)]

wide = pd.DataFrame(probs, columns=NAMES)
wide.insert(0, "ID", ids)
wide.to_parquet(HERE / "pandas.parquet", index=False)  # snappy
wide.iloc[::2].reset_index(drop=True).assign(ID=ids[::2]).iloc[[3, 1, 0, 2]].to_parquet(HERE / "pandas_index.parquet")
wide.to_csv(HERE / "pandas.csv")  # with an index, which has no name
wide.to_csv(HERE / "excel.csv", index=False, encoding="utf-8-sig", lineterminator="\r\n")
pl.DataFrame({"ID": ids, **{name: probs[:, k].astype(np.float32) for k, name in enumerate(NAMES)}}).write_parquet(
    HERE / "polars.parquet"  # zstd
)
pl.DataFrame({"ID": ids, "probs": probs.tolist()}).write_parquet(HERE / "polars_list.parquet")
pl.DataFrame({"ID": ids, "target": probs.argmax(axis=1), "note": ["x"] * 8}).write_parquet(HERE / "polars_target.parquet")
pq.write_table(pa.table({"ID": ids, "0": logits[:, 0], "1": logits[:, 1], "2": logits[:, 2]}), HERE / "logits.parquet")
pq.write_table(pa.table({"ID": ids, "0": probs[:, 0]}), HERE / "gzip.parquet", compression="gzip")
pq.write_table(pa.table({"ID": ids[:2] + [None], "0": [1.0, 1.0, 1.0]}), HERE / "null.parquet")

np.savez(HERE / "numpy.npz", ids=np.array(ids), probs=probs.astype(np.float32))
np.savez_compressed(
    HERE / "compressed.npz", ids=np.array([i.encode() for i in ids]), logits=logits, classes=np.array(NAMES)
)
np.savez(HERE / "integers.npz", ids=np.arange(8, dtype=">i2") - 3, probabilities=np.asfortranarray(probs.astype(">f8")))
np.savez(HERE / "half.npz", ids=np.array(ids), probs=probs.astype(np.float16))
np.savez(HERE / "objects.npz", ids=np.array(ids, dtype=object), probs=probs)
np.save(HERE / "rows.npy", probs)

# --- three members, out of fold and on a test, of five classes ---
CLASSES = 5


def draw(n, noise, seed):
    dice = np.random.default_rng(seed)
    truth = dice.choice(CLASSES, n, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    members = []
    for scale in noise:
        x = dice.normal(0, scale, (n, CLASSES))
        x[np.arange(n), truth] += 1.8
        members.append(np.round(softmax(x), 4))
    return truth, members


def whole(table):
    return table / table.sum(axis=1, keepdims=True)


NOISE = [0.9, 1.3, 2.2]
truth, raw = draw(160, NOISE, 5)
members = [whole(table) for table in raw]
# As the fit has it: nothing below 1e-6, every class counting alike, a ridge towards equal weights.
importance = 1 / (len(np.unique(truth)) * np.bincount(truth, minlength=CLASSES)[truth])
logs = np.log(np.maximum(np.stack(members), 1e-6))
rows = np.arange(len(truth))


def loss(w):
    return -(importance * np.log(softmax(np.tensordot(w, logs, 1))[rows, truth])).sum()


fit = minimize(
    lambda w: loss(w) + ((w - 1 / 3) ** 2).sum() / (2 * len(truth)),
    np.full(3, 1 / 3),
    bounds=[(0, None)] * 3,
    method="L-BFGS-B",
    options={"ftol": 1e-16, "gtol": 1e-10, "maxiter": 10000},
    jac="3-point",
)
assert fit.success
mean = np.stack(members).mean(axis=0)


def f1(said):
    return float(f1_score(truth, said, average="macro", zero_division=0))


stack = np.stack(members)
geometric = softmax(np.log(np.maximum(stack, 1e-6)).mean(axis=0))
weights = np.array([2.0, 1.0, 0.5])
weighted = np.tensordot(weights / weights.sum(), stack, 1)
votes = np.stack([np.bincount(column, minlength=CLASSES) for column in stack.argmax(axis=2).T])
hard = np.array([
    max(range(CLASSES), key=lambda k: (votes[i, k], stack[:, i, k].mean(), -k)) for i in range(len(truth))
])

# --- labels that are wrong ---
noisy, (given_raw,) = draw(240, [1.1], 9)
labels = noisy.copy()
dice = np.random.default_rng(3)
flipped = dice.choice(240, 30, replace=False)
labels[flipped] = (labels[flipped] + dice.integers(1, CLASSES, 30)) % CLASSES
clean = whole(given_raw)
joint = compute_confident_joint(labels, clean, calibrate=False)
issues = find_label_issues(
    labels, clean, filter_by="confident_learning", return_indices_ranked_by="normalized_margin", n_jobs=1
)

expected = {
    "ids": ids,
    "names": NAMES,
    "probs": probs.tolist(),
    "logits": logits.tolist(),
    "classes": CLASSES,
    "truth": truth.tolist(),
    "members": [np.round(m, 4).tolist() for m in raw],
    "soft": {"f1": f1(stack.mean(axis=0).argmax(axis=1)), "said": stack.mean(axis=0).argmax(axis=1).tolist()},
    "geometric": {"f1": f1(geometric.argmax(axis=1)), "first": geometric[0].tolist()},
    "weighted": {"f1": f1(weighted.argmax(axis=1)), "first": weighted[0].tolist()},
    "hard": {"f1": f1(hard), "said": hard.tolist()},
    "fit": {"weights": fit.x.tolist(), "loss": loss(fit.x), "mean_loss": -(importance * np.log(mean[rows, truth])).sum()},
    "labels": labels.tolist(),
    "given": np.round(given_raw, 4).tolist(),
    "flipped": sorted(flipped.tolist()),
    "joint": joint.tolist(),
    "issues": issues.tolist(),
}
text = json.dumps(expected, ensure_ascii=False, separators=(",", ":"))
(HERE / "expected.json").write_text(text.replace(',"', ',\n"') + "\n")
print(fit.x, len(issues), len(set(issues.tolist()) & set(flipped.tolist())))
