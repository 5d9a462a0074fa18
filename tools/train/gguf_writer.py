"""A small GGUF v3 writer: metadata in the order given, tensors aligned to 32 bytes, F32, F16 and Q8_0."""
import struct

import numpy as np

F32, F16, Q8_0 = 0, 1, 8                    # ggml tensor types
ALIGNMENT = 32
# GGUF value types
U32, I32, FLOAT, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9


def _string(s):
    raw = s if isinstance(s, bytes) else s.encode('utf-8')
    return struct.pack('<Q', len(raw)) + raw


def _value(kind, v):
    if kind == U32:
        return struct.pack('<I', v)
    if kind == I32:
        return struct.pack('<i', v)
    if kind == FLOAT:
        return struct.pack('<f', v)
    if kind == BOOL:
        return struct.pack('<?', v)
    return _string(v)


def _kind(v):
    """The GGUF type of a Python value: bool, int -> uint32, float -> float32, str or bytes -> string."""
    if isinstance(v, bool):
        return BOOL
    if isinstance(v, int):
        return U32
    if isinstance(v, float):
        return FLOAT
    return STRING


def _entry(key, v):
    """v: a scalar, a list (type of its first element), or (element type, list)."""
    head = _string(key)
    if isinstance(v, (list, tuple)):
        kind, items = v if isinstance(v, tuple) else (_kind(v[0]), v)
        return head + struct.pack('<IIQ', ARRAY, kind, len(items)) + b''.join(_value(kind, x) for x in items)
    return head + struct.pack('<I', _kind(v)) + _value(_kind(v), v)


def quantize_q8_0(w):
    """float32 [rows, columns] -> Q8_0 bytes: per 32 values one float16 scale (max/127) and 32 int8, as ggml rounds."""
    w = np.ascontiguousarray(w, np.float32).reshape(-1, 32)
    d = np.abs(w).max(1, keepdims=True) / np.float32(127)
    inverse = np.where(d > 0, np.float32(1) / np.where(d > 0, d, 1), 0).astype(np.float32)
    scaled = w * inverse
    q = (np.sign(scaled) * np.floor(np.abs(scaled) + np.float32(0.5))).astype(np.int8)   # roundf: halves away from zero
    block = np.empty(len(w), np.dtype([('d', '<f2'), ('q', 'i1', 32)]))
    block['d'], block['q'] = d[:, 0], q
    return block.tobytes()


def encode(w, kind):
    if kind == F32:
        return np.ascontiguousarray(w, '<f4').tobytes()
    if kind == F16:
        return np.ascontiguousarray(w, '<f2').tobytes()
    return quantize_q8_0(w)


def write(path, metadata, tensors):
    """metadata: {key: value}.  tensors: [(name, array, type)], arrays with the row as last axis.

    Instead of a type, a pair (type, bytes) gives data already encoded; the array then only tells the shape.
    """
    out = [struct.pack('<4sIQQ', b'GGUF', 3, len(tensors), len(metadata))]
    out += [_entry(k, v) for k, v in metadata.items()]
    data, offset = [], 0
    for name, w, kind in tensors:
        kind, raw = kind if isinstance(kind, tuple) else (kind, encode(w, kind))
        shape = w.shape[::-1]                                  # GGUF lists the row length first
        out.append(_string(name) + struct.pack(f'<I{len(shape)}QIQ', len(shape), *shape, kind, offset))
        data.append(raw + b'\0' * (-len(raw) % ALIGNMENT))
        offset += len(data[-1])
    head = b''.join(out)
    with open(path, 'wb') as f:
        f.write(head + b'\0' * (-len(head) % ALIGNMENT))
        f.writelines(data)
