// Units of a map's axes: tokens, or words made of tokens that follow each other.

class Units {
  constructor(begin, tokens) {
    this.begin = begin;  // first token of each unit, and the number of tokens at the end
    this.count = begin.length - 1;
    this.of = new Uint32Array(tokens);  // unit of each token
    for (let unit = 0; unit < this.count; ++unit) this.of.fill(unit, begin[unit], begin[unit + 1]);
  }

  static tokens(doc) {
    const count = doc.tokens.length;
    return new Units(Uint32Array.from({ length: count + 1 }, (_, i) => i), count);
  }

  // Tokens with the same word number; one that belongs to no word stands alone.
  static words(doc) {
    const begin = [];
    doc.tokens.forEach((_, i) => {
      const word = doc.word ? doc.word[i] : null;
      const joined = i > 0 && word !== null && word >= 0 && word === doc.word[i - 1];
      if (!joined) begin.push(i);
    });
    begin.push(doc.tokens.length);
    return new Units(begin, doc.tokens.length);
  }

  label(doc, unit) {
    return doc.tokens.slice(this.begin[unit], this.begin[unit + 1]).join("");
  }

  // Token positions as people write them.
  positions(unit) {
    const begin = this.begin[unit];
    const end = this.begin[unit + 1];
    return end - begin === 1 ? String(begin) : `${begin}–${end - 1}`;
  }
}
