// The page: state, controls and what is redrawn when.

const state = { layer: info.first[0], head: info.first[1], colormap: "blues", log: false, dropFirst: false, full: false };
let scale = new ColorScale(state.colormap, state.log);
let drawing = 0;  // counts redraws, so that an old one stops when a new one begins

const mapView = new MapView((cell) => textView.show(mapView, cell ? cell.query : null));
const textView = new TextView((query) => {
  if (!mapView.map) return;
  mapView.markQuery(query);
  textView.show(mapView, query);
});
const gridView = new GridView((layer, head) => open(layer, head));

function fillHeader() {
  document.getElementById("name").textContent = info.name;
  document.getElementById("summary").textContent = info.summary;
  const rows = info.stamp.map(([name, value]) => {
    const row = document.createElement("tr");
    for (const text of [name, value]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  });
  document.getElementById("stamp-rows").append(...rows);
  document.getElementById("mask-control").hidden = !info.bidirectional;
}

// Shows one head in the large map.
async function open(layer, head) {
  state.layer = layer;
  state.head = head;
  gridView.select(layer, head);
  document.getElementById("head-name").textContent = `L${info.layers[layer]}H${info.heads[head]}`;
  document.getElementById("head-detail").textContent =
    `KV head ${info.kv_head[head]} · rows are queries, columns are keys` +
    (info.windows[layer] && !state.full ? ` · window ${info.windows[layer]}` : "");
  const map = await loadMap(layer, head, state.full);
  if (state.layer === layer && state.head === head) mapView.show(map, scale, state.dropFirst);
}

// Redraws the thumbnails, a few per frame.
async function drawGrid() {
  const turn = ++drawing;
  const progress = document.getElementById("progress");
  const total = info.layers.length * info.heads.length;
  let done = 0;
  let pause = performance.now() + 12;
  for (let layer = 0; layer < info.layers.length; ++layer) {
    for (let head = 0; head < info.heads.length; ++head) {
      const map = await loadMap(layer, head, state.full);
      if (turn !== drawing) return;
      gridView.draw(layer, head, map, scale, state.dropFirst);
      ++done;
      if (performance.now() > pause) {
        progress.textContent = `${done} of ${total}`;
        await new Promise(requestAnimationFrame);
        if (turn !== drawing) return;
        pause = performance.now() + 12;
      }
    }
  }
  progress.textContent = `${total}`;
  document.documentElement.dataset.ready = "true";
}

async function redrawAll() {
  scale = new ColorScale(state.colormap, state.log);
  await open(state.layer, state.head);
  await drawGrid();
}

function bind(id, change) {
  const element = document.getElementById(id);
  element.addEventListener("change", () => {
    change(element);
    redrawAll();
  });
}
bind("colormap", (element) => { state.colormap = element.value; });
bind("scale", (element) => { state.log = element.value === "log"; });
bind("mask", (element) => { state.full = element.value === "full"; });
bind("drop-first", (element) => { state.dropFirst = element.checked; });
document.getElementById("reset").addEventListener("click", () => mapView.reset());

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("select, input");
  if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  const wrap = (value, count) => (value + count) % count;
  open(wrap(state.layer + move[0], info.layers.length), wrap(state.head + move[1], info.heads.length));
});
window.addEventListener("resize", () => { if (mapView.map) mapView.scheduleRedraw(); });
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => mapView.redraw());

fillHeader();
redrawAll();
