"""Everything that can be asked of a conversion."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgekit.domain import parse_domain
from edgekit.errors import InputError, did_you_mean
from edgekit.original.describe import Given
from edgekit.plan.gate import Gate, parse_gate
from edgekit.sources import Trust
from edgekit.typed import Typed, convert
from edgekit.units import parse_latency, parse_size
from edgekit.work.cache import MOST


class Budget(Typed, frozen=True):
    """What an artifact may cost at most: bytes, and latency in seconds ("s") or × float32 ("x")."""

    max_size: int | None = None
    max_latency: tuple[float, Literal["s", "x"]] | None = None

    def seconds(self, float32: float) -> float | None:
        """The limit on latency in seconds, beside a float32 artifact that takes `float32`."""
        value, unit = self.max_latency or (None, "s")
        return value * float32 if value is not None and unit == "x" else value


class Request(Typed, frozen=True):
    """Everything that can be asked of a conversion.

    `engines` are those of the targets' that are tried, all without any. `samples` rows are compared
    (None: 128, fewer of large ones), `calibration` rows calibrate. `seconds` is the time that
    latency is measured for each candidate. `threads` None takes the target's, as far as this
    machine has them. `packed`: artifacts are stored packed, where that makes them smaller, and that
    is their size. `cache` None is the user's cache folder, of which the oldest steps go beyond
    `cache_size` bytes.
    """

    model: Path
    targets: tuple[str, ...]
    output: Path
    recipes: tuple[str, ...] = ("auto",)
    engines: tuple[str, ...] = ()
    given: Given = Given()
    data: str | None = None
    samples: int | None = None
    calibration: int = 64
    seed: int = 0
    gates: tuple[Gate, ...] = ()
    objective: str = "balanced"
    limits: Budget = Budget()
    features: str | None = None
    threads: int | None = None
    seconds: float = 0.6
    force: bool = False
    keep_going: bool = False
    trust: Trust = Trust()
    cache: Path | None = None
    cache_size: int = MOST
    packed: bool = True
    reuse: bool = True
    jobs: int = 2

    @staticmethod
    def of(
        model: str | os.PathLike[str],
        *,
        targets: str | Sequence[str],
        output: str | os.PathLike[str],
        recipe: str | Sequence[str] = "auto",
        **options: Any,
    ) -> Request:
        """A request from Python: fields of `Given` and `Trust` are given by their own names.

        One target, recipe, gate or module need not stand in a list; limits may be text, as on the
        command line.

        Raises:
            InputError: an unknown option or a value of the wrong type.
        """
        if hasattr(model, "save"):
            raise InputError("the model is not a path; save it first: model.save('m.keras')")
        groups: dict[str, Any] = {"given": Given, "trust": Trust, "limits": Budget}
        fields: dict[str, Any] = {}
        for name, given in options.items():
            value = READ[name](given) if name in READ else plain(given)
            owner = next((g for g, kind in groups.items() if name in kind.__struct_fields__), None)
            if owner:
                fields.setdefault(owner, {})[name] = value
            elif name in Request.__struct_fields__ and name not in groups:
                fields[name] = value
            else:
                kinds = (Request, *groups.values())
                known = {f for kind in kinds for f in kind.__struct_fields__} - groups.keys()
                raise InputError(f"unknown option '{name}'; {did_you_mean(name, known)}")
        fields |= {
            "model": plain(model),
            "targets": several(targets),
            "output": plain(output),
            "recipes": several(recipe),
        }
        return convert(fields, Request, "convert", as_path)


def several(names: Any) -> Any:
    """One name or path, or some, as a list of names; anything else stays, to be refused."""
    if isinstance(names, (str, os.PathLike)):
        return [plain(names)]
    return [plain(name) for name in names] if isinstance(names, Iterable) else names


def limit(name: str, parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    """What reads a limit that may be text."""

    def read(value: Any) -> Any:
        try:
            return parse(value) if isinstance(value, str) else plain(value)
        except InputError as error:
            raise InputError(f"{name} {error}") from None

    return read


def read_domains(value: Any) -> Any:
    """Domains by input, each of which may be text or a list of texts."""
    if not isinstance(value, Mapping):
        return value  # to be refused
    texts = {name: [spec] if isinstance(spec, str) else spec for name, spec in value.items()}
    return {
        name: tuple(parse_domain(spec) if isinstance(spec, str) else spec for spec in specs)
        for name, specs in texts.items()
    }


def read_gates(value: Any) -> Any:
    """Gates, each of which may be text."""
    if not isinstance(value, (list, tuple)):
        return value  # to be refused
    return [parse_gate(gate) if isinstance(gate, str) else gate for gate in value]


def plain(value: Any) -> Any:
    """Paths as text, NumPy's numbers as Python's."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if isinstance(value, np.generic) else value


# Options that may be given in more than one form.
READ: dict[str, Callable[[Any], Any]] = {
    "gates": lambda value: read_gates(several(value)),
    "engines": several,
    "custom_objects": several,
    "extra_outputs": several,
    "domains": read_domains,
    "max_size": limit("max_size", parse_size),
    "cache_size": limit("cache_size", parse_size),
    "max_latency": limit("max_latency", parse_latency),
}


def as_path(kind: type, value: Any) -> Path:
    """The only type of a request that plain data has not."""
    return Path(value)
