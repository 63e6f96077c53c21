"""The runtime's modules on a target, as a deployed app has them."""

from collections.abc import Iterable
from hashlib import sha256

from edgewise import Target
from edgewise.runtime import module_files


def put_runtime(target: Target, modules: Iterable[str]) -> None:
    """Compiles modules (motion, drivers/mpu6050, ...) for the target and puts those that it does not have to /lib.

    That is on every target's sys.path; `soft_reset` forgets what it has imported.
    """
    files = module_files(modules, target.info().mpy_arch)
    have = target.hashes(list(files))
    for path, content in files.items():
        if have[path] != sha256(content).hexdigest():
            target.put(path, content)
