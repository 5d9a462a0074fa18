// The overview: a small picture of every head, as they stand or ordered by a figure.

class GridView {
  // onOpen(l, h)
  constructor(root, onOpen) {
    this.root = root;
    this.onOpen = onOpen;
    this.cells = [];
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.onOpen(Number(button.dataset.l), Number(button.dataset.h));
    });
    root.addEventListener("keydown", (event) => this.key(event));
  }

  // Places the heads; sort: {column, descending}.
  build(doc, list, sort) {
    this.doc = doc;
    this.list = list;
    const byPosition = sort.column === "position" && !sort.descending;
    this.columns = byPosition ? doc.heads.length : 0;
    this.root.replaceChildren();
    this.root.className = byPosition ? "grid by-position" : "grid flowing";
    this.root.style.gridTemplateColumns = byPosition
      ? `max-content repeat(${doc.heads.length}, minmax(34px, 96px))` : "";
    const parts = document.createDocumentFragment();
    const axis = (text) => {
      const element = document.createElement("div");
      element.className = "axis";
      element.textContent = text;
      parts.append(element);
    };
    if (byPosition) {
      axis("");
      for (const head of doc.heads) axis(`H${head}`);
    }
    this.cells = [];
    for (const item of list.sorted(sort.column, sort.descending)) {
      if (byPosition && item.h === 0) axis(`L${doc.layers[item.l]}`);
      const cell = this.makeCell(item, byPosition ? null : sort.column);
      this.cells[item.index] = cell;
      parts.append(cell.button);
    }
    this.root.append(parts);
  }

  makeCell(item, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.l = item.l;
    button.dataset.h = item.h;
    button.tabIndex = -1;
    const type = item.figures.type || "";
    const value = column && column !== "position" && column !== "type"
      ? shortNumber(item.figures[column]) : "";
    const figures = this.list.columns.filter(({ id }) => id !== "type")
      .map(({ id, title }) => `${title} ${shortNumber(item.figures[id])}`).join(" · ");
    button.title = `${item.name}${type ? ` – ${type}` : ""}\n${figures}`;
    button.setAttribute("aria-label", [item.name, type, value && `${column} ${value}`]
      .filter(Boolean).join(", "));
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const label = document.createElement("span");
    label.textContent = column ? `${item.name} ${value}` : type;
    button.append(canvas, label);
    if (column && type) {
      const second = document.createElement("span");
      second.textContent = type;
      button.append(second);
    }
    return { button, canvas };
  }

  // Colours all pictures. first, second: {side, codes} of the documents (second for a difference).
  paint({ first, second, causal, scale, dropFirst }) {
    if (!first) return;
    const { side } = first;
    const pixelOf = new Uint32Array(256);
    codeWeights.forEach((weight, code) => { pixelOf[code] = scale.pixel(weight); });
    this.cells.forEach((cell, index) => {
      const image = new ImageData(side, side);
      const pixels = new Uint32Array(image.data.buffer);
      const from = index * side * side;
      for (let row = 0; row < side; ++row) {
        const start = from + row * side;
        const rest = dropFirst ? 1 - codeWeights[first.codes[start]] : 1;
        for (let column = dropFirst ? 1 : 0; column < (causal ? row + 1 : side); ++column) {
          const code = first.codes[start + column];
          let pixel = pixelOf[code];
          if (second) {
            pixel = scale.pixel(codeWeights[second.codes[start + column]] - codeWeights[code]);
          } else if (dropFirst && rest > 0) {
            pixel = scale.pixel(Math.min(1, codeWeights[code] / rest));
          }
          pixels[row * side + column] = pixel;
        }
      }
      if (cell.canvas.width !== side) cell.canvas.width = cell.canvas.height = side;
      cell.canvas.getContext("2d").putImageData(image, 0, 0);
    });
  }

  // The picture of one head, as a stand-in for its map.
  picture(l, h) {
    const cell = this.cells[l * this.list.heads + h];
    return cell && cell.canvas.width > 1 ? cell.canvas : null;
  }

  select(l, h) {
    for (const { button } of this.cells) {
      const chosen = Number(button.dataset.l) === l && Number(button.dataset.h) === h;
      button.setAttribute("aria-pressed", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      if (chosen && this.root.scrollHeight > this.root.clientHeight) this.reveal(button);
    }
  }

  // Scrolls the overview, never the page.
  reveal(button) {
    const top = button.offsetTop - this.root.offsetTop;
    if (top < this.root.scrollTop) this.root.scrollTop = top;
    const bottom = top + button.offsetHeight - this.root.clientHeight;
    if (bottom > this.root.scrollTop) this.root.scrollTop = bottom;
  }

  key(event) {
    const buttons = [...this.root.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const columns = this.columns || this.flowingColumns(buttons);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns,
      Home: -at, End: buttons.length - 1 - at };
    const step = steps[event.key];
    if (at < 0 || step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const next = buttons[at + step];
    if (!next) return;
    next.focus();
  }

  flowingColumns(buttons) {
    const top = buttons[0].offsetTop;
    const wrapped = buttons.findIndex((button) => button.offsetTop > top);
    return wrapped > 0 ? wrapped : buttons.length;
  }

  focus() {
    const chosen = this.root.querySelector("button[aria-pressed='true']");
    if (chosen) chosen.focus();
  }
}
