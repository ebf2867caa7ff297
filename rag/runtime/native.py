"""Environment variables of native libraries, which read them once, when they are loaded.

So this is imported before any of them, and is the one module whose import has an effect. A value that the user has set
is kept.
"""

from __future__ import annotations

import os
import sys

# onnxruntime 1.31 otherwise reports to its maker when it starts, and keeps an id of the machine in ~/.cache/Microsoft.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# OpenMP's threads wait for each other by spinning. Beside any other program that costs most of the speed
# (2-5 tokens/s instead of 15-17, measured on two busy cores); on an idle machine the short spin costs nothing.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# openvino reports to Google Analytics when it is *imported*, and keeps an id of the user in ~/intel. No variable turns
# that off, but without this package, which does nothing else, openvino has nothing to report with.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
# ray otherwise reports to its maker from each cluster that it starts.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
# pydantic otherwise looks through the metadata of everything that is installed for plugins of its own, at each start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
