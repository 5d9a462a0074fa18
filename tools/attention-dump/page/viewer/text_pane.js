// The text with its legend and the tables of the token in focus. Where rows and columns stand for two
// texts, that of the keys has a box of its own.

class TextPane {
  // actions: {onPoint(token|null), onChoose(token|null), onMove(step)} for the text of the queries,
  // and {onPointKey, onChooseKey, onMoveKey} for that of the keys
  constructor(actions) {
    const find = (id) => document.getElementById(id);
    this.line = find("token-line");
    this.legend = find("legend");
    this.view = new TextView(find("text"), actions);
    this.keyView = new TextView(find("key-text"), {
      onPoint: actions.onPointKey, onChoose: actions.onChooseKey, onMove: actions.onMoveKey });
    this.tables = [
      new TokenTable(find("looks-table"), (token) => (this.square ? actions.onChoose(token)
        : actions.onChooseKey(token))),
      new TokenTable(find("looked-table"), actions.onChoose)];
    this.turns = new Turns();
  }

  // Shows one query and one key (null: none; of one text the same token). what: {doc, axes, token,
  // keyToken, pinned, pinnedKey, heads, scopeName, sources(l, h), place(value), direction, words,
  // veilAfter, lastRow}
  async show(what) {
    const mine = this.turns.begin();
    const { doc, axes, token, keyToken } = what;
    this.square = isSquare(doc);
    this.legend.dataset.done = "false";
    document.getElementById("key-text-box").hidden = this.square;
    const built = [this.view.build(doc), this.square ? true : this.keyView.build(keyText(doc))];
    if (!(await Promise.all(built)).every(Boolean) || !mine()) return false;
    this.view.pinned = what.pinned;
    this.view.veil(what.veilAfter);
    this.view.choose(token);
    if (!this.square) {
      this.keyView.pinned = what.pinnedKey;
      this.keyView.choose(keyToken);
    }
    if (token === null && keyToken === null) {
      this.line.textContent = "Point at a token, or choose one with the arrow keys.";
      this.legend.textContent = "";
      this.fillTables(null, what);
      await this.view.shade(null, null, what.place, false);
      this.legend.dataset.done = "true";
      return true;
    }
    this.describe(what);
    return gatherWeights({
      heads: what.heads, sources: what.sources, wanted: mine, lastRow: what.lastRow,
      query: token === null ? null : axes.queries.of[token],
      key: keyToken === null ? null : axes.keys.of[keyToken],
      onPart: (part) => this.showPart(part, what, mine),
    });
  }

  describe({ doc, token, keyToken }) {
    const text = token === null ? keyText(doc) : doc;
    const at = token === null ? keyToken : token;
    const view = token === null ? this.keyView : this.view;
    const piece = view.pieces[view.pieceOf[at]];
    const shared = piece.tokens.length > 1
      ? ` (tokens ${piece.tokens.join(", ")} share this character)` : "";
    const flags = [text.special[at] && "special", text.generated && text.generated[at] && "generated"]
      .filter(Boolean).join(", ");
    const loss = text.loss && text.loss[at];
    this.line.replaceChildren();
    const name = document.createElement("bdi");
    name.textContent = text.tokens[at];
    this.line.append(`Token ${at} of ${text.tokens.length}: `, name, shared,
      flags ? ` · ${flags}` : "",
      typeof loss === "number" ? ` · loss ${loss.toFixed(2)} nats` : "");
  }

  async showPart(part, what, mine) {
    const { axes, direction } = what;
    const looks = direction === "looked" || !part.looks ? null
      : spreadOverTokens(part.looks, axes.keys);
    const looked = direction === "looks" || !part.looked ? null
      : spreadOverTokens(part.looked, axes.queries);
    this.fillTables(part, what);
    const [looksTop, lookedTop] = await this.shade(looks, looked, what);
    if (!mine()) return;
    const entry = (name, text, top) => {
      const sample = document.createElement("b");
      sample.className = name;
      sample.textContent = text;
      return [sample, ` up to ${shortNumber(top)} `];
    };
    const progress = part.done < part.total ? ` · ${part.done} of ${part.total} heads …` : "";
    this.legend.replaceChildren(
      ...(looks ? entry("looks", "where it looks", looksTop) : []),
      ...(looked ? entry("looked", "who looks at it", lookedTop) : []),
      `· ${what.scopeName}${progress}`);
    this.legend.dataset.done = String(part.done === part.total);
    this.legend.dataset.token = what.token;
  }

  // Promises the largest of both.
  async shade(looks, looked, { place, words }) {
    if (this.square) return this.view.shade(looks, looked, place, words);
    const [looksTop] = await this.keyView.shade(looks, null, place, words);
    const [, lookedTop] = await this.view.shade(null, looked, place, words);
    return [looksTop, lookedTop];
  }

  fillTables(part, { axes, token, keyToken }) {
    const number = (value) => (value >= 1e-4 ? value.toPrecision(3) : value.toExponential(2));
    const { queries, keys } = axes;
    const caption = (units, at, before, after) =>
      (at === null ? "" : `${before} “${units.label(units.of[at])}”${after}`);
    this.tables[0].fill(caption(queries, token, "Where", " looks"), part && part.looks, keys, number);
    this.tables[1].fill(caption(keys, keyToken, "Who looks at", ""), part && part.looked, queries,
                        number);
    document.getElementById("token-tables").hidden = token === null && keyToken === null;
  }
}
