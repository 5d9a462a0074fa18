// Page documents with known numbers: random queries and keys, and the weights that follow from them
// in double precision.
import { halfBits, halfValue, plainBytes, planes, weightCode } from "./packing.mjs";

export function random(seed) {
  let state = seed >>> 0;
  return () => {  // mulberry32 (T. Ettinger)
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const kPalettes = (() => {
  const ramp = (low, high) => {
    let hex = "";
    for (let i = 0; i < 256; ++i) {
      for (let c = 0; c < 3; ++c) {
        hex += Math.round(low[c] + (high[c] - low[c]) * i / 255).toString(16).padStart(2, "0");
      }
    }
    return hex;
  };
  return { blues: ramp([247, 251, 255], [8, 48, 107]), viridis: ramp([68, 1, 84], [253, 231, 37]) };
})();

const kSyllables = ["the", "lit", "tle", "dog", "ran", "to", "old", "house", "and", "cat", "saw"];

// Pieces joined to a text, with offsets; words of one or two pieces.
function makeText(count, next) {
  const doc = { tokens: ["<s>"], begin: [0], end: [0], word: [-1], special: [1], text: "" };
  let word = 0;
  for (let i = 1; i < count; ++i) {
    const follows = i > 1 && next() < 0.3;
    if (!follows) ++word;
    const piece = (follows ? "" : " ") + kSyllables[Math.floor(next() * kSyllables.length)];
    doc.begin.push(doc.text.length);
    doc.text += i % 97 === 96 ? `${piece}\n` : piece;
    doc.end.push(doc.text.length);
    doc.tokens.push(piece.replace(" ", "␣"));
    doc.word.push(word);
    doc.special.push(0);
  }
  return doc;
}

// A text from pieces [text, count of tokens that share it]: bytes of one letter end inside it.
export function textOf(parts) {
  const doc = { text: "", tokens: ["<s>"], begin: [0], end: [0], word: [-1], special: [1] };
  parts.forEach(([part, count = 1], word) => {
    for (let i = 1; i <= count; ++i) {
      doc.tokens.push(count > 1 ? `<0x${i}>` : part);
      doc.begin.push(doc.text.length);
      doc.end.push(doc.text.length + (i === count ? part.length : 0));
      doc.word.push(word);
      doc.special.push(0);
    }
    doc.text += part;
  });
  return doc;
}

class Head {
  // queries, keys: values [tokens, dim] as the page rebuilds them; others: tokens of the keys
  constructor({ queries, keys, tokens, others, dim, scale, softcap, causal, window }) {
    Object.assign(this, { queries, keys, tokens, others, dim, scale, softcap, causal, window });
    this.z = new Float64Array(tokens);
  }

  visible(query, key) {
    if (!this.causal) return !this.window || Math.abs(query - key) <= this.window >> 1;
    return key <= query && (!this.window || key > query - this.window);
  }

  score(query, key) {
    let sum = 0;
    for (let i = 0; i < this.dim; ++i) {
      sum += this.queries[query * this.dim + i] * this.keys[key * this.dim + i];
    }
    sum *= this.scale;
    return this.softcap ? this.softcap * Math.tanh(sum / this.softcap) : sum;
  }

  // Log-sum-exp of a row; of every `step`-th key only, where exactness does not matter.
  normalise(step = 1) {
    for (let query = 0; query < this.tokens; ++query) {
      let sum = 0;
      const stride = Math.max(1, Math.min(step, Math.floor(query / 8)));
      for (let key = 0; key < this.others; key += stride) {
        if (this.visible(query, key)) sum += Math.exp(this.score(query, key));
      }
      this.z[query] = Math.log(sum * stride);
    }
  }

  weight(query, key) {
    return this.visible(query, key) ? Math.exp(this.score(query, key) - this.z[query]) : null;
  }
}

// Writes codes and steps; returns the values they stand for.
function coded(values, dim, bits) {
  if (bits === 32) return { values: Float32Array.from(values), codes: null, steps: null };
  const most = 2 ** (bits - 1) - 1;
  const steps = new Float32Array(dim);
  values.forEach((value, i) => { steps[i % dim] = Math.max(steps[i % dim], Math.abs(value)); });
  for (let i = 0; i < dim; ++i) steps[i] = steps[i] / most || 1;
  const codes = Int16Array.from(values, (value, i) => Math.round(value / steps[i % dim]));
  return { values: Float64Array.from(codes, (code, i) => code * steps[i % dim]), codes, steps };
}

// Largest weight and mean of visible cells by squares of `block` cells; `sample`: one cell of each.
function blockValues(head, block, side, sample, columns = side) {
  const largest = new Uint8Array(side * columns);
  const mean = new Uint8Array(side * columns);
  for (let row = 0; row < side; ++row) {
    for (let column = 0; column < columns; ++column) {
      let top = 0, sum = 0, count = 0;
      const step = sample ? block : 1;
      for (let q = row * block; q < Math.min(head.tokens, (row + 1) * block); q += step) {
        for (let k = column * block; k < Math.min(head.others, (column + 1) * block); k += step) {
          const weight = head.weight(q, k);
          if (weight === null) continue;
          top = Math.max(top, weight);
          sum += weight;
          ++count;
        }
      }
      largest[row * columns + column] = weightCode(top);
      mean[row * columns + column] = count ? weightCode(sum / count) : 0;
    }
  }
  return { largest, mean };
}

function lowerTriangle(square, side) {
  const out = new Uint8Array(side * (side + 1) / 2);
  for (let row = 0, at = 0; row < side; at += row + 1, ++row) {
    out.set(square.subarray(row * side, row * side + row + 1), at);
  }
  return out;
}

// One document with its blocks. options: {d, tokens, layers, heads, kvHeads, dim, bits, kind,
// precision, causal, window, softcap, sample, block, values, text, keyText, generated, seed, sharpness};
// keyText: the text of the columns, where it is another (short, without a mask);
// sample: sums and blocks are estimated, for pages whose speed is measured
export function makeDocument(options) {
  const {
    d = 0, layers = 2, heads = 4, kvHeads = heads, dim = 16, bits = 16, kind = "trace",
    precision = "f16", causal = true, window = 0, softcap = 0, sample = false, values = false,
    generated = 0, seed = 1, sharpness = 2.5, keyText = null,
  } = options;
  const next = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next());
  const text = options.text || makeText(options.tokens, next);
  const tokens = text.tokens.length;
  const others = (keyText || text).tokens.length;
  const scale = sharpness / dim;
  let thumbBlock = 1;
  while (tokens / thumbBlock > 64) thumbBlock *= 2;
  const side = Math.ceil(tokens / thumbBlock);
  const blocks = new Map();
  const maps = [];
  const stats = [];
  const norms = [];
  let block = options.block || 1;
  while (tokens / block > 2048 || (tokens > 1024 && block < 2)) block *= 2;
  const pyramid = tokens > 1024 ? { block, side: Math.ceil(tokens / block) } : null;
  const columns = keyText ? others : side;
  const thumbs = new Uint8Array(layers * heads * side * columns);
  for (let l = 0; l < layers; ++l) {
    const keys = [];
    for (let kv = 0; kv < kvHeads; ++kv) {
      keys.push(coded(Float64Array.from({ length: others * dim }, normal), dim, bits));
      if (kind !== "trace") continue;
      blocks.set(`${d}/k/${l}/${kv}`, planes(keys[kv].codes || keys[kv].values));
      if (keys[kv].steps) blocks.set(`${d}/ks/${l}/${kv}`, plainBytes(keys[kv].steps));
    }
    for (let h = 0; h < heads; ++h) {
      const kv = Math.floor(h * kvHeads / heads);
      const q = coded(Float64Array.from({ length: tokens * dim }, normal), dim, bits);
      const head = new Head({ queries: q.values, keys: keys[kv].values, tokens, others, dim, scale,
        softcap,
        causal, window: l % 2 === 1 ? window : 0 });
      head.normalise(sample ? 64 : 1);
      maps.push(head);
      if (kind === "trace") {
        blocks.set(`${d}/q/${l}/${h}`, planes(q.codes || q.values));
        if (q.steps) blocks.set(`${d}/qs/${l}/${h}`, plainBytes(q.steps));
        blocks.set(`${d}/z/${l}/${h}`, plainBytes(Float32Array.from(head.z)));
      } else {
        storeWeights(head, precision, blocks, `${d}/w/${l}/${h}`);
      }
      if (values) {
        norms.push(Float32Array.from({ length: others }, () => 0.2 + 2 * next()));
        blocks.set(`${d}/n/${l}/${h}`, plainBytes(norms.at(-1)));
      }
      const thumb = blockValues(head, thumbBlock, side, sample, columns).largest;
      thumbs.set(thumb, (l * heads + h) * side * columns);
      if (pyramid) {
        const far = blockValues(head, block, pyramid.side, sample);
        const pack = (plane) => (causal ? lowerTriangle(plane, pyramid.side) : plane);
        blocks.set(`${d}/p/${l}/${h}`, Buffer.concat([pack(far.largest), pack(far.mean)]));
      }
      stats.push({
        type: ["previous token", "first token (sink)", "mixed", "induction"][(l + h) % 4],
        entropy: 3 * next(), distance: 10 * next(), confidence: next(), previous: next(),
        self: next(), first: next(), duplicate: next(), induction: next(), effect: next() - 0.5,
      });
    }
  }
  blocks.set(`${d}/thumbs`, thumbs);
  const given = tokens - generated;
  const doc = {
    label: options.label || "made up", ...text,
    generated: text.tokens.map((_, i) => (i >= given ? 1 : 0)),
    layers: Array.from({ length: layers }, (_, i) => i), heads: Array.from({ length: heads }, (_, i) => i),
    kv_head: Array.from({ length: heads }, (_, h) => Math.floor(h * kvHeads / heads)),
    windows: Array.from({ length: layers }, (_, l) => (l % 2 === 1 ? window : 0)),
    causal, has_values: values, stats, loss: text.tokens.map((_, i) => (i ? 3 * next() : null)),
    candidates: generated ? Array.from({ length: generated }, (_, i) => ({
      position: given - 1 + i,
      next: [[text.tokens[given + i], 0.5], [" a", 0.2], ["\n", 0.1], [" <b>", 0.05], ["x", 0.01]],
    })) : null,
    store: kind === "weights" ? { kind, precision }
      : { kind, bits, scale, softcap, dim, max_error: 2e-6 },
    thumb: keyText ? [side, columns] : side, pyramid, share: null,
    ...(keyText && { keys: keyText }),
  };
  const at = (l, h) => maps[l * heads + h];
  return { doc, blocks, norms, at, weight: (l, h, q, k) => at(l, h).weight(q, k) };
}

// Stores a head's weights, and makes the head answer with what was stored.
function storeWeights(head, precision, blocks, name) {
  const cells = [];
  for (let query = 0; query < head.tokens; ++query) {
    for (let key = 0; key < head.others; ++key) {
      if (head.visible(query, key)) cells.push(head.weight(query, key));
    }
  }
  const half = precision === "f16";
  blocks.set(name, planes(half ? Uint16Array.from(cells, halfBits) : Float32Array.from(cells)));
  const exact = head.weight.bind(head);
  head.weight = (query, key) => {
    const weight = exact(query, key);
    return weight === null ? null : half ? halfValue(halfBits(weight)) : Math.fround(weight);
  };
}

// The same document with its first layer `count` times: many heads without the time to make them.
export function repeatLayer(made, count) {
  const doc = { ...made.doc, stats: [], layers: [], windows: [] };
  const blocks = new Map();
  const thumbs = [];
  for (let l = 0; l < count; ++l) {
    doc.layers.push(l);
    doc.windows.push(0);
    doc.stats.push(...made.doc.stats);
    thumbs.push(made.blocks.get("0/thumbs"));
    for (const [name, bytes] of made.blocks) {
      if (name !== "0/thumbs") blocks.set(name.replace(/^(0\/\w+)\/0\//, `$1/${l}/`), bytes);
    }
  }
  blocks.set("0/thumbs", Buffer.concat(thumbs));
  return { ...made, doc, blocks, weight: (l, h, q, k) => made.weight(0, h, q, k) };
}

// The page of one or two made documents.
export function makePage(made, { title = "A made page", pair = null } = {}) {
  const blocks = new Map();
  for (const { blocks: own } of made) for (const [name, bytes] of own) blocks.set(name, bytes);
  return {
    info: {
      version: 2, title, summary: "known numbers", stamp: [["made by", "tests/page/documents.mjs"]],
      palettes: kPalettes, docs: made.map(({ doc }) => doc), pair, first: [0, 0],
    },
    blocks,
  };
}
