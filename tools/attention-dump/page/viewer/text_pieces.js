// The text cut into pieces that can be pointed at. A piece is never smaller than a character as
// people see it: tokens that end inside one (bytes of a letter, a letter without its accent) share a
// piece. Tokens without text, such as markers of the beginning, are chips between the text.

// Whether a reader would see a border between characters at `offset`.
function characterBorder(text, offset, segments) {
  if (offset <= 0 || offset >= text.length) return true;
  const before = text.charCodeAt(offset - 1);
  const after = text.charCodeAt(offset);
  if (before < 0x300 && after < 0x300) return !(before === 13 && after === 10);
  if (segments) return segments.containing(offset).index === offset;
  return !(after >= 0xdc00 && after < 0xe000) && !/\p{M}/u.test(String.fromCodePoint(after));
}

// [{tokens: [...], begin, end}] in the order of the text, without gaps; {tokens: [t], chip: true}
// for tokens without text. Text that belongs to no token has tokens [].
function textPieces(doc) {
  const { text } = doc;
  const segments = typeof Intl !== "undefined" && Intl.Segmenter
    ? new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text) : null;
  const pieces = [];
  let open = null;     // the piece whose end is no border yet
  let waiting = [];    // tokens that end inside a character
  let at = 0;
  const gap = (end) => {
    if (end > at) pieces.push({ tokens: [], begin: at, end });
    at = Math.max(at, end);
  };
  for (let token = 0; token < doc.tokens.length; ++token) {
    const begin = doc.begin[token];
    const end = doc.end[token];
    if (end <= begin) {
      if (doc.special[token]) pieces.push({ tokens: [token], chip: true });
      else if (open) open.tokens.push(token);
      else waiting.push(token);
      continue;
    }
    if (open) {
      open.tokens.push(...waiting, token);
      open.end = Math.max(open.end, end);
    } else {
      gap(begin);
      open = { tokens: [...waiting, token], begin: at, end };
    }
    waiting = [];
    at = Math.max(at, open.end);
    if (characterBorder(text, open.end, segments)) {
      pieces.push(open);
      open = null;
    }
  }
  if (open) pieces.push(open);
  for (const token of waiting) pieces.push({ tokens: [token], chip: true });
  gap(text.length);
  return pieces;
}
