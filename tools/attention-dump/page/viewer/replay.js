// Generation replay: a slider over the generated steps; at each, the token just chosen and what else
// could have come next, on both sides of a pair.

class Replay {
  // onStep(step|null): index into doc.candidates
  constructor(root, onStep) {
    this.root = root;
    this.onStep = onStep;
    this.slider = root.querySelector("input");
    this.name = root.querySelector("output");
    this.lists = root.querySelector("#candidates");
    this.play = root.querySelector("[data-play]");
    this.timer = null;
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.play.addEventListener("click", () => (this.timer ? this.stop() : this.start()));
    root.querySelector("[data-all]").addEventListener("click", () => this.go(null));
  }

  // The steps are those of the first document; labels name the sides of a pair.
  open(docs, labels) {
    this.stop();
    this.docs = docs;
    this.labels = labels;
    this.steps = docs[0].candidates || [];
    this.root.hidden = this.steps.length === 0;
    this.slider.max = Math.max(0, this.steps.length - 1);
    // With one step there is nothing to slide: only what could come next.
    this.root.classList.toggle("single", this.steps.length === 1);
  }

  go(step) {
    if (this.steps.length) this.onStep(step);
  }

  // Shows a step; null: everything.
  show(step) {
    const all = step === null;
    this.slider.value = all ? this.slider.max : step;
    this.root.classList.toggle("all", all);
    this.lists.replaceChildren();
    if (all) {
      this.name.textContent = this.steps.length === 1 ? "" : `all ${this.steps.length} steps`;
      if (this.steps.length === 1) this.fillLists(this.steps[0].position);
      this.slider.setAttribute("aria-valuetext", "all steps");
      return;
    }
    const { position } = this.steps[step];
    this.fillLists(position);
    this.name.textContent = `step ${step + 1} of ${this.steps.length}`;
    this.slider.setAttribute("aria-valuetext",
                             `${this.name.textContent}: after ${this.docs[0].tokens[position]}`);
  }

  // What could come after `position`, for every document that knows.
  fillLists(position) {
    const known = this.docs.map((doc) =>
      (doc.candidates || []).find((step) => step.position === position));
    const several = known.filter(Boolean).length > 1;
    known.forEach((step, d) => {
      if (!step) return;
      const line = document.createElement("div");
      line.className = "candidates";
      const list = this.makeList(this.docs[d].tokens[position + 1], step.next);
      list.setAttribute("aria-label", "Candidates for the next token" +
        (several ? `: ${this.labels[d]}` : ""));
      if (several) {
        const name = document.createElement("bdi");
        name.textContent = this.labels[d];
        line.append(name);
      }
      line.append(list);
      this.lists.append(line);
    });
  }

  // next: [[piece, probability] …]; taken: what came.
  makeList(taken, next) {
    const list = document.createElement("ol");
    list.append(...next.map(([piece, probability]) => {
      const item = document.createElement("li");
      const bar = document.createElement("span");
      bar.className = "bar";
      bar.style.width = `${Math.max(1, probability * 100)}%`;
      const token = document.createElement("bdi");
      token.textContent = piece;
      item.append(bar, token, ` ${(probability * 100).toFixed(1)} %`);
      if (piece === taken) {
        item.className = "taken";
        item.setAttribute("aria-label", `${piece} ${(probability * 100).toFixed(1)} %, taken`);
      }
      return item;
    }));
    return list;
  }

  start() {
    this.play.textContent = "Pause";
    const last = this.steps.length - 1;
    let step = this.root.classList.contains("all") || Number(this.slider.value) >= last
      ? -1 : Number(this.slider.value);
    const tick = () => {
      step += 1;
      this.go(step);
      if (step >= last) this.stop();
    };
    this.timer = setInterval(tick, 700);
    tick();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "Play";
  }
}
