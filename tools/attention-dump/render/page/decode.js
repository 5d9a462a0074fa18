// Data: what the page's script elements hold, turned into maps.

const info = JSON.parse(document.getElementById("info").textContent);

// Bytes of a base64 text.
function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; ++i) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// All 65,536 values of a 16-bit float.
const halfValues = (() => {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; ++bits) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    table[bits] = exponent === 31 ? (fraction ? NaN : sign * Infinity)
      : sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
  }
  return table;
})();

// The weights are stored as byte planes, the most significant bytes first (they compress better).
function joinPlanes(planes, width) {
  const count = planes.length / width;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < width; ++plane) {
    const target = width - 1 - plane;  // little-endian
    for (let i = 0; i < count; ++i) bytes[i * width + target] = planes[plane * count + i];
  }
  return bytes.buffer;
}

// One head's map: only visible cells are held, row after row.
class HeadMap {
  constructor(planes, full, window) {
    const half = info.precision === "f16";
    const buffer = joinPlanes(planes, half ? 2 : 4);
    this.bits = half ? new Uint16Array(buffer) : null;
    this.values = half ? null : new Float32Array(buffer);
    this.tokens = info.tokens.length;
    this.firstKey = new Uint32Array(this.tokens);
    this.endKey = new Uint32Array(this.tokens);
    this.begin = new Uint32Array(this.tokens);  // of each row among the cells
    let cells = 0;
    for (let query = 0; query < this.tokens; ++query) {
      this.firstKey[query] = full || !window ? 0 : Math.max(0, query + 1 - window);
      this.endKey[query] = full ? this.tokens : query + 1;
      this.begin[query] = cells;
      cells += this.endKey[query] - this.firstKey[query];
    }
    this.rest = null;
  }

  visible(query, key) {
    return key >= this.firstKey[query] && key < this.endKey[query];
  }

  // Only for visible cells.
  weight(query, key) {
    const cell = this.begin[query] + key - this.firstKey[query];
    return this.bits ? halfValues[this.bits[cell]] : this.values[cell];
  }

  // What a row's weights are multiplied by once the first key is dropped.
  restScale(query) {
    if (!this.rest) {
      this.rest = new Float64Array(this.tokens);
      for (let q = 0; q < this.tokens; ++q) {
        let sum = 0;
        for (let key = Math.max(1, this.firstKey[q]); key < this.endKey[q]; ++key) {
          sum += this.weight(q, key);
        }
        this.rest[q] = sum > 0 ? 1 / sum : 0;
      }
    }
    return this.rest[query];
  }
}

// Maps by (layer index, head index, mask); each is unpacked once.
const mapCache = new Map();
function loadMap(layer, head, full) {
  const id = `${full ? "full" : "map"}-${layer}-${head}`;
  if (!mapCache.has(id)) {
    const element = document.getElementById(id);
    const promise = inflate(fromBase64(element.textContent)).then((planes) => {
      element.textContent = "";  // the packed text is not needed again
      return new HeadMap(planes, full || !info.causal, info.windows[layer] || 0);
    });
    mapCache.set(id, promise);
  }
  return mapCache.get(id);
}

// The shortest decimal that gives this number back in the precision of the file.
function weightText(weight) {
  if (!Number.isFinite(weight)) return String(weight);
  if (info.precision === "f16") return String(Number(weight.toPrecision(5)));
  for (let digits = 6; digits < 9; ++digits) {
    const text = weight.toPrecision(digits);
    if (Math.fround(Number(text)) === weight) return String(Number(text));
  }
  return String(Number(weight.toPrecision(9)));
}
