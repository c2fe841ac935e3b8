"""Makes schedules.json: the learning rates of torch's own schedulers, for src/train/schedule.rs.

Needs torch: python tests/train/schedules.py
"""
import json
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler as s

warnings.filterwarnings("ignore")


def by_step(make, epochs, per_epoch):
    """A scheduler that is stepped after every optimiser step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    shares = []
    for _ in range(epochs * per_epoch):
        shares.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return shares


def by_epoch(make, epochs, per_epoch, scores=None):
    """A scheduler that is stepped after every epoch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    shares = []
    for epoch in range(epochs):
        shares += [optimizer.param_groups[0]["lr"]] * per_epoch
        optimizer.step()
        scheduler.step(scores[epoch]) if scores else scheduler.step()
    return shares


def warm(start, steps, then):
    """Linear warm-up, and after it another scheduler."""
    return lambda o: s.SequentialLR(o, [s.LinearLR(o, start_factor=start, total_iters=steps), then(o)], [steps])


def fractional(first, growth, minimum):
    """SGDR with the epoch as a fraction, as torch's documentation has it."""
    def shares(epochs, per_epoch):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        scheduler = s.CosineAnnealingWarmRestarts(optimizer, T_0=first, T_mult=growth, eta_min=minimum)
        out = []
        for step in range(epochs * per_epoch):
            optimizer.step()
            scheduler.step(step / per_epoch)
            out.append(optimizer.param_groups[0]["lr"])
        return out
    return shares


E, P = 8, 5
SCORES = [0.1, 0.3, 0.3, 0.30005, 0.29, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]
cases = []


def case(name, schedule, shares, epochs=E, per_epoch=P, scores=None):
    one = {"name": name, "schedule": schedule, "epochs": epochs, "steps_per_epoch": per_epoch, "shares": shares}
    cases.append(one | ({"scores": scores} if scores else {}))


cosine = lambda minimum, steps: lambda o: s.CosineAnnealingLR(o, T_max=steps, eta_min=minimum)
case("constant", {}, by_step(lambda o: s.ConstantLR(o, factor=1.0), E, P))
case("cosine", {"curve": {"cosine": {}}}, by_step(cosine(0.0, E * P), E, P))
case("cosine to a minimum", {"curve": {"cosine": {"minimum": 0.05}}}, by_step(cosine(0.05, E * P), E, P))
case("warm-up, then constant", {"warmup": {"epochs": 1.6}, "warmup_start": 0.1},
     by_step(lambda o: s.LinearLR(o, start_factor=0.1, total_iters=8), E, P))
case("warm-up, then cosine", {"curve": {"cosine": {"minimum": 0.01}}, "warmup": {"steps": 7}},
     by_step(warm(0.01, 7, cosine(0.01, E * P - 7)), E, P))
case("restarts", {"curve": {"cosine_restarts": {"first_epochs": 2}}}, fractional(2, 1, 0.0)(E, P))
case("restarts that double", {"curve": {"cosine_restarts": {"first_epochs": 1, "growth": 2, "minimum": 0.1}}},
     fractional(1, 2, 0.1)(E, P))
case("warm-up, then restarts", {"curve": {"cosine_restarts": {"first_epochs": 2, "growth": 2}}, "warmup": {"epochs": 1}},
     by_step(warm(0.01, P, lambda o: s.CosineAnnealingWarmRestarts(o, T_0=2 * P, T_mult=2)), E, P))
case("milestones", {"curve": {"milestones": {"epochs": [2, 5, 7], "gamma": 0.3}}},
     by_epoch(lambda o: s.MultiStepLR(o, [2, 5, 7], gamma=0.3), E, P))
case("every three epochs", {"curve": {"every": {"epochs": 3}}}, by_epoch(lambda o: s.StepLR(o, 3, gamma=0.1), E, P))
for patience, cooldown, minimum in [(0, 0, 0.0), (1, 0, 0.0), (2, 2, 0.0), (1, 1, 0.2)]:
    plateau = {"factor": 0.5, "patience": patience, "cooldown": cooldown, "minimum": minimum, "threshold": 0.0001}
    case(f"plateau {plateau}", {"curve": {"plateau": plateau}},
         by_epoch(lambda o: s.ReduceLROnPlateau(o, mode="max", factor=0.5, patience=patience, cooldown=cooldown,
                                                min_lr=minimum, threshold=1e-4, threshold_mode="abs"),
                  len(SCORES), 2, SCORES), len(SCORES), 2, SCORES)
path = pathlib.Path(__file__).with_name("schedules.json")
path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
print(path, len(cases), path.stat().st_size)
