"""Numbered lines that Ada says in a room, and as the other rooms show them."""

from bridge.testing.memory import MemoryPlatform
from bridge.text.nodes import said


def lines(count: int, begin: int = 0) -> list[str]:
    return [f"line {number}" for number in range(begin, begin + count)]


async def speak(platform: MemoryPlatform, words: list[str], room: str = "town") -> None:
    for line in words:
        await platform.say(room, "Ada", said(line))


def heard(words: list[str]) -> list[str]:
    return [f"Ada: {line}" for line in words]
