// The live page: `attention-dump serve` with the shipped model, and browsers that type.
// FOVEA_ATTENTION_DUMP: the tool.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { assertNear, goTo, readCell, settled, startBrowser } from "./browser.mjs";
import { readNpz } from "./npz.mjs";

const tool = process.env.FOVEA_ATTENTION_DUMP;
const folder = mkdtempSync(join(tmpdir(), "fovea-live-"));
let browser;
let server;
before(async () => {
  browser = await startBrowser();
  server = await serve();
});
after(async () => {
  await browser.stop();
  assert.equal(await server.end(), 0);
  rmSync(folder, { recursive: true, force: true });
});

// Starts a server; its address is the one line that it prints.
async function serve(...options) {
  const process = spawn(tool, ["serve", "--quiet", ...options], { stdio: ["ignore", "pipe", 2] });
  const [address] = await once(createInterface({ input: process.stdout }), "line");
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
  async function end() {
    process.kill("SIGTERM");
    const [code] = await once(process, "exit");
    return code;
  }
  return { address, end };
}

// A tab of its own browser profile that shows the sample text.
async function visit(address, options) {
  const tab = await browser.visit(address, options);
  await shown(tab, /tokens/);
  return tab;
}

// Waits for the status line, and for the maps.
async function shown(tab, status) {
  await tab.waitForFunction((wanted) =>
    new RegExp(wanted).test(document.querySelector("#live output").textContent) &&
    !document.getElementById("live").hasAttribute("aria-busy"), status.source);
  await settled(tab);
}

// Types a text in place of the old one and waits for its maps.
async function write(tab, text) {
  const before = await tab.locator("#live").getAttribute("data-answers");
  await tab.locator("#live-text").fill(text);
  await tab.waitForFunction((answers) =>
    document.getElementById("live").dataset.answers !== answers, before);
  await shown(tab, /tokens/);
}

const textOf = (tab) => tab.locator("#text").evaluate((element) => element.textContent);
// Waits until the error line says this.
async function failed(tab, message) {
  await tab.waitForFunction((wanted) => {
    const line = document.querySelector("#live [role=alert]");
    return !line.hidden && new RegExp(wanted).test(line.textContent);
  }, message.source);
}

function arraysOf(text, ...options) {
  const arrays = join(folder, "arrays.npz");
  execFileSync(tool, ["--text", text, "--precision", "f32", ...options, "-o", arrays, "-q"]);
  return readNpz(arrays, "attention");
}

test("the sample text is there at once, and the maps follow what is typed", async () => {
  const tab = await visit(server.address);
  assert.match(await textOf(tab), /The old man/);
  const text = "The little dog ran to the old house, and the little cat ran";
  await tab.locator("#live-text").fill("");
  await tab.locator("#live-text").pressSequentially(text, { delay: 5 });
  await tab.waitForFunction((wanted) =>
    document.getElementById("text").textContent.includes(wanted), "little cat ran");
  await shown(tab, /tokens/);
  const weights = arraysOf(text);
  const [, , tokens] = weights.shape;
  const view = { top: 0, left: 0, span: tokens };
  for (const [l, h] of [[0, 0], [2, 3], [4, 7]]) {
    await goTo(tab, `#L${l}H${h}&q=0-${tokens - 1}`);
    for (const [query, key] of [[1, 0], [7, 7], [9, 4], [tokens - 1, 2]]) {
      const { weight } = await readCell(tab, view, query, key);
      assertNear(parseFloat(weight), weights.at(l, h, query, key), 2 ** -12,
                 `L${l}H${h} row ${query} column ${key}`);
    }
  }
  await tab.done();
});

test("the head that was chosen stays while the text changes", async () => {
  const tab = await visit(`${server.address}#L3H5`);
  assert.match(await tab.locator("#head-name").textContent(), /L3H5/);
  await write(tab, "Another text about a fox");
  assert.match(await tab.locator("#head-name").textContent(), /L3H5/);
  assert.match(await textOf(tab), /Another text about a fox/);
  await tab.done();
});

test("what the model goes on with has its replay, and layers and heads can be chosen", async () => {
  const tab = await visit(server.address);
  await tab.locator("#live-generate").fill("6");
  await shown(tab, /6 generated/);
  assert.ok(await tab.locator("#replay").isVisible());
  await tab.locator("#live-layers").fill("1-2");
  await tab.locator("#live-heads").fill("0,3,4");
  await tab.waitForFunction(() => document.getElementById("head-count").textContent.includes("6"));
  await shown(tab, /6 generated/);
  await tab.done();
});

test("what cannot be done is said in a line, and the next text is shown", async () => {
  const tab = await visit(server.address);
  await tab.locator("#live-layers").fill("99");
  await failed(tab, /^layers: layer 99 does not exist; the model has layers 0 to 4$/);
  await tab.locator("#live-layers").fill("");
  await shown(tab, /tokens/);
  assert.ok(await tab.locator("#live [role=alert]").isHidden());
  await tab.locator("#live-text").fill("dog ".repeat(2000));
  await failed(tab, /^text: \d+ tokens; this page takes 512 tokens/);
  await tab.locator("#live-text").fill("x".repeat(1_100_000));
  await failed(tab, /too long/);
  await write(tab, "Back again");
  assert.match(await textOf(tab), /Back again/);
  // The browser itself notes the three refusals.
  await tab.done({ expected: /status of 4(00|13)/ });
});

test("two browsers at once see each their own text", async () => {
  const tabs = await Promise.all([visit(server.address), visit(server.address)]);
  for (let round = 0; round < 5; ++round) {
    await Promise.all(tabs.map((tab, i) =>
      write(tab, `Browser ${"AB"[i]} writes its line ${round}`)));
    for (const [i, tab] of tabs.entries()) {
      assert.match(await textOf(tab), new RegExp(`Browser ${"AB"[i]} writes its line ${round}`));
    }
  }
  await tabs[0].done();
  await write(tabs[1], "Alone now");
  assert.match(await textOf(tabs[1]), /Alone now/);
  await tabs[1].done();
});

test("what was typed stays through a reload", async () => {
  const tab = await visit(server.address);
  await write(tab, "Stay here");
  await tab.reload();
  await shown(tab, /tokens/);
  assert.equal(await tab.locator("#live-text").inputValue(), "Stay here");
  assert.match(await textOf(tab), /Stay here/);
  await tab.done();
});

test("text of every script comes back as it was typed", async () => {
  const tab = await visit(server.address);
  for (const text of ["猫が好きです", "שלום עולם", "नमस्ते दुनिया", "👩‍👩‍👧 & <b>bold</b> \\ \"quoted\"", "a\n\n\tb"]) {
    await write(tab, text);
    const words = text.split(/\s+/u).filter(Boolean);
    const shownText = await textOf(tab);
    for (const word of words) assert.ok(shownText.includes(word), `${word} in ${shownText}`);
  }
  await tab.done();
});

test("a page whose server has gone says so", async () => {
  const own = await serve();
  const tab = await visit(own.address);
  assert.equal(await own.end(), 0);
  await tab.locator("#live-text").fill("Anyone there?");
  await failed(tab, /does not answer.*attention-dump serve/);
  await tab.done({ expected: /ERR_CONNECTION/ });
});
