// Colours: weight to colour from 0 to the scale's top, difference to colour from −top to top.

const kLogDecades = 4;  // the log scale begins at a 10,000th of its top
const kNotANumber = [230, 85, 13];
// ColorBrewer's eleven-class "RdBu" (C. Brewer), from lower to higher; in the dark its middle is dark.
const kDifferenceLight = ["053061", "2166ac", "4393c3", "92c5de", "d1e5f0", "f7f7f7", "fddbc7",
  "f4a582", "d6604d", "b2182b", "67001f"];
const kDifferenceDark = ["d1e5f0", "92c5de", "4393c3", "2166ac", "15406b", "20242a", "661a28",
  "b2182b", "d6604d", "f4a582", "fddbc7"];

function hexChannels(hex, at) {
  const value = parseInt(hex.substr(at, 6), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function anchorsToSteps(anchors) {
  const steps = [];
  for (let i = 0; i < 256; ++i) {
    const place = i / 255 * (anchors.length - 1);
    const left = Math.min(anchors.length - 2, Math.floor(place));
    const low = hexChannels(anchors[left], 0);
    const high = hexChannels(anchors[left + 1], 0);
    steps.push(low.map((value, c) => Math.round(value + (high[c] - value) * (place - left))));
  }
  return steps;
}

class ColorScale {
  // hex: 256 colours of six digits, or null for the difference scale. In the dark, a palette that
  // begins with white runs the other way.
  constructor(name, hex, { log, dark }) {
    this.name = `${name}/${log ? "log" : "linear"}/${dark ? "dark" : "light"}`;
    this.id = this.name;
    this.top = 1;
    this.log = log;
    this.difference = !hex;
    let steps = [];
    if (this.difference) {
      steps = anchorsToSteps(dark ? kDifferenceDark : kDifferenceLight);
    } else {
      for (let i = 0; i < 256; ++i) steps.push(hexChannels(hex, i * 6));
      if (dark && luminance(steps[0]) > luminance(steps[255])) steps.reverse();
    }
    this.css = steps.map((channels) => `rgb(${channels.join(",")})`);
    this.onto = steps.map((channels) => (luminance(channels) < 140 ? "#fff" : "#111"));
    this.packed = new Uint32Array(256);  // as ImageData wants it on little-endian machines
    const bytes = new Uint8Array(this.packed.buffer);
    steps.forEach((channels, i) => bytes.set([...channels, 255], i * 4));
    this.nan = new Uint32Array(new Uint8Array([...kNotANumber, 255]).buffer)[0];
  }

  // The same colours up to another top.
  upTo(top) {
    if (top === this.top) return this;
    const scale = Object.assign(Object.create(ColorScale.prototype), this);
    scale.top = top;
    scale.id = `${this.name}/${top}`;
    return scale;
  }

  // 0–1: how far along the scale; for differences −1–1.
  place(weight) {
    return this.placeOfShare(weight / this.top);
  }

  // The same of a share of the top.
  placeOfShare(weight) {
    const size = Math.abs(weight);
    let place = size;
    if (this.log) place = size > 0 ? Math.max(0, 1 + Math.log10(size) / kLogDecades) : 0;
    if (place > 1) place = 1;
    return weight < 0 ? -place : place;
  }

  step(weight) {
    const place = this.place(weight);
    if (this.difference) return 128 + Math.round(place * 127);
    return place <= 0 ? 0 : Math.round(place * 255);
  }

  pixel(weight) {
    return weight !== weight ? this.nan : this.packed[this.step(weight)];
  }
}

// A number for a tick, in at most five characters: .2, .05, .002, 2e-4.
function tickText(value) {
  if (value >= 0.001 || value === 0) return String(Number(value.toPrecision(2))).replace(/^0\./, ".");
  return value.toExponential(0);
}

// Ticks of a scale's bar, from its upper end to its lower one. What is more than the top has the top's
// colour.
function scaleTicks({ top, log, difference }) {
  const tick = (share, sign = "") => (share === 0 ? "0" : sign + tickText(top * share));
  const steps = log ? [1, 0.01] : [1, 0.5];
  if (difference) {
    return [...steps.map((share) => tick(share, "+")), "0",
      ...steps.reverse().map((share) => tick(share, "−"))];
  }
  const ends = log ? [1, 0.1, 0.01, 0.001, 0] : [1, 0.5, 0];
  return ends.map((share, i) => (i === 0 && top < 1 ? tick(share, "≥") : tick(share)));
}

function luminance([red, green, blue]) {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
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
