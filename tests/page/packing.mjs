// How a page's bytes and text are packed, written from the format's description and not from the
// tool's code, so that the viewer is tested against an independent producer.
import { deflateRawSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const kSymbols = (() => {
  let symbols = "";
  for (let code = 0x21; code <= 0x7e; ++code) {
    const symbol = String.fromCharCode(code);
    if (!"&<\\".includes(symbol)) symbols += symbol;
  }
  return Buffer.from(symbols);
})();

// 13 bits in two symbols, least significant first.
export function textCode(bytes) {
  const groups = Math.ceil(bytes.length * 8 / 13);
  const text = Buffer.alloc(groups * 2);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let group = 0; group < groups; ++group) {
    while (bits < 13 && at < bytes.length) {
      held |= bytes[at++] << bits;
      bits += 8;
    }
    const value = held & 8191;
    held >>>= 13;
    bits -= 13;
    text[2 * group] = kSymbols[value % 91];
    text[2 * group + 1] = kSymbols[Math.floor(value / 91)];
  }
  return text.toString("latin1");
}

export function deflate(bytes) {
  return deflateRawSync(bytes, { level: 1 });
}

// Byte planes of a typed array, the most significant bytes first.
export function planes(values) {
  const width = values.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const out = new Uint8Array(bytes.length);
  for (let plane = 0; plane < width; ++plane) {
    for (let i = 0; i < values.length; ++i) {
      out[plane * values.length + i] = bytes[i * width + width - 1 - plane];
    }
  }
  return out;
}

export function plainBytes(values) {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

export function weightCode(weight) {
  if (!(weight > 0)) return 0;
  return Math.min(255, Math.max(1, Math.round(255 + 254 * Math.log10(weight) / 6)));
}

// The nearest 16-bit float of a number in [0, 1].
export function halfBits(value) {
  if (value === 0) return 0;
  let exponent = Math.max(-14, Math.floor(Math.log2(value)));
  if (2 ** exponent > value && exponent > -14) --exponent;
  const steps = Math.round(value / 2 ** (exponent - 10));  // ties are rare enough here
  if (steps >= 2048) return ((exponent + 16) << 10);
  return steps < 1024 ? steps : ((exponent + 15) << 10) | (steps - 1024);
}

export function halfValue(bits) {
  const exponent = bits >> 10;
  const fraction = bits & 1023;
  return exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction;
}

// The viewer as the tool embeds it: the template, the style, and the scripts that
// page/CMakeLists.txt lists.
function viewerFiles(sourceDir) {
  const folder = join(sourceDir, "tools/attention-dump/page");
  const lists = readFileSync(join(folder, "CMakeLists.txt"), "utf8");
  const names = /set\(viewer_scripts([^)]*)\)/.exec(lists)[1].trim().split(/\s+/);
  const read = (name) => readFileSync(join(folder, "viewer", name), "utf8");
  return { template: read("page.html"), style: read("page.css"), script: names.map(read).join("") };
}

// document: {info, blocks: Map name → bytes}. One offline file.
export function renderHtml(sourceDir, { info, blocks }, extraScript = "") {
  const { template, style, script } = viewerFiles(sourceDir);
  const json = JSON.stringify(info).replace(/[<>&]/g, (c) =>
    `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const texts = new Map();  // blocks that share their bytes are packed once
  const element = ([name, bytes]) => {
    if (!texts.has(bytes)) {
      const packed = deflate(bytes);
      texts.set(bytes, { length: packed.length, text: textCode(packed) });
    }
    const { length, text } = texts.get(bytes);
    return `<script type="text/plain" id="b:${name}" data-bytes="${length}">${text}</script>\n`;
  };
  const parts = [...blocks];
  const isThumbs = ([name]) => name.endsWith("/thumbs");
  const places = {
    title: info.title, connect: "'none'", nonce: "", style, script: script + extraScript,
    info: json,
    thumbs: parts.filter(isThumbs).map(element).join(""),
    blocks: parts.filter((part) => !isThumbs(part)).map(element).join(""),
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, place) => places[place]);
}

// The same as the live server sends it.
export function renderContainer({ info, blocks }) {
  const list = [];
  const bodies = [];
  let offset = 0;
  for (const [name, bytes] of blocks) {
    const packed = deflate(bytes);
    list.push({ name, offset, length: packed.length });
    bodies.push(packed);
    offset += packed.length;
  }
  const json = Buffer.from(JSON.stringify({ info, blocks: list }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([Buffer.from("FOVEAPG1"), length, json, ...bodies]);
}
