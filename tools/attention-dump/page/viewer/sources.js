// Sources: what a map shows. A source has `queries` rows and `keys` columns and answers
//   firstKey(query), endKey(query)    the visible columns of a row,
//   row(query, begin, end, out)       visible cells of a row, to the front of `out`,
//   cell(query, key)                  one cell, exactly; null if it is masked or dropped.

// A head's weights; perhaps weighed by the keys' value norms, perhaps without the first token. Rows
// of a changed map are made to sum to 1 again.
class TokenSource {
  constructor(head, { dropFirst = false, norms = null } = {}) {
    this.head = head;
    this.mask = head.mask;
    this.queries = head.mask.queries;
    this.keys = head.mask.keys;
    this.dropFirst = dropFirst;
    this.norms = norms;
    this.changed = dropFirst || norms !== null;
    this.factors = this.changed ? new Float64Array(this.queries).fill(NaN) : null;
  }

  firstKey(query) {
    const first = this.mask.firstKey(query);
    return this.dropFirst && first === 0 ? 1 : first;
  }

  endKey(query) {
    return this.mask.endKey(query);
  }

  // What the weights of a row are multiplied by so that they sum to 1.
  factor(query) {
    if (!this.changed) return 1;
    if (Number.isNaN(this.factors[query])) this.factors[query] = this.measureFactor(query);
    return this.factors[query];
  }

  measureFactor(query) {
    if (!this.norms && this.mask.firstKey(query) > 0) return 1;  // the window has left it behind
    if (!this.norms && this.head instanceof TraceHead) {
      const rest = 1 - this.head.weight(query, 0);
      if (rest > 0.05) return 1 / rest;  // else too little is left for a difference to be exact
    }
    const begin = this.firstKey(query);
    const end = this.endKey(query);
    if (end <= begin) return 0;
    const weights = new Float32Array(end - begin);
    this.head.row(query, begin, end, weights);
    let sum = 0;
    for (let i = 0; i < weights.length; ++i) {
      sum += this.norms ? weights[i] * this.norms[begin + i] : weights[i];
    }
    return sum > 0 ? 1 / sum : 0;
  }

  row(query, begin, end, out) {
    this.head.row(query, begin, end, out);
    if (!this.changed) return;
    const factor = this.factor(query);
    for (let i = 0; i < end - begin; ++i) {
      out[i] *= this.norms ? factor * this.norms[begin + i] : factor;
    }
  }

  cell(query, key) {
    if (key < this.firstKey(query) || key >= this.endKey(query)) return null;
    const weight = this.head.weight(query, key);
    if (!this.changed) return weight;
    return weight * this.factor(query) * (this.norms ? this.norms[key] : 1);
  }
}

// Words instead of tokens: the sum over a word's keys, the mean over its queries.
class WordSource {
  // axes: {queries, keys}, Units
  constructor(tokens, axes) {
    this.tokens = tokens;
    this.axes = axes;
    this.queries = axes.queries.count;
    this.keys = axes.keys.count;
    this.scratch = new Float32Array(tokens.keys);
    this.one = new Float64Array(1);
  }

  firstKey(word) {
    const first = this.tokens.firstKey(this.axes.queries.begin[word]);
    return first >= this.tokens.keys ? this.keys : this.axes.keys.of[first];
  }

  endKey(word) {
    const { queries, keys } = this.axes;
    return keys.of[this.tokens.endKey(queries.begin[word + 1] - 1) - 1] + 1;
  }

  row(word, begin, end, out) {
    const { tokens, scratch } = this;
    const { queries, keys } = this.axes;
    for (let i = 0; i < end - begin; ++i) out[i] = 0;
    let rows = 0;
    for (let query = queries.begin[word]; query < queries.begin[word + 1]; ++query) {
      if (tokens.endKey(query) <= tokens.firstKey(query)) continue;
      ++rows;
      const first = Math.max(keys.begin[begin], tokens.firstKey(query));
      const last = Math.min(keys.begin[end], tokens.endKey(query));
      if (last <= first) continue;
      tokens.row(query, first, last, scratch);
      for (let key = first; key < last; ++key) out[keys.of[key] - begin] += scratch[key - first];
    }
    if (rows > 1) for (let i = 0; i < end - begin; ++i) out[i] /= rows;
  }

  cell(word, key) {
    if (key < this.firstKey(word) || key >= this.endKey(word)) return null;
    this.row(word, key, key + 1, this.one);
    return this.one[0];
  }
}

// What the second map has more than the first.
class DifferenceSource {
  constructor(first, second) {
    this.first = first;
    this.second = second;
    this.queries = Math.min(first.queries, second.queries);
    this.keys = Math.min(first.keys, second.keys);
    this.scratch = new Float32Array(this.keys);
  }

  firstKey(query) {
    return Math.min(this.first.firstKey(query), this.second.firstKey(query));
  }

  endKey(query) {
    return Math.min(this.keys, Math.max(this.first.endKey(query), this.second.endKey(query)));
  }

  row(query, begin, end, out) {
    out.fill(0, 0, end - begin);
    this.add(this.second, 1, query, begin, end, out);
    this.add(this.first, -1, query, begin, end, out);
  }

  // A cell that one side masks counts as 0 there.
  add(source, sign, query, begin, end, out) {
    const first = Math.max(begin, source.firstKey(query));
    const last = Math.min(end, source.endKey(query));
    if (last <= first) return;
    source.row(query, first, last, this.scratch);
    for (let key = first; key < last; ++key) out[key - begin] += sign * this.scratch[key - first];
  }

  cell(query, key) {
    if (key < this.firstKey(query) || key >= this.endKey(query)) return null;
    return (this.second.cell(query, key) ?? 0) - (this.first.cell(query, key) ?? 0);
  }
}
