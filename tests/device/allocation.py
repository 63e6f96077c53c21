"""What a prediction takes from the heap, where the interpreter tells. Thresholds that are shared take nothing."""

import gc

import pooled


def used(row):
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        pooled.predict(row)
        return gc.mem_alloc() - before
    finally:
        gc.enable()


def test_predict_on_a_list_of_floats():
    row = [1.5] * pooled.N_FEATURES
    single = float("16777217") == float("16777216")
    if hasattr(gc, "mem_alloc") and single:  # doubles are rounded to single in an array first
        assert used(row) < 400, used(row)
        assert used(tuple(row)) < 400
        assert used([1] * pooled.N_FEATURES) < 400
        assert used(row) == used(row)
