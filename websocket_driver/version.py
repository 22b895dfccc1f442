"""The version of the package. Its first two numbers are those of the original it ports."""

__version__ = "0.8.0"
