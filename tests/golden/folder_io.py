"""Reads and writes model folders: config.json with model.safetensors, or with shards and an index.

A safetensors file is a little-endian 64-bit length, that many bytes of JSON ({name: {dtype, shape, data_offsets}}), then
the data.
"""
import json, os, struct

import numpy as np

_TYPES = {'F64': '<f8', 'F32': '<f4', 'F16': '<f2', 'BF16': '<u2', 'I64': '<i8', 'I32': '<i4', 'U8': 'u1', 'BOOL': '?'}


def to_bf16(w):
    """float32 -> the 16 upper bits, rounded to nearest, ties to even."""
    bits = np.ascontiguousarray(w, '<f4').view('<u4')
    return ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype('<u2')


def from_bf16(bits):
    return (bits.astype('<u4') << 16).view('<f4')


def _dtype(w):
    """The safetensors type of an array; uint16 stands for BF16."""
    return next(name for name, code in _TYPES.items() if np.dtype(code) == w.dtype)


def write_safetensors(path, tensors):
    """tensors: {name: array}, uint16 arrays being BF16."""
    header, at = {'__metadata__': {'format': 'pt'}}, 0
    for name, w in tensors.items():
        header[name] = {'dtype': _dtype(w), 'shape': list(w.shape), 'data_offsets': [at, at + w.nbytes]}
        at += w.nbytes
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text)
        f.writelines(np.ascontiguousarray(w).tobytes() for w in tensors.values())


def write_folder(folder, config, tensors, shards=1, files=()):
    """files: [(name, JSON value)] besides config.json.  With more shards than one there is an index too."""
    os.makedirs(folder, exist_ok=True)
    for name, value in [('config.json', config), *files]:
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
            json.dump(value, f, indent=1, ensure_ascii=False)
            f.write('\n')
    if shards == 1:
        return write_safetensors(os.path.join(folder, 'model.safetensors'), tensors)
    names, where = list(tensors), {}
    for i in range(shards):
        file = f'model-{i + 1:05}-of-{shards:05}.safetensors'
        part = names[len(names) * i // shards:len(names) * (i + 1) // shards]
        write_safetensors(os.path.join(folder, file), {n: tensors[n] for n in part})
        where |= {n: file for n in part}
    index = {'metadata': {'total_size': sum(w.nbytes for w in tensors.values())}, 'weight_map': where}
    with open(os.path.join(folder, 'model.safetensors.index.json'), 'w') as f:
        json.dump(index, f, indent=1)
        f.write('\n')


def _read_safetensors(path):
    raw = open(path, 'rb').read()
    size, = struct.unpack_from('<Q', raw)
    out = {}
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name == '__metadata__':
            continue
        first, last = entry['data_offsets']
        w = np.frombuffer(raw[8 + size + first:8 + size + last], _TYPES[entry['dtype']]).reshape(entry['shape'])
        out[name] = (from_bf16(w) if entry['dtype'] == 'BF16' else w).astype(np.float64)
    return out


def read_folder(folder):
    """(config, {name: float64 array})"""
    config = json.load(open(os.path.join(folder, 'config.json'), encoding='utf-8'))
    index = os.path.join(folder, 'model.safetensors.index.json')
    if not os.path.exists(index):
        return config, _read_safetensors(os.path.join(folder, 'model.safetensors'))
    tensors = {}
    for file in sorted(set(json.load(open(index))['weight_map'].values())):
        tensors |= _read_safetensors(os.path.join(folder, file))
    return config, tensors
