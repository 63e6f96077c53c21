"""Mount memory outside the heap as a filesystem, for boards that have none; a soft reset leaves what is in it."""

# mypy: ignore-errors


def disk(address, n_blocks):
    import os
    import sys

    import uctypes
    import vfs

    class Disk:
        """The block device that MicroPython's documentation of `vfs` describes, in blocks of 512 bytes."""

        def __init__(self):
            self.memory = uctypes.bytearray_at(address, n_blocks * 512)

        def readblocks(self, block, buffer):
            buffer[:] = memoryview(self.memory)[block * 512 : block * 512 + len(buffer)]

        def writeblocks(self, block, buffer):
            self.memory[block * 512 : block * 512 + len(buffer)] = buffer

        def ioctl(self, operation, _):
            return {4: n_blocks, 5: 512}.get(operation)

    device = Disk()
    try:
        vfs.mount(vfs.VfsFat(device), "/")
    except OSError as error:
        if error.errno != 19:  # no filesystem there: the first start
            raise
        vfs.VfsFat.mkfs(device)
        vfs.mount(vfs.VfsFat(device), "/")
        os.mkdir("/lib")
    sys.path.append("/lib")
