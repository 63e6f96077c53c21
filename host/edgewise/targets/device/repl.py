"""A small raw REPL for ports that have none: the unix port.

Says its name and \\x04 when it is ready. Then reads a decimal length, a newline and that many bytes of source from
stdin; runs them in one dictionary of names, and answers the output, \\x04, the traceback (empty if none), \\x04. Ends
with the end of stdin.
"""

import io
import sys

sys.path[:] = ["", ".frozen", "lib"]  # as on a board, from the working folder; nothing of this user's or this script's


def answer(source, names):
    try:
        exec(source, names)
    except BaseException as error:  # SystemExit too: a board's raw REPL goes on after it
        text = io.StringIO()
        sys.print_exception(error, text)  # type: ignore[attr-defined]
        return text.getvalue()
    return ""


def serve():
    names = {"__name__": "__main__"}
    sys.stdout.write(sys.implementation.name + "\x04")
    while header := sys.stdin.buffer.readline():
        source = str(sys.stdin.buffer.read(int(header)), "utf-8")
        traceback = answer(source, names)
        sys.stdout.write("\x04" + traceback + "\x04")


serve()
