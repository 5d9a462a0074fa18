// The controls, the keys and the address do what they say.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNear, goTo, mapPlace, pointAt, readCell, settled, startBrowser, tooltip } from "./browser.mjs";
import { makeDocument, makePage } from "./documents.mjs";

let browser;
before(async () => { browser = await startBrowser(); });
after(() => browser.stop());

const tokens = 24;
const whole = { top: 0, left: 0, span: tokens };
const made = makeDocument({ tokens, layers: 3, heads: 4, kvHeads: 2, values: true, generated: 5 });
const page = makePage([made], { title: "Controls" });

const setting = (tab, name) => tab.locator(`[data-setting="${name}"]`);
const headName = (tab) => tab.locator("#head-name").innerText();
const addressOf = (tab) => tab.evaluate(() => new Promise((resolve) => {
  setTimeout(() => resolve(location.hash), 350);
}));

test("the first token can be dropped: the rest of each row sums to 1 again", async () => {
  const tab = await browser.open(page);
  await setting(tab, "drop").check();
  await settled(tab);
  for (const [query, key] of [[1, 1], [9, 4], [23, 20]]) {
    const lines = await readCell(tab, whole, query, key);
    const rest = 1 - made.weight(0, 0, query, 0);
    assertNear(parseFloat(lines.weight), made.weight(0, 0, query, key), 1e-5, "weight");
    assertNear(parseFloat(lines.renormalised), made.weight(0, 0, query, key) / rest, 1e-3, "share");
  }
  assert.equal((await readCell(tab, whole, 9, 0)).renormalised, "dropped");
  await tab.done();
});

test("weights can be weighed by the length of the value vectors", async () => {
  const tab = await browser.open(page);
  await setting(tab, "values").check();
  await settled(tab);
  const [norms] = made.norms;
  for (const [query, key] of [[3, 0], [12, 7]]) {
    let sum = 0;
    for (let k = 0; k <= query; ++k) sum += made.weight(0, 0, query, k) * norms[k];
    const expected = made.weight(0, 0, query, key) * norms[key] / sum;
    assertNear(parseFloat((await readCell(tab, whole, query, key))["by value"]), expected, 1e-3,
               `row ${query} column ${key}`);
  }
  await tab.done();
});

test("words: weights to a word are summed, from a word averaged", async () => {
  const tab = await browser.open(page);
  await setting(tab, "words").check();
  await settled(tab);
  const { word } = made.doc;
  const groups = [];
  word.forEach((id, i) => {
    if (i > 0 && id === word[i - 1]) groups.at(-1).push(i);
    else groups.push([i]);
  });
  assert.ok(groups.length < tokens, "some words have several pieces");
  const view = { top: 0, left: 0, span: groups.length };
  for (const [a, b] of [[groups.length - 1, 2], [5, 5], [6, 1]]) {
    await pointAt(tab, view, a, b);
    let sum = 0;
    for (const q of groups[a]) for (const k of groups[b]) sum += made.weight(0, 0, q, k) ?? 0;
    const lines = await tooltip(tab);
    assert.match(lines.query, new RegExp(`^${groups[a][0]}`));
    assertNear(parseFloat(lines.weight), sum / groups[a].length, 1e-3, `words ${a} ${b}`);
  }
  await tab.done();
});

test("keys: heads, cells, zoom, settings and help", async () => {
  const tab = await browser.open(page);
  await tab.keyboard.press("ArrowRight");
  assert.equal(await headName(tab), "L0H1");
  await tab.keyboard.press("ArrowDown");
  assert.equal(await headName(tab), "L1H1");
  await tab.keyboard.press("]");
  assert.equal(await headName(tab), "L1H2");
  await tab.keyboard.press("[");
  await tab.keyboard.press("[");
  assert.equal(await headName(tab), "L1H0");
  await tab.keyboard.press("l");
  assert.equal(await setting(tab, "scale").inputValue(), "log");
  await tab.keyboard.press("d");
  assert.equal(await setting(tab, "drop").isChecked(), true);
  await tab.keyboard.press("d");
  await tab.keyboard.press("t");  // to the map
  await tab.keyboard.press("+");
  await tab.keyboard.press("+");
  assert.match(await addressOf(tab), /q=\d+-\d+/);
  await tab.keyboard.press("0");
  assert.doesNotMatch(await addressOf(tab), /q=/);
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowDown"]) await tab.keyboard.press(key);
  await settled(tab);
  const lines = await tooltip(tab);
  assert.deepEqual([parseInt(lines.query, 10), parseInt(lines.key, 10)], [2, 1]);
  assertNear(parseFloat(lines.weight), made.weight(1, 0, 2, 1), 1e-5, "weight of the marked cell");
  await tab.keyboard.press("Enter");  // chooses the row's token
  assert.match(await addressOf(tab), /token=2/);
  assert.match(await tab.locator("#token-line").innerText(), /^Token 2 of 24/);
  await tab.keyboard.press("?");
  assert.equal(await tab.locator("#help").isVisible(), true);
  await tab.keyboard.press("Escape");
  assert.equal(await tab.locator("#help").isVisible(), false);
  await tab.keyboard.press("k");
  assert.equal(await tab.evaluate(() => document.documentElement.dataset.theme), "dark");
  await tab.done();
});

test("wheel, drag and double click zoom and move; the cell under the pointer stays", async () => {
  const tab = await browser.open(page);
  await pointAt(tab, whole, 12, 6);
  for (let i = 0; i < 3; ++i) await tab.mouse.wheel(0, -150);
  await settled(tab);
  assert.equal(parseInt((await tooltip(tab)).query, 10), 12);
  const range = /q=(\d+)-(\d+)&k=(\d+)-(\d+)/.exec(await addressOf(tab)).slice(1).map(Number);
  assert.ok(range[1] - range[0] < 16 && range[0] <= 12 && range[1] >= 12, `rows ${range}`);
  await tab.mouse.down();
  await tab.mouse.move(400, 300, { steps: 4 });
  await tab.mouse.up();
  const moved = /q=(\d+)-(\d+)/.exec(await addressOf(tab)).slice(1).map(Number);
  assert.notDeepEqual(moved, range.slice(0, 2));
  assert.equal(moved[1] - moved[0], range[1] - range[0]);
  await tab.locator("#whole").click();
  assert.doesNotMatch(await addressOf(tab), /q=/);
  await tab.done();
});

test("two fingers zoom about their middle", async () => {
  const tab = await browser.open(page);
  const { left, top, side } = await mapPlace(tab);
  const touch = await tab.context().newCDPSession(tab);
  const send = (type, points) => touch.send("Input.dispatchTouchEvent", { type,
    touchPoints: points.map(([x, y], id) => ({ x: left + x * side, y: top + y * side, id })) });
  await send("touchStart", [[0.4, 0.5], [0.5, 0.5]]);
  for (let i = 1; i <= 8; ++i) await send("touchMove", [[0.4 - i / 50, 0.5], [0.5 + i / 50, 0.5]]);
  await send("touchEnd", []);
  const [first, last, from] = /q=(\d+)-(\d+)(?:&k=(\d+))?/.exec(await addressOf(tab)).slice(1)
    .map(Number);
  assert.ok(last - first < 14, `rows ${first}–${last} after the fingers went apart`);
  assert.ok(first <= 12 && last >= 11 && from <= 11, "the middle is still in view");
  await tab.done();
});

test("the address holds what is shown, and opens it again", async () => {
  const hash = "#L2H3&q=10-19&k=4-13&token=7&colors=viridis&scale=log&drop=1&words=1&value=1" +
    "&sort=entropy&order=down&heads=table&mean=layer&show=looks";
  const tab = await browser.open(page, { hash });
  assert.equal(await headName(tab), "L2H3");
  const shown = (one) => one.evaluate(() => Object.fromEntries(
    [...document.querySelectorAll("[data-setting]")].map((element) =>
      [element.dataset.setting, element.type === "checkbox" ? element.checked : element.value])));
  const settings = await shown(tab);
  assert.deepEqual([settings.palette, settings.scale, settings.drop, settings.words,
    settings.values, settings.sort, settings.overview, settings.scope, settings.direction],
  ["viridis", "log", true, true, true, "entropy", "table", "layer", "looks"]);
  const written = await addressOf(tab);
  await setting(tab, "drop").uncheck();
  assert.doesNotMatch(await addressOf(tab), /drop/);
  await setting(tab, "drop").check();
  assert.equal(await addressOf(tab), written);
  const second = await browser.open(tab.file, { hash: written });
  assert.deepEqual(await shown(second), settings);
  assert.equal(await addressOf(second), written);
  await goTo(second, "#L0H1&q=5-14");  // a whole row of tokens, as they are numbered
  await readCell(second, { top: 5, left: 5, span: 10 }, 14, 5);
  assert.equal(await addressOf(second), "#L0H1&q=5-14&k=5-14".replace("&k=5-14", ""));
  await goTo(second, "#L99H1&q=nonsense&scale=%E0%A4%A&sort=constructor&token=999");
  assert.equal(await headName(second), "L0H1");
  await tab.done();
  await second.done();
});

test("replay: each step shows its candidates and veils what was not there yet", async () => {
  const tab = await browser.open(page);
  assert.equal(await tab.locator("#replay").isVisible(), true);
  await tab.locator("#replay input").focus();
  await tab.keyboard.press("Home");
  await settled(tab);
  const { position, next } = made.doc.candidates[0];
  const items = await tab.locator("#replay li").allInnerTexts();
  assert.equal(items.length, 5);
  assert.match(items[0], /50\.0 %/);
  assert.ok(items[0].includes(next[0][0]));
  assert.equal(await tab.locator("#replay li.taken").count(), 1);
  assert.match(await tab.locator("#token-line").innerText(), new RegExp(`^Token ${position} `));
  const veiled = await tab.locator("#text span.future").allInnerTexts();
  assert.equal(veiled.join("").trim(), made.doc.text.slice(made.doc.begin[position + 1]).trim());
  await tab.keyboard.press("ArrowRight");
  assert.match(await addressOf(tab), /step=2/);
  await tab.locator("#replay [data-all]").click();
  assert.equal(await tab.locator("#text span.future").count(), 0);
  await tab.done();
});

test("overview and table: ordered by a figure, opened by keys and by a click", async () => {
  const tab = await browser.open(page);
  await setting(tab, "sort").selectOption("entropy");
  await tab.locator("#order").click();
  const byEntropy = made.doc.stats.map(({ entropy }, i) => [entropy, `L${i >> 2}H${i & 3}`])
    .sort((a, b) => b[0] - a[0]).map(([, name]) => name);
  const names = await tab.locator("#grid button").evaluateAll((buttons) =>
    buttons.map((button) => button.getAttribute("aria-label").split(",")[0]));
  assert.deepEqual(names, byEntropy);
  await tab.keyboard.press("g");
  await tab.keyboard.press("Home");
  await tab.keyboard.press("Enter");
  assert.equal(await headName(tab), byEntropy[0]);
  await setting(tab, "overview").selectOption("table");
  const header = tab.locator("#head-table thead button", { hasText: "induction" });
  await header.click();
  const cells = await tab.locator("#head-table tbody tr").evaluateAll((rows) =>
    rows.map((row) => row.cells[0].innerText));
  const byInduction = made.doc.stats.map(({ induction }, i) => [induction, `L${i >> 2}H${i & 3}`])
    .sort((a, b) => b[0] - a[0]).map(([, name]) => name);
  assert.deepEqual(cells, byInduction);
  assert.equal(await tab.locator("#head-table th[aria-sort=descending]").innerText(), "induction");
  await tab.locator("#head-table tbody button").nth(3).click();
  assert.equal(await headName(tab), byInduction[3]);
  await tab.done();
});
