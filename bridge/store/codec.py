"""Events as bytes: what stands in the store."""

import msgspec

from bridge.events import AnyEvent, Relayed
from bridge.text.nodes import Rich

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AnyEvent)
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding raises for bytes that are not what was written."""
_text = msgspec.msgpack.Decoder(Rich)
_numbers = msgspec.msgpack.Decoder(tuple[int, ...])


def encode(event: Relayed) -> bytes:
    """An event's bytes. Raises `UnicodeEncodeError` for a lone surrogate: such an event is rejected before storing."""
    return _encoder.encode(event)


def decode(body: bytes) -> Relayed:
    """The event again."""
    event: Relayed = _decoder.decode(body)
    return event


def encode_text(text: Rich) -> bytes:
    """A text's bytes."""
    return _encoder.encode(text)


def decode_text(body: bytes) -> Rich:
    """The text again."""
    return _text.decode(body)


def numbers(body: bytes | None) -> tuple[int, ...]:
    """A stored list of part numbers."""
    return _numbers.decode(body) if body else ()


def encode_numbers(values: tuple[int, ...]) -> bytes:
    """Part numbers as stored."""
    return _encoder.encode(values)
