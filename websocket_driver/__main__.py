"""`python -m websocket_driver`, which is the command `websocket-driver`."""

import sys

from .cli import main

sys.exit(main())
