"""Two commands for one output folder: the second is refused before it works."""

from edgekit.files.atomic import claimed

from .shell import Shell


def test_a_second_conversion_is_refused_before_the_work(quick: Shell) -> None:
    with claimed(quick.folder / "out"):
        for more in ((), ("--force",)):
            error = quick.convert("latent.net", *more).refusal()
            assert error.startswith("another edgekit is writing to 'out'; ")
        assert quick.listing() == {"out"}
