// Colours: weight to colour on the fixed 0–1 scale, and the look of masked cells.

const kLogDecades = 4;  // the log scale runs from 0.0001 to 1

class ColorScale {
  constructor(name, log) {
    this.log = log;
    const hex = info.palettes[name];
    this.rgb = [];
    this.packed = new Uint32Array(256);  // as ImageData wants it on little-endian machines
    const bytes = new Uint8Array(this.packed.buffer);
    for (let i = 0; i < 256; ++i) {
      const value = parseInt(hex.substr(i * 6, 6), 16);
      const channels = [value >> 16, (value >> 8) & 255, value & 255];
      bytes.set([...channels, 255], i * 4);
      this.rgb.push(`rgb(${channels.join(",")})`);
    }
    this.nan = new Uint32Array(new Uint8Array([0xe6, 0x55, 0x0d, 255]).buffer)[0];
  }

  step(weight) {
    let position = weight;
    if (this.log) position = weight > 0 ? 1 + Math.log10(weight) / kLogDecades : 0;
    return position <= 0 ? 0 : position >= 1 ? 255 : Math.round(position * 255);
  }

  pixel(weight) {
    return weight !== weight ? this.nan : this.packed[this.step(weight)];
  }

  css(weight) {
    return weight !== weight ? "rgb(230,85,13)" : this.rgb[this.step(weight)];
  }
}

// An image of a map with `block` × `block` weights per pixel (their maximum); masked ones stay
// transparent.
function mapImage(map, scale, dropFirst, block) {
  const size = Math.ceil(map.tokens / block);
  const image = new ImageData(size, size);
  const pixels = new Uint32Array(image.data.buffer);
  const largest = new Float64Array(size);
  const filled = new Uint8Array(size);
  for (let row = 0; row < size; ++row) {
    largest.fill(-1);
    filled.fill(0);
    const endQuery = Math.min(map.tokens, (row + 1) * block);
    for (let query = row * block; query < endQuery; ++query) {
      const factor = dropFirst ? map.restScale(query) : 1;
      const end = map.endKey[query];
      for (let key = Math.max(map.firstKey[query], dropFirst ? 1 : 0); key < end; ++key) {
        const weight = map.weight(query, key) * factor;
        const cell = block === 1 ? key : (key / block) | 0;
        if (weight > largest[cell] || weight !== weight) largest[cell] = weight;
        filled[cell] = 1;
      }
    }
    for (let cell = 0; cell < size; ++cell) {
      if (filled[cell]) pixels[row * size + cell] = scale.pixel(largest[cell]);
    }
  }
  return image;
}

function themeColor(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// The hatch of masked cells, as a canvas pattern.
function hatchPattern(context, pixelRatio) {
  const side = Math.round(6 * pixelRatio);
  const tile = new OffscreenCanvas(side, side);
  const brush = tile.getContext("2d");
  brush.fillStyle = themeColor("--masked");
  brush.fillRect(0, 0, side, side);
  brush.strokeStyle = themeColor("--masked-line");
  brush.lineWidth = pixelRatio;
  for (const offset of [-side, 0, side]) {
    brush.beginPath();
    brush.moveTo(offset - 1, side + 1);
    brush.lineTo(offset + side + 1, -1);
    brush.stroke();
  }
  return context.createPattern(tile, "repeat");
}
