// One head's weights. Rows are queries, columns keys; only visible cells have a weight. Two kinds: a
// head whose weights are stored, and one whose weights are rebuilt from queries and keys.
//
// row(query, begin, end, out) writes the weights of the keys [begin, end), all of them visible, to
// the front of `out`.

// Which cells are visible: causal or all, perhaps with a window. Without causality the window reaches
// half as far to either side.
class Mask {
  constructor(queries, keys, causal, window) {
    this.queries = queries;
    this.keys = keys;
    this.causal = causal;
    this.window = window;
  }

  firstKey(query) {
    if (!this.window) return 0;
    const reach = this.causal ? this.window - 1 : Math.floor(this.window / 2);
    return Math.max(0, query - reach);
  }

  endKey(query) {
    if (this.causal) return query + 1;
    return this.window ? Math.min(this.keys, query + Math.floor(this.window / 2) + 1) : this.keys;
  }

  visible(query, key) {
    return key >= this.firstKey(query) && key < this.endKey(query);
  }
}

class StoredHead {
  constructor(mask, buffer, half) {
    this.mask = mask;
    this.bits = half ? new Uint16Array(buffer) : null;
    this.values = half ? null : new Float32Array(buffer);
    this.begin = new Uint32Array(mask.queries);  // of each row among the cells
    let cells = 0;
    for (let query = 0; query < mask.queries; ++query) {
      this.begin[query] = cells;
      cells += mask.endKey(query) - mask.firstKey(query);
    }
    this.bytes = buffer.byteLength;
  }

  weight(query, key) {
    const cell = this.begin[query] + key - this.mask.firstKey(query);
    return this.bits ? halfValues()[this.bits[cell]] : this.values[cell];
  }

  row(query, begin, end, out) {
    const first = this.begin[query] - this.mask.firstKey(query) + begin;
    const count = end - begin;
    if (this.bits) {
      const half = halfValues();
      for (let i = 0; i < count; ++i) out[i] = half[this.bits[first + i]];
    } else {
      for (let i = 0; i < count; ++i) out[i] = this.values[first + i];
    }
  }
}

class TraceHead {
  // queries: f32 [queries, dim]; keys: f32 [keys, dim]; normalisers: f32 [queries]
  constructor(mask, queries, keys, normalisers, store) {
    this.mask = mask;
    this.queries = queries;
    this.keys = keys;
    this.normalisers = normalisers;
    this.dim = store.dim;
    this.scale = store.scale;
    this.softcap = store.softcap || 0;
    this.query = new Float32Array(this.dim);
    this.one = new Float32Array(1);
    this.bytes = queries.byteLength + normalisers.byteLength;
  }

  weight(query, key) {
    this.row(query, key, key + 1, this.one);
    return this.one[0];
  }

  row(query, begin, end, out) {
    const { dim, keys, scale, softcap } = this;
    const vector = this.query;
    vector.set(this.queries.subarray(query * dim, (query + 1) * dim));
    let key = begin;
    for (; key + 3 < end; key += 4) {  // four sums at a time: their additions do not wait
      let a = 0, b = 0, c = 0, d = 0;
      const k0 = key * dim, k1 = k0 + dim, k2 = k1 + dim, k3 = k2 + dim;
      for (let i = 0; i < dim; ++i) {
        const x = vector[i];
        a += x * keys[k0 + i];
        b += x * keys[k1 + i];
        c += x * keys[k2 + i];
        d += x * keys[k3 + i];
      }
      const at = key - begin;
      out[at] = a;
      out[at + 1] = b;
      out[at + 2] = c;
      out[at + 3] = d;
    }
    for (; key < end; ++key) {
      let sum = 0;
      for (let i = 0; i < dim; ++i) sum += vector[i] * keys[key * dim + i];
      out[key - begin] = sum;
    }
    const normaliser = this.normalisers[query];
    const count = end - begin;
    for (let i = 0; i < count; ++i) {
      let score = out[i] * scale;
      if (softcap) score = softcap * Math.tanh(score / softcap);
      out[i] = Math.exp(score - normaliser);
    }
  }
}

// The pyramid's base: for every block of block × block cells the codes of its largest weight and of
// the mean of its visible ones.
class Pyramid {
  constructor(bytes, { block, side, rows = side, columns = side }, causal) {
    this.block = block;
    this.rows = rows;
    this.columns = columns;
    this.causal = causal;
    this.largest = bytes.subarray(0, bytes.length / 2);
    this.mean = bytes.subarray(bytes.length / 2);
  }

  // Place of the block (row, 0) in both planes.
  rowStart(row) {
    return this.causal ? row * (row + 1) / 2 : row * this.columns;
  }
}
