// The text itself. The chosen token is outlined; where it looks has a coloured ground, who looks at
// it a coloured line below. Built from plain inline elements, one block per line of the text, so that
// letters join and directions run as in any text.

const kTextSteps = 40;   // shades
const kLinePieces = 150; // a longer line of text is broken, so that a browser lays out what is in sight

class TextView {
  // onPoint(token|null), onChoose(token|null), onMove(step)
  constructor(root, { onPoint, onChoose, onMove }) {
    this.root = root;
    this.building = new Turns();
    this.shading = new Turns();
    this.spans = [];
    this.doc = null;
    const pieceAt = (event) => {
      const span = event.target.closest("[data-piece]");
      const piece = span ? this.pieces[Number(span.dataset.piece)] : null;
      return piece && piece.tokens.length ? piece : null;
    };
    root.addEventListener("pointerover", (event) => {
      const piece = pieceAt(event);
      if (piece && event.pointerType !== "touch") onPoint(piece.tokens[piece.tokens.length - 1]);
    });
    root.addEventListener("pointerleave", () => onPoint(null));
    root.addEventListener("click", (event) => {
      const piece = pieceAt(event);
      if (piece && String(getSelection()) === "") onChoose(this.nextOf(piece));
    });
    root.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 };
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "Escape") return onChoose(null);
      const step = event.key === "Home" ? -Infinity : event.key === "End" ? Infinity
        : steps[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      onMove(step);
    });
  }

  // The token that a click chooses: the piece's last, then its others in turn.
  nextOf(piece) {
    const at = piece.tokens.indexOf(this.pinned);
    return at < 0 ? piece.tokens[piece.tokens.length - 1]
      : piece.tokens[(at + 1) % piece.tokens.length];
  }

  // Lays the text out, in slices if it is long. Promises true when done, false if outdated.
  build(doc) {
    if (!this.doc || !sameText(doc, this.doc)) {
      this.doc = doc;
      this.built = this.layOut(doc);
    }
    return this.built;
  }

  async layOut(doc) {
    const mine = this.building.begin();
    this.shading.stop();
    this.veiled = null;
    this.chosen = null;  // outlined
    this.pinned = null;  // chosen by a click or a key, not only pointed at
    this.shades = null;
    this.pieces = textPieces(doc);
    this.spans = this.pieces.map(() => []);
    this.pieceOf = new Uint32Array(doc.tokens.length);
    this.pieces.forEach((piece, i) => { for (const token of piece.tokens) this.pieceOf[token] = i; });
    this.root.replaceChildren();
    let line = this.addLine();
    for (let i = 0; i < this.pieces.length; ++i) {
      line = this.addPiece(i, line);
      if (sliceIsOver()) {
        await nextSlice();
        if (!mine()) return false;
      }
    }
    return true;
  }

  addLine() {
    const line = document.createElement("div");
    line.className = "line";
    line.dir = "auto";
    this.root.append(line);
    return line;
  }

  // Adds a piece; one that holds line breaks goes on in new lines. Returns the last line.
  addPiece(index, line) {
    const piece = this.pieces[index];
    if (line.childElementCount >= kLinePieces && (piece.chip || this.startsWithSpace(piece))) {
      line = this.addLine();
    }
    if (piece.chip) {
      const span = this.makeSpan(index, this.doc.tokens[piece.tokens[0]]);
      span.classList.add("chip");
      line.append(span);
      return line;
    }
    const parts = this.doc.text.slice(piece.begin, piece.end).split(/(?<=\n)/);
    for (const part of parts) {
      const breaks = part.endsWith("\n");
      const span = this.makeSpan(index, breaks ? part.slice(0, -1) : part);
      if (breaks) span.classList.add("break");
      line.append(span);
      if (breaks) line = this.addLine();
    }
    return line;
  }

  startsWithSpace(piece) {
    return /\s/.test(this.doc.text[piece.begin]);
  }

  makeSpan(index, text) {
    const span = document.createElement("span");
    const piece = this.pieces[index];
    span.textContent = text;
    if (piece.tokens.length) span.dataset.piece = index;
    if (piece.tokens.some((token) => this.doc.generated && this.doc.generated[token])) {
      span.classList.add("generated");
    }
    this.spans[index].push(span);
    return span;
  }

  // Outlines a token's piece (null: none).
  choose(token) {
    if (this.chosen !== null && this.chosen !== undefined) this.each(this.chosen, (span) => {
      span.classList.remove("chosen");
    });
    this.chosen = token;
    if (token !== null) this.each(token, (span) => span.classList.add("chosen"));
  }

  // Brings the chosen token into sight, without moving the page.
  reveal() {
    if (this.chosen === null || !this.pieces) return;
    const span = this.spans[this.pieceOf[this.chosen]][0];
    if (!span) return;
    const box = this.root.getBoundingClientRect();
    const at = span.getBoundingClientRect();
    if (at.top < box.top) this.root.scrollTop += at.top - box.top - 20;
    if (at.bottom > box.bottom) this.root.scrollTop += at.bottom - box.bottom + 20;
  }

  each(token, change) {
    for (const span of this.spans[this.pieceOf[token]] || []) change(span);
  }

  // Tokens after `token` have not been generated yet in the replay (null: all have).
  veil(token) {
    if (token === this.veiled) return;
    this.veiled = token;
    this.spans.forEach((spans, i) => {
      const { tokens } = this.pieces[i];
      const hidden = token !== null && tokens.length > 0 && tokens[0] > token;
      for (const span of spans) span.classList.toggle("future", hidden);
    });
  }

  // Shades all pieces. looks, looked: f32 by token or null; place(value) → 0–1 on the scale; words:
  // a word's value stands at each of its tokens. Promises the largest of both.
  async shade(looks, looked, place, words) {
    const mine = this.shading.begin();
    const most = (values) => (values ? values.reduce((a, b) => Math.max(a, b), 0) : 0);
    const tops = [most(looks), most(looked)];
    const step = (value, top) => (top > 0 && value > 0
      ? Math.round(place(value / top) * kTextSteps) : 0);
    if (!this.shades || this.shades.length !== this.pieces.length) {
      this.shades = new Uint16Array(this.pieces.length);
    }
    for (let i = 0; i < this.pieces.length; ++i) {
      const { tokens } = this.pieces[i];
      let ground = 0;
      let under = 0;
      for (const token of tokens) {
        if (looks) ground = words ? Math.max(ground, looks[token]) : ground + looks[token];
        if (looked) under += looked[token] / tokens.length;
      }
      const code = step(Math.min(ground, tops[0]), tops[0]) * 64 + step(under, tops[1]);
      if (code !== this.shades[i]) {
        this.shades[i] = code;
        for (const span of this.spans[i]) shadeSpan(span, code >> 6, code & 63);
      }
      if ((i & 255) === 0 && sliceIsOver()) {
        await nextSlice();
        if (!mine()) return tops;
      }
    }
    return tops;
  }
}

// Whether two documents (of a pair, or typed one after the other) look alike.
function sameText(a, b) {
  if (a === b) return true;
  const same = (name) => a[name].every((value, i) => value === b[name][i]);
  return a.text === b.text && a.tokens.length === b.tokens.length &&
    ["tokens", "begin", "special"].every(same) && (!a.generated || same("generated"));
}

function shadeSpan(span, ground, under) {
  span.style.backgroundColor = ground ? `rgb(var(--looks) / ${ground / kTextSteps})` : "";
  span.style.color = ground > kTextSteps * 0.55 ? "var(--on-looks)" : ground ? "var(--ink)" : "";
  span.style.boxShadow = under
    ? `inset 0 -0.22em rgb(var(--looked) / ${0.1 + 0.9 * under / kTextSteps})` : "";
}
