// The shipped model's page, made by the tool: what the pointer shows is what the .npz file holds.
// FOVEA_ATTENTION_DUMP: the tool.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertNear, goTo, mapPlace, readCell, settled, startBrowser } from "./browser.mjs";
import { random } from "./documents.mjs";
import { readNpz } from "./npz.mjs";

const tool = process.env.FOVEA_ATTENTION_DUMP;
const folder = mkdtempSync(join(tmpdir(), "fovea-page-"));
let browser;
before(async () => { browser = await startBrowser(); });
after(async () => {
  await browser.stop();
  rmSync(folder, { recursive: true, force: true });
});

const prompt = "The little dog ran to the old house, and the little cat ran to the old house. ";

// Runs the tool twice on one text: arrays of that precision, and a page with `options`.
function dump(name, text, { precision, options = [] }) {
  const page = join(folder, `${name}.html`);
  const arrays = join(folder, `${name}.npz`);
  execFileSync(tool, ["--text", text, ...options, "-o", page], { stdio: "pipe" });
  execFileSync(tool, ["--text", text, "--precision", precision, "-o", arrays], { stdio: "pipe" });
  return { page, weights: readNpz(arrays, "attention") };
}

// Compares `count` visible cells of every given head.
async function compare(tab, weights, { heads, view, count, tolerance }) {
  const next = random(11);
  for (const [l, h] of heads) {
    await goTo(tab, `#L${l}H${h}&q=${view.top}-${view.top + view.span - 1}`);
    const place = await mapPlace(tab);
    for (let i = 0; i < count; ++i) {
      const query = view.top + Math.floor(next() * view.span);
      const key = view.top + Math.floor(next() * (query - view.top + 1));
      const { weight } = await readCell(tab, view, query, key, { place });
      const expected = weights.at(l, h, query, key);
      assertNear(parseFloat(weight), expected, tolerance(expected),
                 `L${l}H${h} row ${query} column ${key}`);
    }
  }
}

test("stored weights of every layer equal the arrays, to the last bit of 16", async () => {
  const { page, weights } = dump("short", prompt.trim(), { precision: "f16" });
  const [layers, heads, tokens] = weights.shape;
  assert.ok(layers === 5 && heads === 8 && tokens > 15);
  const tab = await browser.open(page);
  await settled(tab);
  const view = { top: 0, left: 0, span: tokens };
  const chosen = Array.from({ length: layers }, (_, l) => [l, (3 * l + 1) % heads]);
  await compare(tab, weights, { heads: chosen, view, count: 12,
    tolerance: (weight) => weight * 5e-5 });  // five digits tell any two apart
  await tab.done();
});

test("weights rebuilt from queries and keys equal the arrays within the stated error", async () => {
  const text = prompt.repeat(20);
  const { page, weights } = dump("long", text, { precision: "f32", options: ["--page-size", "2M"] });
  const tab = await browser.open(page);
  await settled(tab);
  const store = await tab.evaluate(() =>
    JSON.parse(document.getElementById("info").textContent).docs[0].store);
  assert.equal(store.kind, "trace");
  assert.ok(store.max_error < 0.05, `stated error ${store.max_error}`);
  const [, , tokens] = weights.shape;
  const tolerance = () => store.max_error + 1e-5;
  const heads = [[0, 0], [2, 3], [4, 7]];
  await compare(tab, weights, { heads, view: { top: 0, left: 0, span: tokens }, count: 15,
    tolerance });
  const view = { top: tokens - 20, left: tokens - 20, span: 20 };
  await compare(tab, weights, { heads, view, count: 10, tolerance });
  await tab.done();
});
