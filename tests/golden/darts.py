"""Precompiled character maps of SentencePiece models, written from a dictionary."""
import struct


def darts(mapping):
    """A double-array trie in the layout of Darts-clone, and the replacements."""
    blob, values = b"", {}
    for key, text in sorted(mapping.items()):
        values[key.encode()] = len(blob)
        blob += text.encode() + b"\0"
    units, used, bases = {0: 0}, {0}, set()
    def place(index, prefix):
        children = sorted({k[len(prefix)] for k in values if k.startswith(prefix) and len(k) > len(prefix)})
        labels = ([0] if prefix in values else []) + children
        base = next(b for b in range(1, 1 << 20) if b not in bases and all((b ^ label) not in used for label in labels))
        bases.add(base)  # Two nodes with one base would mistake each other's children for theirs.
        used.update(base ^ label for label in labels)
        units[index] |= (index ^ base) << 10
        if prefix in values:
            units[index] |= 1 << 8
            units[base] = values[prefix] | 1 << 31
        for label in children:
            units[base ^ label] = label
        for label in children:
            place(base ^ label, prefix + bytes([label]))
    place(0, b"")
    size = (max(units) // 256 + 1) * 256  # As Darts-clone pads it.
    free = 1 << 31  # The label of no byte, zero included.
    trie = b"".join(struct.pack("<I", units.get(i, free)) for i in range(size))
    return struct.pack("<I", len(trie)) + trie + blob
