"""What a report says of its own figures."""

from pathlib import Path

import pytest

from edgekit.cli.convert import show_report
from edgekit.report import Report, TargetReport, proxy

PROXY = "latency is a proxy: measured on x86_64, the target is aarch64; run `edgekit bench`"


def report(*architecture: str) -> Report:
    """A conversion on a PC for one target."""
    target = TargetReport(
        name="board", description="Board", engine="litert", threads=1, architecture=architecture
    )
    return Report(
        model="m.keras", family="latent", parameters=1, objective="size", samples=2, seed=0,
        created="", machine={"architecture": "x86_64"}, targets=(target,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("architecture", "told"),
    [(["aarch64"], PROXY), (["x86_64"], ""), (["aarch64", "x86_64"], ""), ([], "")],
)
def test_latencies_of_another_processor_are_a_proxy(
    architecture: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = report(*architecture)
    assert proxy(made, made.targets[0]).startswith(told)
    show_report(made, Path("out"), as_json=False)
    assert ("latency is a proxy" in capsys.readouterr().out) is bool(told)
