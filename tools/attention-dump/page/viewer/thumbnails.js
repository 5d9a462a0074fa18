// Pictures of all heads: one byte per block of cells, the code of its largest weight.

// Rows and columns of a document's pictures.
function thumbnailShape({ thumb }) {
  return Array.isArray(thumb) ? thumb : [thumb, thumb];
}

class Thumbnails {
  // codes: head after head, rows × columns each
  constructor(doc, codes) {
    const [rows, columns] = thumbnailShape(doc);
    this.doc = doc;
    this.codes = codes;
    this.rows = rows;
    this.columns = columns;
    this.queries = doc.tokens.length;
    this.keys = keyText(doc).tokens.length;
    this.rowBlock = blockOf(this.queries, rows);
    this.columnBlock = blockOf(this.keys, columns);
  }

  // Masks are those of head_store.js; a block is masked if all of its cells are.
  isMasked(mask, row, column) {
    const first = row * this.rowBlock;
    const last = Math.min(this.queries, first + this.rowBlock) - 1;
    const begin = column * this.columnBlock;
    const end = Math.min(this.keys, begin + this.columnBlock);
    return begin >= mask.endKey(last) || end <= mask.firstKey(first);
  }

  // Fills `values` (rows × columns) with head `index`: weights, kMasked where none is visible. Without
  // the first key or weighed by value norms, rows are scaled as if blocks were cells.
  fill(index, mask, { dropFirst = false, norms = null }, values) {
    const { rows, columns, codes } = this;
    const blockNorms = norms && blockMeans(norms, this.columnBlock, columns);
    values.fill(kMasked);
    for (let row = 0; row < rows; ++row) {
      const from = (index * rows + row) * columns;
      let before = 0;
      let after = 0;
      for (let column = 0; column < columns; ++column) {
        if (this.isMasked(mask, row, column)) continue;
        const weight = codeWeights[codes[from + column]];
        before += weight;
        if (dropFirst && column === 0) continue;
        values[row * columns + column] = blockNorms ? weight * blockNorms[column] : weight;
        after += values[row * columns + column];
      }
      if (!dropFirst && !norms) continue;
      const factor = after > 0 ? before / after : 0;
      for (let at = row * columns; at < (row + 1) * columns; ++at) {
        if (values[at] !== kMasked) values[at] = Math.min(1, values[at] * factor);
      }
    }
  }

  // The end of the scale for these values, as color_range.js has it; where a block is more than a cell,
  // the diagonal's blocks hold their neighbourhood too, and count.
  typicalTop(values, square) {
    const skipsDiagonal = square && this.rowBlock === 1;
    const largest = [];
    for (let row = 0; row < this.rows; ++row) {
      let top = 0;
      for (let column = square ? 1 : 0; column < this.columns; ++column) {
        const value = values[row * this.columns + column];
        if (value === kMasked || (skipsDiagonal && row === column)) continue;
        top = Math.max(top, Math.abs(value));
      }
      largest.push(top);
    }
    return topOfRows(largest, this.queries > kLongText);
  }
}

// Pictures of one document's heads, or of the difference of two, for the overview.
class ShownThumbnails {
  // first, second: Thumbnails (second null: no difference); mask(side, index), norms(side, index) →
  // promise of f32 or null: of a head of the first or the second
  constructor({ first, second, mask, norms, dropFirst }) {
    Object.assign(this, { first, second, mask, norms, dropFirst });
    this.rows = first.rows;
    this.columns = first.columns;
    this.square = isSquare(first.doc);
    this.others = second && new Float32Array(this.rows * this.columns);
  }

  // Fills rows × columns values of a head.
  async fill(index, values) {
    await this.fillOne(0, this.first, index, values);
    if (!this.second) return;
    await this.fillOne(1, this.second, index, this.others);
    subtractValues(values, this.others, values);
  }

  async fillOne(side, thumbnails, index, values) {
    const norms = await this.norms(side, index);
    thumbnails.fill(index, this.mask(side, index), { dropFirst: this.dropFirst, norms }, values);
  }

  // Where these values' colours end by themselves.
  top(values) {
    return this.first.typicalTop(values, this.square);
  }
}

// Tokens per block: the smallest power of two with which `count` tokens fit in `blocks`.
function blockOf(count, blocks) {
  let block = 1;
  while (block * blocks < count) block *= 2;
  return block;
}

// Means of `block` values each.
function blockMeans(values, block, blocks) {
  const means = new Float32Array(blocks);
  for (let at = 0; at < blocks; ++at) {
    const part = values.subarray(at * block, (at + 1) * block);
    means[at] = part.reduce((sum, value) => sum + value, 0) / (part.length || 1);
  }
  return means;
}

// What the second head's values have more than the first's; masked where both are.
function subtractValues(first, second, out) {
  for (let i = 0; i < out.length; ++i) {
    out[i] = first[i] === kMasked && second[i] === kMasked ? kMasked
      : (second[i] === kMasked ? 0 : second[i]) - (first[i] === kMasked ? 0 : first[i]);
  }
}
