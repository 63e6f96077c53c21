"""What the features of a window cost: time and memory, of sets and of the kernels that they run."""

# mypy: ignore-errors


def samples(n_axes, length):
    """A slow sawtooth and noise, a quarter of full scale."""
    from array import array

    window = array("h", [0] * (length * n_axes))
    noise = 1
    for i in range(len(window)):
        noise = noise * 75 % 65537
        window[i] = (i % (40 * n_axes) - 20 * n_axes) * 100 + (noise >> 4)
    return window


def cost(function, repeat):
    """(us, bytes allocated) of a call: medians; what a call of nothing takes is taken off the bytes."""
    import gc
    import time

    function()
    used = []
    gc.collect()
    gc.disable()  # a collection in the middle would hide what a call allocates
    try:
        for call in (function, lambda: None):
            before = gc.mem_alloc()
            call()
            used.append(gc.mem_alloc() - before)
    finally:
        gc.enable()
    times = []
    for _ in range(repeat):
        start = time.ticks_us()
        function()
        times.append(time.ticks_diff(time.ticks_us(), start))
    return sorted(times)[repeat // 2], used[0] - used[1]


def features_cost(sets, n_axes, length, repeat):
    """(us, bytes allocated) of a window's features, and the heap in bytes that the imports and the object hold."""
    import gc

    gc.collect()
    before = gc.mem_alloc()
    stage = stage_of(sets, n_axes, length)
    gc.collect()
    held = gc.mem_alloc() - before
    window = samples(n_axes, length)
    return cost(lambda: stage.compute(window), repeat), held


def stage_of(sets, n_axes, length):
    from edgewise_rt.stage import Stage

    axes = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")[:n_axes]
    return Stage(sets, axes, ("g", "g", "g", "dps", "dps", "dps")[:n_axes], (1 / 16384,) * n_axes, (0,) * n_axes, length, 100)


def kernel_cost(points, repeat):
    """(name, (us, bytes allocated)) of the steps of the spectral set, for one axis."""
    from edgewise_rt import integers, spectral

    stage = stage_of(("spectral",), 1, points)
    window = samples(1, points)
    features = stage.compute(window)
    found = stage._sets[0][0]
    work, data, power, quarter = found._work, found._data, found._power, spectral._QUARTER

    def both():
        spectral.load(window, work, quarter, data)
        spectral.transform(data, 0, work, quarter)

    def add_power():
        work[9] = spectral.SILENT  # else the sum grows from call to call
        spectral.add_power(data, power, work)

    def levels():
        spectral.lines(power, work)
        spectral.levels(work)

    loading, transforming = cost(lambda: spectral.load(window, work, quarter, data), repeat), cost(both, repeat)
    return [
        ("load", loading),
        ("transform", (transforming[0] - loading[0], transforming[1] - loading[1])),
        ("add_power", cost(add_power, repeat)),
        ("lines", cost(lambda: spectral.lines(power, work), repeat)),
        ("lines and levels", cost(levels, repeat)),
        ("to_floats", cost(lambda: integers.to_floats(work, found._cells, found._constants, features), repeat)),
    ]


def motion_cost(n_axes, length, repeat):
    """(name, (us, bytes allocated)) of the steps of the motion set."""
    from edgewise_rt import integers, motion

    stage = stage_of(("motion",), n_axes, length)
    window = samples(n_axes, length)
    features = stage.compute(window)
    found = stage._sets[0][0]
    work = found._work
    work[1], work[2] = n_axes, 8
    axis, at = found._triples[0]

    def together():
        work[1], work[2], work[5] = n_axes, at, axis
        motion.together(window, found._magnitude, work)

    def across():
        work[1], work[2] = n_axes, found._pairs[0][2]
        work[5], work[6] = 0, 3
        motion.across(window, work)

    return ([("across", cost(across, repeat))] if found._pairs else []) + [
        ("moments", cost(lambda: integers.moments(window, work), repeat)),
        ("together", cost(together, repeat)),
        ("differences", cost(lambda: integers.differences(work, found._jobs), repeat)),
        ("to_floats", cost(lambda: integers.to_floats(work, found._cells, found._constants, features), repeat)),
    ]
