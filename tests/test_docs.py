"""The documentation says what is so: commands, names, links, examples, the bundle format."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import numpy as np
import pytest

from edgekit import plugin
from edgekit.bundle.manifest import Artifact, Entry, File, Manifest
from edgekit.data.rng import Random
from edgekit.device import Device
from edgekit.engines import runtime
from edgekit.measure.latency import Latency
from edgekit.model import Settings, Signature, Tensor
from edgekit.passes import load_pass
from edgekit.plan import recipe, target
from tests import cli_reference
from tests.tiny import generator_bundle

HOME = Path(__file__).parent.parent
PAGES = sorted(
    path for pattern in ("*.md", "docs/*.md", "samples/**/*.md") for path in HOME.glob(pattern)
)
README = HOME / "README.md"
PACKAGES = ["engines", "families", "metrics", "passes", "sources"]
PACKAGES += [
    plugin.inside(e, part) for e in plugin.names("engines") for part in ("passes", "rewrites")
]


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text(path), re.DOTALL | re.MULTILINE)


def prose(path: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"^```.*?^```", "", text(path), flags=re.DOTALL | re.MULTILINE)


def shown_commands(path: Path) -> Iterator[list[str]]:
    """Every `edgekit …` line of a page's shell blocks, as words."""
    for block in blocks(path, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["edgekit"] and "[OPTIONS]" not in words:
                yield words[1 : words.index(">")] if ">" in words else words[1:]


COMMANDS = [
    pytest.param(words, id=f"{path.name}: {' '.join(words)}")
    for path in PAGES
    for words in shown_commands(path)
]


def test_the_reference_is_in_step_with_the_commands() -> None:
    assert text(HOME / "docs" / "cli.md") == cli_reference.page(), "run: make docs"


@pytest.mark.parametrize("name", cli_reference.commands())
def test_every_command_is_explained(name: str) -> None:
    command = cli_reference.commands()[name]
    assert command.short_help
    assert command.short_help.endswith(".")
    assert len(command.short_help) <= 70
    assert command.help
    for option in command.params:
        assert isinstance(option, click.Argument) or getattr(option, "help", None), option.name


def test_every_command_is_in_the_readme() -> None:
    shown = {words[0] for words in shown_commands(README)}
    assert shown == set(cli_reference.commands())


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_shown_can_be_typed(words: list[str]) -> None:
    command = cli_reference.commands()[words[0]]
    context = command.make_context(words[0], list(words[1:]))
    for name in context.params.get("targets", ()):
        target.load(name)
    for name in context.params.get("recipe", ()):
        if not name.endswith(".toml"):  # the user's own
            recipe.load(name)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(HOME)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        found = path.parent / file if file else path
        assert found.exists(), link
        if anchor:
            assert anchor in anchors(found), link


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def known_names() -> set[str]:
    """Everything that a user may type, and the packages that edgekit stands on."""
    plugins = {name for package in PACKAGES for name in plugin.names(package)}
    project = tomllib.loads(text(HOME / "pyproject.toml"))["project"]
    needed = [project["dependencies"], *project["optional-dependencies"].values()]
    packages = {re.split(r"[^\w-]", package)[0] for group in needed for package in group}
    formats = {name for each in plugin.names("engines") for name in runtime(each).FORMATS}
    return {*plugins, *target.names(), *recipe.names(), *packages, *formats, "saved-model"}


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "docs/architecture.md"])
def test_names_in_backticks_exist(name: str) -> None:
    """Words joined by hyphens are names of targets, recipes, passes, families, …"""
    quoted = set(re.findall(r"`([a-z][a-z0-9]*(?:-[a-z0-9]+)+)`", prose(HOME / name)))
    assert quoted <= known_names()
    assert quoted


def test_python_names_and_files_in_the_architecture_exist() -> None:
    page = prose(HOME / "docs" / "architecture.md")
    source = "\n".join(text(path) for path in (HOME / "edgekit").rglob("*.py"))
    source += text(HOME / "tests" / "test_imports.py")
    for file in set(re.findall(r"`((?:\w+/)*\w+\.py)`", page)) - {"convert.py"}:  # the sketch's
        assert (HOME / file).exists() or (HOME / "edgekit" / file).exists(), file
    for constant in re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", page):
        if constant != "XDG_CACHE_HOME":
            assert re.search(rf"\b{constant}\b", source), constant


def test_the_families_table_has_the_gates() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| .* \| (.*) \|$", text(README), re.MULTILINE))
    for name in plugin.names("families"):
        gates = plugin.load("families", name).Family.gates
        assert rows[name] == ", ".join(metric + bound for metric, bound in gates.items())


@pytest.mark.parametrize("engine", plugin.names("engines"))
def test_the_rewrites_are_listed_with_what_they_say_of_themselves(engine: str) -> None:
    _, litert, openvino = text(HOME / "docs" / "rewrites.md").split("\n## ")
    rows = {"litert": litert, "openvino": openvino}[engine]
    standard = load_pass("rewrite", engine).Options().rewrites
    for name in plugin.names(f"engines.{engine}.rewrites"):
        said = (plugin.load(f"engines.{engine}.rewrites", name).__doc__ or "").splitlines()[0]
        mark = "" if name in standard else " *"
        assert f"| `{name}`{mark} | {said.rstrip('.')} |" in rows


def test_the_changelog_names_everything() -> None:
    page = text(HOME / "CHANGELOG.md")
    names = {*target.names(), *recipe.names()}
    names |= {name for package in ("metrics", "families") for name in plugin.names(package)}
    names |= set(cli_reference.commands())
    assert {name for name in names if not re.search(rf"`(edgekit )?{name}`", page)} == set()


@pytest.mark.parametrize(
    "kind",
    [Manifest, Artifact, Entry, Device, Settings, Signature, Tensor, File, Latency],
    ids=lambda k: k.__name__,
)
def test_every_field_of_the_bundle_is_described(kind: type[msgspec.Struct]) -> None:
    page = text(HOME / "docs" / "bundle.md")
    for field in kind.__struct_fields__:
        assert re.search(rf'[`"]{field}[`"]', page), field


def test_the_bundles_random_numbers_are_as_described() -> None:
    """docs/bundle.md holds the whole algorithm in plain Python."""
    (program,) = blocks(HOME / "docs" / "bundle.md", "python")
    described: dict[str, object] = {}
    exec(program, described)
    latents = described["latents"]
    assert callable(latents)
    for seed, stream in [(0, 0), (7, 0), (7, 1), (2**32, 2), (2**64 + 5, 1), (2**200, 3)]:
        expected = Random(seed, stream).normal((2000,))
        assert np.array_equal(np.array(latents(seed, stream, 2000), np.float32), expected)


def test_the_readmes_example_of_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tiny bundle in the place of the converted one."""
    _, use = blocks(README, "python")
    generator_bundle(tmp_path / "out" / "raspberry-pi-5")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(use, names)
    assert isinstance(names["images"], np.ndarray)
    assert names["images"].shape == (16, 8, 8, 1)


@pytest.mark.slow
def test_the_readmes_examples_one_after_another(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "samples").symlink_to(HOME / "samples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    convert, use = blocks(README, "python")
    exec(convert, {})
    assert (tmp_path / "out" / "report.html").is_file()
    names: dict[str, object] = {}
    exec(use, names)
    assert isinstance(names["images"], np.ndarray)
    assert names["images"].shape == (16, 28, 28, 1)
