// The viewer: what is shown, and what is redrawn when it changes. `open(page)` shows a page document
// and may be called again at any time; what was chosen stays as far as it still makes sense.

// Which parts a changed setting redraws.
const kRedraws = {
  palette: ["scales"], range: ["scales"], scale: ["scales", "text"], drop: ["pictures", "maps", "text"],
  words: ["maps", "text"], values: ["pictures", "maps", "text"], far: ["maps"],
  pair: ["heads", "maps", "text"],
  sort: ["heads"], order: ["heads"], overview: ["heads"], scope: ["text"], direction: ["text"],
};

class Viewer {
  constructor() {
    this.settings = { ...kDefaults };
    this.place = null;     // {layer, head}: numbers of the model
    this.focus = new Focus(this);
    this.info = null;
    this.opened = 0;
    this.find = (id) => document.getElementById(id);
    this.controls = new Controls((name, value) => this.set(
      name === "sort" && isChange(value) ? { sort: value, order: "down" } : { [name]: value }));
    this.range = new RangeControl((range) => this.set({ range }));
    this.maps = new MapPane(this.find("maps"), {
      onHover: (cell, side) => this.focus.hoverCell(cell, side),
      onChoose: (cell) => this.focus.choose(this.axes.queries.begin[cell.query + 1] - 1),
      onView: () => this.keepAddress(),
    });
    this.grid = new GridView(this.find("grid"), (l, h) => this.openHead(l, h));
    this.table = new HeadTable(this.find("head-table"), {
      onOpen: (l, h) => this.openHead(l, h),
      onSort: (sort, descending) => this.set({ sort, order: descending ? "down" : "up" }),
    });
    this.text = new TextPane(this.focus.actions());
    this.replay = new Replay(this.find("replay"), (step) => this.focus.setStep(step));
    this.theme = new Theme((paper) => this.restyle(paper));
    this.find("whole").addEventListener("click", () => this.maps.viewport.reset());
    this.find("save").addEventListener("click", () => this.run(this.savePicture()));
    this.find("help-button").addEventListener("click", () => this.find("help").showModal());
    listenToKeys(keyActions(this));
    window.addEventListener("hashchange", () => {
      if (this.info && addressHash() !== this.written) this.takeAddress(addressHash());
    });
  }

  // page: {info, block(name)} as in page_data.js.
  open(page) {
    const { info } = page;
    if (!info.docs.every((doc) => doc.tokens.length)) return this.problem("There are no tokens.");
    const first = this.info === null;
    this.info = info;
    this.docs = info.docs;
    this.opened += 1;
    this.problem(null);
    this.store = new HeadStore(page);
    this.sources = new SourceStore(this.store);
    this.lists = info.docs.map((_, d) => new HeadList(info, d));
    fillHeader(this);
    offerControls(this);
    const { layers, heads } = this.docs[0];
    const [l, h] = info.first || [0, 0];
    const held = this.place && layers.includes(this.place.layer) && heads.includes(this.place.head);
    if (!held) this.place = { layer: layers[l], head: heads[h] };
    this.focus.open(this.docs[0].tokens.length);
    this.replay.open(this.docs, info.pair ? info.pair.labels : []);
    this.replay.show(null);
    this.makeScales();
    if (first && addressHash().length > 1) this.takeAddress(addressHash(), false);
    this.redraw(["heads", "maps", "text"]);
  }

  // Promises the part that failed a word on the page.
  run(promise) {
    const { opened } = this;
    promise.catch((error) => {
      if (opened === this.opened) this.problem(`This page cannot show that: ${error.message}`);
      console.error(error);
    });
  }

  problem(text) {
    this.find("problem").hidden = text === null;
    this.find("problem").textContent = text || "";
  }

  // The document whose heads the overview shows.
  get headSide() {
    return this.docs.length > 1 && this.settings.pair === "b" ? 1 : 0;
  }

  // The document whose text is shown: of maps side by side the one last pointed at.
  get side() {
    if (this.docs.length < 2) return 0;
    return this.settings.pair === "sides" ? this.focus.side : this.headSide;
  }

  get doc() {
    return this.docs[this.side];
  }

  // What rows and columns stand for.
  get axes() {
    return this.sources.axes(this.side, this.settings.words);
  }

  get l() {
    return this.docs[0].layers.indexOf(this.place.layer);
  }

  get h() {
    return this.docs[0].heads.indexOf(this.place.head);
  }

  get isDifference() {
    return this.docs.length > 1 && this.settings.pair === "difference";
  }

  get sort() {
    return { column: this.settings.sort, descending: this.settings.order === "down" };
  }

  set(changes) {
    if (!this.info) return;
    const range = "words" in changes ? this.maps.range(this.axes) : undefined;
    const redraws = new Set();
    for (const [name, value] of Object.entries(changes)) {
      if (this.settings[name] === value) continue;
      this.settings[name] = value;
      for (const part of kRedraws[name]) redraws.add(part);
    }
    if (range !== undefined) this.maps.showRange(range, this.axes);
    this.redraw([...redraws]);
  }

  redraw(parts) {
    if (!this.info) return;
    this.controls.show(this.settings);
    this.range.show(this.settings.range, this.maps.automaticTop);
    const has = (part) => parts.includes(part);
    if (has("scales")) {
      this.makeScales();
      this.maps.recolor(this.colors);
    }
    if (has("heads")) this.showHeads();
    if (has("heads") || has("pictures") || has("scales")) this.run(this.paintPictures());
    if (has("maps")) this.run(this.showMaps());
    if (has("text")) this.run(this.showText());
    this.keepAddress();
  }

  makeScales() {
    const { palettes } = this.info;
    const name = palettes[this.settings.palette] ? this.settings.palette : Object.keys(palettes)[0];
    const options = { log: this.settings.scale === "log", dark: this.theme.dark };
    this.scale = new ColorScale(name, palettes[name], options);
    this.differenceScale = new ColorScale("difference", null, options);
  }

  get colors() {
    const { scale, differenceScale } = this;
    return { scale, differenceScale, range: this.settings.range };
  }

  // After a change of theme; on paper at once.
  restyle(paper) {
    if (!this.info) return;
    const stamp = this.find("stamp");  // belongs on paper
    if (paper) this.stampWasOpen = stamp.open;
    else if (this.onPaper) stamp.open = this.stampWasOpen;
    if (paper) stamp.open = true;
    this.onPaper = paper;
    this.redraw(["scales"]);
    if (!paper) return;
    for (const view of this.maps.views) {
      if (!view.shown) continue;
      view.paintAll();
    }
  }

  showHeads() {
    const list = this.lists[this.headSide];
    const table = this.settings.overview === "table";
    this.find("grid").hidden = table;
    this.find("table-frame").hidden = !table;
    this.find("head-count").textContent = `${list.items.length}`;
    const { scrollTop } = this.find("grid");
    const focused = this.find("grid").contains(document.activeElement);
    this.grid.build(this.docs[this.headSide], list, this.sort);
    this.find("grid").scrollTop = scrollTop;
    if (table) this.table.build(list, this.sort);  // only when seen: it is slow to lay out
    this.markHead();
    if (focused) this.grid.focus();
  }

  async paintPictures() {
    const { store, headSide, isDifference } = this;
    const { drop, values, range } = this.settings;
    const [first, second] = await Promise.all([
      store.thumbnails(headSide), isDifference ? store.thumbnails(1) : null]);
    if (store !== this.store || !first) return;
    const place = (side, index) => {
      const { l, h } = this.lists[headSide].items[index];
      return [side === 0 ? headSide : 1, l, h];
    };
    const pictures = new ShownThumbnails({
      first, second, dropFirst: drop,
      mask: (side, index) => store.mask(...place(side, index)),
      norms: async (side, index) => (values ? store.valueNorms(...place(side, index)) : null),
    });
    const done = await this.grid.paint(pictures, {
      scale: isDifference ? this.differenceScale : this.scale, range,
      first: this.lists[headSide].at(this.l, this.h).index,
    });
    if (!done) return;
    document.documentElement.dataset.pictures = "true";
    this.maps.change({ thumbnail: this.picture });
  }

  // The stand-in for the shown map: {canvas, rowBlock, columnBlock} or null.
  get picture() {
    const canvas = this.isDifference ? null : this.grid.picture(this.l, this.h);
    const doc = this.docs[this.headSide];
    return canvas && { canvas, rowBlock: blockOf(doc.tokens.length, canvas.height),
      columnBlock: blockOf(keyText(doc).tokens.length, canvas.width) };
  }

  markHead() {
    this.grid.select(this.l, this.h);
    this.table.select(this.lists[this.headSide].at(this.l, this.h).index);
  }

  openHead(l, h) {
    this.place = { layer: this.docs[0].layers[l], head: this.docs[0].heads[h] };
    this.markHead();
    this.redraw(this.settings.scope === "all" ? ["maps"] : ["maps", "text"]);
  }

  async showMaps() {
    const { l, h, settings, docs } = this;
    const item = this.lists[this.headSide].at(l, h);
    this.find("head-name").textContent = item.name;
    const doc = docs[0];
    const window = doc.windows && doc.windows[l];
    this.find("head-detail").textContent = [item.figures.type,
      doc.kv_head && `KV head ${doc.kv_head[h]}`, window ? `window ${window}` : "",
      "rows look at columns"].filter(Boolean).join(" · ");
    const two = docs.length > 1 && settings.pair === "sides";
    document.querySelector("main").classList.toggle("two-maps", two);
    const labels = this.info.pair ? this.info.pair.labels : docs.map((one) => one.label);
    let panes = [{ ds: [0], caption: docs.length > 1 ? labels[0] : "" }];
    if (two) panes.push({ ds: [1], caption: labels[1] });
    else if (this.isDifference) panes = [{ ds: [0, 1], caption: `${labels[1]} − ${labels[0]}` }];
    else if (settings.pair === "b" && docs.length > 1) panes = [{ ds: [1], caption: labels[1] }];
    const shown = await this.maps.show(panes, {
      l, h, settings: { ...settings }, sources: this.sources,
      common: {
        ...this.colors, name: item.name, thumbnail: this.picture, ...this.focus.marks(),
      },
      describe: (...cell) =>
        describeCell({ docs, labels, settings, reached: this.focus.marks().reached }, ...cell),
    });
    if (!shown) return;
    this.range.show(settings.range, this.maps.automaticTop);
    document.documentElement.dataset.ready = "true";
  }

  async savePicture() {
    const name = this.find("head-name").textContent;
    const detail = this.find("head-detail").textContent;
    const views = this.maps.views.filter((view) => view.shown);
    const canvas = await drawPicture(views, [`${name} · ${this.info.title}`,
      [detail, this.info.summary].join(" · ")]);
    await saveCanvas(canvas, fileName([name, this.info.title], "png"));
  }

  async showText() {
    const { settings, doc, side, scale, sources, focus } = this;
    const heads = this.lists[side].items.filter(({ l, h }) => settings.scope === "all" ||
      (l === this.l && (settings.scope === "layer" || h === this.h)));
    const names = {
      head: `L${this.place.layer}H${this.place.head}`,
      layer: `mean of the ${heads.length} heads of layer ${this.place.layer}`,
      all: `mean of all ${heads.length} heads`,
    };
    await this.text.show({
      doc, heads, axes: this.axes, token: focus.token, keyToken: focus.keyToken,
      pinned: focus.chosen, pinnedKey: focus.chosenKey, scopeName: names[settings.scope],
      sources: (l, h) => sources.source(side, l, h, settings), words: settings.words,
      place: (value) => Math.max(0, scale.placeOfShare(value)), direction: settings.direction,
      veilAfter: focus.step === null ? null : focus.lastToken,
      lastRow: focus.step === null ? null : focus.marks().reached.rows - 1,
    });
  }

  keepAddress() {
    if (!this.info || this.taking) return;
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => {
      this.written = writeAddress({
        place: this.place, view: this.maps.range(this.axes), settings: this.settings,
        defaults: kDefaults, token: this.focus.chosen, step: this.focus.step,
      });
      keepAddressHash(this.written);
    }, 200);
  }

  takeAddress(hash, redraw = true) {
    const { layers, heads, tokens } = this.docs[0];
    const found = readAddress(hash, this.controls.choices("sort"), this.controls.choices("palette"));
    if (found.place && layers.includes(found.place.layer) && heads.includes(found.place.head)) {
      this.place = found.place;
    }
    this.taking = true;
    Object.assign(this.settings, kDefaults, found.settings);
    const steps = this.docs[0].candidates || [];
    this.focus.chosen = found.token !== null && found.token < tokens.length ? found.token : null;
    this.focus.step = found.step !== null && found.step < steps.length ? found.step : null;
    if (steps.length) this.replay.show(this.focus.step);
    this.makeScales();
    this.maps.showRange(found.view, this.axes);
    this.taking = false;
    if (redraw) this.redraw(["heads", "maps", "text"]);
  }
}
