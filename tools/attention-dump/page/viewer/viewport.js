// Which part of the map is in view, from (left, top): `rows` × `columns` units, of which the longer
// side of the map shows `span`. Shared by maps side by side, so that they pan and zoom together.

// The closest range: eight cells, or all of them if there are fewer.
function leastSpan(count) {
  return Math.min(count, 8);
}

class Viewport {
  constructor(onChange) {
    this.onChange = onChange;
    this.queries = 1;
    this.keys = 1;
    this.left = 0;
    this.top = 0;
    this.span = 1;
  }

  // Units of the longer side.
  get size() {
    return Math.max(this.queries, this.keys);
  }

  get rows() {
    return this.spanOf(this.queries);
  }

  get columns() {
    return this.spanOf(this.keys);
  }

  // What a side of `count` units shows of them.
  spanOf(count) {
    return Math.min(count, Math.max(this.span * count / this.size, leastSpan(count)));
  }

  get whole() {
    return this.span >= this.size;
  }

  // Whether zooming in (or else out) would change anything.
  canZoom(closer) {
    return closer ? this.span > leastSpan(this.size) : !this.whole;
  }

  // Another map: keeps the place if it is still there.
  resize(queries, keys) {
    if (queries === this.queries && keys === this.keys) return;
    const whole = this.whole;
    this.queries = queries;
    this.keys = keys;
    if (whole) this.span = this.size;
    this.settle();
  }

  reset() {
    this.set(0, 0, this.size);
  }

  // The smallest view that holds these rows and columns.
  show(left, top, columns, rows) {
    this.set(left, top, Math.max(columns * this.size / this.keys, rows * this.size / this.queries));
  }

  set(left, top, span) {
    this.left = left;
    this.top = top;
    this.span = span;
    this.settle();
  }

  settle() {
    this.span = Math.min(this.size, Math.max(leastSpan(this.size), this.span));
    this.left = Math.min(Math.max(0, this.left), this.keys - this.columns);
    this.top = Math.min(Math.max(0, this.top), this.queries - this.rows);
    this.onChange();
  }

  // Zooms about a point given as shares of the view, 0–1.
  zoomAt(x, y, factor) {
    const { rows, columns } = this;
    this.span = Math.min(this.size, Math.max(leastSpan(this.size), this.span / factor));
    this.set(this.left + x * (columns - this.columns), this.top + y * (rows - this.rows), this.span);
  }

  // Moves by shares of the view.
  panBy(x, y) {
    this.set(this.left + x * this.columns, this.top + y * this.rows, this.span);
  }

  // Brings a cell into view without moving more than needed.
  reveal(query, key) {
    const into = (at, begin, span) => {
      if (at < begin) return at;
      return at + 1 > begin + span ? at + 1 - span : begin;
    };
    const top = query === null ? this.top : into(query, this.top, this.rows);
    const left = key === null ? this.left : into(key, this.left, this.columns);
    if (top !== this.top || left !== this.left) this.set(left, top, this.span);
  }
}
