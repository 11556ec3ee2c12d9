"""edgekit's choice beside what every peer's defaults give: `python -m tests.benchmarks.peers`."""
