// What the pointer shows is the weight: exactly where weights are stored, within the rounding of the
// numbers shown where they are rebuilt.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNear, colorsAt, goTo, mapPlace, readCell, settled, startBrowser } from "./browser.mjs";
import { makeDocument, makePage, random } from "./documents.mjs";

let browser;
before(async () => { browser = await startBrowser(); });
after(() => browser.stop());

// Points at `count` visible cells and a few masked ones of every given head.
async function checkCells(tab, made, { heads, view, count, tolerance, seed = 7 }) {
  const next = random(seed);
  const cellIn = () => [Math.floor(view.top + next() * view.span),
    Math.floor(view.left + next() * view.span)];
  let checked = 0;
  for (const [l, h] of heads) {
    await goTo(tab, `#L${l}H${h}&q=${view.top}-${view.top + view.span - 1}` +
      `&k=${view.left}-${view.left + view.span - 1}`);
    const place = await mapPlace(tab);
    for (let i = 0; i < count; ++i) {
      const [query, key] = cellIn();
      const expected = made.weight(l, h, query, key);
      const { weight } = await readCell(tab, view, query, key, { place });
      if (expected === null) {
        assert.equal(weight, "masked", `L${l}H${h} row ${query} column ${key}`);
        continue;
      }
      ++checked;
      assertNear(parseFloat(weight), expected, tolerance(expected),
                 `L${l}H${h} row ${query} column ${key}`);
    }
  }
  assert.ok(checked >= heads.length * count / 4, `only ${checked} visible cells were looked at`);
}

const whole = (tokens) => ({ top: 0, left: 0, span: tokens });

for (const precision of ["f16", "f32"]) {
  test(`stored ${precision} weights are shown exactly`, async () => {
    const made = makeDocument({ tokens: 33, kind: "weights", precision, window: 9 });
    const tab = await browser.open(makePage([made]));
    // Five digits give every 16-bit float back, nine every 32-bit one.
    const tolerance = precision === "f16" ? (w) => w * 5e-5 : (w) => w * 6e-8;
    await checkCells(tab, made, { heads: [[0, 0], [1, 3]], view: whole(33), count: 25, tolerance });
    await tab.done();
  });
}

const rebuilt = (weight) => 1e-6 + weight * 1e-5;
for (const [name, options] of Object.entries({
  "16-bit codes, grouped keys": { tokens: 50, bits: 16, heads: 6, kvHeads: 2 },
  "9-bit codes, a window, a soft cap": { tokens: 70, bits: 9, window: 20, softcap: 3 },
  "32-bit numbers, no mask": { tokens: 30, bits: 32, causal: false },
  "a window to both sides": { tokens: 40, causal: false, window: 9 },
})) {
  test(`rebuilt weights: ${name}`, async () => {
    const made = makeDocument(options);
    const tab = await browser.open(makePage([made]));
    const heads = [[0, 0], [0, 1], [1, options.heads ? 5 : 3]];
    await checkCells(tab, made, { heads, view: whole(options.tokens), count: 20,
      tolerance: rebuilt });
    await tab.done();
  });
}

test("from afar, where a pixel is many cells, and close up the weight is that of one cell", async () => {
  const made = makeDocument({ tokens: 1300, layers: 1, heads: 2, kvHeads: 1, dim: 8 });
  assert.ok(made.doc.pyramid.block > 1);
  const tab = await browser.open(makePage([made]));
  await settled(tab);
  const next = random(3);
  const { left, top, side } = await mapPlace(tab);
  for (let i = 0; i < 40; ++i) {  // any point: which cell it is, the tooltip says
    const y = next() * side;
    const x = next() * y;
    await tab.mouse.move(left + x, top + y);
    const lines = await tab.locator(".tooltip").first().innerText();
    const [query, key] = [/query\s+(\d+)/, /key\s+(\d+)/].map((form) => Number(form.exec(lines)[1]));
    assertNear(query, y / side * 1300, 1.5, "row under the pointer");
    assertNear(key, x / side * 1300, 1.5, "column under the pointer");
    const expected = made.weight(0, 0, query, key);
    assertNear(parseFloat(/weight\s+([\d.e-]+)/.exec(lines)?.[1] ?? "NaN"), expected,
               rebuilt(expected), `row ${query} column ${key}`);
  }
  await checkCells(tab, made, { heads: [[0, 1]], view: { top: 1250, left: 700, span: 20 }, count: 30,
    tolerance: rebuilt });
  await tab.done();
});

test("cells have the colour of their weight, linear and log, and masked ones are hatched", async () => {
  const made = makeDocument({ tokens: 24, layers: 1, heads: 1 });
  const page = makePage([made]);
  const tab = await browser.open(page);
  const hex = page.info.palettes.blues;
  for (const scale of ["linear", "log"]) {
    await goTo(tab, `#L0H0&range=1&scale=${scale}`);
    await settled(tab);
    const cells = [[1, 0], [5, 5], [23, 0], [20, 11]];
    const colors = await colorsAt(tab, whole(24), [...cells, [2, 20]]);
    cells.forEach(([query, key], i) => {
      const weight = made.weight(0, 0, query, key);
      const place = scale === "log" ? Math.max(0, 1 + Math.log10(weight) / 4) : weight;
      const step = Math.round(place * 255);
      const expected = [0, 2, 4].map((c) => parseInt(hex.substr(step * 6 + c, 2), 16));
      colors[i].forEach((value, c) => assertNear(value, expected[c], 2, `${scale} ${query} ${key}`));
    });
    const [red, green, blue] = colors[cells.length];
    assert.ok(red === green && green === blue, "a masked cell is grey");
  }
  await tab.done();
});
