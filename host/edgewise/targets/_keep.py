"""Runs a command for as long as stdin is open; run as a script: python -P _keep.py COMMAND ...

Each s on stdin stops the command's process, each c lets it go on: QEMU's boards spin while they wait for input.
"""

import os
import signal
import subprocess
import sys
import threading

SIGNALS = {b"s": signal.SIGSTOP, b"c": signal.SIGCONT}


def main() -> None:
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)

    def watch() -> None:
        os._exit(process.wait() & 0xFF)

    threading.Thread(target=watch, daemon=True).start()
    while word := os.read(0, 1):
        process.send_signal(SIGNALS[word])
    process.kill()
    process.wait()


if __name__ == "__main__":
    main()
