"""The files that the emulated homeserver holds: who may write to which address is checked. No HTTP here."""

from msgspec import Struct

from connectors.matrix.emulator_rooms import MatrixRefusal, Person

_LARGEST = 50 * 1024 * 1024
"""What Synapse takes unless its operator says otherwise."""
_MOST_PENDING = 5


class Stored(Struct):
    """One file, or the place for one: `data` is None until it is uploaded."""

    owner: str
    data: bytes | None = None
    mime: str = ""


class MediaStore:
    """All files of the homeserver, by the id in their address."""

    def __init__(self, server: str, largest: int = _LARGEST) -> None:
        self.largest = largest
        self.files: dict[str, Stored] = {}
        self._server = server

    def create(self, who: Person) -> str:
        """A place for a file, its address."""
        pending = [one for one in self.files.values() if one.owner == who.id and one.data is None]
        if len(pending) >= _MOST_PENDING:
            raise MatrixRefusal(429, "M_LIMIT_EXCEEDED", "Too many pending uploads", retry_after_ms=200)
        name = f"media{len(self.files)}"
        self.files[name] = Stored(owner=who.id)
        return f"mxc://{self._server}/{name}"

    def put(self, who: Person, name: str, data: bytes, mime: str) -> None:
        found = self.files.get(name)
        if found is None:
            raise MatrixRefusal(404, "M_NOT_FOUND", "Unknown media ID")
        if found.owner != who.id:
            raise MatrixRefusal(403, "M_FORBIDDEN", "Only the creator of the media ID can upload to it")
        if found.data is not None:
            raise MatrixRefusal(409, "M_CANNOT_OVERWRITE_MEDIA", "Media ID already has content")
        found.data, found.mime = data, mime

    def add(self, who: Person, data: bytes, mime: str) -> str:
        """A file in one go, its address."""
        address = self.create(who)
        self.put(who, address.rpartition("/")[2], data, mime)
        return address

    def get(self, server: str, name: str) -> Stored:
        found = self.files.get(name) if server == self._server else None
        if found is None:
            raise MatrixRefusal(404, "M_NOT_FOUND", "Not found")
        if found.data is None:
            raise MatrixRefusal(504, "M_NOT_YET_UPLOADED", "Media has not been uploaded yet")
        return found

    def bytes_of(self, address: str) -> bytes:
        """What a reader's client gets for an address."""
        server, _, name = address.removeprefix("mxc://").partition("/")
        return self.get(server, name).data or b""
