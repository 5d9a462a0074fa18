// What stands on and beside the map: labels of rows and columns, numbers in cells, the colour bar, the
// divider before the generated tokens.

const kFont = "12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
const kLabelLine = 14;
const kMaxLabel = 110;

const labelMeasurer = new OffscreenCanvas(1, 1).getContext("2d");
labelMeasurer.font = kFont;

// Room for the longest label, judged by up to 400 of them.
function labelWidth(doc, units) {
  let widest = 20;
  const step = Math.max(1, Math.floor(units.count / 400));
  for (let unit = 0; unit < units.count && widest < kMaxLabel; unit += step) {
    const piece = units.label(doc, unit);
    const text = units.count > 25 ? `${units.begin[unit]} ${piece}` : piece;
    widest = Math.max(widest, labelMeasurer.measureText(text.slice(0, 40)).width);
  }
  return Math.ceil(Math.min(kMaxLabel, widest)) + 8;
}

class LabelPen {
  constructor() {
    this.forget();
  }

  forget() {
    this.cut = new Map();
  }

  label(shown, unit, withPosition) {
    const id = withPosition ? unit : -1 - unit;
    let text = this.cut.get(id);
    if (text === undefined) {
      const piece = shown.units.label(shown.doc, unit);
      text = this.fit(withPosition ? `${shown.units.begin[unit]} ${piece}` : piece);
      if (this.cut.size > 20000) this.cut.clear();
      this.cut.set(id, text);
    }
    return text;
  }

  fit(text) {
    const width = (part) => labelMeasurer.measureText(part).width;
    if (text.length <= 40 && width(text) <= kMaxLabel) return text;
    const characters = [...text.slice(0, 40)];
    while (characters.length && width(characters.join("") + "…") > kMaxLabel) characters.pop();
    return characters.join("") + "…";
  }

  drawAxes(context, view) {
    const { shown, plot, viewport } = view;
    const cell = view.cellSize;
    const step = niceStep(kLabelLine / cell);
    context.font = kFont;
    context.fillStyle = themeColor("--ink");
    context.textBaseline = "middle";
    context.textAlign = "right";
    const each = (start, draw) => {
      const end = Math.min(shown.map.size, start + viewport.span);
      for (let i = Math.ceil(start / step) * step; i < end; i += step) {
        const middle = (i - start + 0.5) * cell;
        if (middle >= 0 && middle <= plot.side) draw(middle, this.label(shown, i, step > 1));
      }
    };
    each(viewport.top, (at, text) => context.fillText(text, plot.left - 7, plot.top + at));
    each(viewport.left, (at, text) => {
      context.save();
      context.translate(plot.left + at, plot.top + plot.side + 8);
      context.rotate(-Math.PI / 2);
      context.fillText(text, 0, 0);
      context.restore();
    });
  }

  // Numbers of cells whose tile is there.
  drawNumbers(context, view) {
    const { shown, plot, viewport } = view;
    const { map, scale } = shown;
    const cell = view.cellSize;
    context.font = kFont;
    context.textBaseline = "middle";
    context.textAlign = "center";
    const last = (start) => Math.min(map.size, Math.ceil(start + viewport.span));
    for (let query = Math.floor(viewport.top); query < last(viewport.top); ++query) {
      for (let key = Math.floor(viewport.left); key < last(viewport.left); ++key) {
        const tile = view.shared.tiles.get(map, 0, Math.floor(query / kTile), Math.floor(key / kTile));
        const value = tile ? tile.values[(query % kTile) * kTile + key % kTile] : kMasked;
        if (value === kMasked) continue;
        const x = plot.left + (key - viewport.left + 0.5) * cell;
        const y = plot.top + (query - viewport.top + 0.5) * cell;
        if (x < plot.left + 12 || x > plot.left + plot.side - 12) continue;
        if (y < plot.top + 6 || y > plot.top + plot.side - 6) continue;
        context.fillStyle = scale.onto[scale.step(value)];
        context.fillText(value.toFixed(2), x, y);
      }
    }
  }

  // What replay has not reached yet is veiled.
  drawFuture(context, view) {
    const { shown, plot, viewport } = view;
    if (shown.lastRow === null) return;
    const at = (unit, start) => Math.max(0, Math.min(plot.side, (unit - start) * view.cellSize));
    const y = at(shown.lastRow + 1, viewport.top);
    const x = at(shown.lastRow + 1, viewport.left);
    context.globalAlpha = 0.8;
    context.fillStyle = themeColor("--paper");
    context.fillRect(plot.left, plot.top + y, plot.side, plot.side - y);
    context.fillRect(plot.left + x, plot.top, plot.side - x, y);
    context.globalAlpha = 1;
  }

  // A dashed line between what was given and what was generated.
  drawDivider(context, view) {
    const { shown, plot, viewport } = view;
    if (shown.divider === null) return;
    const x = plot.left + (shown.divider - viewport.left) * view.cellSize;
    const y = plot.top + (shown.divider - viewport.top) * view.cellSize;
    context.save();
    context.strokeStyle = themeColor("--generated");
    context.lineWidth = 1.5;
    context.setLineDash([6, 4]);
    context.beginPath();
    if (y > plot.top && y < plot.top + plot.side) {
      context.moveTo(plot.left, y);
      context.lineTo(plot.left + plot.side, y);
    }
    if (x > plot.left && x < plot.left + plot.side) {
      context.moveTo(x, plot.top);
      context.lineTo(x, plot.top + plot.side);
    }
    context.stroke();
    context.restore();
  }

  drawBar(context, view) {
    const { scale } = view.shown;
    const x = view.plot.left + view.plot.side + 14;
    const height = Math.min(200, view.plot.side);
    const top = view.plot.top;
    for (let i = 0; i < height; ++i) {
      context.fillStyle = scale.css[Math.round((1 - i / (height - 1)) * 255)];
      context.fillRect(x, top + i, 10, 1.5);
    }
    context.fillStyle = themeColor("--faint");
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.font = kFont;
    let ticks = scale.log ? ["1", ".1", ".01", ".001", "0"] : ["1", "", ".5", "", "0"];
    if (scale.difference) {
      ticks = scale.log ? ["+1", "+.01", "0", "−.01", "−1"] : ["+1", "+.5", "0", "−.5", "−1"];
    }
    ticks.forEach((text, i) =>
      context.fillText(text, x + 14, top + 5 + (height - 10) * i / (ticks.length - 1)));
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

// Lines of [name, text] beside the pointer; null hides them.
function fillTooltip(tooltip, lines) {
  tooltip.hidden = !lines;
  if (!lines) return;
  tooltip.replaceChildren(...lines.map(([name, text]) => {
    const line = document.createElement("div");
    line.className = name.replaceAll(" ", "-");
    const key = document.createElement("span");
    key.textContent = name;
    const value = document.createElement("bdi");
    value.textContent = text;
    line.append(key, " ", value);
    return line;
  }));
}
