// Reads the .npz files that the tool writes: a zip (stored or deflated) of .npy arrays.
import { inflateRawSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { halfValue } from "./packing.mjs";

// Name → bytes of every file in a zip, by its central directory.
function readZip(bytes) {
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0) throw new Error("not a zip file");
  const files = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let i = 0; i < bytes.readUInt16LE(end + 10); ++i) {
    const method = bytes.readUInt16LE(at + 10);
    const packed = bytes.readUInt32LE(at + 20);
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    const local = bytes.readUInt32LE(at + 42);
    const begin = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const body = bytes.subarray(begin, begin + packed);
    files.set(name, method === 0 ? body : inflateRawSync(body));
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

// {shape, at(...indices)} of a float array.
function readNpy(bytes) {
  const length = bytes.readUInt16LE(8);
  const header = bytes.toString("latin1", 10, 10 + length);
  const type = /'descr':\s*'([^']+)'/.exec(header)[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)[1].split(",").filter((n) => n.trim())
    .map(Number);
  const body = bytes.subarray(10 + length);
  const read = {
    "<f2": (i) => {
      const bits = body.readUInt16LE(2 * i);
      return bits & 0x8000 ? -halfValue(bits & 0x7fff) : halfValue(bits);
    },
    "<f4": (i) => body.readFloatLE(4 * i),
  }[type];
  if (!read) throw new Error(`array of type ${type}`);
  return { shape, at: (...indices) => read(indices.reduce((sum, n, i) => sum * shape[i] + n, 0)) };
}

export function readNpz(path, name) {
  const file = readZip(readFileSync(path)).get(`${name}.npy`);
  if (!file) throw new Error(`${path} has no array ${name}`);
  return readNpy(file);
}
