// What stands beside the map: labels of rows and columns, and what rows and columns are.

const kFont = "12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
const kTitleFont = "12px system-ui, sans-serif";
const kLabelLine = 14;
const kMostLabel = 110;    // pixels
const kTitleRoom = 18;
const kLabelGap = 8;

const labelMeasurer = new OffscreenCanvas(1, 1).getContext("2d");

function textWidth(text, font = kFont) {
  labelMeasurer.font = font;
  return labelMeasurer.measureText(text).width;
}

function labelText(units, unit, withPosition) {
  const piece = units.label(unit);
  return withPosition ? `${units.begin[unit]} ${piece}` : piece;
}

// Whether labels may tell positions too: they do where not every unit has its label.
function tellsPositions(units) {
  return units.count > 25;
}

// Room for the longest label of at most `most` pixels, judged by up to 400 of them.
function labelWidth(units, most) {
  let widest = 20;
  const step = Math.max(1, Math.floor(units.count / 400));
  for (let unit = 0; unit < units.count && widest < most; unit += step) {
    const text = labelText(units, unit, tellsPositions(units));
    widest = Math.max(widest, textWidth(text.slice(0, 40)));
  }
  return Math.ceil(Math.min(most, widest)) + kLabelGap;
}

// Room beside and below maps that stand side by side; axes: of each. Remembers the last answer.
function labelRooms(axes) {
  let asked = -1;
  let room = null;
  return (most) => {
    if (most === asked) return room;
    asked = most;
    const widest = (name) => Math.max(...axes.map((one) => labelWidth(one[name], most)));
    room = { left: widest("queries") + kTitleRoom, bottom: widest("keys") + kTitleRoom, most };
    return room;
  };
}

// Labels, cut to their room and kept.
class LabelPen {
  constructor() {
    this.forget();
  }

  forget() {
    this.cut = new Map();
    this.most = kMostLabel;
  }

  label(units, unit, withPosition, isRow) {
    const id = `${isRow ? "r" : "c"}${withPosition ? "p" : ""}${unit}`;
    let text = this.cut.get(id);
    if (text === undefined) {
      text = this.fit(labelText(units, unit, withPosition));
      if (this.cut.size > 20000) this.cut.clear();
      this.cut.set(id, text);
    }
    return text;
  }

  fit(text) {
    if (text.length <= 40 && textWidth(text) <= this.most) return text;
    const characters = [...text.slice(0, 40)];
    while (characters.length && textWidth(characters.join("") + "…") > this.most) characters.pop();
    return characters.join("") + "…";
  }

  draw(context, view) {
    const { plot, viewport, room } = view;
    const { axes } = view.shown.map;
    if (room.most !== this.most) this.forget();
    this.most = room.most;
    context.font = kFont;
    context.fillStyle = themeColor("--ink");
    context.textBaseline = "middle";
    context.textAlign = "right";
    const { reached } = view.shown;
    const each = (isRow, units, start, span, cell, length, draw) => {
      const step = niceStep(kLabelLine / cell);
      const withPosition = step > 1 && tellsPositions(units);
      const end = Math.min(units.count, start + span, isRow ? reached.rows : reached.columns);
      for (let i = Math.ceil(start / step) * step; i < end; i += step) {
        const middle = (i - start + 0.5) * cell;
        if (middle >= 0 && middle <= length) draw(middle, this.label(units, i, withPosition, isRow));
      }
    };
    each(true, axes.queries, viewport.top, viewport.rows, view.cellHeight, plot.height,
         (at, text) => context.fillText(text, plot.left - 7, plot.top + at));
    each(false, axes.keys, viewport.left, viewport.columns, view.cellWidth, plot.width, (at, text) => {
      context.save();
      context.translate(plot.left + at, plot.top + plot.height + 8);
      context.rotate(-Math.PI / 2);
      context.fillText(text, 0, 0);
      context.restore();
    });
    this.drawTitles(context, view);
  }

  // Rows and columns in words, shorter where there is little room.
  drawTitles(context, { plot, height, shown }) {
    const unit = shown.words ? "word" : "token";
    const write = (texts, x, y, length, angle) => {
      const text = texts.find((one) => textWidth(one, kTitleFont) <= length) || "";
      context.save();
      context.font = kTitleFont;
      context.fillStyle = themeColor("--faint");
      context.textAlign = "center";
      context.translate(x, y);
      context.rotate(angle);
      context.fillText(text, 0, 0);
      context.restore();
    };
    // Turned round, an arrow to the left points down.
    write([`← query: the ${unit} that looks`, "← query"], 8, plot.top + plot.height / 2,
          plot.height, -Math.PI / 2);
    write([`key: the ${unit} it looks at →`, "key →"], plot.left + plot.width / 2, height - 8,
          plot.width, 0);
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
