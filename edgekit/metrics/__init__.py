"""What a candidate is worth: one file a metric.

A metric is a module with `BETTER` ("higher" or "lower"), `KIND` ("any" output, "sample", "image",
or "distribution" over features), `UNIT` and `measure(reference, candidate, span) -> float`, a
plain function of two arrays (N, …) and the width of the value range.
"""
