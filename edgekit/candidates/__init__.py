"""Candidates: built, timed, judged; one is chosen."""
