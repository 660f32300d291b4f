"""The page of what was shown where: on the real platforms, by reports that people sent, and on the emulators. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from bridge.certify.report import Certificate, Line, Verdict

_HEAD = """\
# What was shown, and where

`qantara certify` tries what a connector promises: [how](../certify.md).
On the real platforms somebody has to do that with an account of theirs; on the emulators every run of the tests does.
"""
_SIGNS: Mapping[Verdict, str] = {Verdict.KEPT: "kept", Verdict.BROKEN: "**broken**", Verdict.MISSING: "—"}


def table(emulated: Mapping[str, Sequence[Line]], real: Mapping[str, Certificate]) -> str:
    """The page, from what each connector showed on its emulator, and the newest report of each real platform."""
    return "\n".join([_HEAD, *_newest(emulated, real), "", *_trials(emulated)]) + "\n"


def _newest(emulated: Mapping[str, Sequence[Line]], real: Mapping[str, Certificate]) -> Iterator[str]:
    yield "| connector | last shown on the real platform | on its emulator |"
    yield "|---|---|---|"
    for name, lines in sorted(emulated.items()):
        found = real.get(name)
        shown = f"{found.day}, Qantara {found.version}: {found.counted}" if found else "never"
        kept = sum(line.verdict is Verdict.KEPT for line in lines)
        yield f"| {name} | {shown} | {kept} of {len(lines)} kept |"


def _trials(emulated: Mapping[str, Sequence[Line]]) -> Iterator[str]:
    names = sorted(emulated)
    yield "## On the emulators"
    yield ""
    yield "A dash: the platform has none of it, or nobody is told of it there."
    yield ""
    yield f"| trial | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(names)}"
    for index, line in enumerate(emulated[names[0]]):
        yield f"| {line.trial} | {' | '.join(_SIGNS[emulated[name][index].verdict] for name in names)} |"
