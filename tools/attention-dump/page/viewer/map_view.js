// The large map: one canvas for the map and its labels, one above it for what follows the pointer, so
// that moving the pointer never redraws the map.

const kPaintTime = 6;      // milliseconds per frame for colouring tiles
const kNumbersFrom = 34;   // pixels per cell from which cells show their numbers
const kBarRoom = 58;
const kTopRoom = 8;

class MapView {
  // shared: {viewport, tiles, onHover(cell|null, view), onChoose(cell)}
  constructor(parent, shared) {
    this.shared = shared;
    this.viewport = shared.viewport;
    this.root = document.createElement("figure");
    this.root.className = "map";
    this.caption = document.createElement("figcaption");
    this.base = document.createElement("canvas");
    this.overlay = document.createElement("canvas");
    this.overlay.className = "overlay";
    this.overlay.tabIndex = 0;
    this.overlay.setAttribute("role", "img");
    this.tooltip = document.createElement("div");
    this.tooltip.className = "tooltip";
    this.tooltip.hidden = true;
    const stage = document.createElement("div");
    stage.className = "stage";
    stage.append(this.base, this.overlay, this.tooltip);
    this.root.append(this.caption, stage);
    parent.append(this.root);
    this.stage = stage;
    this.shown = null;
    this.cell = null;  // under the pointer
    this.labels = new LabelPen();
    this.plot = { left: 0, top: kTopRoom, side: 200 };
    this.listen();
  }

  // shown: {map, scale, doc, units, caption, name, labelRoom, thumbnail, divider, chosen, lastRow,
  // describe(q, k)}
  show(shown) {
    if (!this.shown || this.shown.units !== shown.units || this.shown.doc !== shown.doc) {
      this.labels.forget();
    }
    this.labelRoom = shown.labelRoom;
    this.shown = shown;
    this.caption.textContent = shown.caption;
    this.overlay.setAttribute("aria-label", `${shown.name}, ${shown.map.size} rows and columns. ` +
      "Arrow keys move over the cells; the tables below hold the same numbers.");
    this.schedule();
  }

  schedule() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  // Sizes both canvases to the room there is.
  measure() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(240, this.stage.clientWidth);
    const room = this.labelRoom;
    const below = Math.max(280, window.innerHeight - 190) - room;
    const side = Math.floor(Math.max(140, Math.min(width - room - kBarRoom, below)));
    const height = kTopRoom + side + room + 10;
    if (width === this.width && height === this.height && ratio === this.ratio) return;
    this.ratio = ratio;
    this.width = width;
    this.height = height;
    this.plot = { left: room, top: kTopRoom, side };
    this.overlay.dataset.plot = JSON.stringify(this.plot);
    for (const canvas of [this.base, this.overlay]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
  }

  get cellSize() {
    return this.plot.side / this.viewport.span;
  }

  draw() {
    if (!this.shown) return;
    this.measure();
    const context = this.base.getContext("2d");
    const { left, top, side } = this.plot;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.base.width, this.base.height);
    context.save();
    context.beginPath();
    context.rect(this.toPixel(left), this.toPixel(top), this.toPixel(side), this.toPixel(side));
    context.clip();
    context.fillStyle = hatchPattern(context, this.ratio);
    context.fillRect(0, 0, this.base.width, this.base.height);
    context.imageSmoothingEnabled = false;
    this.drawTiles(context);
    context.restore();
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.labels.drawFuture(context, this);
    if (this.cellSize >= kNumbersFrom) this.labels.drawNumbers(context, this);
    this.labels.drawAxes(context, this);
    this.labels.drawDivider(context, this);
    this.labels.drawBar(context, this);
    context.strokeStyle = themeColor("--line");
    context.strokeRect(left - 0.5, top - 0.5, side + 1, side + 1);
    this.drawOverlay();
  }

  toPixel(at) {
    return Math.round(at * this.ratio);
  }

  pixelX(unit) {
    return Math.round((this.plot.left + (unit - this.viewport.left) * this.cellSize) * this.ratio);
  }

  pixelY(unit) {
    return Math.round((this.plot.top + (unit - this.viewport.top) * this.cellSize) * this.ratio);
  }

  // Draws the tiles that are there, coarser ones in place of those that are not, and wishes for these.
  drawTiles(context) {
    const { map } = this.shown;
    const { left, top, span } = this.viewport;
    const level = map.levelFor(1 / (this.cellSize * this.ratio));
    this.level = level;
    const size = kTile << level;
    const wishes = [];
    const paintEnd = performance.now() + kPaintTime;
    const middle = [top + span / 2, left + span / 2];
    for (let row = Math.floor(top / size); row * size < top + span; ++row) {
      for (let column = Math.floor(left / size); column * size < left + span; ++column) {
        if (map.isEmpty(level, row, column)) continue;
        const tile = this.shared.tiles.get(map, level, row, column);
        if (tile && this.painted(tile, paintEnd)) {
          this.drawPart(context, tile.canvas, kTile, 1 << level, row * size, column * size, size);
          continue;
        }
        if (!tile) {
          wishes.push({
            key: this.shared.tiles.key(map, level, row, column), map, level, row, column,
            rank: Math.hypot((row + 0.5) * size - middle[0], (column + 0.5) * size - middle[1]),
          });
        } else {
          this.schedule();
        }
        this.drawCoarser(context, level, row, column);
      }
    }
    wishes.sort((a, b) => a.rank - b.rank);
    // The whole map at its coarsest comes first: it stands in for everything else.
    const last = map.lastLevel;
    if (wishes.length && level < last && last >= map.farLevel &&
        !this.shared.tiles.get(map, last, 0, 0)) {
      wishes.unshift({ key: this.shared.tiles.key(map, last, 0, 0), map, level: last, row: 0,
        column: 0, rank: -1 });
    }
    this.shared.tiles.wish(this, wishes);
    this.root.dataset.complete = String(wishes.length === 0 && !this.pending);
  }

  // Colours all tiles in view and draws at once, for paper.
  paintAll() {
    this.paintWithoutLimit = true;
    this.draw();
    this.paintWithoutLimit = false;
  }

  painted(tile, until) {
    const { scale } = this.shown;
    const hasTime = this.paintWithoutLimit || performance.now() < until;
    if (tile.painted !== scale.id && hasTime) tile.paint(scale);
    return tile.painted === scale.id;
  }

  drawCoarser(context, level, row, column) {
    const { map, scale, thumbnail } = this.shown;
    const size = kTile << level;
    for (let coarser = level + 1; coarser <= map.lastLevel; ++coarser) {
      const shift = coarser - level;
      const tile = this.shared.tiles.get(map, coarser, row >> shift, column >> shift);
      if (!tile) continue;
      if (tile.painted !== scale.id) tile.paint(scale);
      const whole = kTile << coarser;
      this.drawPart(context, tile.canvas, kTile, 1 << coarser, (row >> shift) * whole,
                    (column >> shift) * whole, size, row * size, column * size);
      return;
    }
    if (thumbnail) {
      this.drawPart(context, thumbnail, thumbnail.width, map.size / thumbnail.width, 0, 0, size,
                    row * size, column * size);
    }
  }

  // Draws of an image, whose first pixel is at (top, left) and stands for `step` units, the square of
  // `size` units from (partTop, partLeft) as far as it is in view.
  drawPart(context, image, pixels, step, top, left, size, partTop = top, partLeft = left) {
    const { viewport } = this;
    const cut = (from, part, begin) => {
      const low = Math.max(part, begin);
      const high = Math.min(part + size, begin + viewport.span);
      const first = Math.max(0, Math.floor((low - from) / step));
      return [first, Math.min(pixels, Math.ceil((high - from) / step)) - first];
    };
    const [sx, width] = cut(left, partLeft, viewport.left);
    const [sy, height] = cut(top, partTop, viewport.top);
    if (width <= 0 || height <= 0) return;
    const x = this.pixelX(left + sx * step);
    const y = this.pixelY(top + sy * step);
    context.drawImage(image, sx, sy, width, height, x, y,
                      this.pixelX(left + (sx + width) * step) - x,
                      this.pixelY(top + (sy + height) * step) - y);
  }

  // Lines through a cell, or a whole row.
  drawOverlay() {
    const context = this.overlay.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    if (!this.shown) return;
    const { left, top, side } = this.plot;
    const cell = this.cellSize;
    const x = (key) => left + (key - this.viewport.left) * cell;
    const y = (query) => top + (query - this.viewport.top) * cell;
    const chosen = this.shown.chosen;
    context.save();
    context.beginPath();
    context.rect(left - 8, top - 1, side + 9, side + 9);
    context.clip();
    context.strokeStyle = context.fillStyle = themeColor("--accent");
    if (chosen !== null && chosen !== undefined) {  // marks at the edges, row and column
      context.fillRect(left - 6, y(chosen), 5, Math.max(2, cell));
      context.fillRect(x(chosen), top + side + 2, Math.max(2, cell), 5);
    }
    if (this.cell) {
      const { query, key } = this.cell;
      context.globalAlpha = 0.55;
      context.strokeRect(left, y(query), side, cell);
      if (key !== null) {
        context.strokeRect(x(key), top, cell, side);
        context.globalAlpha = 1;
        context.lineWidth = 2;
        context.strokeRect(x(key), y(query), cell, cell);
      }
    }
    context.restore();
  }

  // {query, key} at a point of the overlay, or null.
  cellAt(point) {
    if (!this.shown) return null;
    const { left, top, side } = this.plot;
    const inside = (at) => at >= 0 && at < side;
    if (!inside(point.x - left) || !inside(point.y - top)) return null;
    const key = Math.floor((point.x - left) / this.cellSize + this.viewport.left);
    const query = Math.floor((point.y - top) / this.cellSize + this.viewport.top);
    const { size } = this.shown.map;
    return key < size && query < size ? { query, key } : null;
  }

  // Marks a cell (key null: a row) and tells about it; null: nothing.
  mark(cell, point = null) {
    const same = cell && this.cell && cell.query === this.cell.query && cell.key === this.cell.key;
    if (!same) {
      this.cell = cell;
      this.drawOverlay();
      fillTooltip(this.tooltip, cell && cell.key !== null && this.shown
        ? this.shown.describe(cell.query, cell.key) : null);
    }
    if (cell && cell.key !== null) this.placeTooltip(point || this.middleOf(cell));
  }

  middleOf({ query, key }) {
    return {
      x: this.plot.left + (key + 0.5 - this.viewport.left) * this.cellSize,
      y: this.plot.top + (query + 0.5 - this.viewport.top) * this.cellSize,
    };
  }

  placeTooltip(point) {
    const onLeft = point.x > this.width / 2;
    this.tooltip.style.left = onLeft ? "auto" : `${point.x + 14}px`;
    this.tooltip.style.right = onLeft ? `${this.width - point.x + 14}px` : "auto";
    this.tooltip.style.top = `${Math.max(0, Math.min(this.height - 60, point.y - 20))}px`;
  }

  listen() {
    const { onHover, onChoose } = this.shared;
    listenToGestures(this.overlay, {
      viewport: this.viewport,
      plot: () => this.plot,
      hover: (point) => onHover(point ? this.cellAt(point) : null, this, point),
      choose: (point) => onChoose(this.cellAt(point)),
    });
    this.overlay.addEventListener("keydown", (event) => this.key(event));
    this.overlay.addEventListener("blur", () => onHover(null, this, null));
  }

  // Arrow keys move the marked cell, with Shift the view.
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !this.shown) return;
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const move = moves[event.key];
    if (event.key === "Enter" && this.cell) return this.shared.onChoose(this.cell);
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey) return this.viewport.panBy(move[1] / 4, move[0] / 4);
    const last = this.shown.map.size - 1;
    const within = (at) => Math.min(last, Math.max(0, at));
    const from = this.cell && this.cell.key !== null ? this.cell
      : { query: Math.ceil(this.viewport.top), key: Math.ceil(this.viewport.left) };
    const cell = this.cell && this.cell.key !== null
      ? { query: within(from.query + move[0]), key: within(from.key + move[1]) } : from;
    this.viewport.reveal(cell.query, cell.key);
    this.shared.onHover(cell, this, null);
  }
}
