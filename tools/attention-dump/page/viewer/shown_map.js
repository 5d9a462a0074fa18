// A shown map: one exact source, from afar its pyramid, and how many cells a pixel stands for.
// Values of pixels: kMasked where nothing is visible, else a weight (or a difference of weights).

const kTile = 128;  // pixels per side of a tile
const kMasked = -9;
let shownMaps = 0;

class ShownMap {
  // far: null, or {first, second} FarSources (second only for a difference); axes: {queries, keys},
  // Units; square: rows and columns stand for the same text
  constructor(source, { far = null, axes, square = true, mean = false }) {
    this.id = ++shownMaps;
    this.source = source;
    this.queries = source.queries;
    this.keys = source.keys;
    this.far = far;
    this.axes = axes;
    this.square = square;
    this.mean = mean;
    this.farLevel = far ? Math.log2(far.first.block) : Infinity;  // from here on the pyramid is read
    this.lastLevel = Math.max(0, Math.ceil(Math.log2(Math.max(this.queries, this.keys) / kTile)));
  }

  // The level whose pixels are at least one screen pixel wide.
  levelFor(cellsPerPixel) {
    return Math.min(this.lastLevel, Math.max(0, Math.ceil(Math.log2(cellsPerPixel) - 1e-6)));
  }

  // Promises the largest weight that the colours should tell apart (color_range.js).
  typicalTop() {
    if (!this.top) this.top = typicalTop(this);
    return this.top;
  }

  // Whether a tile has any visible cell.
  isEmpty(level, tileRow, tileColumn) {
    const span = kTile << level;
    const endRow = Math.min(this.queries, (tileRow + 1) * span);
    if (tileColumn * span >= this.source.endKey(endRow - 1)) return true;
    return Math.min(this.keys, (tileColumn + 1) * span) <= this.source.firstKey(tileRow * span);
  }

  // Fills `values` (kTile × kTile); false if `wanted()` said no meanwhile.
  async fill(level, tileRow, tileColumn, values, wanted) {
    values.fill(kMasked);
    return level < this.farLevel
      ? this.fillExact(level, tileRow, tileColumn, values, wanted)
      : this.fillFar(level, tileRow, tileColumn, values, wanted);
  }

  async fillExact(level, tileRow, tileColumn, values, wanted) {
    const { source, mean } = this;
    const step = 1 << level;
    const left = tileColumn * kTile * step;
    const right = Math.min(this.keys, left + kTile * step);
    if (right <= left) return true;
    const cells = new Float32Array(right - left);
    const counts = mean ? new Uint32Array(kTile) : null;
    for (let y = 0; y < kTile; ++y) {
      const top = (tileRow * kTile + y) * step;
      if (top >= this.queries) break;
      const pixels = values.subarray(y * kTile, (y + 1) * kTile);
      if (counts) counts.fill(0);
      const bottom = Math.min(this.queries, top + step);
      for (let query = top; query < bottom; ++query) {
        const begin = Math.max(left, source.firstKey(query));
        const end = Math.min(right, source.endKey(query));
        if (end <= begin) continue;
        source.row(query, begin, end, cells);
        if (level === 0) pixels.set(cells.subarray(0, end - begin), begin - left);
        else if (mean) addRow(pixels, counts, cells, begin - left, end - left, level);
        else raiseRow(pixels, cells, begin - left, end - left, level);
        if (sliceIsOver()) {
          await nextSlice();
          if (!wanted()) return false;
        }
      }
      if (mean && level > 0) {
        for (let x = 0; x < kTile; ++x) if (counts[x]) pixels[x] /= counts[x];
      }
    }
    return true;
  }

  async fillFar(level, tileRow, tileColumn, values, wanted) {
    const { source, far, mean } = this;
    await far.first.prepare();
    if (far.second) await far.second.prepare();
    const block = far.first.block;
    const { rows, columns } = far.first.pyramid;
    const step = 1 << level;
    // Blocks [from, to) of a pixel row or column, whose units are [unit, unit + step).
    const blocks = (units, unit, most) => [
      Math.floor(units.begin[unit] / block),
      Math.min(most, Math.ceil(units.begin[Math.min(units.count, unit + step)] / block)),
    ];
    for (let y = 0; y < kTile; ++y) {
      const top = (tileRow * kTile + y) * step;
      if (top >= this.queries) break;
      const [row0, row1] = blocks(this.axes.queries, top, rows);
      const lastQuery = Math.min(this.queries, top + step) - 1;
      const end = source.endKey(lastQuery);
      const first = source.firstKey(top);
      for (let x = 0; x < kTile; ++x) {
        const left = (tileColumn * kTile + x) * step;
        if (left >= end) break;
        if (left + step <= first) continue;
        const [column0, column1] = blocks(this.axes.keys, left, columns);
        const pixel = (from) => (mean ? from.mean(row0, row1, column0, column1)
          : from.largest(row0, row1, column0, column1));
        values[y * kTile + x] = far.second ? pixel(far.second) - pixel(far.first) : pixel(far.first);
      }
      if (sliceIsOver()) {
        await nextSlice();
        if (!wanted()) return false;
      }
    }
    return true;
  }
}

// Adds a row's cells to the sums of their pixels.
function addRow(pixels, counts, cells, begin, end, level) {
  for (let i = begin; i < end; ++i) {
    const x = i >> level;
    const weight = cells[i - begin];
    pixels[x] = counts[x]++ ? pixels[x] + weight : weight;
  }
}

// Raises pixels to the row's largest cells; of differences the one furthest from 0 wins.
function raiseRow(pixels, cells, begin, end, level) {
  for (let i = begin; i < end; ++i) {
    const x = i >> level;
    const weight = cells[i - begin];
    const held = pixels[x];
    if (held === kMasked || Math.abs(weight) > Math.abs(held) || weight !== weight) pixels[x] = weight;
  }
}
