// What stands above the maps: title, stamp, summary of a pair; and which controls a page needs.

function fillHeader(viewer) {
  const { info } = viewer;
  const fill = (body, entries) => body.replaceChildren(...entries.map(([name, value]) => {
    const row = document.createElement("tr");
    row.append(tableCell("td", name), tableCell("td", value));
    return row;
  }));
  document.title = info.title;
  viewer.find("title").textContent = info.title;
  viewer.find("summary").textContent = info.summary;
  fill(document.querySelector("#stamp tbody"), info.stamp || []);
  const pair = viewer.find("pair-summary");
  pair.hidden = !info.pair;
  if (info.pair) pair.textContent = info.pair.summary.map(([k, v]) => `${k}: ${v}`).join(" · ");
}

// Offers only the controls that the page has something for.
function offerControls(viewer) {
  const { info, docs } = viewer;
  const labels = info.pair ? info.pair.labels : docs.map((doc) => doc.label);
  const has = {
    pair: docs.length > 1,
    far: docs[0].tokens.length > kTile,
    words: docs.some((doc) => viewer.sources.hasWords(doc)),
    values: docs.some((doc) => doc.has_values),
  };
  const options = {
    palette: Object.keys(info.palettes).map((name) => [name, name === "blues" ? "Blues" : name]),
    sort: [["position", "position"], ...sortColumns(viewer.lists[0].columns)],
  };
  if (has.pair) {
    options.pair = [["sides", "side by side"], ["a", labels[0]], ["b", labels[1]],
      ["difference", "difference"]];
  }
  viewer.controls.offer(has, options);
  for (const [name, offered] of [["words", has.words], ["values", has.values]]) {
    if (!offered) viewer.settings[name] = false;
  }
  if (!options.sort.some(([id]) => id === viewer.settings.sort)) viewer.settings.sort = "position";
}

// What heads can be ordered by; what changed in a pair comes first.
function sortColumns(columns) {
  const changes = columns.filter(({ isChange }) => isChange);
  const others = columns.filter(({ isChange }) => !isChange);
  return [...changes, ...others].map(({ id, title }) => [id, title]);
}

// What the keys do (controls.js).
function keyActions(viewer) {
  const wrap = (value, count) => (value + count) % count;
  const ready = (action) => (...args) => { if (viewer.info) action(...args); };
  return {
    help: () => viewer.find("help").showModal(),
    theme: () => viewer.theme.turn(),
    save: ready(() => viewer.find("save").click()),
    range: ready(() => viewer.set({ range: viewer.settings.range === "auto" ? "1" : "auto" })),
    whole: () => viewer.maps.viewport.reset(),
    zoom: (key) => viewer.maps.viewport.zoomAt(0.5, 0.5, key === "+" || key === "=" ? 1.5 : 1 / 1.5),
    release: ready(() => { if (viewer.focus.chosen !== null) viewer.focus.choose(viewer.focus.chosen); }),
    turn: ready((key, name) => {
      if (!viewer.controls.offered(name)) return;
      viewer.set({ [name]: viewer.controls.next(name, viewer.settings[name]) });
    }),
    move: ready((key) => {
      const { layers, heads } = viewer.docs[0];
      const down = { ArrowUp: -1, ArrowDown: 1 }[key] || 0;
      const along = { ArrowLeft: -1, ArrowRight: 1 }[key] || 0;
      viewer.openHead(wrap(viewer.l + down, layers.length), wrap(viewer.h + along, heads.length));
    }),
    stepHead: ready((key) => {
      const order = viewer.lists[viewer.headSide].sorted(viewer.sort.column, viewer.sort.descending);
      const at = order.findIndex(({ l, h }) => l === viewer.l && h === viewer.h);
      const next = order[wrap(at + (key === "]" ? 1 : -1), order.length)];
      viewer.openHead(next.l, next.h);
    }),
    stepReplay: ready((key) => {
      const last = (viewer.docs[0].candidates || []).length - 1;
      if (last < 0) return;
      const from = viewer.focus.step ?? (key === "." ? -1 : last + 1);
      viewer.replay.go(Math.min(last, Math.max(0, from + (key === "." ? 1 : -1))));
    }),
    go: ready((key) => {
      if (key === "g" && viewer.settings.overview === "grid") viewer.grid.focus();
      else if (key === "g") document.querySelector("#head-table button").focus();
      else if (key === "t") viewer.maps.views[0].overlay.focus();
      else viewer.find("text").focus();
    }),
  };
}
