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
    const shared = {
      viewport: this.viewport,
      tiles: this.tiles,
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
  async show(panes, { l, h, settings, sources, common, describe }) {
    const mine = this.turns.begin();
    this.viewport.resize(sources.units(panes[0].ds[0], settings.words).count);
    const maps = await Promise.all(panes.map(({ ds }) => sources.map(ds, l, h, settings)));
    const heads = await Promise.all(panes.map(({ ds }) =>
      Promise.all(ds.map((d) => sources.source(d, l, h, settings)))));
    if (!mine()) return false;
    const labelRoom = Math.max(...panes.map(({ ds }) =>
      labelWidth(sources.docs[ds[0]], sources.units(ds[0], settings.words))));
    this.views.forEach((view, i) => {
      const used = i < panes.length;
      view.root.hidden = !used;
      if (!used) {
        this.tiles.wish(view, []);
        view.shown = null;
        return;
      }
      const { ds, caption } = panes[i];
      const doc = sources.docs[ds[0]];
      const units = sources.units(ds[0], settings.words);
      view.show({
        ...common, map: maps[i], doc, units, caption, labelRoom,
        divider: dividerOf(doc, units),
        thumbnail: ds.length === 1 && !settings.words ? common.thumbnail : null,
        scale: ds.length > 1 ? common.differenceScale : common.scale,
        describe: (query, key) => describe(ds, heads[i], units, query, key),
      });
      view.mark(null);
    });
    return true;
  }

  // Changes what all shown maps have in common.
  change(common) {
    for (const view of this.views) {
      if (!view.shown) continue;
      Object.assign(view.shown, common);
      if (common.scale && view.shown.map.source instanceof DifferenceSource) {
        view.shown.scale = common.differenceScale;
      }
      view.schedule();
    }
  }

  // The part in view as token ranges {q: [first, last], k: …}; null: the whole map.
  range(units) {
    const { viewport } = this;
    if (viewport.whole) return null;
    const ends = (from) => {
      const first = Math.min(units.count - 1, Math.round(from));
      const end = Math.max(first + 1, Math.min(units.count, Math.round(from + viewport.span)));
      return [units.begin[first], units.begin[end] - 1];
    };
    return { q: ends(viewport.top), k: ends(viewport.left) };
  }

  showRange(range, units) {
    this.viewport.resize(units.count);
    if (!range) return this.viewport.reset();
    const last = units.of.length - 1;
    const unit = (token) => units.of[Math.min(last, token)];
    const top = unit(range.q[0]);
    const left = unit(range.k[0]);
    const span = Math.max(unit(range.q[1]) - top, unit(range.k[1]) - left) + 1;
    this.viewport.set(left, top, span);
  }
}

// The first generated unit, or null.
function dividerOf(doc, units) {
  const first = doc.generated ? doc.generated.findIndex(Boolean) : -1;
  return first > 0 ? units.of[first] : null;
}

// What the tooltip says about a cell. ds: documents; heads: their sources.
function describeCell({ docs, labels, settings }, ds, heads, units, query, key) {
  const doc = docs[ds[0]];
  const place = (unit) => `${units.positions(unit)}  ${units.label(doc, unit)}`;
  const lines = [["query", place(query)], ["key", place(key)]];
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
