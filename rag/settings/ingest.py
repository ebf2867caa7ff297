"""Settings of ingest: processes, generations, and limits of what is read."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

MOST_WORKERS: Final = 256


class IngestSettings(BaseModel):
    """How many processes read files, how much each may read, and how many generations are kept."""

    model_config = ConfigDict(frozen=True)

    workers: Annotated[
        int, Field(ge=0, le=MOST_WORKERS, description="processes that read files; 0: as many as cores")
    ] = 0
    keep_generations: Annotated[
        int, Field(ge=1, le=1000, description="generations (versions of the index) that are kept on disk")
    ] = 3
    file_megabytes: Annotated[
        int, Field(ge=1, le=100_000, description="largest file that is read, in MB (1,000,000 bytes)")
    ] = 200
    file_pages: Annotated[int, Field(ge=1, le=1_000_000, description="most pages of a file")] = 5_000
    file_characters: Annotated[int, Field(ge=1, description="most characters of a file")] = 20_000_000
    page_characters: Annotated[int, Field(ge=1, description="most characters of a page")] = 200_000
    file_seconds: Annotated[
        int,
        Field(ge=1, description="longest time for a file, in seconds; each page that needs OCR adds 30 s"),
    ] = 600
    page_seconds: Annotated[int, Field(ge=1, description="longest time for a page, in seconds")] = 60
    ocr_languages: Annotated[
        str,
        Field(
            pattern=r"^(?:auto|[a-z]{3}(?:_[A-Za-z]{1,12})?(?:[+ ][a-z]{3}(?:_[A-Za-z]{1,12})?){0,9})$",
            description="languages of scanned pages, as Tesseract names them, joined by `+`: `deu+eng`; each needs its "
            "package (`tesseract-ocr-deu`); `auto`: the installed ones of each page's script, and pages on their side "
            "are turned",
        ),
    ] = "eng"
    reader_megabytes: Annotated[
        int, Field(ge=256, description="largest address space of a process that reads files, in MiB")
    ] = 2048
