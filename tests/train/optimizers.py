"""Makes optimizers.json: torch.optim's own trajectories in float64, for src/train/torch/optim/.

Needs torch: python tests/train/optimizers.py
"""
import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)
STEPS, KEPT = 20, [1, 2, 5, 20]
SHAPES = {"l1.bias": [5], "l1.weight": [5, 4], "l2.bias": [3], "l2.weight": [3, 5]}


def filled(shape, phase):
    """The same numbers in both languages: sin(0.7 i + phase)."""
    n = math.prod(shape)
    return torch.tensor([math.sin(0.7 * i + phase) for i in range(n)]).reshape(shape)


def run(case):
    parameters = {name: filled(shape, 0.3 * k).requires_grad_() for k, (name, shape) in enumerate(SHAPES.items())}
    (kind, args), = case["optimizer"].items()
    args = dict(args)
    decay = args.pop("weight_decay", 0.0)
    if kind != "sgd":
        args["betas"] = (args.pop("beta1", 0.9), args.pop("beta2", 0.999))
    groups = case["groups"]
    multipliers = {rate["prefix"]: rate["multiplier"] for rate in groups.get("rates", [])}
    torch_groups = []
    for name, p in parameters.items():
        decayed = groups.get("decay") == "all" or p.ndim > 1
        torch_groups.append({"params": [p], "multiplier": multipliers.get(name.split(".")[0], 1.0),
                             "weight_decay": decay if decayed else 0.0})
    make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind]
    optimizer = make(torch_groups, lr=1.0, foreach=False, **args)
    x, target = filled([6, 4], 1.0), filled([6, 3], 2.0)
    kept = {}
    norms = []
    for step in range(STEPS):
        optimizer.zero_grad()
        hidden = torch.tanh(x @ parameters["l1.weight"].T + parameters["l1.bias"])
        out = hidden @ parameters["l2.weight"].T + parameters["l2.bias"]
        ((out - target) ** 2).mean().backward()
        if case["clip"] is not None:
            norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), case["clip"]).item())
        rate = case["rate"] * (1 - step / 40)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["multiplier"]
        optimizer.step()
        if step + 1 in KEPT:
            kept[step + 1] = {name: p.detach().flatten().tolist() for name, p in parameters.items()}
    return case | {"kept": kept, "norms": norms}


def case(optimizer, rate, groups=None, clip=None):
    return {"optimizer": optimizer, "groups": groups or {}, "rate": rate, "clip": clip}


layered = {"rates": [{"prefix": "l1", "multiplier": 0.25}]}
cases = [run(one) for one in [
    case({"sgd": {"momentum": 0.0}}, 0.1),
    case({"sgd": {"momentum": 0.9}}, 0.1),
    case({"sgd": {"momentum": 0.9, "weight_decay": 0.05}}, 0.1),
    case({"sgd": {"momentum": 0.9, "weight_decay": 0.05, "nesterov": True}}, 0.05, {"decay": "all"}),
    case({"sgd": {"momentum": 0.8, "dampening": 0.3, "weight_decay": 0.01}}, 0.1, layered, clip=0.3),
    case({"adam": {}}, 0.05),
    case({"adam": {"beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "weight_decay": 0.1}}, 0.05),
    case({"adam": {"weight_decay": 0.1, "amsgrad": True, "beta2": 0.9}}, 0.3, {"decay": "all"}),
    case({"adamw": {"weight_decay": 0.01}}, 0.05),
    case({"adamw": {"weight_decay": 0.3, "beta1": 0.5, "beta2": 0.9, "eps": 1e-4}}, 0.1, {"decay": "all"}),
    case({"adamw": {"weight_decay": 0.3, "amsgrad": True, "beta2": 0.9}}, 0.3, layered),
    case({"adamw": {"weight_decay": 0.1}}, 0.05, layered, clip=0.2),
    case({"adamw": {"weight_decay": 0.1}}, 0.05, clip=1000.0),
]]
path = pathlib.Path(__file__).with_name("optimizers.json")
path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":")).replace('{"optimizer"', '\n{"optimizer"') + "\n")
print(path, len(cases), path.stat().st_size)
