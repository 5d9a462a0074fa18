// The text as tokens: the query in focus is outlined, what it attends to is coloured.

class TextView {
  constructor(onPoint) {
    this.spans = info.tokens.map((piece, position) => {
      const span = document.createElement("span");
      span.textContent = piece;
      span.title = `position ${position}`;
      if (info.special[position]) span.classList.add("special");
      if (info.generated[position]) span.classList.add("generated");
      return span;
    });
    const root = document.getElementById("text");
    root.append(...this.spans);
    root.addEventListener("pointerover", (event) => {
      const position = this.spans.indexOf(event.target);
      if (position >= 0) onPoint(position);
    });
    root.addEventListener("pointerleave", () => onPoint(null));
    this.query = null;
  }

  // Colours the row of `query`; null clears.
  show(view, query) {
    if (this.query !== null) this.spans[this.query].classList.remove("query");
    this.query = query;
    if (query !== null) this.spans[query].classList.add("query");
    this.spans.forEach((span, key) => {
      const weight = query === null ? null : view.shownWeight(query, key);
      const color = weight === null ? "" : view.scale.css(weight);
      if (span.dataset.color === color) return;
      span.dataset.color = color;
      span.style.backgroundColor = color;
      span.style.color = color ? textColorOn(color) : "";
    });
  }
}

function textColorOn(color) {
  const [red, green, blue] = color.match(/\d+/g).map(Number);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 140 ? "#fff" : "#111";
}
