// What stands on and right of the map: numbers in cells, what replay has not reached, the divider
// before the generated tokens, the bar of colours, and the words beside the pointer.

// Numbers of cells whose tile is there, and which replay has reached.
function drawNumbers(context, view) {
  const { shown, plot, viewport } = view;
  const { map, scale, reached } = shown;
  context.font = kFont;
  context.textBaseline = "middle";
  context.textAlign = "center";
  const endRow = Math.min(map.queries, Math.ceil(viewport.top + viewport.rows), reached.rows);
  const endColumn = Math.min(map.keys, Math.ceil(viewport.left + viewport.columns), reached.columns);
  for (let query = Math.floor(viewport.top); query < endRow; ++query) {
    for (let key = Math.floor(viewport.left); key < endColumn; ++key) {
      const tile = view.shared.tiles.get(map, 0, Math.floor(query / kTile), Math.floor(key / kTile));
      const value = tile ? tile.values[(query % kTile) * kTile + key % kTile] : kMasked;
      if (value === kMasked) continue;
      const { x, y } = view.middleOf({ query, key });
      if (x < plot.left + 12 || x > plot.left + plot.width - 12) continue;
      if (y < plot.top + 6 || y > plot.top + plot.height - 6) continue;
      context.fillStyle = scale.onto[scale.step(value)];
      context.fillText(value.toFixed(2), x, y);
    }
  }
}

// What replay has not reached yet is covered.
function drawFuture(context, view) {
  const { plot, viewport } = view;
  const { reached } = view.shown;
  const at = (units, start, cell, length) =>
    Math.max(0, Math.min(length, (units - start) * cell));
  const y = at(reached.rows, viewport.top, view.cellHeight, plot.height);
  const x = at(reached.columns, viewport.left, view.cellWidth, plot.width);
  context.fillStyle = themeColor("--paper");
  context.fillRect(plot.left, plot.top + y, plot.width, plot.height - y);
  context.fillRect(plot.left + x, plot.top, plot.width - x, y);
}

// A dashed line between what was given and what was generated. divider: {row, column}, null: none.
function drawDivider(context, view) {
  const { plot } = view;
  const { divider } = view.shown;
  const right = plot.left + plot.width;
  const bottom = plot.top + plot.height;
  const { x, y } = view.cornerOf({ query: divider.row ?? 0, key: divider.column ?? 0 });
  context.save();
  context.strokeStyle = themeColor("--generated");
  context.lineWidth = 1.5;
  context.setLineDash([6, 4]);
  context.beginPath();
  if (divider.row !== null && y > plot.top && y < bottom) {
    context.moveTo(plot.left, y);
    context.lineTo(right, y);
  }
  if (divider.column !== null && x > plot.left && x < right) {
    context.moveTo(x, plot.top);
    context.lineTo(x, bottom);
  }
  context.stroke();
  context.restore();
}

function drawBar(context, view) {
  const { plot } = view;
  const { scale } = view.shown;
  const x = plot.left + plot.width + 14;
  const height = Math.min(200, plot.height);
  for (let i = 0; i < height; ++i) {
    context.fillStyle = scale.css[Math.round((1 - i / (height - 1)) * 255)];
    context.fillRect(x, plot.top + i, 10, 1.5);
  }
  context.fillStyle = themeColor("--faint");
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.font = kFont;
  const ticks = scaleTicks(scale);
  ticks.forEach((text, i) =>
    context.fillText(text, x + 14, plot.top + 5 + (height - 10) * i / (ticks.length - 1)));
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
