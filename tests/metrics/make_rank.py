"""Writes rank.json: what SciPy says of pairs of measures, for src/metrics/rank.rs.

    python tests/metrics/make_rank.py     # SciPy 1.17.1
"""

import json
import math
import pathlib
import random
import warnings

from scipy.stats import spearmanr

warnings.simplefilter("ignore")


def case(name, pairs):
    rho = float(spearmanr([a for a, _ in pairs], [b for _, b in pairs]).statistic)
    return {"name": name, "pairs": pairs, "rho": None if math.isnan(rho) else rho}


def drawn(seed, n, noise, decimals):
    dice = random.Random(seed)
    values = [dice.random() for _ in range(n)]
    return [[round(value, decimals), round(value + noise * dice.gauss(0, 1), decimals)] for value in values]


cases = [
    case("same order", [[1, 10], [2, 20], [3, 25], [4, 100], [5, 101]]),
    case("opposite", [[1, 5], [2, 4], [3, 3], [4, 2], [5, 1]]),
    case("ties on one side", [[0.91, 0.93], [0.91, 0.90], [0.88, 0.89], [0.95, 0.94], [0.90, 0.92]]),
    case("ties on both", [[1, 2], [1, 2], [2, 2], [3, 1], [3, 4], [3, 4]]),
    case("no spread", [[1, 2], [2, 2], [3, 2]]),
    case("two", [[1, 2], [2, 1]]),
    case("twenty", drawn(1, 20, 0.2, 4)),
    case("fifty with ties", drawn(2, 50, 0.4, 1)),
]
here = pathlib.Path(__file__).parent
here.joinpath("rank.json").write_text(json.dumps({"cases": cases}) + "\n")
