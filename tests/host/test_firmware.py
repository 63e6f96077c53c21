"""Finding, fetching and building MicroPython, without doing the minutes of work: the emulator's tests do that."""

import os
import struct
import threading
import urllib.error
from pathlib import Path

import pytest

from edgewise import debian_build, firmware
from edgewise.errors import FirmwareError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda _name: str(tmp_path / "cache"))
    monkeypatch.delenv("EDGEWISE_MICROPYTHON", raising=False)
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def uf2(blocks: int = 3, family: int = firmware.RP2040_FAMILY) -> bytes:
    return b"".join(
        struct.pack("<8I", firmware.UF2_START, firmware.UF2_START_2, 0x2000, 0, 256, number, blocks, family)
        + bytes(476)
        + struct.pack("<I", firmware.UF2_END)
        for number in range(blocks)
    )


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


# UF2


@pytest.mark.parametrize(
    ("image", "complaint"),
    [
        (b"", "no whole UF2 file"),
        (b"<html>" * 100, "other magic numbers"),
        (uf2()[:-512], "not whole"),
        (uf2() + b"x", "no whole UF2 file"),
        (uf2()[512:], "not whole"),
        (uf2(family=0xE48BFF59), "family 0xe48bff59"),  # the RP2350
    ],
)
def test_damaged_uf2_files(tmp_path: Path, image: bytes, complaint: str):
    path = tmp_path / "firmware.uf2"
    path.write_bytes(image)
    with pytest.raises(FirmwareError, match=complaint):
        firmware.check_uf2(path)


def test_a_whole_uf2_file(tmp_path: Path):
    path = tmp_path / "firmware.uf2"
    path.write_bytes(uf2())
    firmware.check_uf2(path)


# the official firmware


@pytest.fixture
def official(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A download of rp2040py's that succeeds; returns the file that it leaves."""
    retrieve = pytest.importorskip("rp2040py.utils.firmware_retrieve", reason="rp2040py is not installed")
    path = tmp_path / "RPI_PICO.uf2"
    path.write_bytes(uf2())
    monkeypatch.setattr("urllib.request.urlopen", lambda _request, timeout: open(os.devnull))  # noqa: SIM115
    monkeypatch.setattr(retrieve, "retrieve", lambda _spec, _url: path)
    return path


def test_the_official_firmware_is_preferred_and_kept(official: Path, cache: Path):
    built = cache / f"rp2-RPI_PICO-{firmware.VERSION}" / "firmware.uf2"
    built.parent.mkdir()
    built.write_bytes(b"built")
    first = firmware.rp2_firmware()
    assert (first.origin, first.version, first.path.read_bytes()) == ("official", "1.25.0", uf2())
    official.unlink()
    assert firmware.rp2_firmware() == firmware.Firmware(first.path, first.version, "cached official")


def test_a_damaged_download_is_removed(official: Path, cache: Path):
    official.write_bytes(uf2()[:-100])
    with pytest.raises(FirmwareError, match="damaged and has been removed, try again"):
        firmware.rp2_firmware()
    assert not official.exists()


def test_without_a_network_the_build_is_used_and_the_download_tried_again_a_day_later(
    official: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    probes = []

    def unreachable(request, timeout):
        probes.append(timeout)
        raise urllib.error.URLError("no network")

    built = cache / f"rp2-RPI_PICO-{firmware.VERSION}" / "firmware.uf2"
    built.parent.mkdir()
    built.write_bytes(uf2())
    with monkeypatch.context() as offline:
        offline.setattr("urllib.request.urlopen", unreachable)
        for _ in range(2):
            assert firmware.rp2_firmware() == firmware.Firmware(built, "1.25.0", "cached build")
    assert probes == [firmware.PROBE_TIMEOUT_S]
    stamp = cache / "official-firmware-unreachable"
    yesterday = stamp.stat().st_mtime - firmware.PROBE_AGAIN_S
    os.utime(stamp, (yesterday, yesterday))
    assert firmware.rp2_firmware().origin == "official"


def test_other_boards_are_refused():
    with pytest.raises(FirmwareError, match=r"ESP32_GENERIC: .* RPI_PICO only"):
        firmware.rp2_firmware("ESP32_GENERIC")


def test_no_download_and_no_debian(cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(firmware, "_official", lambda _progress: None)
    monkeypatch.setattr(debian_build, "available", lambda: False)
    with pytest.raises(FirmwareError, match="no Debian machine"):
        firmware.rp2_firmware()


def test_a_cache_that_cannot_be_made(cache: Path):
    cache.rmdir()
    cache.write_text("in the way")
    with pytest.raises(FirmwareError, match="XDG_CACHE_HOME"):
        firmware.unix_micropython()


# the unix port


def test_the_environment_comes_first(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    chosen = script(tmp_path / "mine", "exit")
    monkeypatch.setenv("EDGEWISE_MICROPYTHON", str(chosen))
    assert firmware.unix_micropython() == chosen
    monkeypatch.setenv("EDGEWISE_MICROPYTHON", str(tmp_path))
    with pytest.raises(FirmwareError, match=f"EDGEWISE_MICROPYTHON={tmp_path}: no executable"):
        firmware.unix_micropython()


@pytest.mark.parametrize(("version", "good"), [("(1, 22, 0)", True), ("(1, 19, 1)", False)])
def test_the_one_on_path_comes_last(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, good: bool):
    on_path = script(tmp_path / "micropython", f"echo '{version}'")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(debian_build, "available", lambda: False)
    if good:
        assert firmware.unix_micropython() == on_path
    else:
        with pytest.raises(FirmwareError, match=r"1\.22 or later.*EDGEWISE_MICROPYTHON"):
            firmware.unix_micropython()
    kept = cache / f"unix-{firmware.VERSION}" / "micropython"
    kept.parent.mkdir()
    script(kept, "exit")
    assert firmware.unix_micropython() == kept


# building


def recipe(make, packages=()) -> dict:
    return {"unix": debian_build._Recipe(packages, (), make)}


@pytest.fixture
def no_sources(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(debian_build._Workshop, "fetch", lambda *_: {})


@pytest.mark.usefixtures("no_sources")
def test_two_builds_at_once_are_one(cache: Path, monkeypatch: pytest.MonkeyPatch):
    made = []
    started, finish = threading.Event(), threading.Event()

    def make(shop, _archives):
        started.set()
        finish.wait()
        made.append(script(shop.folder / "product", "exit"))
        return made[-1]

    def waits(what, _fraction):
        if "Waiting" in what:
            finish.set()

    monkeypatch.setattr(debian_build, "RECIPES", recipe(make))
    target = cache / "unix-1" / "micropython"
    first = threading.Thread(target=debian_build.build, args=("unix", target))
    first.start()
    started.wait()
    debian_build.build("unix", target, waits)
    first.join()
    assert len(made) == 1
    assert target.exists()
    assert not list(cache.glob("build-*/"))


@pytest.mark.usefixtures("no_sources")
def test_an_interrupted_build_starts_again_cleanly(cache: Path, monkeypatch: pytest.MonkeyPatch):
    (cache / "build-killed" / "half").mkdir(parents=True)  # as after a SIGKILL
    target = cache / "unix-1" / "micropython"

    def interrupted(shop, _archives):
        assert not (cache / "build-killed").exists()
        (shop.folder / "half").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(debian_build, "RECIPES", recipe(interrupted))
    with pytest.raises(KeyboardInterrupt):
        debian_build.build("unix", target)
    assert not target.exists()
    assert not list(cache.glob("build-*/"))
    monkeypatch.setattr(debian_build, "RECIPES", recipe(lambda shop, _: script(shop.folder / "x", "exit")))
    debian_build.build("unix", target)
    assert os.access(target, os.X_OK)


@pytest.mark.usefixtures("no_sources")
def test_a_failed_build_names_its_log(cache: Path, monkeypatch: pytest.MonkeyPatch):
    told = []

    def make(shop, _archives):
        shop.run(
            ["sh", "-c", "echo '[ 42%] Building'; echo 'no rule to make pies'; echo 'make: Leaving directory'; exit 2"],
            "Building pies",
        )

    monkeypatch.setattr(debian_build, "RECIPES", recipe(make))
    log = cache / "unix-build.log"
    with pytest.raises(FirmwareError, match=f"Building pies failed: no rule to make pies; the whole log is {log}"):
        debian_build.build("unix", cache / "unix-1" / "micropython", lambda *what: told.append(what))
    assert told == [("Building pies", None), ("Building pies", 0.42)]
    assert "[ 42%] Building" in log.read_text()


@pytest.mark.skipif(not debian_build.available(), reason="needs apt and dpkg of a Debian machine")
def test_missing_packages_are_named_to_who_is_not_root(cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(debian_build, "RECIPES", recipe(None, packages=("dpkg", "no-such-package", "nor-this")))
    command = "sudo apt-get install --no-install-recommends no-such-package nor-this"
    with pytest.raises(FirmwareError, match=f"run: {command}$"):
        debian_build.build("unix", cache / "unix-1" / "micropython")


# apt's entry for Debian

DEB822 = """# a comment
Types: deb
URIs: http://vendor.example/packages
Suites: stable-vendor
Components: main
Signed-By: /usr/share/keyrings/vendor.gpg

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
Components: main

Types: deb
# a comment inside
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
EXPECTED = """Types: deb deb-src
URIs: http://mirror.example/debian
Suites: trixie
Components: main
"""
KEYRING = "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("sources.list.d/debian.sources", DEB822, EXPECTED + KEYRING),
        (
            "sources.list.d/debian.sources",
            "Suites: bookworm\nURIs: http://mirror.example/debian\nSigned-By:\n -----BEGIN\n .\n abc\n",
            EXPECTED + "Signed-By: \n -----BEGIN\n .\n abc\n",
        ),
        ("sources.list", "# deb http://no bookworm main\ndeb http://mirror.example/debian bookworm main\n", EXPECTED),
        (
            "sources.list.d/here.list",
            f"deb [arch=amd64 {KEYRING.strip().replace('S', 's', 1).replace('-By: ', '-by=')}] "
            "http://mirror.example/debian bookworm main contrib\n",
            EXPECTED + KEYRING,
        ),
    ],
    ids=["deb822", "embedded_key", "one_line", "one_line_signed"],
)
def test_the_machines_own_entry_is_copied(tmp_path: Path, file: str, text: str, expected: str):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / file).write_text(text)
    assert debian_build.debian_entry(tmp_path, "bookworm") == expected


def test_no_entry_for_debian(tmp_path: Path):
    (tmp_path / "sources.list").write_text("deb http://mirror.example/other jammy main\n")
    with pytest.raises(FirmwareError, match="no apt entry"):
        debian_build.debian_entry(tmp_path, "bookworm")
