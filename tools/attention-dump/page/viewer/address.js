// State in the address bar: "#L3H5&q=200-260&scale=log…". A link to a head and some tokens can be
// shared; what is as at the beginning is left out.

// Words of the address for settings: [key, setting, values allowed: a list, a form, or null for what
// the page offers].
const kAddressWords = [
  ["colors", "palette", null],
  ["range", "range", /^(auto|1|0?\.\d+)$/],
  ["scale", "scale", ["linear", "log"]],
  ["drop", "drop", [false, true]],
  ["words", "words", [false, true]],
  ["value", "values", [false, true]],
  ["far", "far", ["max", "mean"]],
  ["view", "pair", ["a", "b", "sides", "difference"]],
  ["sort", "sort", null],
  ["order", "order", ["up", "down"]],
  ["heads", "overview", ["grid", "table"]],
  ["mean", "scope", ["head", "layer", "all"]],
  ["show", "direction", ["both", "looks", "looked"]],
];

function flagText(value) {
  return value === true ? "1" : value === false ? "0" : String(value);
}

// place: {layer, head} numbers of the model, or null; view: {q: [first, last], k: …} or null for the
// whole map; settings and defaults: by name; token, step: numbers or null.
function writeAddress({ place, view, settings, defaults, token, step }) {
  const parts = [];
  if (place) parts.push(`L${place.layer}H${place.head}`);
  if (view) {
    parts.push(`q=${view.q.join("-")}`);
    if (view.k[0] !== view.q[0] || view.k[1] !== view.q[1]) parts.push(`k=${view.k.join("-")}`);
  }
  if (token !== null) parts.push(`token=${token}`);
  if (step !== null) parts.push(`step=${step + 1}`);
  for (const [word, name] of kAddressWords) {
    if (settings[name] !== defaults[name]) {
      parts.push(`${word}=${encodeURIComponent(flagText(settings[name]))}`);
    }
  }
  return `#${parts.join("&")}`;
}

// The same read back; what is not understood is left out.
function readAddress(hash, knownSorts, knownPalettes) {
  const found = { place: null, view: null, settings: {}, token: null, step: null };
  const ranges = {};
  for (const part of hash.replace(/^#/, "").split("&")) {
    const head = /^L(\d+)H(\d+)$/i.exec(part);
    if (head) {
      found.place = { layer: Number(head[1]), head: Number(head[2]) };
      continue;
    }
    const [word, ...rest] = part.split("=");
    let value = rest.join("=");
    try {
      value = decodeURIComponent(value);
    } catch {
      continue;
    }
    const range = /^(\d+)(?:[-–](\d+))?$/.exec(value);
    if (word === "q" || word === "k") {
      if (range) {
        const ends = [Number(range[1]), Number(range[2] ?? range[1])];
        ranges[word] = [Math.min(...ends), Math.max(...ends)];
      }
    } else if (word === "token" && range) {
      found.token = Number(range[1]);
    } else if (word === "step" && range) {
      found.step = Math.max(0, Number(range[1]) - 1);
    } else {
      const known = kAddressWords.find(([name]) => name === word);
      if (!known) continue;
      if (known[2] instanceof RegExp) {
        if (known[2].test(value)) found.settings[known[1]] = value;
        continue;
      }
      const allowed = known[2] || (word === "sort" ? knownSorts : knownPalettes);
      const match = allowed.find((one) => flagText(one) === value);
      if (match !== undefined) found.settings[known[1]] = match;
    }
  }
  if (ranges.q || ranges.k) found.view = { q: ranges.q || ranges.k, k: ranges.k || ranges.q };
  return found;
}

// What the address bar holds; nothing where the page has none, as in a frame without an address.
function addressHash() {
  try {
    return location.hash;
  } catch {
    return "";
  }
}

// Puts it there without a step in the history. Frames without an address refuse: the view stays as
// it is, it just cannot be copied.
function keepAddressHash(hash) {
  if (addressHash() === hash) return;
  try {
    history.replaceState(null, "", hash);
  } catch { /* As above. */ }
}
