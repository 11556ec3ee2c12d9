"""Two commands for one output folder: the second is refused before it works."""

from edgekit.files.atomic import claimed

from .shell import Shell


def test_a_second_conversion_is_refused_before_the_work(shell: Shell) -> None:
    with claimed(shell.folder / "out"):
        for more in ((), ("--force",)):
            error = shell.convert("latent.keras", *more).refusal()
            assert error.startswith("another edgekit is writing to 'out'; ")
        assert shell.listing() == {"out"}
