"""What can be built, with closed forms that sympy derives and simplifies."""

from __future__ import annotations

import sympy

from ..exact.number import exact_text
from ..relu.closed_form import FORMS, ClosedForms
from ..report.records.list import Catalogue, ConstructionEntry, TargetEntry
from ..target.named import TARGETS, NamedTarget


def catalogue() -> Catalogue:
    """Return every named target and every construction."""
    return Catalogue(tuple(map(_target, TARGETS)), tuple(map(_construction, FORMS)))


def _target(target: NamedTarget) -> TargetEntry:
    least, most = target.arity
    domain = "none" if target.domain is None else "[{}, {}]".format(*map(exact_text, target.domain))
    return TargetEntry(target.name, target.summary, str(least) if least == most else f"{least}..{most}", domain)


def _construction(forms: ClosedForms) -> ConstructionEntry:
    symbols = [sympy.Symbol(name, integer=True, positive=True) for name in forms.parameters]
    formulas = {name: sympy.sstr(sympy.simplify(function(*symbols))) for name, (_, function) in forms.resources.items()}
    error = sensitivity = None
    if forms.error is not None:
        scale, function = forms.error
        error = f"{scale} * ({sympy.sstr(sympy.expand(function(*symbols)))})" if scale else "0"
    if forms.sensitivity is not None:
        sensitivity = sympy.sstr(sympy.expand(forms.sensitivity(*symbols)))
    return ConstructionEntry(forms.construction, forms.meaning, tuple(formulas.items()), error, sensitivity)
