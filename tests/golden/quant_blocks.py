"""Draws quantized blocks at random, so that a fixture covers block layouts without a quantizer of every kind.

Every field of a block gets values from its whole range; scales are set so that the weights have a chosen spread and a
mean near zero.  Layouts are those of ggml; the reader (gguf_reader.py) was written first and apart from this file.
"""
import numpy as np

# name -> (ggml type, values a block)
TYPES = {'Q4_0': (2, 32), 'Q4_1': (3, 32), 'Q5_0': (6, 32), 'Q5_1': (7, 32), 'Q8_0': (8, 32),
         'Q4_K': (12, 256), 'Q5_K': (13, 256), 'Q6_K': (14, 256),
         'IQ4_NL': (20, 32), 'IQ4_XS': (23, 256)}
# spread of the stored integers when all are equally likely
_STEP = {'Q4_0': 4.6, 'Q4_1': 4.6, 'Q5_0': 9.2, 'Q5_1': 9.2, 'Q8_0': 73.6, 'Q4_K': 4.6 * 44, 'Q5_K': 9.2 * 44, 'Q6_K': 18.5 * 44,
         'IQ4_NL': 73.1, 'IQ4_XS': 73.1 * 22}


def _half(x):
    return np.asarray(x, '<f2').reshape(-1, 1).view(np.uint8)


def _pack_six_bit(scale, minimum):
    """Eight scales and eight minimums of 6 bits -> 12 bytes."""
    low = scale[:, :4] | ((scale[:, 4:] >> 4) << 6)
    mid = minimum[:, :4] | ((minimum[:, 4:] >> 4) << 6)
    high = (scale[:, 4:] & 15) | ((minimum[:, 4:] & 15) << 4)
    return np.concatenate((low, mid, high), 1).astype(np.uint8)


def random_blocks(kind, rows, columns, spread, rng):
    """Raw bytes of a [rows, columns] matrix of type `kind` whose values have about the standard deviation `spread`."""
    n = rows * columns // TYPES[kind][1]
    raw = lambda size: rng.randint(0, 256, (n, size)).astype(np.uint8)
    d = spread / _STEP[kind] * rng.uniform(0.6, 1.4, n)
    if kind == 'Q4_0':
        parts = [_half(d), raw(16)]
    elif kind == 'Q4_1':
        parts = [_half(d), _half(-7.5 * d), raw(16)]
    elif kind == 'Q5_0':
        parts = [_half(d), raw(4), raw(16)]
    elif kind == 'Q5_1':
        parts = [_half(d), _half(-15.5 * d), raw(4), raw(16)]
    elif kind == 'Q8_0':
        parts = [_half(d), raw(32)]
    elif kind in ('Q4_K', 'Q5_K'):
        scale = rng.randint(24, 64, (n, 8))
        minimum = np.clip(scale + rng.randint(-3, 4, (n, 8)), 0, 63)
        middle = 7.5 if kind == 'Q4_K' else 15.5
        parts = [_half(d), _half(middle * d), _pack_six_bit(scale, minimum)] + ([raw(32)] if kind == 'Q5_K' else []) + [raw(128)]
    elif kind == 'IQ4_NL':
        parts = [_half(d), raw(16)]
    elif kind == 'IQ4_XS':
        scale = 32 + rng.randint(12, 32, (n, 8)) * rng.choice([-1, 1], (n, 8))
        low = (scale[:, 0::2] & 15) | ((scale[:, 1::2] & 15) << 4)
        high = ((scale >> 4) << np.arange(0, 16, 2)).sum(1).astype('<u2').reshape(-1, 1).view(np.uint8)
        parts = [_half(d), high, low.astype(np.uint8), raw(128)]
    else:
        scale = rng.randint(24, 65, (n, 16)) * rng.choice([-1, 1], (n, 16))
        parts = [raw(128), raw(64), scale.astype(np.int8).view(np.uint8), _half(d)]
    return np.concatenate(parts, 1).tobytes()


def bfloat16(w):
    """float32 -> BF16 bytes, cut off (the fixture needs valid values, not the nearest)."""
    return (np.ascontiguousarray(w, '<f4').view('<u4') >> 16).astype('<u2').tobytes()
