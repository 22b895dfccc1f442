"""Metadata is in setup.cfg. This file is for the part of the package that is compiled.

It is optional: where it cannot be compiled, the same functions in Python are used.
"""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "websocket_driver.driver.hybi._speedups",
            ["websocket_driver/driver/hybi/_speedups.c"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
