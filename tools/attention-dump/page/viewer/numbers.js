// Numbers as the page's blocks hold them: text to bytes, deflate, byte planes, one-byte codes of
// weights.

// The symbols of the text code: '!'..'~' without '&', '<' and '\', 91 of them.
const symbolValues = (() => {
  const values = new Uint8Array(128);
  let count = 0;
  for (let code = 0x21; code <= 0x7e; ++code) {
    if (code !== 0x26 && code !== 0x3c && code !== 0x5c) values[code] = count++;
  }
  return values;
})();

function textCodeLength(byteCount) {
  return 2 * Math.ceil(byteCount * 8 / 13);
}

// `byteCount` bytes from a text with 13 bits in two symbols, least significant bits first.
async function bytesFromText(text, byteCount) {
  const bytes = new Uint8Array(byteCount);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i + 1 < text.length && at < byteCount; i += 2) {
    held |= (symbolValues[text.charCodeAt(i)] + 91 * symbolValues[text.charCodeAt(i + 1)]) << bits;
    bits += 13;
    while (bits >= 8 && at < byteCount) {
      bytes[at++] = held & 255;
      held >>>= 8;
      bits -= 8;
    }
    if ((i & 0xffff) === 0 && sliceIsOver()) await nextSlice();
  }
  return bytes;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// All 65,536 values of a 16-bit float.
let halfTable = null;
function halfValues() {
  if (halfTable) return halfTable;
  halfTable = new Float32Array(65536);
  for (let bits = 0; bits < 65536; ++bits) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    halfTable[bits] = exponent === 31 ? (fraction ? NaN : sign * Infinity)
      : sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
  }
  return halfTable;
}

// Numbers of `width` bytes from byte planes, the most significant plane first; little-endian.
async function joinPlanes(planes, width) {
  const count = planes.length / width;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < width; ++plane) {
    const target = width - 1 - plane;
    const begin = plane * count;
    for (let i = 0; i < count; ++i) {
      bytes[i * width + target] = planes[begin + i];
      if ((i & 0xffff) === 0 && sliceIsOver()) await nextSlice();
    }
  }
  return bytes.buffer;
}

// Floats that were stored as they are (their bytes may begin anywhere in a buffer).
function plainFloats(bytes) {
  return new Float32Array(bytes.slice().buffer);
}

// The weight that a one-byte code stands for; code 0: nothing.
const codeWeights = (() => {
  const weights = new Float32Array(256);
  for (let code = 1; code < 256; ++code) weights[code] = 10 ** ((code - 255) / 254 * 6);
  return weights;
})();

// The shortest decimal that gives a stored weight back; a rebuilt one with the digits it can answer
// for.
function weightText(weight, store) {
  if (!Number.isFinite(weight)) return String(weight);
  if (store.kind !== "weights") {
    const digits = Math.max(2, Math.min(8, Math.ceil(-Math.log10(store.max_error || 1e-7))));
    return weight.toFixed(digits + 1);
  }
  if (store.precision === "f16") return String(Number(weight.toPrecision(5)));
  for (let digits = 6; digits < 9; ++digits) {
    const text = weight.toPrecision(digits);
    if (Math.fround(Number(text)) === weight) return String(Number(text));
  }
  return String(Number(weight.toPrecision(9)));
}

// A few digits for people, never in exponents for ordinary sizes.
function shortNumber(value) {
  if (value === null || value === undefined) return "";
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 1) return value.toFixed(2);
  return size >= 1e-4 ? value.toFixed(size >= 0.1 ? 3 : 4) : value.toExponential(1);
}
