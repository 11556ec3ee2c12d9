from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel of a sound net with one variable; not to be changed."""
    from tests.sources.saved_models import saved, tf

    weight = tf.Variable(tf.ones((4, 4)))
    folder = tmp_path_factory.mktemp("plain") / "net"
    return saved(folder, lambda x: x @ weight, weight=weight)
