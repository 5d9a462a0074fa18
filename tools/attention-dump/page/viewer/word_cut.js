// Where the words of a text begin, judged by the text and not by its tokens: a punctuation mark is a
// word of its own, and so is a Chinese character; other scripts without spaces are cut as the
// browser's dictionary says.

const kIdeograph = /\p{Script=Han}/u;
const kMark = /\p{M}/u;

// Marks 1 at every offset of the text where a word, a punctuation mark, a line break or a run of
// spaces begins; and at the end. segmenter: an Intl.Segmenter by word, or null for browsers without.
function wordStarts(text, segmenter = wordSegmenter()) {
  const starts = new Uint8Array(text.length + 1);
  starts[text.length] = 1;
  for (const { segment, index } of segmenter ? segmenter.segment(text) : plainSegments(text)) {
    starts[index] = 1;
    if (!kIdeograph.test(segment)) continue;
    let at = index;
    let after = false;  // an ideograph
    for (const character of segment) {
      const ideograph = kIdeograph.test(character);
      if (ideograph || (after && !kMark.test(character))) starts[at] = 1;
      after = ideograph || (after && kMark.test(character));
      at += character.length;
    }
  }
  return starts;
}

function wordSegmenter() {
  return typeof Intl !== "undefined" && Intl.Segmenter
    ? new Intl.Segmenter(undefined, { granularity: "word" }) : null;
}

// Runs of letters, digits and marks (with apostrophes and points inside), runs of spaces, and all else
// character by character; letters of scripts without spaces one by one.
function* plainSegments(text) {
  const inside = "(?<=[\\p{L}\\p{N}])['’.](?=[\\p{L}\\p{N}])";
  const form = new RegExp(`(?:[\\p{L}\\p{N}\\p{M}\\p{Pc}]|${inside})+|[^\\S\\r\\n]+|\\r\\n|.`, "gsu");
  const unspaced = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"]
    .map((script) => `\\p{Script=${script}}`).join("");
  const letters = new RegExp(`[${unspaced}]\\p{M}*|[^${unspaced}]+`, "gu");
  for (const { 0: segment, index } of text.matchAll(form)) {
    for (const part of segment.matchAll(letters)) yield { segment: part[0], index: index + part.index };
  }
}
