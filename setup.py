"""Metadata is in setup.cfg. This file is for the parts of the package that are compiled."""

from setuptools import setup

setup()
