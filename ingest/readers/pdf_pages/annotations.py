"""Annotations of a PDF as they are shown: without those in layers that are off, and with text of appearances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingest.pdf.annotated import as_shown
from ingest.readers.pypdf_fallback import PypdfFallback
from rag.pdf.annotations import Annotation, AnnotationKind

# Most annotations of a file whose appearance is searched for text.
_MOST_APPEARANCES: Final = 500


@dataclass
class ShownAnnotations:
    """Annotations as they are shown: those in layers that are off are not, and some have their text only there.

    Attributes:
        left: number of appearances that are still looked at.
    """

    fallback: PypdfFallback
    layered: bool
    left: int = _MOST_APPEARANCES

    def shown(self, number: int, annotations: Sequence[Annotation]) -> tuple[list[Annotation], bool]:
        """The annotations of a page that are shown, with their texts; and whether others are in layers that are off."""
        off = self.fallback.annotations_off(number) if self.layered and annotations else frozenset()
        shown = []
        for one in annotations:
            asks = one.kind == "drawn" or (one.kind == "value" and (not one.text or one.text[-1].isdecimal()))
            if asks and self.left > 0:
                self.left -= 1
                kind: AnnotationKind = "value" if one.kind == "value" else "text"
                look = self.fallback.appearance(number, one.position)
                one = one._replace(kind=kind, text=as_shown(one.text, look) if one.text and kind == "value" else look)
            if one.position not in off:
                shown.append(one)
        return shown, len(shown) < len(annotations)
