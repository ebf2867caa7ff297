"""Worker for tests of the subprocess pool: answers each line with what it knows; ``exit`` and ``child`` are orders."""

import json
import os
import subprocess
import sys
from pathlib import Path

for line in sys.stdin:
    if line == "exit\n":
        sys.exit(3)
    child = subprocess.Popen(["sleep", "60"]).pid if line == "child\n" else None
    facts = {"line": line, "environment": dict(os.environ), "cwd": str(Path.cwd()), "path": sys.path, "child": child}
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
