// The toolbar, the theme and the keys.

const kDefaults = {
  palette: "blues", range: "auto", scale: "linear", drop: false, words: false, values: false, far: "max",
  pair: "sides", sort: "position", order: "up", overview: "grid", scope: "head", direction: "both",
};

class Controls {
  // onChange(name, value)
  constructor(onChange) {
    this.elements = new Map();
    for (const element of document.querySelectorAll("[data-setting]")) {
      this.elements.set(element.dataset.setting, element);
      element.addEventListener("change", () =>
        onChange(element.dataset.setting,
                 element.type === "checkbox" ? element.checked : element.value));
    }
    this.order = document.getElementById("order");
    this.order.addEventListener("click", () =>
      onChange("order", this.order.textContent === "↑" ? "down" : "up"));
  }

  // Shows the settings; offers only what the page has.
  show(settings) {
    for (const [name, element] of this.elements) {
      if (element.type === "checkbox") element.checked = settings[name];
      else element.value = settings[name];
    }
    this.order.textContent = settings.order === "down" ? "↓" : "↑";
    this.order.setAttribute("aria-label",
                            settings.order === "down" ? "Order: descending" : "Order: ascending");
  }

  // has: {pair, far, words, values} flags; options by setting: [[value, text] …]
  offer(has, options) {
    for (const element of document.querySelectorAll("[data-when]")) {
      element.hidden = !has[element.dataset.when];
    }
    for (const [name, entries] of Object.entries(options)) {
      const element = this.elements.get(name);
      element.replaceChildren(...entries.map(([value, text]) => {
        const option = document.createElement("option");
        option.value = value;
        option.textContent = text;
        return option;
      }));
    }
  }

  choices(name) {
    const element = this.elements.get(name);
    if (element.type === "checkbox") return [false, true];
    return [...element.options].map((option) => option.value);
  }

  // Whether a control is on the page at all.
  offered(name) {
    return !this.elements.get(name).closest("[hidden]");
  }

  // The choice after the present one.
  next(name, present) {
    const choices = this.choices(name);
    return choices[(choices.indexOf(present) + 1) % choices.length];
  }
}

// Light, dark, or as the system says.
class Theme {
  constructor(onChange) {
    this.onChange = onChange;
    this.choice = "auto";
    this.system = window.matchMedia("(prefers-color-scheme: dark)");
    this.system.addEventListener("change", () => this.apply());
    document.getElementById("theme").addEventListener("click", () => this.turn());
    // Paper is light.
    window.addEventListener("beforeprint", () => this.apply(true));
    window.addEventListener("afterprint", () => this.apply());
    this.apply();
  }

  get dark() {
    return document.documentElement.dataset.theme === "dark";
  }

  turn() {
    this.choice = { auto: this.system.matches ? "light" : "dark", light: "dark", dark: "light" }[
      this.choice];
    this.apply();
  }

  apply(paper = false) {
    const dark = !paper && (this.choice === "auto" ? this.system.matches : this.choice === "dark");
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    document.getElementById("theme-name").textContent = this.choice;
    this.onChange(paper);
  }
}

// [keys as shown, what they do, [keys as events], action name, argument]
const kKeys = [
  ["? ", "this help", ["?"], "help"],
  ["← → ↑ ↓", "other heads and layers; on the map: other cells; in the text: other tokens"],
  ["[ ]", "head before and after, in the order of the overview", ["[", "]"], "stepHead"],
  ["+ −", "zoom in and out", ["+", "=", "-", "_"], "zoom"],
  ["0", "the whole map", ["0"], "whole"],
  ["Shift + arrows", "on the map: move the view"],
  ["Enter", "on the map: choose the row's token"],
  ["Esc", "let the chosen token go", ["Escape"], "release"],
  ["l", "scale linear or log", ["l"], "turn", "scale"],
  ["r", "colours up to the automatic end or to 1", ["r"], "range"],
  ["c", "next colours", ["c"], "turn", "palette"],
  ["d", "drop the first token and renormalise", ["d"], "turn", "drop"],
  ["w", "words or tokens", ["w"], "turn", "words"],
  ["v", "weigh by the length of the value vectors", ["v"], "turn", "values"],
  ["m", "from afar: largest or mean", ["m"], "turn", "far"],
  ["p", "first, second, side by side, difference", ["p"], "turn", "pair"],
  ["a", "text: this head, mean of the layer, mean of all heads", ["a"], "turn", "scope"],
  ["b", "text: both directions or one", ["b"], "turn", "direction"],
  ["o", "heads as pictures or table", ["o"], "turn", "overview"],
  ["s", "order heads by the next figure", ["s"], "turn", "sort"],
  [", .", "replay: step back and on", [",", "."], "stepReplay"],
  ["g t x", "go to the overview, the map, the text", ["g", "t", "x"], "go"],
  ["e", "save the map as a picture", ["e"], "save"],
  ["k", "light or dark", ["k"], "theme"],
];

// actions: by name; called with (key, argument).
function listenToKeys(actions) {
  const table = document.querySelector("#help tbody");
  for (const [shown, text] of kKeys) {
    const row = document.createElement("tr");
    const keys = document.createElement("td");
    for (const key of shown.trim().split(" ").filter((part) => part !== "+" || shown[0] === "+")) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      keys.append(cap, " ");
    }
    row.append(keys, tableCell("td", text));
    table.append(row);
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof Element && event.target.closest(
      "select, input:not([type='checkbox']), textarea, dialog, [contenteditable]");
    if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key.startsWith("Arrow")) {
      const free = event.target === document.body || event.target.closest("#page-buttons, #controls");
      if (!free) return;
      event.preventDefault();
      return actions.move(event.key);
    }
    const entry = kKeys.find(([, , keys]) => keys && keys.includes(event.key));
    if (!entry) return;
    event.preventDefault();
    actions[entry[3]](event.key, entry[4]);
  });
}
