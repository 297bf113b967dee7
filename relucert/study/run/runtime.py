"""What a machine returns beside what is certified: a runtime compared with the exact f, and with T, on samples.

f is evaluated exactly at every sample, which is a float and so a rational; T to many digits on some of the samples,
those of the largest errors among them.  Of several outputs the worst one counts.  What is observed is evidence; only
``certified`` is a proof.
"""

from __future__ import annotations

import importlib
from fractions import Fraction
from typing import Any

from ...errors import DeclinedError
from ...export.activations import refuse_overflow
from ...export.dtype import Dtype
from ...export.extras import require
from ...loaded import Loaded
from ...pipeline import Progress
from ...report.records.run import RuntimeResult
from ...target.expression import evaluate
from ...transformer import evaluate as transformer
from ..export import subject_of
from .exact_values import column, distances, largest, values
from .point import precision
from .samples import samples

# runtime -> the module of relucert.export whose function ``runner`` computes with it
RUNTIMES = {"numpy": "numpy", "onnx": "onnx", "torch": "torch"}
LEAST_T_SAMPLES, MOST_T_SAMPLES = 4, 200
T_WORK = 400_000  # heads times d_model, over all samples of T
UNCOVERED = "this certificate does not cover this arithmetic"
COVERED = "if the runtime keeps to the arithmetic of the statement"


def observe(loaded: Loaded, runtime: str, dtype: Dtype, count: int, progress: Progress) -> RuntimeResult:
    """Return the largest errors of the runtime that the samples show, beside the certified bound if there is one.

    Raises OverflowToInfinityError where the format cannot hold the network, DeclinedError where the runtime is absent.
    """
    if loaded.certificate.statement.norm != "sup":
        raise DeclinedError(f"the bound is in the norm {loaded.certificate.statement.norm}; samples say nothing of it")
    np = require("numpy", runtime)
    subject = subject_of(loaded)
    refuse_overflow(subject, dtype)
    module = importlib.import_module(f"...export.{RUNTIMES[runtime]}", __package__)
    run = module.runner(loaded.transformer, dtype)
    beta = float(loaded.verdict.resources["inverse_temperature"])
    chosen = samples(subject.domain, loaded.network, beta, dtype, count)
    progress(f"running {runtime}")
    returned = run(chosen.points)
    finite = np.isfinite(returned).all(axis=1)
    points, returned = chosen.points[finite], returned[finite]
    arithmetic, bound = loaded.certificate.statement.arithmetic, loaded.verdict.error_bound
    covered = arithmetic is not None and arithmetic.dtype == dtype.name and not chosen.outside
    shared: dict[str, Any] = {
        "runtime": runtime,
        "version": module.version(),
        "dtype": dtype.name,
        "kinds": chosen.kinds,
        "outside": tuple(subject.inputs[k] for k in chosen.outside),
        "not_finite": int((~finite).sum()),
        "certified": bound if covered else None,
        "note": COVERED if covered else UNCOVERED,
        "bound": bound if arithmetic is None else None,
    }
    if not len(returned):
        return RuntimeResult(
            **shared, observed=None, worst=(), output=0, rounding=None, t_error=None, t_samples=0, t_digits=0
        )
    progress("evaluating the target exactly")
    targets = values(loaded.expression, [column(points[:, k]) for k in range(points.shape[1])])
    errors = [distances(column(returned[:, k]), target, len(returned)) for k, target in enumerate(targets)]
    worst = [largest(*pair) for pair in errors]
    output = max(range(len(worst)), key=lambda k: worst[k][1])
    place, observed = worst[output]
    progress("evaluating the transformer to many digits")
    some = _t_samples(loaded, np.max([rounded for rounded, _ in errors], axis=0))
    digits, working = precision(loaded)
    context = transformer.context(working)
    rounding, t_error = Fraction(0), Fraction(0)
    for k in some:
        x = [Fraction(float(v)) for v in points[k]]
        stated = loaded.certificate.statement.sequence
        ts = map(transformer.exact, transformer.evaluate(loaded.transformer, x, context, stated.mask))
        for t, f, y in zip(ts, evaluate(loaded.expression, x), returned[k], strict=True):
            rounding = max(rounding, abs(Fraction(float(y)) - t))
            t_error = max(t_error, abs(t - f))
    return RuntimeResult(
        **shared,
        observed=observed,
        worst=tuple((name, Fraction(float(v))) for name, v in zip(subject.inputs, points[place], strict=True)),
        output=output,
        rounding=rounding,
        t_error=t_error,
        t_samples=len(some),
        t_digits=digits,
    )


def _t_samples(loaded: Loaded, rounded: Any) -> list[int]:
    """Return the samples at which T is computed: half of them those of the largest errors, the others spread evenly."""
    np = require("numpy", "numpy")
    work = sum(1 + len(layer.heads) for layer in loaded.transformer.layers) * loaded.transformer.d_model + 1
    count = max(LEAST_T_SAMPLES, min(MOST_T_SAMPLES, T_WORK // work))
    worst = np.argsort(-rounded, kind="stable")[: count // 2]
    spread = np.linspace(0, len(rounded) - 1, count - len(worst)).astype("int64")
    return sorted({int(k) for k in worst} | {int(k) for k in spread})
