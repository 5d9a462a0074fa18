// The viewer: what is shown, and what is redrawn when it changes. `open(page)` shows a page document
// and may be called again at any time; what was chosen stays as far as it still makes sense.

// Which parts a changed setting redraws.
const kRedraws = {
  palette: ["scales"], scale: ["scales", "text"], drop: ["pictures", "maps", "text"],
  words: ["maps", "text"], values: ["maps", "text"], far: ["maps"], pair: ["heads", "maps", "text"],
  sort: ["heads"], order: ["heads"], overview: ["heads"], scope: ["text"], direction: ["text"],
};

class Viewer {
  constructor() {
    this.settings = { ...kDefaults };
    this.place = null;     // {layer, head}: numbers of the model
    this.chosen = null;    // token
    this.hovered = null;   // token under the pointer
    this.hoveredSide = 0;  // of maps side by side
    this.step = null;      // of the replay
    this.info = null;
    this.opened = 0;
    this.find = (id) => document.getElementById(id);
    this.controls = new Controls((name, value) => this.set({ [name]: value }));
    this.maps = new MapPane(this.find("maps"), {
      onHover: (cell, side) => this.hoverCell(cell, side),
      onChoose: (cell) => this.choose(this.units.begin[cell.query + 1] - 1),
      onView: () => this.keepAddress(),
    });
    this.grid = new GridView(this.find("grid"), (l, h) => this.openHead(l, h));
    this.table = new HeadTable(this.find("head-table"), {
      onOpen: (l, h) => this.openHead(l, h),
      onSort: (sort, descending) => this.set({ sort, order: descending ? "down" : "up" }),
    });
    this.text = new TextPane({
      onPoint: (token) => this.hoverToken(token),
      onChoose: (token) => this.choose(token),
      onMove: (step) => this.moveToken(step),
    });
    this.replay = new Replay(this.find("replay"), (step) => this.setStep(step));
    this.theme = new Theme((paper) => this.restyle(paper));
    this.find("whole").addEventListener("click", () => this.maps.viewport.reset());
    this.find("help-button").addEventListener("click", () => this.find("help").showModal());
    listenToKeys(keyActions(this));
    window.addEventListener("hashchange", () => {
      if (this.info && location.hash !== this.written) this.takeAddress(location.hash);
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
    const tokens = this.docs[0].tokens.length;
    if (this.chosen !== null && this.chosen >= tokens) this.chosen = null;
    this.hovered = null;
    this.step = null;
    this.replay.open(this.docs[0]);
    this.replay.show(null);
    this.makeScales();
    if (first && location.hash.length > 1) this.takeAddress(location.hash, false);
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
    return this.settings.pair === "sides" ? this.hoveredSide : this.headSide;
  }

  get doc() {
    return this.docs[this.side];
  }

  get units() {
    return this.sources.units(this.side, this.settings.words);
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
    const range = "words" in changes ? this.maps.range(this.units) : undefined;
    const redraws = new Set();
    for (const [name, value] of Object.entries(changes)) {
      if (this.settings[name] === value) continue;
      this.settings[name] = value;
      for (const part of kRedraws[name]) redraws.add(part);
    }
    if (range !== undefined) this.maps.showRange(range, this.units);
    this.redraw([...redraws]);
  }

  redraw(parts) {
    if (!this.info) return;
    this.controls.show(this.settings);
    const has = (part) => parts.includes(part);
    if (has("scales")) {
      this.makeScales();
      this.maps.change({ scale: this.scale, differenceScale: this.differenceScale });
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
    const d = this.headSide;
    const { store } = this;
    const [first, second] = await Promise.all([
      store.thumbnails(d), this.isDifference ? store.thumbnails(1) : null]);
    if (store !== this.store) return;
    this.grid.paint({
      first, second, causal: this.docs[d].causal && (!second || this.docs[1].causal),
      scale: second ? this.differenceScale : this.scale, dropFirst: this.settings.drop,
    });
    document.documentElement.dataset.pictures = "true";
    this.maps.change({ thumbnail: this.isDifference ? null : this.grid.picture(this.l, this.h) });
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
    const window = doc.causal && doc.windows && doc.windows[l];
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
        scale: this.scale, differenceScale: this.differenceScale, name: item.name,
        thumbnail: this.grid.picture(l, h), ...this.marks(),
      },
      describe: (...cell) => describeCell({ docs, labels, settings }, ...cell),
    });
    if (shown) document.documentElement.dataset.ready = "true";
  }

  // What a map shows of the chosen token and of the replay.
  marks() {
    const unit = (token) => (token === null ? null : this.units.of[token]);
    const at = this.step === null ? null : this.docs[0].candidates[this.step].position;
    return { chosen: unit(this.chosen), lastRow: unit(at) };
  }

  // The token in focus: under the pointer, chosen, of the replay's step, or the last.
  get token() {
    const last = this.doc.tokens.length - 1;
    const at = this.step === null ? last : this.docs[0].candidates[this.step].position;
    return Math.min(last, this.hovered ?? this.chosen ?? at);
  }

  async showText() {
    const { settings, doc, side, scale, sources } = this;
    const heads = this.lists[side].items.filter(({ l, h }) => settings.scope === "all" ||
      (l === this.l && (settings.scope === "layer" || h === this.h)));
    const names = {
      head: `L${this.place.layer}H${this.place.head}`,
      layer: `mean of the ${heads.length} heads of layer ${this.place.layer}`,
      all: `mean of all ${heads.length} heads`,
    };
    await this.text.show({
      doc, heads, units: this.units, token: this.token, pinned: this.chosen,
      scopeName: names[settings.scope],
      sources: (l, h) => sources.source(side, l, h, settings), words: settings.words,
      place: (value) => Math.max(0, scale.place(value)), direction: settings.direction,
      veilAfter: this.step === null ? null : this.docs[0].candidates[this.step].position,
    });
  }

  hoverCell(cell, side) {
    const token = cell ? this.units.begin[cell.query + 1] - 1 : null;
    if (cell && side !== this.hoveredSide && this.settings.pair === "sides") this.hoveredSide = side;
    this.setHovered(token);
  }

  hoverToken(token) {
    this.setHovered(token);
    this.maps.markRow(token === null ? null : this.units.of[token]);
  }

  // Moving on quickly shows only the latest.
  setHovered(token) {
    if (token === this.hovered) return;
    this.hovered = token;
    if (this.hoverPending) return;
    this.hoverPending = true;
    requestAnimationFrame(() => {
      this.hoverPending = false;
      this.run(this.showText());
    });
  }

  choose(token) {
    this.chosen = token === this.chosen ? null : token;
    this.hovered = null;
    this.maps.change(this.marks());
    this.redraw(["text"]);
  }

  moveToken(step) {
    const last = this.doc.tokens.length - 1;
    this.chosen = Math.min(last, Math.max(0, this.token + step));
    this.hovered = null;
    this.maps.change(this.marks());
    this.redraw(["text"]);
    this.text.view.reveal();
  }

  setStep(step) {
    this.step = step;
    this.chosen = null;
    this.replay.show(step);
    this.maps.change(this.marks());
    this.redraw(["text"]);
  }

  keepAddress() {
    if (!this.info || this.taking) return;
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => {
      this.written = writeAddress({
        place: this.place, view: this.maps.range(this.units), settings: this.settings,
        defaults: kDefaults, token: this.chosen, step: this.step,
      });
      if (location.hash !== this.written) history.replaceState(null, "", this.written);
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
    this.chosen = found.token !== null && found.token < tokens.length ? found.token : null;
    const steps = this.docs[0].candidates || [];
    this.step = found.step !== null && found.step < steps.length ? found.step : null;
    if (steps.length) this.replay.show(this.step);
    this.makeScales();
    this.maps.showRange(found.view, this.units);
    this.taking = false;
    if (redraw) this.redraw(["heads", "maps", "text"]);
  }
}
