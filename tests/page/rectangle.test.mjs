// Maps whose rows and columns stand for two texts: the same functions, with other numbers of queries
// and keys.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNear, colorsAt, goTo, settled, spiedTexts, startBrowser, textSpy, tooltip } from "./browser.mjs";
import { makeDocument, makePage, textOf } from "./documents.mjs";
import { viewerScope } from "./viewer_scope.mjs";

const viewer = viewerScope();
let browser;
before(async () => { browser = await startBrowser(); });
after(() => {
  viewer.end();
  return browser.stop();
});

const target = textOf([[" two"], ["fold"]]);                                    // 3 queries
const source = textOf([[" a"], [" tran"], ["sla"], ["tion"], [" of"], [" it"]]);  // 7 keys
const made = (kind, options = {}) => makeDocument({ text: target, keyText: source, causal: false,
  layers: 2, heads: 2, values: true, kind, precision: "f32", ...options });
const sourcesOf = ({ doc, blocks }) => new viewer.SourceStore(new viewer.HeadStore({
  info: { docs: [doc] }, block: async (name) => blocks.get(name) ?? null }));

for (const kind of ["weights", "trace"]) {
  test(`a map of 3 × 7 cells from ${kind === "trace" ? "a trace" : "weights"}`, async () => {
    const one = made(kind);
    const sources = sourcesOf(one);
    const map = await sources.map([0], 1, 0, { words: false, far: "max" });
    assert.deepEqual([map.queries, map.keys, map.square], [3, 7, false]);
    const values = new Float32Array(128 * 128);
    assert.equal(await map.fill(0, 0, 0, values, () => true), true);
    for (let q = 0; q < 4; ++q) {
      for (let k = 0; k < 8; ++k) {
        const expected = q < 3 && k < 7 ? one.weight(1, 0, q, k) : -9;
        assertNear(values[q * 128 + k], expected, 1e-6, `${q} ${k}`);
      }
    }
    assert.equal(map.isEmpty(0, 0, 0), false);
    let top = 0;
    for (let q = 0; q < 3; ++q) for (let k = 0; k < 7; ++k) top = Math.max(top, one.weight(1, 0, q, k));
    assert.equal(await map.typicalTop(), viewer.roundedTop(top));  // the first column counts
  });
}

test("words of both texts: sums over columns, means over rows; values and dropping by keys", async () => {
  const one = made("weights");
  const sources = sourcesOf(one);
  const words = await sources.source(0, 0, 1, { words: true });
  assert.deepEqual([words.queries, words.keys], [2, 5]);  // "<s>" "twofold"; "translation" is one
  const expected = [1, 2].reduce((sum, q) =>
    sum + [2, 3, 4].reduce((all, k) => all + one.weight(0, 1, q, k), 0), 0) / 2;
  assertNear(words.cell(1, 2), expected, 1e-6, "twofold looks at translation");
  const changed = await sources.source(0, 0, 1, { words: false, drop: true, values: true });
  const norms = one.norms[1];
  let sum = 0;
  for (let k = 1; k < 7; ++k) sum += one.weight(0, 1, 2, k) * norms[k];
  assert.equal(changed.cell(2, 0), null);
  assertNear(changed.cell(2, 6), one.weight(0, 1, 2, 6) * norms[6] / sum, 1e-6, "by value");
});

test("a row and a column of a rectangle, one head and the mean of heads", async () => {
  const one = made("weights");
  const sources = sourcesOf(one);
  let last = null;
  await viewer.gatherWeights({ heads: [{ l: 0, h: 0 }, { l: 0, h: 1 }], query: 2, key: 5, lastRow: 1,
    sources: (l, h) => sources.source(0, l, h, { words: false }), wanted: () => true,
    onPart: (part) => { last = part; } });
  assert.deepEqual([last.looks.length, last.looked.length], [7, 3]);
  const mean = (q, k) => (one.weight(0, 0, q, k) + one.weight(0, 1, q, k)) / 2;
  assertNear(last.looks[4], mean(2, 4), 1e-6, "looks");
  assertNear(last.looked[1], mean(1, 5), 1e-6, "looked");
  assert.equal(last.looked[2], 0, "rows after the last are not there yet");
});

test("the part in view of a rectangle: both sides zoom together, down to eight cells", () => {
  const viewport = new viewer.Viewport(() => {});
  viewport.resize(20, 80);
  assert.deepEqual([viewport.rows, viewport.columns, viewport.whole], [20, 80, true]);
  viewport.zoomAt(0.5, 0.5, 2);
  assert.deepEqual([viewport.left, viewport.top, viewport.rows, viewport.columns], [20, 5, 10, 40]);
  viewport.zoomAt(1, 1, 100);
  assert.deepEqual([viewport.rows, viewport.columns, viewport.canZoom(true)], [8, 8, false]);
  viewport.reset();
  viewport.resize(3, 7);
  assert.deepEqual([viewport.rows, viewport.columns, viewport.canZoom(true)], [3, 7, false]);
});

test("the page draws a rectangle, names both texts, and tells who looks at a key", async () => {
  const one = made("trace");
  const page = makePage([one]);
  const tab = await browser.open(page, { hash: "#L1H1&range=1", extraScript: textSpy });
  await settled(tab);
  const { drawn, cut } = await spiedTexts(tab);
  assert.deepEqual(cut, []);
  for (const label of ["fold", "tion", " of"]) assert.ok(drawn.includes(label), drawn.join(" "));
  const plot = JSON.parse(await tab.locator(".overlay").first().getAttribute("data-plot"));
  assert.ok(Math.abs(plot.width / plot.height - 7 / 3) < 0.02, "cells are square");
  const cells = [[0, 0], [0, 6], [2, 6], [2, 3]];
  const colors = await colorsAt(tab, { top: 0, left: 0, rows: 3, columns: 7 }, cells);
  cells.forEach(([q, k], i) => {
    const step = Math.round(one.weight(1, 1, q, k) * 255);
    const expected = [0, 2, 4].map((c) => parseInt(page.info.palettes.blues.substr(step * 6 + c, 2), 16));
    colors[i].forEach((value, c) => assertNear(value, expected[c], 2, `${q} ${k}`));
  });
  const box = await tab.locator(".overlay").first().boundingBox();
  await tab.mouse.move(box.x + plot.left + 5.5 * plot.width / 7, box.y + plot.top + 1.5 * plot.height / 3);
  const lines = await tooltip(tab);
  assert.deepEqual([lines.query, lines.key], ["1   two", "5   of"]);
  assertNear(parseFloat(lines.weight), one.weight(1, 1, 1, 5), 1e-5, "weight");
  await tab.waitForFunction(() => document.getElementById("looked-table").rows.length > 2);
  await settled(tab);
  const table = (id) => tab.locator(`#${id} tbody tr`).evaluateAll((rows) =>
    rows.map((row) => [Number(row.cells[0].innerText), parseFloat(row.cells[2].innerText)]));
  const looks = await table("looks-table");
  const looked = await table("looked-table");
  assert.deepEqual([looks.length, looked.length], [7, 3]);
  for (const [k, weight] of looks) assertNear(weight, one.weight(1, 1, 1, k), 2e-3, `looks at ${k}`);
  for (const [q, weight] of looked) assertNear(weight, one.weight(1, 1, q, 5), 2e-3, `looked at by ${q}`);
  assert.match(await tab.locator("#key-text").innerText(), /translation of it/);
  await tab.mouse.move(5, 5);
  await tab.locator("#key-text span", { hasText: "sla" }).click();
  await settled(tab);
  assert.match(await tab.locator("#looked-table caption").innerText(), /Who looks at “sla”/);
  const size = await tab.locator("#grid canvas").first().evaluate(({ width, height }) => [width, height]);
  assert.deepEqual(size, [7, 3]);
  await tab.locator('[data-setting="words"]').check();
  await settled(tab);
  assert.ok((await spiedTexts(tab)).drawn.includes("translation"));
  await tab.done();
});

test("addresses hold the part in view of a rectangle", async () => {
  const long = (count) => textOf(Array.from({ length: count - 1 }, (_, i) => [` w${i}`]));
  const one = makeDocument({ text: long(20), keyText: long(40), causal: false, layers: 1, heads: 1 });
  const hash = "#L0H0&q=4-13&k=10-29";
  const tab = await browser.open(makePage([one]), { hash });
  await settled(tab);
  await tab.locator('[data-setting="scale"]').selectOption("log");
  await tab.waitForTimeout(400);
  assert.equal(await tab.evaluate(() => location.hash), `${hash}&scale=log`);
  await goTo(tab, "#L0H0");
  await tab.keyboard.press("+");
  await tab.waitForTimeout(400);
  const [q0, q1, k0, k1] = /q=(\d+)-(\d+)&k=(\d+)-(\d+)/.exec(await tab.evaluate(() => location.hash))
    .slice(1).map(Number);
  assert.ok(q1 - q0 < 14 && k1 - k0 > q1 - q0 && k1 < 40, `${q0}-${q1} ${k0}-${k1}`);
  await tab.done();
});
