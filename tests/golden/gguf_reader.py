"""Reads a GGUF file into metadata and float64 tensors.  Written from the format's description, independently of the
engine: it is part of the oracle.  Types: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K .. Q6_K,
IQ4_NL, IQ4_XS."""
import struct

import numpy as np

_SCALAR = {0: '<B', 1: '<b', 2: '<H', 3: '<h', 4: '<I', 5: '<i', 6: '<f', 7: '<?', 10: '<Q', 11: '<q', 12: '<d'}
_STRING, _ARRAY = 8, 9


class _Cursor:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, fmt):
        v = struct.unpack_from(fmt, self.raw, self.at)
        self.at += struct.calcsize(fmt)
        return v[0]

    def string(self):
        n = self.take('<Q')
        self.at += n
        return self.raw[self.at - n:self.at]

    def value(self, kind):
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            kind, n = self.take('<I'), self.take('<Q')
            return [self.value(kind) for _ in range(n)]
        return self.take(_SCALAR[kind])


def _f16(raw):
    return np.ascontiguousarray(raw).view('<f2').astype(np.float64)


def _nibbles(b):
    """[n, k] bytes -> [n, 2k]: all low nibbles, then all high nibbles."""
    return np.concatenate((b & 15, b >> 4), -1).astype(np.float64)


def _fifth_bit(b4):
    """[n, 4] bytes -> [n, 32] bits, bit j of the little-endian word belongs to value j."""
    word = np.ascontiguousarray(b4).view('<u4')
    return ((word >> np.arange(32, dtype=np.uint32)) & 1).astype(np.float64)


def _q4_0(b):
    return (_nibbles(b[:, 2:]) - 8) * _f16(b[:, :2])


def _q4_1(b):
    return _nibbles(b[:, 4:]) * _f16(b[:, :2]) + _f16(b[:, 2:4])


def _q5_0(b):
    return (_nibbles(b[:, 6:]) + 16 * _fifth_bit(b[:, 2:6]) - 16) * _f16(b[:, :2])


def _q5_1(b):
    return (_nibbles(b[:, 8:]) + 16 * _fifth_bit(b[:, 4:8])) * _f16(b[:, :2]) + _f16(b[:, 2:4])


def _q8_0(b):
    return b[:, 2:].view(np.int8).astype(np.float64) * _f16(b[:, :2])


def _six_bit_pairs(s):
    """The 12 bytes of Q4_K and Q5_K -> eight 6-bit scales and eight 6-bit minimums."""
    scale, minimum = np.empty((len(s), 8)), np.empty((len(s), 8))
    scale[:, :4], minimum[:, :4] = s[:, 0:4] & 63, s[:, 4:8] & 63
    scale[:, 4:] = (s[:, 8:12] & 15) | ((s[:, 0:4] >> 6) << 4)
    minimum[:, 4:] = (s[:, 8:12] >> 4) | ((s[:, 4:8] >> 6) << 4)
    return scale, minimum


def _k4_or_k5(b, quants, high):
    scale, minimum = _six_bit_pairs(b[:, 4:16])
    q = quants.reshape(-1, 4, 32)
    q = np.stack((q & 15, q >> 4), 2).reshape(-1, 8, 32).astype(np.float64)     # 64 values share 32 bytes: low, then high
    if high is not None:
        bits = (high[:, None, :] >> np.arange(8, dtype=np.uint8)[None, :, None]) & 1
        q += 16 * bits
    d, dmin = _f16(b[:, 0:2]), _f16(b[:, 2:4])
    return ((d * scale)[:, :, None] * q - (dmin * minimum)[:, :, None]).reshape(len(b), 256)


def _q4_k(b):
    return _k4_or_k5(b, b[:, 16:144], None)


def _q5_k(b):
    return _k4_or_k5(b, b[:, 48:176], b[:, 16:48])


def _q6_k(b):
    low, high = b[:, :128].reshape(-1, 2, 64), b[:, 128:192].reshape(-1, 2, 32)
    scale, d = b[:, 192:208].view(np.int8).astype(np.float64), _f16(b[:, 208:210])
    parts = [(low[..., :32] & 15) | ((high & 3) << 4), (low[..., 32:] & 15) | (((high >> 2) & 3) << 4),
             (low[..., :32] >> 4) | (((high >> 4) & 3) << 4), (low[..., 32:] >> 4) | ((high >> 6) << 4)]
    q = np.stack(parts, 2).reshape(len(b), 16, 16).astype(np.float64) - 32
    return ((d * scale)[:, :, None] * q).reshape(len(b), 256)


def _two_bits(b):
    """[n, 64] bytes -> [n, 256]: of each 32 bytes, bits 0-1, then 2-3, 4-5, 6-7."""
    q = b.reshape(-1, 2, 1, 32) >> np.array([0, 2, 4, 6], np.uint8)[None, None, :, None]
    return (q & 3).reshape(len(b), 16, 16).astype(np.float64)


def _q2_k(b):
    scale, d, dmin = b[:, :16], _f16(b[:, 80:82]), _f16(b[:, 82:84])
    q = _two_bits(b[:, 16:80])
    return ((d * (scale & 15))[:, :, None] * q - (dmin * (scale >> 4))[:, :, None]).reshape(len(b), 256)


def _q3_k(b):
    mask, s, d = b[:, :32], b[:, 96:108], _f16(b[:, 108:110])
    low = np.concatenate((s[:, :8] & 15, s[:, :8] >> 4), 1)
    high = np.concatenate([(s[:, 8:12] >> shift) & 3 for shift in (0, 2, 4, 6)], 1)
    scale = (low | (high << 4)).astype(np.float64) - 32
    bit = (mask[:, None, :] >> np.arange(8, dtype=np.uint8)[None, :, None]) & 1      # bit k serves values 32k .. 32k+31
    q = _two_bits(b[:, 32:96]) - 4 * (1 - bit.reshape(len(b), 16, 16).astype(np.float64))
    return ((d * scale)[:, :, None] * q).reshape(len(b), 256)


_LEVELS = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.float64)


def _levels(b):
    """[..., 16] bytes -> [..., 32] levels: those of all low nibbles, then of all high ones."""
    return _LEVELS[np.concatenate((b & 15, b >> 4), -1)]


def _iq4_nl(b):
    return _levels(b[:, 2:]) * _f16(b[:, :2])


def _iq4_xs(b):
    high = np.ascontiguousarray(b[:, 2:4]).view('<u2')
    low = np.stack((b[:, 4:8] & 15, b[:, 4:8] >> 4), -1).reshape(-1, 8)
    six = low | (((high >> np.arange(0, 16, 2, dtype=np.uint16)) & 3) << 4)
    scale = _f16(b[:, :2]) * (six.astype(np.float64) - 32)
    return (scale[:, :, None] * _levels(b[:, 8:].reshape(-1, 8, 16))).reshape(len(b), 256)


# ggml type -> (name, values a block, bytes a block, bytes [blocks, size] -> float64 [blocks, values])
_BLOCKS = {
    2: ('Q4_0', 32, 18, _q4_0), 3: ('Q4_1', 32, 20, _q4_1), 6: ('Q5_0', 32, 22, _q5_0), 7: ('Q5_1', 32, 24, _q5_1),
    8: ('Q8_0', 32, 34, _q8_0), 10: ('Q2_K', 256, 84, _q2_k), 11: ('Q3_K', 256, 110, _q3_k),
    12: ('Q4_K', 256, 144, _q4_k), 13: ('Q5_K', 256, 176, _q5_k), 14: ('Q6_K', 256, 210, _q6_k),
    20: ('IQ4_NL', 32, 18, _iq4_nl), 23: ('IQ4_XS', 256, 136, _iq4_xs),
}


def _expand(raw, at, kind, count):
    """`count` values of ggml type `kind` at byte `at` -> float64."""
    if kind == 0:
        return np.frombuffer(raw, '<f4', count, at).astype(np.float64)
    if kind == 1:
        return np.frombuffer(raw, '<f2', count, at).astype(np.float64)
    if kind == 30:
        return (np.frombuffer(raw, '<u2', count, at).astype('<u4') << 16).view('<f4').astype(np.float64)
    if kind not in _BLOCKS:
        raise ValueError(f'tensor type {kind} is not supported')
    _, values, size, decode = _BLOCKS[kind]
    blocks = np.frombuffer(raw, np.uint8, count // values * size, at).reshape(-1, size)
    return decode(blocks).reshape(-1)


class Gguf:
    """meta: key -> value (strings as bytes).  tensors: name -> float64 array, row length last.  types: name -> ggml type."""

    def __init__(self, path):
        raw = open(path, 'rb').read()
        c = _Cursor(raw)
        if raw[:4] != b'GGUF':
            raise ValueError(f'{path}: not a GGUF file')
        c.at = 4
        version, n_tensors, n_keys = c.take('<I'), c.take('<Q'), c.take('<Q')
        if version not in (2, 3):
            raise ValueError(f'{path}: GGUF version {version}')
        self.meta = {}
        for _ in range(n_keys):
            key = c.string().decode()
            self.meta[key] = c.value(c.take('<I'))
        entries = []
        for _ in range(n_tensors):
            name, dims = c.string().decode(), c.take('<I')
            shape = [c.take('<Q') for _ in range(dims)]
            entries.append((name, shape[::-1], c.take('<I'), c.take('<Q')))
        alignment = self.meta.get('general.alignment', 32)
        start = -(-c.at // alignment) * alignment
        self.types = {name: kind for name, _, kind, _ in entries}
        self.tensors = {name: _expand(raw, start + offset, kind, int(np.prod(shape))).reshape(shape)
                        for name, shape, kind, offset in entries}
        self.architecture = self.meta['general.architecture'].decode()

    def get(self, key, default=None):
        """A hyperparameter of the architecture, e.g. get('block_count')."""
        return self.meta.get(f'{self.architecture}.{key}', default)
