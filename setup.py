"""Builds the compiled part. Metadata is in setup.cfg.

The compiled part is optional: the package has the same functions in Python. Where it cannot be
compiled, and where the environment variable WEBSOCKET_DRIVER_PURE_PYTHON is set, the wheel is
tagged `py3-none-any` and the last line of the build says so. PyPy compiles Python itself and does
not use it.
"""

import os
import platform
import re
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

OLDEST = (3, 10)
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
CPYTHON = platform.python_implementation() == "CPython"
PURE = bool(os.environ.get("WEBSOCKET_DRIVER_PURE_PYTHON")) or not CPYTHON

if FREE_THREADED:
    # It has no stable ABI. On Windows the macro is not in pyconfig.h.
    macros = [("Py_GIL_DISABLED", "1")] if sys.platform == "win32" else []
else:
    macros = [("Py_LIMITED_API", f"0x{OLDEST[0]:02X}{OLDEST[1]:02X}0000")]

PARTS = ("emitter", "frames", "head", "messages", "module", "sending")

speedups = Extension(
    "websocket_driver._speedups",
    [f"websocket_driver/_c/{name}.c" for name in PARTS],
    depends=["websocket_driver/_c/speedups.h"],
    define_macros=macros,
    py_limited_api=not FREE_THREADED,
)


class BuildExtension(build_ext):
    """Compiles what can be compiled, and goes on without the rest."""

    def build_extensions(self):
        """Lets the compiler vectorise loops, where its options are those of gcc and clang."""
        if self.compiler.compiler_type == "unix":
            for extension in self.extensions:
                extension.extra_compile_args.append("-O3")
        super().build_extensions()

    def run(self):
        """Reports an error, and leaves the part out."""
        try:
            super().run()
        except Exception as error:
            self.extensions.clear()
            print(f"The compiled part cannot be built: {error}", file=sys.stderr)


class Wheel(bdist_wheel):
    """Tags the wheel by what was really built."""

    def finalize_options(self):
        """One wheel for all versions, where there is a stable ABI."""
        if self.distribution.has_ext_modules() and not FREE_THREADED:
            self.py_limited_api = "cp{}{}".format(*OLDEST)
        super().finalize_options()

    def run(self):
        """Builds the compiled part first, because the tag depends on it."""
        self.run_command("build_ext")
        if not self.distribution.has_ext_modules():
            self.root_is_pure = True
            self.py_limited_api = False
        super().run()
        how = "in Python alone" if self.root_is_pure else "with the compiled part"
        print(f"websocket-driver is built {how}")


def description():
    """The README without pictures and links into the repository, which an index cannot resolve."""
    text = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    text = re.sub(r"!\[[^\]]*\]\((?!https:)[^)]*\)\n*", "", text)
    return re.sub(r"\[([^\]]*)\]\((?!https:|#)[^)]*\)", r"\1", text)


setup(
    long_description=description(),
    long_description_content_type="text/markdown",
    ext_modules=[] if PURE else [speedups],
    cmdclass={"build_ext": BuildExtension, "bdist_wheel": Wheel},
)
