"""Runs the model of /edgewise.json on this board's sensor. Written by edgewise deploy --app; Ctrl-C ends it."""

try:
    from edgewise_rt.app import reason_of, run
except ImportError as error:
    print("main.py:", error, "- run edgewise deploy --app again")
else:
    try:
        run()
    except (OSError, ValueError) as error:
        print("main.py:", reason_of(error))
