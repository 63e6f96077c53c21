"""Device code, as real files. Each runs on CPython and MicroPython alike, filled with a tiny model's constants.

A generated module is made of some of these files: `backends.module` replaces the value of every constant (an assignment of a
literal to an upper-case name), keeps functions and derived values as they stand, and drops the imports between them.
"""
