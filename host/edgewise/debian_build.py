"""MicroPython built from Debian's source packages, for machines that reach no other source.

Debian 13 (trixie) carries MicroPython 1.25.0 and what its Pico firmware needs. The packages are fetched with a private
apt area that copies the machine's own Debian entry with the suite replaced, so apt checks every signature with the
machine's own keys, and its configuration and installed packages stay as they are (but for compilers, see `PACKAGES`).
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgewise.errors import FirmwareError

Progress = Callable[[str, float | None], None]  # what is being done, and how much of it (0..1, None: unknown)

VERSION = "1.25.0"
SUITE = "trixie"

# the unix port's options: no modules whose sources are git submodules, which Debian strips
UNIX_OPTIONS = (
    *("VARIANT=standard", "FROZEN_MANIFEST=", "MICROPY_PY_BTREE=0", "MICROPY_PY_SSL=0", "MICROPY_PY_FFI=0"),
    "MICROPY_SSL_MBEDTLS=0",
)
# the qemu port's: a heap as large as a Pico's, and FAT for a disk in memory, which that port leaves out
QEMU_OPTIONS = (
    *("FROZEN_MANIFEST=", "MICROPY_HEAP_SIZE=194560", "MICROPY_VFS_FAT=1"),
    "CFLAGS_EXTRA=-DMICROPY_FATFS_ENABLE_LFN=1 -DMICROPY_FATFS_RPATH=2",
)
# what FAT lacks there: the date of a file (any function that returns zero), and a conversion of it
QEMU_FAT = "\nLDFLAGS += -Wl,--defsym=get_fattime=mp_hal_stdio_poll\nSRC_C += shared/timeutils/timeutils.c\n"
UF2_BASE, RP2040_FAMILY = "0x10000000", "0xe48bff56"  # start of the flash; the chip's id in a .uf2

# what is downloaded: a Debian package, the apt-get command for it, the file that is kept
SOURCES = {
    "micropython": (("source", "--download-only"), "micropython_*.orig.tar.*"),
    "mbedtls": (("source", "--download-only"), "mbedtls_*.orig.tar.*"),
    "pico-sdk-source": (("download",), "pico-sdk-source_*.deb"),
    "tinyusb-source": (("download",), "tinyusb-source_*.deb"),
}
PACKAGES: tuple[str, ...] = (
    "gcc",
    "libc6-dev",
    "make",
    "python3",
    "xz-utils",
)  # python3 for MicroPython's own build scripts
CORTEX_M3_PACKAGES = ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "qemu-system-arm")
RISCV_PACKAGES = ("gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf", "qemu-system-misc")
ARM_PACKAGES: tuple[str, ...] = ("g++", "cmake", "bzip2", "gcc-arm-none-eabi", "libnewlib-arm-none-eabi")
ARM_PACKAGES += ("libstdc++-arm-none-eabi-newlib",)


def available() -> bool:
    """Is this a Debian machine, whose apt can fetch and build MicroPython?"""
    return shutil.which("apt-get") is not None and _os_release().get("ID") == "debian"


def build(kind: str, target: Path, progress: Progress | None = None) -> None:
    """Build a key of RECIPES, an executable, a .uf2 or an .elf, and put it at `target`.

    One build at a time: another process waits, and finds the result. Whatever an interrupted build left beside
    `target`'s folder goes first; `target` appears whole or not at all. Raises FirmwareError.
    """
    recipe = RECIPES[kind]
    cache = target.parent.parent
    tell = progress or (lambda _what, _fraction: None)
    with _locked(cache / "build.lock", tell):
        if target.exists():
            return
        for left in cache.glob("build-*/"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix="build-", dir=cache) as folder:
            shop = _Workshop(Path(folder), cache / f"{kind}-build.log", tell)
            shop.log.write_bytes(b"")
            shop.install(recipe.packages)
            archives = shop.fetch(recipe.sources, cache / f"sources-{VERSION}")
            product = recipe.make(shop, archives)
            target.parent.mkdir(exist_ok=True)
            os.replace(product, target)


@dataclass(frozen=True)
class _Workshop:
    """One build: its folder, its log, and whom to tell."""

    folder: Path
    log: Path
    tell: Progress

    def run(self, command: list[str], what: str, cwd: Path | None = None) -> None:
        """Run a command, its output into the log; FirmwareError with the last line of it if the command fails."""
        self.tell(what, None)
        last = ""
        environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        pipe = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with (
            self.log.open("ab") as log,
            subprocess.Popen(command, cwd=cwd or self.folder, env=environment, **pipe) as process,  # type: ignore
        ):
            try:
                for line in process.stdout:
                    log.write(line)
                    text = line.decode(errors="replace").strip()
                    last = text if text and "Leaving directory" not in text else last  # make's last word says nothing
                    if percent := re.match(r"\[ *(\d+)%\]", last):
                        self.tell(what, int(percent[1]) / 100)
            except BaseException:
                process.terminate()  # make and apt-get end their children
                raise
        if process.returncode:
            raise FirmwareError(f"{what} failed: {last or command[0]}; the whole log is {self.log}")

    def install(self, packages: tuple[str, ...]) -> None:
        """Install the packages that are missing, as root; FirmwareError with the command to run for everybody else."""
        query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages]
        state = subprocess.run(query, capture_output=True, text=True).stdout
        missing = [package for package in packages if f"{package} installed" not in state.splitlines()]
        if not missing:
            return
        if os.geteuid() != 0:
            command = f"sudo apt-get install --no-install-recommends {' '.join(missing)}"
            raise FirmwareError(f"building MicroPython needs packages that are not installed; run: {command}")
        wait = "-oDPkg::Lock::Timeout=300"
        self.run(["apt-get", wait, "update"], "Reading Debian's package lists")
        install = ["apt-get", wait, "install", "-y", "--no-install-recommends"]
        self.run([*install, *missing], f"Installing {', '.join(missing)}")

    def fetch(self, sources: tuple[str, ...], kept: Path) -> dict[str, Path]:
        """The downloaded source packages, by name; those not in the folder `kept` are downloaded into it."""
        kept.mkdir(exist_ok=True)
        missing = [name for name in sources if not list(kept.glob(SOURCES[name][1]))]
        if missing:
            area = self.folder / "apt"
            for part in ("parts", "lists/partial", "cache/archives/partial", "files"):
                (area / part).mkdir(parents=True)
            (area / "parts" / f"{SUITE}.sources").write_text(debian_entry())
            apt_get = ["apt-get", "-oDir::Etc::sourcelist=/dev/null", f"-oDir::Etc::sourceparts={area}/parts"]
            apt_get += [f"-oDir::State::Lists={area}/lists", f"-oDir::Cache={area}/cache"]
            apt_get += ["-oAPT::Sandbox::User=root"]  # the user _apt may not write in a user's own folder
            self.run([*apt_get, "update", "-eany"], f"Reading the package lists of Debian {SUITE}")
            for name in missing:
                command, pattern = SOURCES[name]
                self.run([*apt_get, *command, name], f"Downloading {name}", cwd=area / "files")
                for file in (area / "files").glob(pattern):
                    os.replace(file, kept / file.name)
        found = {name: next(kept.glob(SOURCES[name][1])) for name in sources}
        if not found["micropython"].name.startswith(f"micropython_{VERSION}+"):
            raise FirmwareError(f"Debian {SUITE} carries {found['micropython'].name}, not {VERSION}: update edgewise")
        return found

    def untar(self, archive: Path, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        self.run(["tar", "-xf", str(archive), "--strip-components=1", "-C", str(folder)], f"Unpacking {archive.name}")
        return folder

    def make(self, folder: Path, what: str, *options: str) -> None:
        self.run(["make", f"-j{os.cpu_count()}", "-C", str(folder), *options], what)


def _build_unix(shop: _Workshop, archives: dict[str, Path]) -> Path:
    tree = shop.untar(archives["micropython"], shop.folder / "micropython")
    shop.make(tree / "mpy-cross", "Building mpy-cross")
    shop.make(tree / "ports/unix", f"Building MicroPython {VERSION} for this machine", *UNIX_OPTIONS)
    return tree / "ports/unix/build-standard/micropython"


def _build_rp2(shop: _Workshop, archives: dict[str, Path]) -> Path:
    tree = shop.untar(archives["micropython"], shop.folder / "micropython")
    shop.untar(archives["mbedtls"], tree / "lib/mbedtls")
    for name in ("pico-sdk-source", "tinyusb-source"):
        shop.run(["dpkg-deb", "-x", str(archives[name]), "root"], f"Unpacking {name}")
    shutil.copytree(shop.folder / "root/usr/src/tinyusb", tree / "lib/tinyusb", dirs_exist_ok=True)
    (tree / "lib/micropython-lib").mkdir(exist_ok=True)
    (tree / "lib/micropython-lib/README.md").touch()  # the build only looks whether it is there

    # the stock board, without the frozen drivers of micropython-lib, which Debian strips
    board = Path(shutil.copytree(tree / "ports/rp2/boards/RPI_PICO", shop.folder / "EDGEWISE_PICO"))
    (board / "manifest.py").write_text('freeze("$(PORT_DIR)/modules")\ninclude("$(MPY_DIR)/extmod/asyncio")\n')
    with (board / "mpconfigboard.cmake").open("a") as settings:
        settings.write("\nset(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)\n")

    what = f"Building MicroPython {VERSION} for RPI_PICO"
    port, out = tree / "ports/rp2", shop.folder / "out"
    shop.make(tree / "mpy-cross", "Building mpy-cross")
    options = {"MICROPY_BOARD": board.name, "MICROPY_BOARD_DIR": board, "PICO_NO_PICOTOOL": 1, "PICO_BUILD_DOCS": 0}
    options["PICO_SDK_PATH_OVERRIDE"] = shop.folder / "root/usr/src/pico-sdk"
    defines = [f"-D{name}={value}" for name, value in options.items()]
    shop.run(["cmake", "-G", "Unix Makefiles", "-S", str(port), "-B", str(out), *defines], what)
    shop.make(out, what)
    convert = [sys.executable, str(tree / "tools/uf2conv.py"), "-b", UF2_BASE, "-f", RP2040_FAMILY, "-c"]
    shop.run([*convert, "-o", "firmware.uf2", str(out / "firmware.bin")], what)
    return shop.folder / "firmware.uf2"


def _build_qemu(shop: _Workshop, archives: dict[str, Path], board: str, *options: str) -> Path:
    tree = shop.untar(archives["micropython"], shop.folder / "micropython")
    port = tree / "ports/qemu"
    with_fat = Path(shutil.copytree(port / "boards" / board, shop.folder / board))
    with (with_fat / "mpconfigboard.mk").open("a") as settings:
        settings.write(QEMU_FAT)
    shop.make(tree / "mpy-cross", "Building mpy-cross")
    what = f"Building MicroPython {VERSION} for QEMU's {board}"
    shop.make(port, what, f"BOARD={board}", f"BOARD_DIR={with_fat}", *QEMU_OPTIONS, *options)
    return port / f"build-{board}/firmware.elf"


def _build_cortex_m3(shop: _Workshop, archives: dict[str, Path]) -> Path:
    return _build_qemu(shop, archives, "MPS2_AN385")


def _build_riscv(shop: _Workshop, archives: dict[str, Path]) -> Path:
    # gcc 12 finds no 32-bit library for the port's own rv32imac_zicsr
    flags = "AFLAGS=-misa-spec=2.2 -mabi=ilp32 -march=rv32imac"
    return _build_qemu(shop, archives, "VIRT_RV32", "RV32_ARCH=rv32imac", flags)


@dataclass(frozen=True)
class _Recipe:
    packages: tuple[str, ...]
    sources: tuple[str, ...]
    make: Callable[[_Workshop, dict[str, Path]], Path]


RECIPES = {
    "unix": _Recipe(PACKAGES, ("micropython",), _build_unix),
    "cortex-m3": _Recipe((*PACKAGES, *CORTEX_M3_PACKAGES), ("micropython",), _build_cortex_m3),
    "riscv": _Recipe((*PACKAGES, *RISCV_PACKAGES), ("micropython",), _build_riscv),
    "rp2": _Recipe((*PACKAGES, *ARM_PACKAGES), tuple(SOURCES), _build_rp2),
}


def debian_entry(etc: Path = Path("/etc/apt"), codename: str | None = None) -> str:
    """The machine's own apt entry for Debian, in deb822 form, with the suite replaced and source packages added.

    Read from sources.list.d/*.sources, then from the one-line form in sources.list and sources.list.d/*.list;
    `codename` is this machine's release, from os-release by default.
    """
    suites = {codename or _os_release().get("VERSION_CODENAME", ""), "stable", "testing", "unstable", "sid"}
    for file in sorted((etc / "sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", file.read_text("utf-8"))):
            # a value goes on over the lines that start with a space: an embedded key, for one
            fields = dict(re.findall(r"(?m)^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza))
            if fields.get("Enabled", "yes") == "yes" and suites & set(fields.get("Suites", "").split()):
                return _entry(fields["URIs"], fields.get("Signed-By"))
    for file in (etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))):
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        for line in lines:
            one_line = re.match(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+main\b", line)
            if one_line and one_line["suite"] in suites:
                signed_by = re.search(r"signed-by=(\S+)", one_line["options"] or "")
                return _entry(one_line["uri"], signed_by and signed_by[1])
    raise FirmwareError(f"no apt entry in {etc} names this machine's Debian release, so MicroPython cannot be fetched")


def _entry(uris: str, signed_by: str | None) -> str:
    keys = f"Signed-By: {signed_by}\n" if signed_by else ""  # apt's trusted keys otherwise
    return f"Types: deb deb-src\nURIs: {uris}\nSuites: {SUITE}\nComponents: main\n{keys}"


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:  # no such file: not Linux
        return {}


@contextmanager
def _locked(path: Path, tell: Progress) -> Iterator[None]:
    """Hold the lock file; the kernel lets it go when the process ends, however it ends."""
    import fcntl  # POSIX only, and so is apt

    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("Waiting for another process that builds MicroPython", None)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
