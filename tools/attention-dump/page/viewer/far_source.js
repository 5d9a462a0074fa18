// A map from afar: pixels that stand for many cells, read from the pyramid. What the controls change
// (first token dropped, value norms, words) is applied to whole blocks, so it is near the exact map,
// not equal to it; the map under the pointer and at closer range is exact.

class FarSource {
  constructor(tokenSource, pyramid) {
    this.source = tokenSource;
    this.mask = tokenSource.mask;
    this.pyramid = pyramid;
    this.block = pyramid.block;
    this.keyFactor = null;    // per block of keys
    this.rowFactor = null;    // per block of queries
    this.firstLargest = null; // per block of queries: largest weight on keys 1 … block − 1
  }

  // Visible cells of a block.
  cells(row, column) {
    const { block, mask } = this;
    const begin = column * block;
    const end = Math.min(mask.keys, begin + block);
    const lastQuery = Math.min(mask.queries, (row + 1) * block);
    if (!mask.window && (!mask.causal || column < row) && end - begin === block) {
      return block * (lastQuery - row * block);
    }
    let count = 0;
    for (let query = row * block; query < lastQuery; ++query) {
      const visible = Math.min(end, mask.endKey(query)) - Math.max(begin, mask.firstKey(query));
      if (visible > 0) count += visible;
    }
    return count;
  }

  // Measures what a changed map needs; at once for an unchanged one.
  async prepare() {
    const { source, pyramid, block } = this;
    if (!source.changed || this.rowFactor) return;
    const { rows, columns } = pyramid;
    const { queries, keys } = this.mask;
    const keyFactor = new Float32Array(columns).fill(1);
    if (source.norms) {
      keyFactor.fill(0);
      source.norms.forEach((norm, key) => {
        const at = Math.floor(key / block);
        keyFactor[at] += norm / (Math.min(keys, (at + 1) * block) - at * block);
      });
    }
    const rowFactor = new Float32Array(rows);
    const firstLargest = new Float32Array(rows);
    const weights = new Float32Array(block);
    for (let row = 0; row < rows; ++row) {
      const endQuery = Math.min(queries, (row + 1) * block);
      let sum = 0;
      for (let query = row * block; query < endQuery; ++query) {
        const begin = source.firstKey(query);
        const end = Math.min(block, source.endKey(query));
        if (end <= begin) continue;
        source.head.row(query, begin, end, weights);
        for (let i = 0; i < end - begin; ++i) {
          const weight = weights[i] * (source.norms ? source.norms[begin + i] : 1);
          sum += weight;
          if (weight > firstLargest[row]) firstLargest[row] = weight;
        }
      }
      const start = pyramid.rowStart(row);
      const end = pyramid.causal ? row + 1 : columns;
      for (let column = 1; column < end; ++column) {
        const mean = codeWeights[pyramid.mean[start + column]];
        if (mean > 0) sum += mean * this.cells(row, column) * keyFactor[column];
      }
      rowFactor[row] = sum > 0 ? (endQuery - row * block) / sum : 0;
      if (sliceIsOver()) await nextSlice();
    }
    this.keyFactor = keyFactor;
    this.firstLargest = firstLargest;
    this.rowFactor = rowFactor;
  }

  // One pixel: blocks [row0, row1) × [column0, column1).
  largest(row0, row1, column0, column1) {
    const { pyramid, rowFactor, keyFactor } = this;
    if (!rowFactor) {
      let code = 0;
      for (let row = row0; row < row1; ++row) {
        const start = pyramid.rowStart(row);
        const end = pyramid.causal ? Math.min(column1, row + 1) : column1;
        for (let column = column0; column < end; ++column) {
          if (pyramid.largest[start + column] > code) code = pyramid.largest[start + column];
        }
      }
      return codeWeights[code];
    }
    let largest = 0;
    for (let row = row0; row < row1; ++row) {
      const start = pyramid.rowStart(row);
      const end = pyramid.causal ? Math.min(column1, row + 1) : column1;
      for (let column = column0; column < end; ++column) {
        const weight = rowFactor[row] * (column === 0 ? this.firstLargest[row]
          : codeWeights[pyramid.largest[start + column]] * keyFactor[column]);
        if (weight > largest) largest = weight;
      }
    }
    return Math.min(1, largest);
  }

  mean(row0, row1, column0, column1) {
    const { pyramid, rowFactor, keyFactor } = this;
    let sum = 0;
    let count = 0;
    for (let row = row0; row < row1; ++row) {
      const start = pyramid.rowStart(row);
      const end = pyramid.causal ? Math.min(column1, row + 1) : column1;
      for (let column = column0; column < end; ++column) {
        const cells = this.cells(row, column);
        let weight = codeWeights[pyramid.mean[start + column]];
        if (rowFactor) {
          if (column === 0 && this.source.dropFirst) {
            weight = Math.min(weight, this.firstLargest[row]);
          }
          weight *= rowFactor[row] * keyFactor[column];
        }
        sum += weight * cells;
        count += cells;
      }
    }
    return count ? sum / count : 0;
  }
}
