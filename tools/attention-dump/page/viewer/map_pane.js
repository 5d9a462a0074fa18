// One or two large maps and what is common to them: the part in view, the tiles, the cell under the
// pointer.

class MapPane {
  // actions: {onHover(cell|null, view), onChoose(cell), onView()}
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    this.turns = new Turns();
    this.tiles = new TileStore(() => this.schedule());
    this.viewport = new Viewport(() => {
      this.schedule();
      actions.onView();
    });
    this.views = [];
    this.waiting = 0;  // calls of show() that have not come to their end
    const shared = {
      viewport: this.viewport,
      tiles: this.tiles,
      isWaiting: () => this.waiting > 0,
      onHover: (cell, view, point) => this.hover(cell, view, point),
      onChoose: (cell) => { if (cell) actions.onChoose(cell); },
    };
    for (let i = 0; i < 2; ++i) this.views.push(new MapView(root, shared));
    this.views[1].root.hidden = true;
    window.addEventListener("resize", () => this.schedule());
  }

  schedule() {
    for (const view of this.views) if (!view.root.hidden) view.schedule();
  }

  hover(cell, from, point) {
    for (const view of this.views) {
      if (!view.root.hidden) view.mark(cell, view === from ? point : null);
    }
    this.actions.onHover(cell, this.views.indexOf(from));
  }

  // Marks a row from outside; null: none.
  markRow(query) {
    for (const view of this.views) view.mark(query === null ? null : { query, key: null });
  }

  // panes: one or two of {ds, caption}; the rest is common to them. Waits for the heads' data and
  // then shows all at once; an outdated call shows nothing.
  async show(panes, what) {
    this.waiting += 1;
    for (const { root: map } of this.views) {
      map.dataset.complete = "false";
      map.setAttribute("aria-busy", "true");
    }
    try {
      return await this.showAll(panes, what);
    } finally {
      this.waiting -= 1;
      if (!this.waiting) for (const { root: map } of this.views) map.removeAttribute("aria-busy");
      this.schedule();
    }
  }

  async showAll(panes, { l, h, settings, sources, common, describe }) {
    const mine = this.turns.begin();
    const shape = sources.axes(panes[0].ds[0], settings.words);
    this.viewport.resize(shape.queries.count, shape.keys.count);
    const maps = await Promise.all(panes.map(({ ds }) => sources.map(ds, l, h, settings)));
    const heads = await Promise.all(panes.map(({ ds }) =>
      Promise.all(ds.map((d) => sources.source(d, l, h, settings)))));
    const tops = await Promise.all(maps.map((map) => map.typicalTop()));
    if (!mine()) return false;
    this.automaticTop = Math.max(...tops);  // maps side by side share their colours
    const labelRoom = labelRooms(panes.map(({ ds }) => sources.axes(ds[0], settings.words)));
    const { scale, differenceScale } = this.scalesOf(common);
    this.views.forEach((view, i) => {
      const used = i < panes.length;
      view.root.hidden = !used;
      if (!used) {
        this.tiles.wish(view, []);
        view.shown = null;
        return;
      }
      const { ds, caption } = panes[i];
      const axes = sources.axes(ds[0], settings.words);
      view.show({
        ...common, map: maps[i], words: settings.words, caption, labelRoom,
        divider: dividerOf(sources.docs[ds[0]], axes),
        thumbnail: ds.length === 1 && !settings.words ? common.thumbnail : null,
        scale: ds.length > 1 ? differenceScale : scale,
        describe: (query, key) => describe(ds, heads[i], axes, query, key),
      });
      view.mark(null);
    });
    return true;
  }

  // Scales up to the top that the setting `range` says.
  scalesOf({ scale, differenceScale, range }) {
    const top = rangeTop(range, this.automaticTop ?? 1);
    return { scale: scale.upTo(top), differenceScale: differenceScale.upTo(top) };
  }

  // Changes marks, pictures: what all shown maps have in common.
  change(common) {
    for (const view of this.views) {
      if (!view.shown) continue;
      Object.assign(view.shown, common);
      view.schedule();
    }
  }

  // Changes the colours. common: {scale, differenceScale, range}
  recolor(common) {
    const { scale, differenceScale } = this.scalesOf(common);
    for (const view of this.views) {
      if (!view.shown) continue;
      const difference = view.shown.map.source instanceof DifferenceSource;
      view.shown.scale = difference ? differenceScale : scale;
      view.schedule();
    }
  }

  // The part in view as token ranges {q: [first, last], k: …}; null: the whole map.
  range(axes) {
    const { viewport } = this;
    if (viewport.whole) return null;
    const ends = (units, from, span) => {
      const first = Math.min(units.count - 1, Math.round(from));
      const end = Math.max(first + 1, Math.min(units.count, Math.round(from + span)));
      return [units.begin[first], units.begin[end] - 1];
    };
    return { q: ends(axes.queries, viewport.top, viewport.rows),
      k: ends(axes.keys, viewport.left, viewport.columns) };
  }

  showRange(range, axes) {
    const { queries, keys } = axes;
    this.viewport.resize(queries.count, keys.count);
    if (!range) return this.viewport.reset();
    const unit = (units, token) => units.of[Math.min(units.of.length - 1, token)];
    const [top, bottom] = range.q.map((token) => unit(queries, token));
    const [left, right] = range.k.map((token) => unit(keys, token));
    this.viewport.show(left, top, right - left + 1, bottom - top + 1);
  }
}

// The first generated row and column, or null.
function dividerOf(doc, axes) {
  const first = (text, units) => {
    const token = text.generated ? text.generated.findIndex(Boolean) : -1;
    return token > 0 ? units.of[token] : null;
  };
  return { row: first(doc, axes.queries), column: first(keyText(doc), axes.keys) };
}

// What the tooltip says about a cell. reached: how far replay is; ds: documents; heads: their sources.
function describeCell({ docs, labels, settings, reached }, ds, heads, axes, query, key) {
  const doc = docs[ds[0]];
  const isThere = query < reached.rows && key < reached.columns;
  const place = (units, unit, there) =>
    `${units.positions(unit)}  ${there ? units.label(unit) : "…"}`;
  const lines = [["query", place(axes.queries, query, query < reached.rows)],
    ["key", place(axes.keys, key, key < reached.columns)]];
  if (!isThere) return [...lines, ["weight", "not generated yet"]];
  const { store } = doc;
  const error = store.kind === "weights" || !store.max_error ? ""
    : ` ±${Number(store.max_error.toPrecision(1))}`;
  const weightOf = (source) => source.cell(query, key);
  const changed = settings.drop || settings.values;
  if (ds.length > 1) {
    const weights = heads.map(weightOf);
    weights.forEach((weight, i) => lines.push([labels[i], weight === null ? "masked"
      : weight.toPrecision(4)]));
    const difference = (weights[1] ?? 0) - (weights[0] ?? 0);
    lines.push(["difference", `${difference > 0 ? "+" : ""}${difference.toPrecision(4)}`]);
    return lines;
  }
  const [source] = heads;
  if (!settings.words) {
    const { head, mask } = source;
    if (!mask.visible(query, key)) return [...lines, ["weight", "masked"]];
    lines.push(["weight", weightText(head.weight(query, key), store) + error]);
    if (changed) {
      const weight = weightOf(source);
      lines.push([settings.values && source.norms ? "by value" : "renormalised",
        weight === null ? "dropped" : weight.toPrecision(4)]);
    }
  } else {
    const weight = weightOf(source);
    lines.push(["weight", weight === null ? "masked" : weight.toPrecision(4)]);
  }
  return lines;
}
