// The overview: the chosen head is in sight, and pictures show what the map shows.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNear, colorsAt, goTo, settled, startBrowser } from "./browser.mjs";
import { makeDocument, makePage } from "./documents.mjs";

let browser;
before(async () => { browser = await startBrowser(); });
after(() => browser.stop());

const setting = (tab, name) => tab.locator(`[data-setting="${name}"]`);

// Whether the chosen head's button can be seen whole, beside the axes; and its two axis labels.
const inSight = (tab) => tab.evaluate(() => {
  const grid = document.getElementById("grid");
  const chosen = grid.querySelector("[aria-pressed=true]");
  const frame = grid.getBoundingClientRect();
  const shows = (element) => {
    const box = element.getBoundingClientRect();
    const inside = box.left >= frame.left - 1 && box.right <= frame.right + 1 &&
      box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
    const hit = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
    return inside && Boolean(hit) && (element === hit || element.contains(hit));
  };
  const names = [`L${chosen.dataset.l}`, `H${chosen.dataset.h}`];
  const axes = [...grid.querySelectorAll(".axis")].filter((axis) => names.includes(axis.textContent));
  return { button: shows(chosen), axes: axes.map(shows), scroll: [window.scrollX, window.scrollY] };
});
const seen = { button: true, axes: [true, true], scroll: [0, 0] };

for (const [layers, heads] of [[32, 32], [6, 4]]) {
  test(`${layers} × ${heads} heads: the chosen head and its axes stay in sight`, async () => {
    const made = makeDocument({ tokens: 12, layers, heads, dim: 4 });
    const tab = await browser.open(makePage([made]), { hash: `#L${layers - 2}H${heads - 1}` });
    await settled(tab);
    assert.deepEqual(await inSight(tab), seen, "at first");
    for (const key of ["ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowUp"]) {
      await tab.keyboard.press(key);  // wraps around at the edges
      assert.deepEqual(await inSight(tab), seen, `after ${key}`);
    }
    await tab.keyboard.press("g");
    await tab.keyboard.press("Home");
    for (let i = 0; i < heads - 1; ++i) await tab.keyboard.press("ArrowRight");
    await tab.keyboard.press("Enter");
    assert.equal(await tab.locator("#head-name").innerText(), `L0H${heads - 1}`);
    assert.deepEqual(await inSight(tab), seen, "after keys in the overview");
    await setting(tab, "overview").selectOption("table");
    await goTo(tab, `#L${layers - 1}H0&heads=table`);
    assert.deepEqual(await tab.evaluate(() => {
      const frame = document.getElementById("table-frame").getBoundingClientRect();
      const row = document.querySelector("#head-table .chosen").getBoundingClientRect();
      return [row.top >= frame.top, row.bottom <= frame.bottom + 1];
    }), [true, true]);
    await tab.done();
  });
}

// Colours [red, green, blue, alpha] of a head's picture at some cells.
const pictureAt = (tab, index, cells) => tab.locator("#grid canvas").nth(index)
  .evaluate((canvas, wanted) => wanted.map(([q, k]) =>
    [...canvas.getContext("2d").getImageData(k, q, 1, 1).data]), cells);
const painted = (tab, count) => tab.waitForFunction((wanted) =>
  document.documentElement.dataset.pictures === "true" &&
  document.querySelectorAll("#grid canvas").length === wanted, count);
const blues = (page, share) => [0, 2, 4].map((c) =>
  parseInt(page.info.palettes.blues.substr(Math.round(share * 255) * 6 + c, 2), 16));

test("pictures hatch what is outside a window, like the map", async () => {
  const made = makeDocument({ tokens: 30, layers: 2, heads: 2, window: 6 });
  const tab = await browser.open(makePage([made]));
  await painted(tab, 4);
  const cells = [[20, 3], [20, 14], [20, 15], [20, 20], [20, 21], [5, 0]];
  const shown = (index) => pictureAt(tab, index, cells)
    .then((colors) => colors.map(([, , , alpha]) => alpha > 0));
  assert.deepEqual(await shown(2), [false, false, true, true, false, true], "layer with a window");
  assert.deepEqual(await shown(0), [true, true, true, true, false, true], "layer without");
  await tab.done();
});

test("pictures follow what is weighed by values", async () => {
  const made = makeDocument({ tokens: 24, layers: 1, heads: 2, values: true });
  const page = makePage([made]);
  const tab = await browser.open(page, { hash: "#L0H0&range=1" });
  await painted(tab, 2);
  const norms = made.norms[1];
  const moved = (q, k) => {
    let sum = 0;
    for (let key = 0; key <= q; ++key) sum += made.weight(0, 1, q, key) * norms[key];
    return made.weight(0, 1, q, k) * norms[k] / sum;
  };
  const change = ([q, k]) => Math.abs(moved(q, k) - made.weight(0, 1, q, k));
  const cells = Array.from({ length: 24 * 24 }, (_, i) => [Math.floor(i / 24), i % 24])
    .filter(([q, k]) => k <= q).sort((x, y) => change(y) - change(x)).slice(0, 6);
  assert.ok(change(cells[5]) > 0.03, "some cells differ");
  const check = async (value, what) => {
    const colors = await pictureAt(tab, 1, cells);
    cells.forEach(([q, k], i) => blues(page, value(q, k)).forEach((channel, c) =>
      assertNear(colors[i][c], channel, 8, `${what}: ${q} ${k}`)));  // codes are 2.8 % apart
  };
  await check((q, k) => made.weight(0, 1, q, k), "weights");
  await setting(tab, "values").check();
  await settled(tab);
  await tab.waitForTimeout(200);
  await check(moved, "by value");
  await tab.done();
});

test("what is still loading does not look masked", async () => {
  const made = makeDocument({ tokens: 16, layers: 1, heads: 2 });
  const tab = await browser.open(makePage([made]), { hash: "#L0H0&words=1", extraScript: `
    ShownMap.prototype.fill = () => new Promise(() => {});
    GridView.prototype.paint = async () => false;` });
  await tab.waitForTimeout(200);
  const count = await tab.evaluate(() => {
    const label = document.querySelector(".overlay").getAttribute("aria-label");
    return Number(/(\d+) rows/.exec(label)[1]);
  });
  const cells = [[3, 1], [6, 2], [7, 7]].flatMap(([q, k]) => [[q, k], [q + 0.1, k + 0.3], [q, k + 0.5]]);
  const colors = await colorsAt(tab, { top: 0, left: 0, span: count }, cells);
  for (const color of colors) assert.deepEqual(color, [238, 241, 245]);  // one plain colour, no hatch
  const background = await tab.locator("#grid canvas").first().evaluate((canvas) =>
    getComputedStyle(canvas).backgroundImage);
  assert.equal(background, "none");
  await tab.done();
});

test("the heads of a pair can be ordered by change, the most changed one first", async () => {
  const a = makeDocument({ tokens: 12, seed: 1, layers: 2, heads: 3 });
  const b = makeDocument({ tokens: 12, seed: 2, layers: 2, heads: 3, d: 1 });
  const heads = [3, 0, 5, 1, 4, 2].map((rank) =>
    ({ js_mean: rank / 10, js_worst: rank / 5, top1: 1 - rank / 10 }));
  const page = makePage([a, b], { pair: { kind: "ablation", labels: ["all heads", "without L0H1"],
    summary: [], heads } });
  page.info.first = [0, 2];
  const tab = await browser.open(page);
  await settled(tab);
  assert.equal(await tab.locator("#head-name").innerText(), "L0H2");
  const options = await setting(tab, "sort").locator("option").allInnerTexts();
  assert.match(options[1], /^change/);
  await setting(tab, "sort").selectOption({ index: 1 });
  const names = await tab.locator("#grid button").evaluateAll((buttons) =>
    buttons.map((button) => button.getAttribute("aria-label").split(",")[0]));
  assert.deepEqual(names, ["L0H2", "L1H1", "L0H0", "L1H2", "L1H0", "L0H1"]);
  await goTo(tab, "#L0H0&sort=js_mean&order=up");
  assert.equal(await tab.locator("#grid button").first().evaluate((button) =>
    button.getAttribute("aria-label").split(",")[0]), "L0H1");
  await tab.done();
});
