"""Mutation testing: `python -m mutants`, described in README.md."""
