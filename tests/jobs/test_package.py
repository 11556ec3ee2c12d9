"""What is written when the choice is made: bundles that stand on their own, nothing by mistake."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from edgekit.bundle.reading import read_manifest
from edgekit.candidates.results import Report, Result, TargetReport
from edgekit.candidates.variants import Made
from edgekit.data import npz
from edgekit.device import Device
from edgekit.errors import InputError
from edgekit.families.latent import Family
from edgekit.jobs.package import write_bundles
from edgekit.jobs.validate import validate
from edgekit.measure.evaluator import Evaluator
from edgekit.measure.latency import Latency
from edgekit.model import Model
from edgekit.plan import recipe
from edgekit.plan.plan import TargetPlan
from edgekit.plan.request import Request
from tests.jobs.samples import GENERATE, MADE, Z
from tests.plan.plans import planned
from tests.reference import TARGET, plugged
from tests.reference.net import generator

LATENCY = Latency(seconds=0.25, ratio=1.0, ratio_low=1.0, ratio_high=1.0, noise=0.0, runs=9)
FLOAT = Result(name="float32", recipe="float32", engine="reference", size=9, latency=LATENCY,
               scores={"psnr": 110.0}, verdict="chosen")  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def reference_engine() -> Iterator[None]:
    with plugged():
        yield


class Work:
    """A conversion of a generator that is done but for what it writes, into `out`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out"
        found = planned(str(TARGET), ["float32"])
        device = Device(threads=3)  # the board's, whatever this machine has
        target = msgspec.structs.replace(found.target, device=device)
        self.plan: TargetPlan = msgspec.structs.replace(found, target=target)
        self.bundle = self.out / self.plan.name
        self.rows(Z, MADE)
        artifact = folder / "artifact"
        artifact.mkdir()
        generator().save(artifact / "generate.refnet")
        files = {"generate": "generate.refnet"}
        Model("refnet", "latent", {"generate": GENERATE}, files, notes="mine").save(artifact)
        steps = self.plan.candidates[0].steps
        self.made = Made("reference", artifact, folder, steps)

    def rows(self, z: Any, samples: Any) -> None:
        """What the original was given and made, and what the artifact made: the same."""
        npz.write(self.folder / "draws.npz", {"z": z})
        npz.write(self.folder / "outputs.npz", {"generate": samples})

    def write(self, chosen: str | None = "float32", *, force: bool = False) -> Report:
        """The report, with what `write_bundles` notes in it."""
        request = Request.of("my net.keras", targets=str(TARGET), output=self.out, force=force)
        target = TargetReport.of(self.plan, Device(), [FLOAT])
        report = Report(
            model="my net.keras", family="latent", parameters=1, objective="size", samples=3,
            seed=0, created="2026-01-01", gates=("psnr>=30", "frechet<=0.1"),
            tools={"numpy": "2"}, machine={"cpu": "abacus"},
            targets=(msgspec.structs.replace(target, chosen=chosen),),
        )  # fmt: skip
        model = Model("original", "latent", {"generate": GENERATE}, {})
        evaluator = Evaluator(Family, model, self.folder, None)
        made = {self.plan.name: {"float32": self.made}}
        return write_bundles(request, report, [self.plan], made, evaluator)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


def test_a_bundle_stands_on_its_own(work: Work) -> None:
    (target,) = work.write().targets
    assert target.bundle == str(work.bundle)
    shutil.rmtree(work.folder / "artifact")
    outcome = validate(work.bundle, threads=1, seconds=0.0)
    assert outcome.drift < 1e-6
    assert (outcome.missed, outcome.gates) == ((), {"psnr": ">=30", "frechet": "<=0.1"})
    assert (outcome.converted, outcome.latency_then) == ({"psnr": 110.0}, 0.25)


def test_it_tells_how_it_was_made(work: Work) -> None:
    work.write()
    told = read_manifest(work.bundle)
    assert (told.name, told.recipe, told.notes) == ("my net", "float32", "mine")
    (artifact,) = told.artifacts
    assert artifact.device.threads == 3
    assert "numpy" in artifact.proven
    assert (told.tools, told.measured["machine"]) == ({"numpy": "2"}, {"cpu": "abacus"})
    passes = recipe.load(str(work.bundle / told.assets["recipe"])).passes("reference")
    assert passes and [each["pass"] for each in passes] == [s.name for s in work.made.steps]


@pytest.mark.parametrize(("side", "rows"), [(8, 4), (200, 2), (400, 1)])
def test_golden_samples_are_few_of_large_ones(work: Work, side: int, rows: int) -> None:
    """At most four, and 200,000 values where that is less: the original's and the artifact's."""
    work.rows(np.zeros((6, 8), np.float32), np.zeros((6, side, side, 1), np.float32))
    work.write()
    golden = npz.read(work.bundle / "golden.npz")
    assert {name: len(array) for name, array in golden.items()} == {
        "draws/z": rows, "original/generate": rows, "artifact/generate": rows,
    }  # fmt: skip


def test_its_zipped_size_is_that_of_a_zip_file(work: Work) -> None:
    (target,) = work.write().targets
    made = Path(shutil.make_archive(str(work.folder / "sent"), "zip", work.bundle))
    assert target.zipped == pytest.approx(made.stat().st_size, rel=0.02)


def test_where_nothing_is_good_an_earlier_bundle_goes_only_when_forced(work: Work) -> None:
    """Beside the new report it would pass for this run's."""
    work.write()
    assert work.write(None).remarks == ()
    assert work.bundle.is_dir()
    report = work.write(None, force=True)
    assert report.remarks == ("reference: the bundle of an earlier run was removed (--force)",)
    assert not work.bundle.exists()
    assert (report.targets[0].bundle, report.targets[0].zipped) == (None, 0)


def test_a_folder_of_the_users_is_never_removed(work: Work) -> None:
    work.bundle.mkdir(parents=True)
    (work.bundle / "thesis.txt").write_text("mine")
    (remark,) = work.write(None, force=True).remarks
    assert remark.startswith(f"reference: '{work.bundle}' was left as it is: it ")
    with pytest.raises(InputError, match="remove it yourself or choose another -o"):
        work.write(force=True)
    assert (work.bundle / "thesis.txt").read_text() == "mine"


def test_what_came_there_during_the_conversion_is_kept(work: Work) -> None:
    work.write()
    (work.bundle / "recipe.toml").write_text("changed")
    with pytest.raises(InputError, match="exists; choose another -o or pass --force"):
        work.write()
    assert (work.bundle / "recipe.toml").read_text() == "changed"
    work.write(force=True)
    read_manifest(work.bundle)  # all of it is of the new one


def test_a_bundle_that_cannot_be_finished_is_not_there(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the one that was there stays."""
    work.write()
    before = (work.bundle / "manifest.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr("edgekit.jobs.package.write_manifest", full)
    with pytest.raises(OSError, match="no space"):
        work.write(force=True)
    assert (work.bundle / "manifest.json").read_bytes() == before
    read_manifest(work.bundle)
    assert [path.name for path in work.out.iterdir() if path.is_dir()] == ["reference"]
