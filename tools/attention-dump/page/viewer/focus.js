// What is looked at: the token under the pointer or chosen, and the step of the replay. Tokens are those
// of the text of the queries; where the keys have another text, one of its tokens is in focus too.

class Focus {
  constructor(viewer) {
    this.viewer = viewer;
    this.chosen = null;      // token
    this.hovered = null;     // token under the pointer
    this.chosenKey = null;   // the same of the keys' text, where that is another
    this.hoveredKey = null;
    this.side = 0;           // of maps side by side: the one last pointed at
    this.step = null;        // of the replay
  }

  // Another document with so many tokens: the chosen one stays if it is there.
  open(tokens) {
    if (this.chosen !== null && this.chosen >= tokens) this.chosen = null;
    this.hovered = this.hoveredKey = this.chosenKey = null;
    this.step = null;
  }

  // For TextPane.
  actions() {
    return {
      onPoint: (token) => this.hoverToken(token),
      onChoose: (token) => this.choose(token),
      onMove: (step) => this.moveToken(step),
      onPointKey: (token) => this.setHovered(this.hovered, token),
      onChooseKey: (token) => this.chooseKey(token === this.chosenKey ? null : token),
      onMoveKey: (step) => this.moveKey(step),
    };
  }

  // What a map shows of the chosen token and of the replay: rows and columns, of which the first
  // `reached` are there.
  marks() {
    const { queries, keys } = this.viewer.axes;
    const square = isSquare(this.viewer.doc);
    const row = this.chosen === null ? null : queries.of[this.chosen];
    const rows = this.step === null ? Infinity : queries.lastWithin(this.lastToken) + 1;
    const key = square ? this.chosen : this.chosenKey;
    return { chosen: { row, column: key === null ? null : keys.of[key] },
      reached: { rows, columns: square ? rows : Infinity } };
  }

  // The last token that is there, in the replay.
  get lastToken() {
    const last = this.viewer.doc.tokens.length - 1;
    return this.step === null ? last
      : Math.min(last, this.viewer.docs[0].candidates[this.step].position);
  }

  // The token in focus: under the pointer, chosen, of the replay's step, or the last. In the replay of
  // words the last whole word.
  get token() {
    const { queries } = this.viewer.axes;
    const { rows } = this.marks().reached;
    if (rows === 0) return null;
    const last = rows <= queries.count ? queries.begin[rows] - 1 : this.lastToken;
    return Math.min(last, this.hovered ?? this.chosen ?? last);
  }

  // The key in focus: where there is one text the token itself.
  get keyToken() {
    return isSquare(this.viewer.doc) ? this.token : this.hoveredKey ?? this.chosenKey;
  }

  hoverCell(cell, side) {
    const token = cell ? this.viewer.axes.queries.begin[cell.query + 1] - 1 : null;
    const key = cell && cell.key !== null ? this.viewer.axes.keys.begin[cell.key + 1] - 1 : null;
    if (cell && side !== this.side && this.viewer.settings.pair === "sides") this.side = side;
    this.setHovered(token, key);
  }

  hoverToken(token) {
    this.setHovered(token);
    this.viewer.maps.markRow(token === null ? null : this.viewer.axes.queries.of[token]);
  }

  // Moving on quickly shows only the latest.
  setHovered(token, key = null) {
    const keyToken = isSquare(this.viewer.doc) ? null : key;
    if (token === this.hovered && keyToken === this.hoveredKey) return;
    this.hovered = token;
    this.hoveredKey = keyToken;
    if (this.hoverPending) return;
    this.hoverPending = true;
    requestAnimationFrame(() => {
      this.hoverPending = false;
      this.viewer.run(this.viewer.showText());
    });
  }

  choose(token) {
    this.chosen = token === this.chosen ? null : token;
    this.hovered = null;
    this.viewer.maps.change(this.marks());
    this.viewer.redraw(["text"]);
  }

  chooseKey(token) {
    this.chosenKey = token;
    this.hoveredKey = null;
    this.viewer.maps.change(this.marks());
    this.viewer.redraw(["text"]);
  }

  moveKey(step) {
    const last = keyText(this.viewer.doc).tokens.length - 1;
    this.chooseKey(Math.min(last, Math.max(0, (this.keyToken ?? -1) + step)));
    this.viewer.text.keyView.reveal();
  }

  moveToken(step) {
    const last = this.viewer.doc.tokens.length - 1;
    this.chosen = Math.min(last, Math.max(0, (this.token ?? -1) + step));
    this.hovered = null;
    this.viewer.maps.change(this.marks());
    this.viewer.redraw(["text"]);
    this.viewer.text.view.reveal();
  }

  setStep(step) {
    this.step = step;
    this.chosen = null;
    this.viewer.replay.show(step);
    this.viewer.maps.markRow(null);
    this.viewer.maps.change(this.marks());
    this.viewer.redraw(["text"]);
  }
}
