"""`python -m tests.thirdparty NAME [-o FILE]`: fetch a net, rebuild it and save it as `.keras`."""

import argparse
import importlib
import sys
from pathlib import Path

from ._fetch import FetchError, cache_folder


def names() -> list[str]:
    """The nets on offer: the modules of this folder that are neither helpers nor tests."""
    stems = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(stem for stem in stems if not stem.startswith(("_", "test_")))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.thirdparty", description=__doc__)
    parser.add_argument("name", choices=names(), metavar="NAME", help=", ".join(names()))
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: in the cache")
    options = parser.parse_args(arguments)
    try:
        model = importlib.import_module(f".{options.name}", __package__).build()
    except FetchError as error:
        sys.exit(f"error: {error}")
    output = options.output or cache_folder() / f"{model.name}.keras"
    model.save(output)
    print(f"{output}: {model.count_params():,} parameters, {output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
