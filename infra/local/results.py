"""The output bucket, copied into a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.installation import OUTPUT

if TYPE_CHECKING:
    from google.cloud.storage import Client


class ResultsFolder:
    """A copy of the output bucket in a folder; what was copied once is not copied again."""

    def __init__(self, client: "Client", folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._copied: dict[str, int] = {}

    def update(self) -> list[Path]:
        """Copy what is new, manifests last as the service writes them, and return the new files."""
        blobs = [
            blob for blob in self._client.list_blobs(OUTPUT) if self._copied.get(blob.name) != int(blob.generation)
        ]
        blobs.sort(key=lambda blob: (blob.name.endswith("/manifest.json"), blob.name))
        for blob in blobs:
            path = inside(self._folder, blob.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.part")
            blob.download_to_filename(str(part))
            part.replace(path)
            self._copied[blob.name] = int(blob.generation)
        return [inside(self._folder, blob.name) for blob in blobs]


def inside(folder: Path, name: str) -> Path:
    """Place of an object in a folder. Names that would lead out of it are taken apart less far."""
    parts = [part if part not in {"", ".", ".."} else "_" for part in name.split("/")]
    return folder.joinpath(*parts)
