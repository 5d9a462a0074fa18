// The large map: one canvas for the map and its labels, one above it for what follows the pointer,
// so that moving the pointer never redraws the map.

const kFont = "12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
const kLabelLine = 14;
const kMaxLabel = 110;

class MapView {
  constructor(onHover) {
    this.root = document.getElementById("map");
    this.base = document.getElementById("map-base");
    this.overlay = document.getElementById("map-overlay");
    this.tooltip = document.getElementById("tooltip");
    this.onHover = onHover;
    this.map = null;
    this.scale = null;
    this.dropFirst = false;
    this.image = null;   // canvas with one pixel per block × block cells
    this.block = 0;
    this.zoom = 1;       // 1: the whole map
    this.left = 0;       // first key and query in view, in tokens, may be fractional
    this.top = 0;
    this.hover = null;
    this.dragging = null;
    this.listen();
  }

  show(map, scale, dropFirst) {
    this.map = map;
    this.scale = scale;
    this.dropFirst = dropFirst;
    this.image = null;
    this.redraw();
  }

  reset() {
    this.zoom = 1;
    this.left = this.top = 0;
    this.redraw();
  }

  // Sizes both canvases to the room there is.
  measure() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(240, this.root.clientWidth);
    const longest = this.labelWidth();
    const below = window.innerHeight - this.root.offsetTop - longest - 24;  // of the first screen
    const room = Math.min(width - longest - 64, Math.max(260, below));
    this.side = Math.max(120, Math.floor(room));
    this.plotLeft = longest + 8;
    this.plotTop = 4;
    const height = this.plotTop + this.side + longest + 10;
    for (const canvas of [this.base, this.overlay]) {
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
      }
    }
    this.ratio = ratio;
    this.width = width;
    this.height = height;
  }

  labelWidth() {
    if (!this.longestLabel) {
      const context = this.base.getContext("2d");
      context.font = kFont;
      let longest = 40;
      const last = info.tokens.length - 1;
      for (const piece of info.tokens) {
        if (longest >= kMaxLabel) break;
        longest = Math.max(longest, context.measureText(`${last} ${piece.slice(0, 20)}`).width);
      }
      this.longestLabel = Math.min(kMaxLabel, Math.ceil(longest));
    }
    return this.longestLabel;
  }

  cellSize() {
    return this.side / this.map.tokens * this.zoom;
  }

  redraw() {
    if (!this.map) return;
    this.measure();
    const context = this.base.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    const cell = this.cellSize();
    const block = Math.max(1, Math.ceil(1 / (cell * this.ratio)));
    if (!this.image || block !== this.block) {
      const pixels = mapImage(this.map, this.scale, this.dropFirst, block);
      this.image = new OffscreenCanvas(pixels.width, pixels.height);
      this.image.getContext("2d").putImageData(pixels, 0, 0);
      this.block = block;
    }
    context.save();
    context.beginPath();
    context.rect(this.plotLeft, this.plotTop, this.side, this.side);
    context.clip();
    context.fillStyle = hatchPattern(context, 1);
    context.fillRect(this.plotLeft, this.plotTop, this.side, this.side);
    context.imageSmoothingEnabled = false;
    const drawn = this.image.width * block * cell;
    context.drawImage(this.image, this.plotLeft - this.left * cell, this.plotTop - this.top * cell,
                      drawn, drawn);
    if (cell >= 34) this.drawNumbers(context, cell);
    context.restore();
    context.strokeStyle = themeColor("--line");
    context.strokeRect(this.plotLeft - 0.5, this.plotTop - 0.5, this.side + 1, this.side + 1);
    this.drawLabels(context, cell);
    this.drawColorBar(context);
    this.drawOverlay();
  }

  drawNumbers(context, cell) {
    const tokens = this.map.tokens;
    const count = Math.ceil(this.side / cell) + 1;
    context.font = kFont;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const first = { query: Math.floor(this.top), key: Math.floor(this.left) };
    for (let query = first.query; query < Math.min(tokens, first.query + count); ++query) {
      for (let key = first.key; key < Math.min(tokens, first.key + count); ++key) {
        const weight = this.shownWeight(query, key);
        if (weight === null) continue;
        const step = this.scale.step(weight);
        const [red, green, blue] = this.scale.rgb[step].match(/\d+/g).map(Number);
        context.fillStyle = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 140 ? "#fff" : "#111";
        context.fillText(weight.toFixed(2), this.plotLeft + (key - this.left + 0.5) * cell,
                         this.plotTop + (query - this.top + 0.5) * cell);
      }
    }
  }

  // The weight as coloured, or null for a masked or dropped cell.
  shownWeight(query, key) {
    if (!this.map.visible(query, key) || (this.dropFirst && key === 0)) return null;
    return this.map.weight(query, key) * (this.dropFirst ? this.map.restScale(query) : 1);
  }

  drawLabels(context, cell) {
    const step = niceStep(kLabelLine / cell);
    context.font = kFont;
    context.fillStyle = themeColor("--ink");
    context.textBaseline = "middle";
    context.textAlign = "right";
    const label = (position) =>
      step === 1 ? info.tokens[position] : `${position} ${info.tokens[position]}`;
    const each = (start, draw) => {
      const end = Math.min(this.map.tokens, start + this.side / cell);
      for (let i = Math.ceil(start / step) * step; i < end; i += step) {
        const middle = (i - start + 0.5) * cell;
        if (middle >= 0 && middle <= this.side) draw(middle, cutLabel(context, label(i)));
      }
    };
    each(this.top, (at, text) => context.fillText(text, this.plotLeft - 5, this.plotTop + at));
    each(this.left, (at, text) => {
      context.save();
      context.translate(this.plotLeft + at, this.plotTop + this.side + 5);
      context.rotate(-Math.PI / 2);
      context.fillText(text, 0, 0);
      context.restore();
    });
  }

  drawColorBar(context) {
    const x = this.plotLeft + this.side + 14;
    const height = Math.min(200, this.side);
    const top = this.plotTop;
    for (let i = 0; i < height; ++i) {
      context.fillStyle = this.scale.rgb[Math.round((1 - i / (height - 1)) * 255)];
      context.fillRect(x, top + i, 10, 1.5);
    }
    context.fillStyle = themeColor("--faint");
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.font = kFont;
    const ticks = this.scale.log ? ["1", ".1", ".01", ".001", "0"] : ["1", "", ".5", "", "0"];
    ticks.forEach((text, i) =>
      context.fillText(text, x + 14, top + 5 + (height - 10) * i / (ticks.length - 1)));
  }

  // Lines through the cell under the pointer (or the whole row of a chosen query).
  drawOverlay() {
    const context = this.overlay.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    if (!this.hover) return;
    const cell = this.cellSize();
    context.save();
    context.beginPath();
    context.rect(this.plotLeft - 1, this.plotTop - 1, this.side + 2, this.side + 2);
    context.clip();
    context.strokeStyle = themeColor("--accent");
    const y = this.plotTop + (this.hover.query - this.top) * cell;
    context.globalAlpha = 0.55;
    context.strokeRect(this.plotLeft, y, this.side, cell);
    if (this.hover.key !== null) {
      const x = this.plotLeft + (this.hover.key - this.left) * cell;
      context.strokeRect(x, this.plotTop, cell, this.side);
      context.globalAlpha = 1;
      context.lineWidth = 2;
      context.strokeRect(x, y, cell, cell);
    }
    context.restore();
  }

  // Marks a query from outside (the text strip); null: nothing.
  markQuery(query) {
    this.hover = query === null ? null : { query, key: null };
    this.tooltip.hidden = true;
    this.drawOverlay();
  }

  // {query, key} at a point of the overlay, or null.
  cellAt(x, y) {
    if (!this.map) return null;
    const cell = this.cellSize();
    const inside = (at) => at >= 0 && at < this.side;
    if (!inside(x - this.plotLeft) || !inside(y - this.plotTop)) return null;
    const key = Math.floor((x - this.plotLeft) / cell + this.left);
    const query = Math.floor((y - this.plotTop) / cell + this.top);
    return key < this.map.tokens && query < this.map.tokens ? { query, key } : null;
  }

  pointAt(event) {
    const box = this.overlay.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  listen() {
    const overlay = this.overlay;
    overlay.addEventListener("pointermove", (event) => {
      const point = this.pointAt(event);
      if (this.dragging) return this.drag(point);
      this.setHover(this.cellAt(point.x, point.y), point);
    });
    overlay.addEventListener("pointerleave", () => this.setHover(null));
    overlay.addEventListener("pointerdown", (event) => {
      this.dragging = { ...this.pointAt(event), left: this.left, top: this.top };
      overlay.setPointerCapture(event.pointerId);
    });
    overlay.addEventListener("pointerup", () => { this.dragging = null; });
    overlay.addEventListener("pointercancel", () => { this.dragging = null; });
    overlay.addEventListener("dblclick", () => this.reset());
    overlay.addEventListener("wheel", (event) => {
      if (!this.map) return;
      event.preventDefault();
      this.zoomAt(this.pointAt(event), Math.exp(-event.deltaY * 0.0015));
    }, { passive: false });
  }

  drag(point) {
    if (this.zoom <= 1) return;
    const cell = this.cellSize();
    this.left = this.dragging.left - (point.x - this.dragging.x) / cell;
    this.top = this.dragging.top - (point.y - this.dragging.y) / cell;
    this.scheduleRedraw();
  }

  zoomAt(point, factor) {
    const before = this.cellSize();
    const most = Math.max(1, 60 / (this.side / this.map.tokens));
    this.zoom = Math.min(most, Math.max(1, this.zoom * factor));
    const after = this.cellSize();
    this.left += (point.x - this.plotLeft) * (1 / before - 1 / after);
    this.top += (point.y - this.plotTop) * (1 / before - 1 / after);
    this.scheduleRedraw();
  }

  scheduleRedraw() {
    const most = this.map.tokens - this.side / this.cellSize();
    this.left = Math.min(Math.max(0, this.left), Math.max(0, most));
    this.top = Math.min(Math.max(0, this.top), Math.max(0, most));
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.redraw();
    });
  }

  setHover(cell, point) {
    const same = cell && this.hover && cell.query === this.hover.query && cell.key === this.hover.key;
    if (!same) {
      this.hover = cell;
      this.drawOverlay();
      this.fillTooltip(cell);
      this.onHover(cell);
    }
    if (cell) this.placeTooltip(point);
  }

  fillTooltip(cell) {
    this.tooltip.hidden = !cell;
    if (!cell) return;
    const lines = [
      ["query", `${cell.query}  ${info.tokens[cell.query]}`],
      ["key", `${cell.key}  ${info.tokens[cell.key]}`],
    ];
    const masked = !this.map.visible(cell.query, cell.key);
    lines.push(["weight", masked ? "masked" : weightText(this.map.weight(cell.query, cell.key))]);
    const shown = this.shownWeight(cell.query, cell.key);
    if (this.dropFirst && !masked) {
      lines.push(["renormalised", shown === null ? "dropped" : shown.toPrecision(4)]);
    }
    this.tooltip.replaceChildren(...lines.map(([name, text]) => {
      const line = document.createElement("div");
      line.className = name;
      line.textContent = `${name} ${text}`;
      return line;
    }));
  }

  placeTooltip(point) {
    const onLeft = point.x > this.width / 2;
    this.tooltip.style.left = onLeft ? "auto" : `${point.x + 14}px`;
    this.tooltip.style.right = onLeft ? `${this.width - point.x + 14}px` : "auto";
    this.tooltip.style.top = `${Math.max(0, point.y - 20)}px`;
  }
}

// The smallest of 1, 2, 5, 10, 20, … that is at least `value`.
function niceStep(value) {
  let unit = 1;
  for (;;) {
    for (const factor of [1, 2, 5]) {
      if (unit * factor >= value) return unit * factor;
    }
    unit *= 10;
  }
}

function cutLabel(context, text) {
  if (text.length > 40) text = text.slice(0, 40);
  if (context.measureText(text).width <= kMaxLabel) return text;
  const characters = [...text];
  while (characters.length && context.measureText(characters.join("") + "…").width > kMaxLabel) {
    characters.pop();
  }
  return characters.join("") + "…";
}
