"""Copies a row into the buffer by MicroPython's native emitter, on every architecture that has one."""

# ruff: noqa: F821 - const, and viper's types

_TAKES_NAN = const(False)


@micropython.viper
def _copied(words: ptr32) -> bool:
    # words: row, types of float, list, tuple, array and memoryview, N_FEATURES, buffer; and whether NaN is a number, too.
    # Registers hold the first two locals only.
    word = words[0]
    left = words[6] >> 1
    words[0] = 1  # a small int: the row need not be kept for this
    n = code = at = sign = base = 0
    size = 4
    if not word & 3:
        row = ptr32(word)
        at = word + 8
        word = row[0]
        if not word - words[3]:
            n = row[1]
        elif not (word - words[2] and word - words[4] and word - words[5]):
            n = row[2]
            at = row[3]
            if word - words[2]:
                code = row[1] & 0x7F
                if code - 0x66:  # "f"
                    size = 2
                    sign = (code & 0x20) << 18  # capitals have none
                    base = 141
                    if code & 0x5F ^ 0x48:  # "h", "H"
                        size = 1
                        base = 133
                        if code & 0x5F ^ 0x42:  # "b", "B"
                            n = 0
            if not word - words[5]:
                at += (uint(row[1]) >> 8) * size
    at -= size  # from the last one down
    to = ptr32(ptr32(words[7])[3] - 4)
    floats = words[1]
    if not n - left:
        while left:
            exponent = base
            if base:
                if base & 8:
                    word = ptr16(at)[left] << 8
                else:
                    word = ptr8(at)[left] << 16
                word = (word ^ sign) - sign
            else:
                word = ptr32(at)[left]
                if not code:
                    if word & 3:
                        if not word & 1:
                            break
                        word >>= 1
                        exponent = 149
                    else:
                        if ptr32(word)[0] - floats:
                            break
                        word = ptr32(word)[1]
            if exponent:
                if word >> 31:
                    word = 0 - word
                    exponent += 256
                if word >> 24:
                    break
                if word:
                    while not word >> 20:
                        word <<= 4
                        exponent -= 4
                    while not word >> 23:
                        word += word
                        exponent -= 1
                    word += exponent << 23  # whose last bit is the highest of word
            elif not ~(word >> 23) & 0xFF:  # infinite, or no number
                if _TAKES_NAN:
                    if not word & 0x7FFFFF:
                        break
                    if not words[8] - 1:  # the small int 0
                        break
                else:
                    break
            to[left] = word
            left -= 1
    return left == 0
