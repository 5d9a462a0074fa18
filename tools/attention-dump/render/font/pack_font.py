#!/usr/bin/env python3
"""Packs the bitmap font that pictures are labelled with: misc_fixed.bin.

The glyphs are the X11 "misc-fixed" fonts 6x13 (Latin, Greek, Cyrillic, symbols, ...) and 12x13ja
(the double-width ones: CJK, kana, Hangul), both marked "Public domain font. Share and enjoy." by
their authors; Debian ships them in the package xfonts-base.

  pack_font.py 6x13.pcf.gz 12x13ja.pcf.gz misc_fixed.bin

The file is one zlib stream. Inside, little-endian, for each of the two fonts:
  u16 glyphs, u16 width in pixels, u16 code points [glyphs] ascending,
  u16 rows [glyphs][13], the leftmost pixel in bit width - 1.
"""
import gzip
import struct
import sys
import zlib

METRICS, BITMAPS, ENCODINGS = 1 << 2, 1 << 3, 1 << 5  # table types of the PCF format
HEIGHT, ASCENT = 13, 11


class Pcf:
    """The tables of a PCF file; every table begins with its own byte order."""

    def __init__(self, path):
        self.data = gzip.open(path).read()
        if self.data[:4] != b"\x01fcp":
            raise SystemExit(f"{path}: not a PCF font")
        (count,) = struct.unpack_from("<I", self.data, 4)
        self.tables = {}
        for i in range(count):
            kind, _, _, offset = struct.unpack_from("<4I", self.data, 8 + 16 * i)
            self.tables[kind] = offset

    def table(self, kind):
        offset = self.tables[kind]
        (form,) = struct.unpack_from("<I", self.data, offset)
        return form, (">" if form & 4 else "<"), offset + 4

    def metrics(self):
        """(left bearing, right bearing, width, ascent, descent) of each glyph."""
        form, order, at = self.table(METRICS)
        if form & 0x100:  # compressed
            (count,) = struct.unpack_from(order + "H", self.data, at)
            return [tuple(b - 128 for b in self.data[at + 2 + 5 * i : at + 7 + 5 * i])
                    for i in range(count)]
        (count,) = struct.unpack_from(order + "I", self.data, at)
        return [struct.unpack_from(order + "5h", self.data, at + 4 + 12 * i) for i in range(count)]

    def glyphs(self):
        """Code point -> 13 rows as integers."""
        form, order, at = self.table(BITMAPS)
        (count,) = struct.unpack_from(order + "I", self.data, at)
        offsets = struct.unpack_from(order + f"{count}I", self.data, at + 4)
        bits = at + 4 + 4 * count + 16
        pad, unit = 1 << (form & 3), 1 << ((form >> 4) & 3)
        msb_bits, msb_bytes = bool(form & 8), bool(form & 4)
        metrics = self.metrics()

        def rows(index):
            left, right, _, ascent, descent = metrics[index]
            width = right - left
            stride = -(-width // 8)
            stride = -(-stride // pad) * pad
            out = [0] * HEIGHT
            for y in range(ascent + descent):
                start = bits + offsets[index] + y * stride
                row = self.data[start : start + stride]
                if msb_bits != msb_bytes and unit > 1:
                    row = b"".join(row[j : j + unit][::-1] for j in range(0, stride, unit))
                value = 0
                for x in range(width):
                    shift = 7 - x % 8 if msb_bits else x % 8
                    value = value * 2 + ((row[x // 8] >> shift) & 1)
                target = ASCENT - ascent + y
                if 0 <= target < HEIGHT:
                    out[target] = value
            return out

        _, order, at = self.table(ENCODINGS)
        low, high, first, last, _ = struct.unpack_from(order + "5h", self.data, at)
        result, position = {}, at + 10
        for page in range(first, last + 1):
            for cell in range(low, high + 1):
                (index,) = struct.unpack_from(order + "H", self.data, position)
                position += 2
                if index != 0xFFFF:
                    result[page * 256 + cell] = (metrics[index][2], rows(index))
        return result


def section(glyphs, width):
    codes = sorted(glyphs)
    out = struct.pack("<HH", len(codes), width) + struct.pack(f"<{len(codes)}H", *codes)
    return out + b"".join(struct.pack(f"<{HEIGHT}H", *glyphs[code]) for code in codes)


def main():
    narrow_path, wide_path, out_path = sys.argv[1:]
    narrow = {c: rows for c, (w, rows) in Pcf(narrow_path).glyphs().items() if w == 6}
    wide = {c: rows for c, (w, rows) in Pcf(wide_path).glyphs().items()
            if w == 12 and c not in narrow}
    packed = zlib.compress(section(narrow, 6) + section(wide, 12), 9)
    with open(out_path, "wb") as file:
        file.write(packed)
    print(f"{len(narrow)} + {len(wide)} glyphs, {len(packed)} bytes")


if __name__ == "__main__":
    main()
