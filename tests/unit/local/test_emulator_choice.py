import hashlib
from pathlib import Path

import pytest

from infra.local.errors import LocalError
from infra.local.firestore_jar import Download, Jar, fetch, find_jar
from infra.local.java import find_java, major_version

IN_SDK = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"


def write_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def write_jar(sdk: Path) -> Path:
    jar = sdk / IN_SDK
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"jar")
    return jar


def test_the_jar_lies_beside_the_gcloud_on_the_path_even_if_that_is_a_link(tmp_path: Path) -> None:
    gcloud = write_program(tmp_path / "sdk" / "bin" / "gcloud", "true")
    jar = write_jar(tmp_path / "sdk")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "gcloud").symlink_to(gcloud)
    assert find_jar({"PATH": str(tmp_path / "links")}) == Jar(jar, java=11)


def test_the_named_sdk_comes_before_the_gcloud_on_the_path(tmp_path: Path) -> None:
    write_program(tmp_path / "one" / "bin" / "gcloud", "true")
    write_jar(tmp_path / "one")
    named = write_jar(tmp_path / "two")
    environment = {"PATH": str(tmp_path / "one" / "bin"), "CLOUDSDK_ROOT_DIR": str(tmp_path / "two")}
    assert find_jar(environment).path == named


def test_a_download_gets_its_name_only_once_it_is_what_it_must_be(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "cache" / "emulator.jar"
    source.write_bytes(b"the emulator")
    sha256 = hashlib.sha256(b"the emulator").hexdigest()
    fetch(Download(source.as_uri(), sha256, 12), target)
    assert target.read_bytes() == b"the emulator"
    assert [path.name for path in target.parent.iterdir()] == ["emulator.jar"]


def test_a_download_that_is_another_file_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "cache" / "emulator.jar"
    source.write_bytes(b"something else")
    with pytest.raises(LocalError, match="not the file it was"):
        fetch(Download(source.as_uri(), "0" * 64, 14), target)
    assert list(target.parent.iterdir()) == []


def test_a_download_that_cannot_be_reached_names_the_remedies(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"(?s)could not be downloaded.*gcloud components install.*EMULATOR_HOST"):
        fetch(Download((tmp_path / "missing").as_uri(), "0" * 64, 1), tmp_path / "emulator.jar")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_191"', 8),
        ('openjdk version "25.0.2-ea" 2026-01-20', 25),
        ("Unable to locate a Java Runtime.", None),
    ],
)
def test_java_says_its_version_in_two_ways(text: str, version: int | None) -> None:
    assert major_version(text) == version


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    says_21 = "echo 'openjdk version \"21.0.1\"' >&2"
    on_path = write_program(tmp_path / "path" / "java", says_21)
    home = write_program(tmp_path / "home" / "bin" / "java", says_21)
    environment = {"PATH": f"{on_path.parent}:/bin", "JAVA_HOME": str(tmp_path / "home")}
    assert find_java(environment, minimum=11) == str(home)


def test_a_java_that_is_too_old_or_only_a_stub_is_passed_over(tmp_path: Path) -> None:
    write_program(tmp_path / "home" / "bin" / "java", "echo 'Unable to locate a Java Runtime.' >&2; exit 1")
    good = write_program(tmp_path / "path" / "java", "echo 'openjdk version \"21.0.1\"' >&2")
    environment = {"PATH": f"{good.parent}:/bin", "JAVA_HOME": str(tmp_path / "home")}
    assert find_java(environment, minimum=21) == str(good)
