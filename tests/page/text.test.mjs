// The text view: every script, both directions, one head and means; pairs; documents opened again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNear, goTo, pointAt, readCell, settled, startBrowser, tooltip } from "./browser.mjs";
import { makeDocument, makePage, textOf } from "./documents.mjs";
import { renderContainer } from "./packing.mjs";

let browser;
before(async () => { browser = await startBrowser(); });
after(() => browser.stop());

const setting = (tab, name) => tab.locator(`[data-setting="${name}"]`);

const scripts = textOf([["Hello"], [" wor"], ["ld\n"], ["שלום"], [" עו"], ["לם"], ["\n"], ["مرح"],
  ["با"], [" بك\n"], ["日本"], ["語", 3], ["です\n"], ["e"], ["\u0301"], ["t", 1], [" 👩"], ["\u200d"],
  ["👧", 4], [" end"]]);

// The rows of a table of the token in focus: [[position, weight] …].
const tableRows = (tab, id) => tab.locator(`#${id} tbody tr`).evaluateAll((rows) =>
  rows.map((row) => [parseInt(row.cells[0].innerText, 10), parseFloat(row.cells[2].innerText)]));

async function focusOn(tab, token) {
  await goTo(tab, `${await tab.evaluate(() => location.hash.replace(/&token=\d+/, ""))}&token=${token}`);
}

// Largest first: [[position, weight] …] of the values f(position).
function largest(count, value) {
  const entries = Array.from({ length: count }, (_, i) => [i, value(i)]);
  return entries.filter(([, weight]) => weight > 0).sort((a, b) => b[1] - a[1]).slice(0, 12);
}

function assertTable(shown, expected, what) {
  assert.deepEqual(shown.map(([at]) => at), expected.map(([at]) => at), what);
  shown.forEach(([at, weight], i) =>
    assertNear(weight, expected[i][1], 1e-5 + 0.01 * expected[i][1], `${what} ${at}`));
}

test("the text is whole in every script, and no piece ends inside a character", async () => {
  const made = makeDocument({ text: scripts, layers: 2, heads: 2 });
  const tab = await browser.open(makePage([made]));
  await settled(tab);
  const pieces = await tab.evaluate(() => {
    const texts = new Map();
    for (const span of document.querySelectorAll("#text [data-piece]:not(.chip)")) {
      const at = Number(span.dataset.piece);
      texts.set(at, (texts.get(at) || "") + span.textContent +
        (span.classList.contains("break") ? "\n" : ""));
    }
    return [...texts.values()];
  });
  assert.equal(pieces.join(""), scripts.text);
  const characters = [...new Intl.Segmenter(undefined, { granularity: "grapheme" })
    .segment(scripts.text)].map(({ index }) => index);
  let at = 0;
  for (const piece of pieces) {
    assert.ok(characters.includes(at), `a piece begins inside a character at ${at}: ${piece}`);
    at += piece.length;
  }
  assert.ok(pieces.includes("e\u0301"), "a letter and its accent are one piece");
  assert.ok(pieces.includes("語"), "three bytes of one letter are one piece");
  assert.equal(await tab.locator("#text .chip").innerText(), "<s>");
  const directions = await tab.locator("#text .line").evaluateAll((lines) =>
    lines.filter((line) => line.textContent.trim()).map((line) => getComputedStyle(line).direction));
  assert.deepEqual(directions, ["ltr", "rtl", "rtl", "ltr", "ltr"]);
  await tab.done();
});

test("pointing at a token shows where it looks and who looks at it", async () => {
  const made = makeDocument({ text: scripts, layers: 2, heads: 2 });
  const count = scripts.tokens.length;
  const tab = await browser.open(makePage([made]));
  await settled(tab);
  const hebrew = scripts.tokens.indexOf("שלום");
  await tab.locator("#text span", { hasText: "שלום" }).hover();
  await tab.waitForFunction((token) =>
    document.getElementById("legend").dataset.token === String(token), hebrew);
  await settled(tab);
  assertTable(await tableRows(tab, "looks-table"),
              largest(count, (k) => made.weight(0, 0, hebrew, k) ?? 0), "looks at");
  assertTable(await tableRows(tab, "looked-table"),
              largest(count, (q) => made.weight(0, 0, q, hebrew) ?? 0), "looked at by");
  // Three tokens share a letter: clicks choose them in turn, and the line says so.
  const bytes = scripts.tokens.indexOf("<0x1>");
  for (const token of [bytes + 2, bytes, bytes + 1]) {
    await tab.locator("#text span", { hasText: "語" }).click();
    assert.match(await tab.locator("#token-line").innerText(), new RegExp(`^Token ${token} `));
  }
  assert.match(await tab.locator("#token-line").innerText(), /share this character/);
  await tab.locator("#text").focus();
  await tab.keyboard.press("ArrowRight");
  assert.match(await tab.locator("#token-line").innerText(), new RegExp(`^Token ${bytes + 2} `));
  await tab.keyboard.press("Home");
  assert.match(await tab.locator("#token-line").innerText(), /^Token 0 /);
  await tab.done();
});

test("the mean of a layer and of all heads is the mean of the maps", async () => {
  const made = makeDocument({ tokens: 40, layers: 3, heads: 4, kvHeads: 2 });
  const tab = await browser.open(makePage([made]), { hash: "#L1H2&token=15" });
  const mean = (heads, q, k) =>
    heads.reduce((sum, [l, h]) => sum + (made.weight(l, h, q, k) ?? 0), 0) / heads.length;
  const layer = [0, 1, 2, 3].map((h) => [1, h]);
  const all = [0, 1, 2].flatMap((l) => [0, 1, 2, 3].map((h) => [l, h]));
  for (const [scope, heads] of [["head", [[1, 2]]], ["layer", layer], ["all", all]]) {
    await setting(tab, "scope").selectOption(scope);
    await settled(tab);
    await tab.waitForTimeout(60);
    assertTable(await tableRows(tab, "looks-table"),
                largest(40, (k) => mean(heads, 15, k)), `${scope}: looks at`);
    assertTable(await tableRows(tab, "looked-table"),
                largest(40, (q) => mean(heads, q, 15)), `${scope}: looked at by`);
  }
  await tab.done();
});

function makePair() {
  const a = makeDocument({ tokens: 20, seed: 1, layers: 2, heads: 3, label: "one" });
  const b = makeDocument({ tokens: 20, seed: 2, layers: 2, heads: 3, label: "two", d: 1,
    text: Object.fromEntries(["tokens", "begin", "end", "word", "special", "text"]
      .map((name) => [name, a.doc[name]])) });
  const pair = { kind: "models", labels: ["F16", "Q4_0"], summary: [["logit KL", "0.01"]],
    heads: Array.from({ length: 6 }, (_, i) =>
      ({ js_mean: (i * 5 % 6) / 10, js_worst: i / 5, top1: 1 - i / 10 })) };
  return { a, b, page: makePage([a, b], { pair }) };
}

test("pairs: side by side with one pointer, their difference, and their table", async () => {
  const { a, b, page } = makePair();
  const whole = { top: 0, left: 0, span: 20 };
  const tab = await browser.open(page);
  await settled(tab);
  const left = await readCell(tab, whole, 9, 4);
  const right = await tooltip(tab, 1);
  assertNear(parseFloat(left.weight), a.weight(0, 0, 9, 4), 1e-5, "first");
  assertNear(parseFloat(right.weight), b.weight(0, 0, 9, 4), 1e-5, "second");
  await pointAt(tab, whole, 10, 5, { map: 1 });
  await tab.mouse.wheel(0, -400);
  await settled(tab);
  assert.equal(parseInt((await tooltip(tab, 0)).query, 10), 10);  // both have zoomed
  await tab.mouse.move(5, 5);
  await tab.keyboard.press("0");
  await setting(tab, "pair").selectOption("difference");
  await settled(tab);
  const lines = await readCell(tab, whole, 9, 4);
  assertNear(parseFloat(lines.difference), b.weight(0, 0, 9, 4) - a.weight(0, 0, 9, 4), 1e-4,
             "difference");
  assertNear(parseFloat(lines.Q4_0), b.weight(0, 0, 9, 4), 1e-4, "second");
  await setting(tab, "pair").selectOption("b");
  await settled(tab);
  assertNear(parseFloat((await readCell(tab, whole, 9, 4)).weight), b.weight(0, 0, 9, 4), 1e-5, "b");
  await setting(tab, "overview").selectOption("table");
  await tab.locator("#head-table thead button", { hasText: "JS mean" }).click();
  assert.equal(await tab.locator("#head-table tbody tr").first().evaluate((row) =>
    row.cells[0].innerText), "L0H1");
  await tab.done();
});

test("two masks of one run: the second takes queries and keys from the first", async () => {
  const made = makeDocument({ tokens: 18, layers: 1, heads: 2 });
  const page = makePage([made], { pair: { kind: "mask", labels: ["causal", "bidirectional"],
    summary: [], heads: null } });
  const full = [];  // normalisers over all keys
  for (let h = 0; h < 2; ++h) {
    const head = made.at(0, h);
    full.push(Float32Array.from({ length: 18 }, (_, q) => Math.log(
      Array.from({ length: 18 }, (__, k) => Math.exp(head.score(q, k))).reduce((x, y) => x + y))));
    page.blocks.set(`1/z/0/${h}`, new Uint8Array(full[h].buffer));
  }
  page.blocks.set("1/thumbs", Buffer.alloc(page.blocks.get("0/thumbs").length, 120));
  page.info.docs.push({ ...made.doc, causal: false, share: 0, label: "bidirectional" });
  const tab = await browser.open(page);
  await settled(tab);
  const cell = await readCell(tab, { top: 0, left: 0, span: 18 }, 3, 12);
  assert.equal(cell.weight, "masked");
  const expected = Math.exp(made.at(0, 0).score(3, 12) - full[0][3]);
  assertNear(parseFloat((await tooltip(tab, 1)).weight), expected, 1e-5, "cell of the second map");
  await tab.done();
});

test("a document opened again keeps head, colours and place; a container opens too", async () => {
  const first = makePage([makeDocument({ tokens: 20, layers: 2, heads: 3, seed: 4 })]);
  const made = makeDocument({ tokens: 26, layers: 2, heads: 3, seed: 5 });
  const second = makePage([made], { title: "Typed on" });
  const tab = await browser.open(first, {
    hash: "#L1H2&q=4-13&colors=viridis&token=6",
    extraScript: "globalThis.openContainer = (bytes) => viewer.open(new ContainerPage(bytes));",
  });
  await settled(tab);
  const bytes = renderContainer(second).toString("base64");
  await tab.evaluate((text) => {
    const container = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
    for (let i = 0; i < 5; ++i) openContainer(container);  // typed quickly
  }, bytes);
  await settled(tab);
  assert.equal(await tab.locator("#title").innerText(), "Typed on");
  assert.equal(await tab.locator("#head-name").innerText(), "L1H2");
  assert.equal(await setting(tab, "palette").inputValue(), "viridis");
  assert.match(await tab.locator("#token-line").innerText(), /^Token 6 of 26/);
  const { weight } = await readCell(tab, { top: 4, left: 4, span: 10 }, 12, 7);
  assertNear(parseFloat(weight), made.weight(1, 2, 12, 7), 1e-5, "weight of the new document");
  await tab.done();
});
