"""Writes logistic.txt: what scikit-learn's logistic regression says of numbers that a formula makes (src/train/torch/logistic.rs).

    python3 -m venv venv && venv/bin/pip install numpy==2.3.5 scikit-learn==1.7.2
    venv/bin/python tests/train/logistic.py >tests/train/logistic.txt
"""

import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

n, d, c = 60, 8, 3
x = numpy.array([((at * 7919 + 104_729) % 2003) / 1001.0 - 1.0 for at in range(n * d)]).reshape(n, d)
x *= numpy.array([1.0, 5.0, 0.1, 2.0, 1.0, 1.0, 3.0, 0.0])
y = numpy.array([at * 7 % 11 % c for at in range(n)])
x = StandardScaler().fit_transform(x)
said = LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000).fit(x, y).predict_proba(x)
print("# tests/train/logistic.py: probabilities of the first 12 samples")
for row in said[:12]:
    print(" ".join(f"{value:.9f}" for value in row))
