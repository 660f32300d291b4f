"""Secrets are compared by `hmac.compare_digest` only: an ordinary comparison tells how much of a guess was right."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECRET = re.compile(r"secret|token|signature|password|digest|bearer|credential|hmac", re.IGNORECASE)
HARMLESS = re.compile(
    r"_is_short|_LENGTH|_token_|tokens?_left|next_token|\btoken\.(level|type|tag|nesting|group)", re.IGNORECASE
)
ALLOWED = {
    "bridge/config/__init__.py": "a list of what to mask, built once from our own settings",
    "connectors/matrix/sync.py": "a sync token is a position, no secret",
    "connectors/irc/speech.py": "the token of a PONG is our own fence",
}
"""Files that compare what is called like a secret and is none, each with its reason."""
FILES = [path for part in ("bridge", "connectors") for path in sorted((ROOT / part).rglob("*.py"))]


def compared(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every comparison with ==, !=, `in` or startswith in which something is called like a secret."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others):
                if any(isinstance(one, ast.Eq | ast.NotEq) for one in ops):
                    sides = [left, *others]
                    if not any(isinstance(side, ast.Constant) for side in sides) and any(map(is_secret, sides)):
                        yield node.lineno, ast.unparse(node)
            case ast.Call(func=ast.Attribute(value=value, attr="startswith" | "endswith"), args=[argument]):
                if is_secret(argument) or (is_secret(value) and not isinstance(argument, ast.Constant)):
                    yield node.lineno, ast.unparse(node)


def is_secret(node: ast.AST) -> bool:
    words = ast.unparse(node)
    return bool(SECRET.search(words)) and not HARMLESS.search(words)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_secrets_are_compared_in_constant_time(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if "emulator" in name or "/testing/" in name or name in ALLOWED:
        return
    assert not list(compared(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    "source",
    ["given == secret", "request.headers['x'] != self._token", "secret.startswith(given)", "sig == expected_signature"],
)
def test_an_ordinary_comparison_is_noticed(source: str) -> None:
    assert list(compared(ast.parse(source)))


@pytest.mark.parametrize("source", ["hmac.compare_digest(given, secret)", "token is None", "kind == 'token'"])
def test_other_comparisons_are_let_pass(source: str) -> None:
    assert not list(compared(ast.parse(source)))
