"""What can go wrong, each a subclass of EdgewiseError: one line that names the value, the place and the remedy."""


class EdgewiseError(Exception):
    """The user can mend this; the text is one line and needs no traceback."""


class DatasetError(EdgewiseError):
    """A data file or a column of it cannot be used."""


class RecordingError(EdgewiseError):
    """A recording, or a file to make one of, cannot be read, written or cut into windows."""


class UnsupportedModelError(EdgewiseError):
    """This estimator, or this option of it, has no transpiler."""


class ModelFileError(EdgewiseError):
    """A saved model or an artifact folder cannot be read or written."""


class BoardError(EdgewiseError):
    """A board's description is unknown or wrong."""


class FitError(EdgewiseError):
    """The program does not fit the board."""


class PortError(EdgewiseError):
    """Nothing that speaks MicroPython answers at the port."""


class DeviceError(EdgewiseError):
    """The code that ran on the board raised; `traceback` is what the board printed."""

    def __init__(self, message: str, traceback: str = ""):
        super().__init__(message)
        self.traceback = traceback


class FirmwareError(EdgewiseError):
    """The MicroPython firmware or interpreter can be neither found, fetched nor built."""


class SensorError(EdgewiseError):
    """A sensor is unknown, cannot do what is asked of it, or has nothing to play."""
