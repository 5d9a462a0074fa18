// Units of a map's axes: tokens, or words made of tokens that follow each other. Rows stand for the
// text of the queries, columns for that of the keys: one text, unless the document has `keys`.

// The text that a document's columns stand for: {text, tokens, begin, end, word, special}.
function keyText(doc) {
  return doc.keys || doc;
}

// Whether a document's rows and columns stand for the same text.
function isSquare(doc) {
  return !doc.keys;
}

class Units {
  constructor(text, begin, names = null) {
    this.text = text;
    this.begin = begin;  // first token of each unit, and the number of tokens at the end
    this.count = begin.length - 1;
    this.names = names;
    this.of = new Uint32Array(text.tokens.length);  // unit of each token
    for (let unit = 0; unit < this.count; ++unit) this.of.fill(unit, begin[unit], begin[unit + 1]);
  }

  static tokens(text) {
    return new Units(text, Uint32Array.from({ length: text.tokens.length + 1 }, (_, i) => i));
  }

  static words(text) {
    const begin = text.text ? wordBegins(text) : numberedBegins(text);
    return new Units(text, begin, wordNames(text, begin));
  }

  label(unit) {
    return this.names ? this.names[unit] : this.text.tokens[unit];
  }

  // The last unit whose tokens are all at or before `token`; -1 if there is none.
  lastWithin(token) {
    const unit = this.of[token];
    return this.begin[unit + 1] - 1 <= token ? unit : unit - 1;
  }

  // Token positions as people write them.
  positions(unit) {
    const begin = this.begin[unit];
    const end = this.begin[unit + 1];
    return end - begin === 1 ? String(begin) : `${begin}–${end - 1}`;
  }
}

// First tokens of the words of a text, and the number of tokens. A token is never cut: one that ends
// inside a word takes the rest of the word to its own. Spaces belong to the word after them.
function wordBegins({ text, tokens, begin, end, special }) {
  const starts = wordStarts(text);
  const begins = [];
  let before = -1;  // where the last token's first letter is
  for (let token = 0; token < tokens.length; ++token) {
    let at = begin[token];
    while (at < end[token] && /[^\S\r\n]/.test(text[at])) ++at;
    if (at === end[token] && at > begin[token]) {  // only spaces: they go with what follows
      while (at < text.length && /[^\S\r\n]/.test(text[at])) ++at;
    }
    const alone = special[token] || token === 0 || special[token - 1];
    if (alone || (starts[at] && at !== before)) begins.push(token);
    before = at;
  }
  return [...begins, tokens.length];
}

// The same from the word numbers of tokens, where there is no text.
function numberedBegins({ tokens, word }) {
  const begins = [];
  tokens.forEach((_, i) => {
    const number = word ? word[i] : null;
    const joined = i > 0 && number !== null && number >= 0 && number === word[i - 1];
    if (!joined) begins.push(i);
  });
  return [...begins, tokens.length];
}

// Words as the text writes them; the tokens' names where it has nothing to show.
function wordNames({ text, tokens, begin, end }, begins) {
  return Array.from({ length: begins.length - 1 }, (_, unit) => {
    const first = begins[unit];
    const last = begins[unit + 1] - 1;
    const written = text ? text.slice(begin[first], end[last]).trim() : "";
    return written || tokens.slice(first, last + 1).join("");
  });
}
