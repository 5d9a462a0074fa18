// Which part of the map is in view: a square of `span` units from (left, top). Shared by maps side by
// side, so that they pan and zoom together.

class Viewport {
  constructor(onChange) {
    this.onChange = onChange;
    this.size = 1;
    this.left = 0;
    this.top = 0;
    this.span = 1;
  }

  // The closest range: eight cells, or the whole map if it is smaller.
  get least() {
    return Math.min(this.size, 8);
  }

  get whole() {
    return this.span >= this.size;
  }

  // Another map: keeps the place if it is still there.
  resize(size) {
    if (size === this.size) return;
    const whole = this.whole;
    this.size = size;
    if (whole) this.span = size;
    this.settle();
  }

  reset() {
    this.set(0, 0, this.size);
  }

  set(left, top, span) {
    this.left = left;
    this.top = top;
    this.span = span;
    this.settle();
  }

  settle() {
    this.span = Math.min(this.size, Math.max(this.least, this.span));
    const most = this.size - this.span;
    this.left = Math.min(Math.max(0, this.left), most);
    this.top = Math.min(Math.max(0, this.top), most);
    this.onChange();
  }

  // Zooms about a point given as shares of the view, 0–1.
  zoomAt(x, y, factor) {
    const span = Math.min(this.size, Math.max(this.least, this.span / factor));
    this.set(this.left + x * (this.span - span), this.top + y * (this.span - span), span);
  }

  // Moves by shares of the view.
  panBy(x, y) {
    this.set(this.left + x * this.span, this.top + y * this.span, this.span);
  }

  // Brings a cell into view without moving more than needed.
  reveal(query, key) {
    const into = (at, begin) => {
      if (at < begin) return at;
      return at + 1 > begin + this.span ? at + 1 - this.span : begin;
    };
    const top = query === null ? this.top : into(query, this.top);
    const left = key === null ? this.left : into(key, this.left);
    if (top !== this.top || left !== this.left) this.set(left, top, this.span);
  }
}
