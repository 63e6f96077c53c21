"""From a sensor's configuration to its driver."""


def open_sensor(config):
    """The driver on its bus. config: sensor, module, class, bus, pins, address, rate_hz, options; as the host makes it.

    Raises ValueError or OSError, one line: a bus or driver that is not there, what the sensor cannot do, or no answer.
    """
    name, module, kind, bus = (config[key] for key in ("sensor", "module", "class", "bus"))
    if bus not in BUSES:
        raise ValueError("sensor %s is on bus %r: there are %s" % (name, bus, ", ".join(sorted(BUSES))))
    try:
        driver = getattr(__import__("drivers." + module, None, None, (kind,)), kind)
    except (ImportError, AttributeError):
        raise ValueError("no driver %s in /lib/drivers: deploy again, or copy it there" % module) from None
    options = dict(config.get("options") or {})
    options["rate_hz"] = config["rate_hz"]
    if config.get("address") is not None:
        options["address"] = config["address"]
    try:
        port = BUSES[bus](config.get("pins") or {}, options)
    except ImportError:
        raise ValueError("this MicroPython has no %s, which sensor %s is on: use another board" % (bus, name)) from None
    return driver(port, **options)


def _i2c(pins, options):
    from machine import I2C, Pin

    return I2C(pins["id"], scl=Pin(pins["scl"]), sda=Pin(pins["sda"]), freq=400000)


def _adc(pins, options):
    from machine import ADC, Pin

    if options.get("kind") == "chip":
        return ADC(ADC.CORE_TEMP)
    adc = ADC(Pin(pins["pin"]))
    if hasattr(adc, "atten"):  # esp32: the whole range up to 3.3 V
        adc.atten(ADC.ATTN_11DB)
    return adc


def _i2s(pins, options):
    from machine import I2S, Pin

    audio_hz = options.get("audio_rate_hz", 16000)
    lines = {name: Pin(pins[name]) for name in ("sck", "ws", "sd")}
    room = 8 * int(audio_hz // options["rate_hz"]) + 64  # two readings
    return I2S(pins["id"], mode=I2S.RX, bits=32, format=I2S.MONO, rate=audio_hz, ibuf=room, **lines)


def _wifi(pins, options):
    from network import STA_IF, WLAN

    station = WLAN(STA_IF)
    station.active(True)
    return station


def _none(pins, options):
    return None


BUSES = {"i2c": _i2c, "adc": _adc, "i2s": _i2s, "wifi": _wifi, "replay": _none}
