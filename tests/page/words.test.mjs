// Words are those of the text, in every script, with the browser's segmenter and without.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { settled, spiedTexts, startBrowser, textSpy } from "./browser.mjs";
import { makeDocument, makePage, textOf } from "./documents.mjs";
import { viewerScope } from "./viewer_scope.mjs";

const viewer = viewerScope();
let browser;
before(async () => { browser = await startBrowser(); });
after(() => {
  viewer.end();
  return browser.stop();
});

// The text cut at its words, spaces left out.
function cut(text, ...segmenter) {
  const starts = viewer.wordStarts(text, ...segmenter);
  const begins = [...text.split("").keys()].filter((at) => starts[at]);
  return begins.map((at, i) => text.slice(at, begins[i + 1])).filter((part) => part.trim());
}

const plain = "Don't stop (ever), 3.5 snake_case!";
const plainWords = ["Don't", "stop", "(", "ever", ")", ",", "3.5", "snake_case", "!"];

test("punctuation is a word of its own; apostrophes and points inside words are not", () => {
  assert.deepEqual(cut(plain), plainWords);
  assert.deepEqual(cut(plain, null), plainWords);
});

test("Hebrew and Arabic words are whole, and Chinese characters stand alone", () => {
  for (const segmenter of [[], [null]]) {
    assert.deepEqual(cut("שלום עולם, مرحبا بك", ...segmenter), ["שלום", "עולם", ",", "مرحبا", "بك"]);
    assert.deepEqual(cut("今天天气很好。Hello世界", ...segmenter),
                     ["今", "天", "天", "气", "很", "好", "。", "Hello", "世", "界"]);
  }
});

test("Japanese and Thai are cut by the dictionary, or letter by letter without one", () => {
  assert.deepEqual(cut("猫が好きです"), ["猫", "が", "好", "き", "です"]);
  assert.deepEqual(cut("猫が好きです", null), ["猫", "が", "好", "き", "で", "す"]);
  assert.ok(cut("ฉันรักแมว").length > 1);
  assert.deepEqual(cut("กี่", null), ["กี่"]);  // marks stay with their letter
});

test("tokens are joined to words, never cut", () => {
  const label = (parts) => {
    const units = viewer.Units.words(textOf(parts));
    return Array.from({ length: units.count }, (_, unit) => units.label(unit));
  };
  assert.deepEqual(label([[" un"], ["believ"], ["able"], [","], [" it"], ["'"], ["s"], ["\n"], [" "],
    ["so"], [" "]]), ["<s>", "unbelievable", ",", "it's", "\n", "so", " "]);
  assert.deepEqual(label([["ש", 2], ["ל", 2], ["ום"], [" עולם"]]), ["<s>", "שלום", "עולם"]);
  assert.deepEqual(label([["今", 3], ["天天"], ["气。"]]), ["<s>", "今", "天天", "气。"]);
  assert.deepEqual(label([["a b"], ["c d"]]), ["<s>", "a bc d"]);  // the border is inside a word
});

test("without a text the tokens' word numbers count", () => {
  const units = viewer.Units.words({ text: "", tokens: ["a", "b", "c", "d"], word: [-1, 0, 0, 1],
    begin: [0, 0, 0, 0], end: [0, 0, 0, 0], special: [0, 0, 0, 0] });
  assert.deepEqual([...units.begin], [0, 1, 3, 4]);
  assert.equal(units.label(1), "bc");
});

test("the map's labels and the tables show the text's words", async () => {
  const text = textOf([["ש", 2], ["ל", 2], ["ום", 4], [" עולם"], ["!"], ["今", 3], ["天", 3]]);
  const made = makeDocument({ text, layers: 1, heads: 1 });
  const tab = await browser.open(makePage([made]), { hash: "#L0H0&words=1", extraScript: textSpy });
  await settled(tab);
  const { drawn } = await spiedTexts(tab);
  for (const word of ["שלום", "עולם", "!", "今", "天"]) assert.ok(drawn.includes(word), `${word}: ${drawn}`);
  assert.ok(!drawn.some((one) => one.includes("<0x")), drawn.join(" "));
  const tokens = await tab.locator("#looks-table tbody button").allInnerTexts();
  assert.ok(tokens.includes("שלום") && tokens.includes("今"), tokens.join(" "));
  await tab.done();
});
