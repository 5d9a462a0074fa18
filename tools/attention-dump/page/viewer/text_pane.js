// The text with its legend and the tables of the token in focus.

class TextPane {
  // actions: {onPoint(token|null), onChoose(token|null), onMove(step)}
  constructor(actions) {
    const find = (id) => document.getElementById(id);
    this.line = find("token-line");
    this.legend = find("legend");
    this.view = new TextView(find("text"), actions);
    this.tables = [find("looks-table"), find("looked-table")]
      .map((table) => new TokenTable(table, actions.onChoose));
    this.turns = new Turns();
  }

  // Shows one token (null: nothing). what: {doc, units, token, pinned, heads, scopeName,
  // sources(l, h), place(value), direction, words, veilAfter}
  async show(what) {
    const mine = this.turns.begin();
    const { doc, units, token } = what;
    this.legend.dataset.done = "false";
    if (!await this.view.build(doc) || !mine()) return false;
    this.view.pinned = what.pinned;
    this.view.veil(what.veilAfter);
    if (token === null) {
      this.line.textContent = "Point at a token, or choose one with the arrow keys.";
      this.legend.textContent = "";
      this.view.choose(null);
      this.fillTables(null, what);
      return this.view.shade(null, null, what.place, false);
    }
    this.view.choose(token);
    this.describe(what);
    return gatherWeights({
      heads: what.heads, sources: what.sources, unit: units.of[token], size: units.count,
      wanted: mine,
      onPart: (part) => this.showPart(part, what, mine),
    });
  }

  describe({ doc, token }) {
    const piece = this.view.pieces[this.view.pieceOf[token]];
    const shared = piece.tokens.length > 1
      ? ` (tokens ${piece.tokens.join(", ")} share this character)` : "";
    const flags = [doc.special[token] && "special", doc.generated[token] && "generated"]
      .filter(Boolean).join(", ");
    const loss = doc.loss && doc.loss[token];
    this.line.replaceChildren();
    const name = document.createElement("bdi");
    name.textContent = doc.tokens[token];
    this.line.append(`Token ${token} of ${doc.tokens.length}: `, name, shared,
      flags ? ` · ${flags}` : "",
      typeof loss === "number" ? ` · loss ${loss.toFixed(2)} nats` : "");
  }

  async showPart(part, what, mine) {
    const { units, direction, words } = what;
    const looks = direction === "looked" ? null : spreadOverTokens(part.looks, units);
    const looked = direction === "looks" ? null : spreadOverTokens(part.looked, units);
    this.fillTables(part, what);
    const [looksTop, lookedTop] = await this.view.shade(looks, looked, what.place, words);
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

  fillTables(part, { doc, units, token }) {
    const number = (value) => (value >= 1e-4 ? value.toPrecision(3) : value.toExponential(2));
    const name = token === null ? "" : `“${units.label(doc, units.of[token])}”`;
    const captions = token === null ? ["", ""]
      : [`Where ${name} looks`, `Who looks at ${name}`];
    this.tables[0].fill(captions[0], part && part.looks, doc, units, number);
    this.tables[1].fill(captions[1], part && part.looked, doc, units, number);
    document.getElementById("token-tables").hidden = token === null;
  }
}
