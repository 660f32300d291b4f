"""The container runs as nobody, holds no secret, installs only what is locked."""

import json
import re
import shlex

from tests.deploy.containerfile import PATH, ROOT, of, stages

TEXT = PATH.read_text()
BUILD, RUN = stages(TEXT)


def test_it_runs_as_an_ordinary_user_who_owns_the_data_only() -> None:
    (user,) = of(RUN, "USER")
    number, _, group = user.partition(":")
    assert int(number) > 0 < int(group)
    after = RUN[[one.word for one in RUN].index("USER") :]
    assert not of(after, "RUN")
    (owning,) = [line for line in of(RUN, "RUN") if "--owner" in line]
    assert f"--owner {number} --group {group} /var/lib/qantara" in owning
    assert "0700" in owning
    assert not [line for line in of(RUN, "COPY") if "--chown" in line or "--chmod" in line]


def test_what_it_writes_is_one_volume() -> None:
    assert of(RUN, "VOLUME") == ["/var/lib/qantara"]
    assert of(RUN, "WORKDIR") == ["/var/lib/qantara"]
    assert "PYTHONDONTWRITEBYTECODE=1" in of(RUN, "ENV")


def test_it_starts_the_program_itself_so_that_signals_arrive() -> None:
    assert [json.loads(line) for line in (*of(RUN, "ENTRYPOINT"), *of(RUN, "CMD"))] == [["qantara"], ["run"]]
    assert of(RUN, "STOPSIGNAL") == ["SIGTERM"]


def test_nothing_secret_and_nothing_else_of_the_checkout_comes_in() -> None:
    lines = [one.rest for stage in (BUILD, RUN) for one in stage if one.word in {"ENV", "ARG", "LABEL"}]
    assert not [line for line in lines if re.search(r"token|secret|password|key", line, re.IGNORECASE)]
    assert not [one for one in (*BUILD, *RUN) if one.word in {"ADD", "SHELL", "ONBUILD"}]
    copied = [word for line in of(BUILD, "COPY") for word in shlex.split(line)[:-1]]
    assert sorted(copied) == [
        "LICENSE", "README.md", "bridge", "connectors", "locks/build.txt", "locks/runtime.txt", "pyproject.toml",
    ]  # fmt: skip
    assert all((ROOT / name).exists() for name in copied)
    assert of(RUN, "COPY") == ["--from=build /opt/qantara /opt/qantara"]


def test_every_package_is_checked_against_its_hash_or_comes_from_a_checked_one() -> None:
    installs = [line for stage in (BUILD, RUN) for line in of(stage, "RUN") if "pip" in line and "-m pip" in line]
    assert len(installs) == 4
    assert all("--require-hashes" in line or "--no-deps --no-index" in line for line in installs)


def test_the_base_names_no_registry_and_no_moving_tag() -> None:
    (base,) = re.findall(r"^ARG BASE=(\S+)$", TEXT, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", base)
    assert of(BUILD, "FROM") + of(RUN, "FROM") == ["${BASE} AS build", "${BASE}"]
