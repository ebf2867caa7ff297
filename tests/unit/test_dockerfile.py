"""The stages of the Dockerfile that run our code or read the lock: a build of the image takes a quarter of an hour."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def stage(name: str) -> str:
    (text,) = re.findall(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, flags=re.MULTILINE | re.DOTALL)
    return str(text)


def program(text: str) -> str:
    """The Python that a stage pipes into an interpreter: lines in quotes after printf."""
    return "\n".join(re.findall(r"^    '(.*)' \\$", text, flags=re.MULTILINE))


def names(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z]+\])?==", lock, flags=re.MULTILINE))


def test_the_stage_that_fetches_weights_has_all_modules_it_needs(tmp_path: Path) -> None:
    for line in re.findall(r"^COPY (rag.*)$", stage("weights"), flags=re.MULTILINE):
        *sources, target = line.split()
        for source in map(ROOT.joinpath, sources):
            if source.is_dir():
                shutil.copytree(source, tmp_path / target)
            else:
                (tmp_path / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(source, tmp_path / target)
    imports = "\n".join(line for line in program(stage("weights")).splitlines() if line.startswith(("from", "import")))
    code = f"{imports}\nprint(len(list(Catalogue.load())))"
    done = subprocess.run(
        # Without site-packages: an editable install would lend the modules that are missing.
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_the_default_lock_leaves_out_torch_and_what_only_it_needs(tmp_path: Path) -> None:
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    subprocess.run([sys.executable, "-c", program(stage("locks"))], cwd=tmp_path, check=True)
    every, default = (names((tmp_path / f"requirements-{which}.txt").read_text()) for which in ("all", "default"))
    assert every == names((ROOT / "requirements.txt").read_text())
    assert default < every
    assert {"torch", "sentence-transformers", "transformers", "scipy", "sympy"} <= every - default
    # Direct dependencies and what they need stay.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[\[>=]", line)[0].lower() for line in project["dependencies"]}
    assert needed <= every
    assert needed - {"torch", "sentence-transformers"} <= default
    assert {"numpy", "tokenizers", "safetensors", "pydantic-core", "starlette", "jinja2"} <= default
