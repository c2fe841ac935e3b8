"""Makes losses.json: losses by plain formula code and torch's autograd in float64, for src/train/torch/loss.rs.

Needs torch and timm: python tests/train/losses.py
"""
import json
import pathlib

import torch
import torch.nn.functional as F
from timm.loss import AsymmetricLossSingleLabel

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(17)


def softmax(logits):
    """Shifted exponentials, and 1 - p as the sum of the others: no cancellation."""
    shifted = logits - logits.max(-1, keepdim=True).values.detach()
    e = shifted.exp()
    p = e / e.sum(-1, keepdim=True)
    log_p = shifted - e.sum(-1, keepdim=True).log()
    others = p @ (1 - torch.eye(p.shape[1]))
    return p, log_p, others


def floored(mass):
    return torch.tensor([max(m, 1.0) for m in mass])


def inverse_frequency(mass):
    m = floored(mass)
    return m.sum() / (len(m) * m)


def effective(mass, beta):
    m = floored(mass)
    w = (1 - beta) / (1 - beta**m)
    return w * len(m) / w.sum()


def one_hot_losses(logits, n_classes, fn):
    """[n, c]: what each sample would cost with each hard label."""
    return torch.stack([fn(logits, torch.full((logits.shape[0],), k)) for k in range(n_classes)], dim=1)


def hard(targets):
    return bool((targets.max(-1).values == 1).all())


def compute(loss, logits, y, mass):
    """Per sample [n] and mean; hard labels by torch or timm where they have the loss."""
    name, args = (loss, {}) if isinstance(loss, str) else next(iter(loss.items()))
    p, log_p, others = softmax(logits)
    if name == "cross_entropy":
        return F.cross_entropy(logits, y, reduction="none"), F.cross_entropy(logits, y)
    if name == "label_smoothing":
        e = args["epsilon"]
        target = y.argmax(-1) if hard(y) else y
        return (F.cross_entropy(logits, target, reduction="none", label_smoothing=e),
                F.cross_entropy(logits, target, label_smoothing=e))
    if name == "weighted_cross_entropy":
        w = inverse_frequency(mass)
        if hard(y):
            target = y.argmax(-1)
            return F.cross_entropy(logits, target, w, reduction="none"), F.cross_entropy(logits, target, w)
        each = -(w * y * log_p).sum(-1)
        return each, each.sum() / (w * y).sum()
    if name == "focal":
        w = effective(mass, args["beta"]) if "beta" in args else torch.ones(y.shape[1])
        per_label = -w * others ** args["gamma"] * log_p
        each = per_label.gather(1, y.argmax(-1, keepdim=True))[:, 0] if hard(y) else (y * per_label).sum(-1)
        return each, each.mean()
    if name == "class_balanced":
        each = -(effective(mass, args["beta"]) * y * log_p).sum(-1)
        return each, each.mean()
    if name == "asymmetric":
        timm_loss = AsymmetricLossSingleLabel(args["gamma_pos"], args["gamma_neg"], args["eps"], reduction="none")
        if hard(y):
            each = timm_loss(logits, y.argmax(-1))
        else:
            each = (y * one_hot_losses(logits, y.shape[1], timm_loss)).sum(-1)
        return each, each.mean()
    if name == "logit_adjusted":
        m = floored(mass)
        each = F.cross_entropy(logits + args["tau"] * (m / m.sum()).log(), y, reduction="none")
        return each, each.mean()
    raise KeyError(name)


CLASSES, SAMPLES = 5, 4
MASS = [40.0, 12.5, 6.0, 0.0, 3.0]
mild = torch.randn(SAMPLES, CLASSES, generator=generator) * 2
extreme = 50 * torch.sign(torch.randn(SAMPLES, CLASSES, generator=generator))
extreme[0] = torch.tensor([50.0, -50, -50, -50, -50])
extreme[1] = torch.tensor([-50.0, 50, -50, -50, -50])
labels = torch.tensor([0, 3, 1, 4])
hard_targets = F.one_hot(labels, CLASSES).double()
soft_targets = torch.softmax(torch.randn(SAMPLES, CLASSES, generator=generator) * 2, -1)
soft_targets[0] = torch.tensor([0.7, 0.0, 0.3, 0.0, 0.0])

LOSSES = [
    "cross_entropy",
    {"label_smoothing": {"epsilon": 0.1}},
    "weighted_cross_entropy",
    {"focal": {"gamma": 0.0}},
    {"focal": {"gamma": 2.0}},
    {"focal": {"gamma": 0.5}},
    {"focal": {"gamma": 1.5, "beta": 0.99}},
    {"class_balanced": {"beta": 0.0}},
    {"class_balanced": {"beta": 0.999}},
    {"asymmetric": {"gamma_pos": 0.0, "gamma_neg": 4.0, "eps": 0.1}},
    {"asymmetric": {"gamma_pos": 1.0, "gamma_neg": 2.0, "eps": 0.2}},
    {"logit_adjusted": {"tau": 1.0}},
    {"logit_adjusted": {"tau": 0.5}},
]

cases = []
for loss in LOSSES:
    for logits_name, logits in [("mild", mild), ("extreme", extreme)]:
        for targets_name, targets in [("hard", hard_targets), ("soft", soft_targets)]:
            x = logits.clone().requires_grad_()
            each, mean = compute(loss, x, targets, MASS)
            mean.backward()
            assert each.isfinite().all() and x.grad.isfinite().all(), (loss, logits_name, targets_name)
            cases.append({
                "name": f"{json.dumps(loss)}, {logits_name} logits, {targets_name} labels",
                "loss": loss, "mass": MASS, "logits": logits.tolist(), "targets": targets.tolist(),
                "per_sample": each.tolist(), "mean": mean.item(), "gradient": x.grad.tolist(),
            })
path = pathlib.Path(__file__).with_name("losses.json")
path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
print(path, len(cases), path.stat().st_size)
