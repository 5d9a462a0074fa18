// The overview: a small picture of every head, as they stand or ordered by a figure.

const kRevealMargin = 4;  // pixels
const kPaintBurst = 60;   // milliseconds: a frame with a thousand canvases takes as long

class GridView {
  // onOpen(l, h)
  constructor(root, onOpen) {
    this.root = root;
    this.onOpen = onOpen;
    this.cells = [];
    this.painting = new Turns();
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.onOpen(Number(button.dataset.l), Number(button.dataset.h));
    });
    root.addEventListener("keydown", (event) => this.key(event));
  }

  // Places the heads; sort: {column, descending}.
  build(doc, list, sort) {
    this.painting.stop();
    this.doc = doc;
    this.list = list;
    const byPosition = sort.column === "position" && !sort.descending;
    this.columns = byPosition ? doc.heads.length : 0;
    this.root.replaceChildren();
    this.root.className = byPosition ? "grid by-position" : "grid flowing";
    this.root.style.gridTemplateColumns = byPosition
      ? `max-content repeat(${doc.heads.length}, minmax(34px, 96px))` : "";
    const parts = document.createDocumentFragment();
    const axis = (side, text) => {
      const element = document.createElement("div");
      element.className = `axis ${side}`;
      element.textContent = text;
      parts.append(element);
    };
    if (byPosition) {
      axis("corner", "");
      for (const head of doc.heads) axis("above", `H${head}`);
    }
    this.cells = [];
    for (const item of list.sorted(sort.column, sort.descending)) {
      if (byPosition && item.h === 0) axis("beside", `L${doc.layers[item.l]}`);
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
    [canvas.height, canvas.width] = thumbnailShape(this.doc);  // now: later it would cost a layout
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

  // Colours all pictures (ShownThumbnails), in slices, that of head `first` before the others. range:
  // the setting. Promises whether it came to the end.
  async paint(pictures, { scale, range, first }) {
    const mine = this.painting.begin();
    const { rows, columns } = pictures;
    const values = new Float32Array(rows * columns);
    let burstEnd = performance.now() + kPaintBurst;
    for (const index of this.order(first)) {
      await pictures.fill(index, values);
      if (!mine()) return false;
      const { canvas } = this.cells[index];
      const colors = scale.upTo(rangeTop(range, pictures.top(values)));
      const image = new ImageData(columns, rows);
      const pixels = new Uint32Array(image.data.buffer);
      values.forEach((value, i) => { if (value !== kMasked) pixels[i] = colors.pixel(value); });
      canvas.getContext("2d", { willReadFrequently: true }).putImageData(image, 0, 0);
      canvas.classList.add("painted");
      if (performance.now() < burstEnd) continue;
      await nextSlice();
      if (!mine()) return false;
      burstEnd = performance.now() + kPaintBurst;
    }
    return true;
  }

  // Heads by when they are wanted: one named, those in sight, the others.
  order(first) {
    const box = this.root.getBoundingClientRect();
    const ranks = this.cells.map(({ button }, index) => {
      if (index === first) return 0;
      const at = button.getBoundingClientRect();
      return at.bottom >= box.top && at.top <= box.bottom && at.right >= box.left &&
        at.left <= box.right ? 1 : 2;
    });
    return [...ranks.keys()].sort((a, b) => ranks[a] - ranks[b]);
  }

  // The picture of one head, as a stand-in for its map.
  picture(l, h) {
    const cell = this.cells[l * this.list.heads + h];
    return cell && cell.canvas.classList.contains("painted") ? cell.canvas : null;
  }

  select(l, h) {
    for (const { button } of this.cells) {
      const chosen = Number(button.dataset.l) === l && Number(button.dataset.h) === h;
      button.setAttribute("aria-pressed", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      if (chosen) this.reveal(button);
    }
  }

  // Scrolls the overview, never the page, until the button is in sight beside the fixed axes.
  reveal(button) {
    const { root } = this;
    const box = root.getBoundingClientRect();
    const at = button.getBoundingClientRect();
    const corner = root.querySelector(".axis.corner");
    const axis = corner ? corner.getBoundingClientRect() : { width: 0, height: 0 };
    const left = box.left + root.clientLeft + axis.width;
    const top = box.top + root.clientTop + axis.height;
    const right = box.left + root.clientLeft + root.clientWidth;
    const bottom = box.top + root.clientTop + root.clientHeight;
    if (at.left < left) root.scrollLeft -= left - at.left + kRevealMargin;
    else if (at.right > right) root.scrollLeft += at.right - right + kRevealMargin;
    if (at.top < top) root.scrollTop -= top - at.top + kRevealMargin;
    else if (at.bottom > bottom) root.scrollTop += at.bottom - bottom + kRevealMargin;
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
    next.focus({ preventScroll: true });
    this.reveal(next);
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
