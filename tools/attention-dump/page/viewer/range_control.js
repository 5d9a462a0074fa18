// How far the colours reach: automatic, up to 1, or up to a number of one's own.

class RangeControl {
  // onChange(range): "auto" or a number as a text
  constructor(onChange) {
    this.onChange = onChange;
    this.list = document.getElementById("range");
    this.own = document.getElementById("range-top");
    this.list.addEventListener("change", () => {
      if (this.list.value !== "own") return onChange(this.list.value);
      this.own.hidden = false;
      this.own.focus();
      this.take();
    });
    this.own.addEventListener("input", () => this.take());
  }

  // A number that cannot be is left alone until it is finished.
  take() {
    const value = Number(this.own.value);
    if (!(value >= 0.001 && value <= 1)) return;
    this.onChange(String(Number(value.toFixed(4))));
  }

  // automatic: the top that automatic has, for a number of one's own to begin with
  show(range, automatic) {
    const own = range !== "auto" && range !== "1";
    const typing = document.activeElement === this.own;
    if (typing || (this.list.value === "own" && !own && document.activeElement === this.list)) return;
    this.list.value = own ? "own" : range;
    this.own.hidden = !own;
    if (own) this.own.value = range;
    else if (automatic) this.own.value = automatic;
  }
}
