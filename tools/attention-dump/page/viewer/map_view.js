// The large map: one canvas for the map and its labels, one above it for what follows the pointer, so
// that moving the pointer never redraws the map.

const kPaintTime = 6;      // milliseconds per frame for colouring tiles
const kNumbersFrom = { width: 34, height: 18 };  // of cells that show their numbers, in pixels
const kBarRoom = 68;
const kTopRoom = 8;
const kLongestSide = 3;    // a map that is longer than so many times its other side is stretched

class MapView {
  // shared: {viewport, tiles, isWaiting(), onHover(cell|null, view), onChoose(cell)}
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
    this.plot = { left: 0, top: kTopRoom, width: 200, height: 200 };
    this.listen();
  }

  // shown: {map, scale, caption, name, words, labelRoom(most), thumbnail, divider: {row, column},
  // chosen: {row, column}, reached: {rows, columns}, describe(q, k)}
  show(shown) {
    if (!this.shown || this.shown.map.axes !== shown.map.axes) this.labels.forget();
    this.shown = shown;
    this.caption.textContent = shown.caption;
    const { queries, keys } = shown.map;
    this.overlay.setAttribute("aria-label", `${shown.name}, ${queries} rows and ${keys} columns. ` +
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
    const ratio = this.wantedRatio || window.devicePixelRatio || 1;
    const width = Math.max(240, this.stage.clientWidth);
    const room = this.shown.labelRoom(Math.max(48, Math.min(kMostLabel, Math.floor(width / 5))));
    const below = Math.max(280, window.innerHeight - 190) - room.bottom;
    const { keys, queries } = this.shown.map;
    const shape = Math.max(1 / kLongestSide, Math.min(kLongestSide, keys / queries));
    const plotWidth = Math.max(140, Math.min(width - room.left - kBarRoom, below * shape));
    const plot = { left: room.left, top: kTopRoom, width: Math.floor(plotWidth),
      height: Math.floor(plotWidth / shape) };
    const height = kTopRoom + plot.height + room.bottom + 4;
    const layout = JSON.stringify([width, height, ratio, plot]);
    this.room = room;
    if (layout === this.layout) return;
    Object.assign(this, { layout, ratio, width, height, plot });
    this.overlay.dataset.plot = JSON.stringify(plot);
    for (const canvas of [this.base, this.overlay]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
  }

  get cellWidth() {
    return this.plot.width / this.viewport.columns;
  }

  get cellHeight() {
    return this.plot.height / this.viewport.rows;
  }

  draw() {
    if (!this.shown) return;
    this.measure();
    const context = this.base.getContext("2d");
    const { left, top, width, height } = this.plot;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.base.width, this.base.height);
    context.save();
    context.beginPath();
    context.rect(this.toPixel(left), this.toPixel(top), this.toPixel(width), this.toPixel(height));
    context.clip();
    context.fillStyle = hatchPattern(context, this.ratio);
    context.fillRect(0, 0, this.base.width, this.base.height);
    context.imageSmoothingEnabled = false;
    this.drawTiles(context);
    context.restore();
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    drawFuture(context, this);
    if (this.cellWidth >= kNumbersFrom.width && this.cellHeight >= kNumbersFrom.height) {
      drawNumbers(context, this);
    }
    this.labels.draw(context, this);
    drawDivider(context, this);
    drawBar(context, this);
    context.strokeStyle = themeColor("--line");
    context.strokeRect(left - 0.5, top - 0.5, width + 1, height + 1);
    this.drawOverlay();
  }

  toPixel(at) {
    return Math.round(at * this.ratio);
  }

  pixelX(unit) {
    return Math.round((this.plot.left + (unit - this.viewport.left) * this.cellWidth) * this.ratio);
  }

  pixelY(unit) {
    return Math.round((this.plot.top + (unit - this.viewport.top) * this.cellHeight) * this.ratio);
  }

  // Draws the tiles that are there, coarser ones in place of those that are not, and wishes for these.
  drawTiles(context) {
    const { map } = this.shown;
    const { left, top, rows, columns } = this.viewport;
    const level = map.levelFor(1 / (Math.max(this.cellWidth, this.cellHeight) * this.ratio));
    this.level = level;
    const size = kTile << level;
    const wishes = [];
    const paintEnd = performance.now() + kPaintTime;
    const middle = [top + rows / 2, left + columns / 2];
    for (let row = Math.floor(top / size); row * size < top + rows; ++row) {
      for (let column = Math.floor(left / size); column * size < left + columns; ++column) {
        if (map.isEmpty(level, row, column)) continue;
        const tile = this.shared.tiles.get(map, level, row, column);
        if (tile && this.painted(tile, paintEnd)) {
          this.drawTile(context, tile, level, row * size, column * size, size);
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
        if (!this.drawCoarser(context, level, row, column)) {
          this.drawWaiting(context, row * size, column * size, size);
        }
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
    this.root.dataset.complete = String(wishes.length === 0 && !this.pending &&
      !this.shared.isWaiting());
  }

  // Colours all tiles in view and draws at once, for paper.
  paintAll() {
    this.paintWithoutLimit = true;
    this.draw();
    this.paintWithoutLimit = false;
  }

  // Draws with so many pixels per pixel of the page (null: as on the screen), hands the canvas to
  // `take`, and draws as before.
  drawAt(ratio, take) {
    this.wantedRatio = ratio;
    this.paintAll();
    take(this.base);
    this.wantedRatio = null;
    if (ratio) this.paintAll();
  }

  painted(tile, until) {
    const { scale } = this.shown;
    const hasTime = this.paintWithoutLimit || performance.now() < until;
    if (tile.painted !== scale.id && hasTime) tile.paint(scale);
    return tile.painted === scale.id;
  }

  // Draws what stands in for a tile; false if there is nothing yet.
  drawCoarser(context, level, row, column) {
    const { map, scale, thumbnail } = this.shown;
    const size = kTile << level;
    for (let coarser = level + 1; coarser <= map.lastLevel; ++coarser) {
      const shift = coarser - level;
      const tile = this.shared.tiles.get(map, coarser, row >> shift, column >> shift);
      if (!tile) continue;
      if (tile.painted !== scale.id) tile.paint(scale);
      this.drawTile(context, tile, coarser, row * size, column * size, size);
      return true;
    }
    if (!thumbnail) return false;
    this.drawPart(context, thumbnail, { top: 0, left: 0 }, row * size, column * size, size);
    return true;
  }

  // A part that is still being computed: neither masked nor zero.
  drawWaiting(context, top, left, size) {
    const x = this.pixelX(left);
    const y = this.pixelY(top);
    context.fillStyle = themeColor("--waiting");
    context.fillRect(x, y, this.pixelX(left + size) - x, this.pixelY(top + size) - y);
  }

  // The square of `size` units from (top, left) of the tile that holds it.
  drawTile(context, tile, level, top, left, size) {
    const whole = kTile << level;
    const step = 1 << level;
    const from = { top: Math.floor(top / whole) * whole, left: Math.floor(left / whole) * whole };
    this.drawPart(context, { canvas: tile.canvas, rowBlock: step, columnBlock: step }, from, top, left,
                  size);
  }

  // Draws of an image, whose first pixel is at `from` and stands for rowBlock × columnBlock units, the
  // square of `size` units from (top, left) as far as it is in view.
  drawPart(context, { canvas, rowBlock, columnBlock }, from, top, left, size) {
    const { viewport } = this;
    const cut = (start, part, begin, span, block, pixels) => {
      const low = Math.max(part, begin);
      const high = Math.min(part + size, begin + span);
      const first = Math.max(0, Math.floor((low - start) / block));
      return [first, Math.min(pixels, Math.ceil((high - start) / block)) - first];
    };
    const [sx, width] = cut(from.left, left, viewport.left, viewport.columns, columnBlock, canvas.width);
    const [sy, height] = cut(from.top, top, viewport.top, viewport.rows, rowBlock, canvas.height);
    if (width <= 0 || height <= 0) return;
    const x = this.pixelX(from.left + sx * columnBlock);
    const y = this.pixelY(from.top + sy * rowBlock);
    context.drawImage(canvas, sx, sy, width, height, x, y,
                      this.pixelX(from.left + (sx + width) * columnBlock) - x,
                      this.pixelY(from.top + (sy + height) * rowBlock) - y);
  }

  // Lines through a cell, or a whole row.
  drawOverlay() {
    const context = this.overlay.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    if (!this.shown) return;
    const { left, top, width, height } = this.plot;
    const { cellWidth, cellHeight } = this;
    const { row, column } = this.shown.chosen;
    context.save();
    context.beginPath();
    context.rect(left - 8, top - 1, width + 9, height + 9);
    context.clip();
    context.strokeStyle = context.fillStyle = themeColor("--accent");
    const at = this.cornerOf({ query: row ?? 0, key: column ?? 0 });  // marks at the edges
    if (row !== null) context.fillRect(left - 6, at.y, 5, Math.max(2, cellHeight));
    if (column !== null) context.fillRect(at.x, top + height + 2, Math.max(2, cellWidth), 5);
    if (this.cell) {
      const { query, key } = this.cell;
      const { x, y } = this.cornerOf({ query, key: key ?? 0 });
      context.globalAlpha = 0.55;
      context.strokeRect(left, y, width, cellHeight);
      if (key !== null) {
        context.strokeRect(x, top, cellWidth, height);
        context.globalAlpha = 1;
        context.lineWidth = 2;
        context.strokeRect(x, y, cellWidth, cellHeight);
      }
    }
    context.restore();
  }

  // {query, key} at a point of the overlay, or null.
  cellAt(point) {
    if (!this.shown) return null;
    const { left, top, width, height } = this.plot;
    const inside = (at, length) => at >= 0 && at < length;
    if (!inside(point.x - left, width) || !inside(point.y - top, height)) return null;
    const key = Math.floor((point.x - left) / this.cellWidth + this.viewport.left);
    const query = Math.floor((point.y - top) / this.cellHeight + this.viewport.top);
    const { queries, keys } = this.shown.map;
    return key < keys && query < queries ? { query, key } : null;
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

  // Pixels of a cell's upper left corner, and of its middle.
  cornerOf({ query, key }) {
    return {
      x: this.plot.left + (key - this.viewport.left) * this.cellWidth,
      y: this.plot.top + (query - this.viewport.top) * this.cellHeight,
    };
  }

  middleOf({ query, key }) {
    return this.cornerOf({ query: query + 0.5, key: key + 0.5 });
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
    this.overlay.addEventListener("contextmenu", () => this.putMapUnderOverlay());
    this.overlay.addEventListener("blur", () => onHover(null, this, null));
  }

  // The browser's own "save picture" saves the upper canvas: until it is drawn again it holds the map.
  putMapUnderOverlay() {
    const context = this.overlay.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalCompositeOperation = "destination-over";
    context.drawImage(this.base, 0, 0);
    context.fillStyle = themeColor("--paper");
    context.fillRect(0, 0, this.overlay.width, this.overlay.height);
    context.globalCompositeOperation = "source-over";
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
    const { queries, keys } = this.shown.map;
    const within = (at, count) => Math.min(count - 1, Math.max(0, at));
    const from = this.cell && this.cell.key !== null ? this.cell
      : { query: Math.ceil(this.viewport.top), key: Math.ceil(this.viewport.left) };
    const cell = this.cell && this.cell.key !== null
      ? { query: within(from.query + move[0], queries), key: within(from.key + move[1], keys) } : from;
    this.viewport.reveal(cell.query, cell.key);
    this.shared.onHover(cell, this, null);
  }
}
