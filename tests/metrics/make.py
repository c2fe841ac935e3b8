"""Writes expected.json: what scikit-learn says of predictions, for src/metrics/confusion.rs.

    python tests/metrics/make.py          # scikit-learn 1.9.1
"""

import json
import pathlib
import random

from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support


def case(name, classes, truth, said):
    labels = list(range(classes))
    precision, recall, f1, _ = precision_recall_fscore_support(truth, said, labels=labels, zero_division=0)
    return {
        "name": name,
        "classes": classes,
        "truth": truth,
        "said": said,
        # No labels given: scikit-learn averages over the classes that are present in either.
        "macro_f1": float(f1_score(truth, said, average="macro", zero_division=0)),
        "accuracy": float(accuracy_score(truth, said)),
        "precision": [float(value) for value in precision],
        "recall": [float(value) for value in recall],
        "f1": [float(value) for value in f1],
        "matrix": [int(value) for value in confusion_matrix(truth, said, labels=labels).ravel()],
    }


def drawn(seed, n, classes, noise, skew):
    dice = random.Random(seed)
    truth = [min(int(classes * dice.random() ** skew), classes - 1) for _ in range(n)]
    said = [dice.randrange(classes) if dice.random() < noise else one for one in truth]
    return truth, said


cases = [
    case("all right", 3, [0, 1, 2, 0], [0, 1, 2, 0]),
    case("all wrong", 2, [0, 0, 1], [1, 1, 0]),
    case("a class that no one has", 5, [0, 0, 1, 3, 3], [0, 1, 1, 3, 0]),
    case("a class that is only said", 4, [0, 0, 1, 1], [0, 2, 1, 1]),
    case("one sample", 3, [2], [1]),
    case("seventeen classes", 17, *drawn(1, 300, 17, 0.3, 1.0)),
    case("rare classes", 17, *drawn(2, 200, 17, 0.5, 3.0)),
]
path = pathlib.Path(__file__).with_name("expected.json")
path.write_text(json.dumps({"made_by": "tests/metrics/make.py", "cases": cases}) + "\n")
