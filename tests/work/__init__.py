from edgekit.work import code


def forget() -> None:
    """Look at the files of edgekit again, which a test has changed or added."""
    for name in ("modules", "named", "looked_in", "every", "place", "text", "fingerprint"):
        getattr(code, name).cache_clear()
