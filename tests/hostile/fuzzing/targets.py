"""All fuzzing targets, by name."""

from __future__ import annotations

from typing import Final

from tests.hostile.fuzzing.answers import CitationTarget, KeyFileTarget, RecordTarget
from tests.hostile.fuzzing.index_files import CurrentTarget, DocstoreTarget, ManifestTarget
from tests.hostile.fuzzing.target import Target

TARGETS: Final[dict[str, type[Target]]] = {
    kind.name: kind
    for kind in (CurrentTarget, ManifestTarget, DocstoreTarget, CitationTarget, RecordTarget, KeyFileTarget)
}
