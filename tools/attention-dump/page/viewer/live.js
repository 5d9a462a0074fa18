// The live page: a text box above the viewer. What is typed is sent to the server that this page came
// from, and the viewer opens the document that comes back. Only the newest text counts: a request
// that is no longer wanted is given up here and stopped there.

// Milliseconds to wait for the next key: longer where a run takes longer.
const kShortestPause = 120;
const kLongestPause = 600;
const kBusyPause = 500;

class LivePage {
  constructor(place) {
    this.place = place;
    // Tells this page's requests from those of other browsers.
    this.name = Array.from(crypto.getRandomValues(new Uint8Array(8)),
      (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.runTime = kShortestPause;
    this.timer = 0;
    this.running = null;  // AbortController of the newest request
    this.build();
  }

  build() {
    const label = (text, field, after = "") => {
      const element = document.createElement("label");
      element.append(`${text} `, field, after);
      return element;
    };
    const field = (type, properties) =>
      Object.assign(document.createElement(type), { autocomplete: "off", ...properties });
    this.text = field("textarea", { id: "live-text", rows: 3, spellcheck: false, dir: "auto" });
    this.generate = field("input", { id: "live-generate", type: "number", min: 0, value: 0 });
    const numbers = { type: "text", placeholder: "all", size: 8, title: "Like 0-3,5; empty: all" };
    this.layers = field("input", { id: "live-layers", ...numbers });
    this.heads = field("input", { id: "live-heads", ...numbers });
    this.status = document.createElement("output");
    this.error = document.createElement("p");
    this.error.setAttribute("role", "alert");
    this.error.hidden = true;
    const line = document.createElement("div");
    line.className = "live-line";
    line.append(label("Go on for", this.generate, " tokens"), label("Layers", this.layers),
      label("Heads", this.heads), this.status);
    this.place.append(label("Text", this.text), line, this.error);
    for (const input of [this.text, this.generate, this.layers, this.heads]) {
      input.addEventListener("input", (event) => { if (!event.isComposing) this.changed(); });
      input.addEventListener("compositionend", () => this.changed());
      input.addEventListener("keydown", (event) => {
        const line = input !== this.text && event.key === "Enter";
        if (line || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) this.run();
      });
    }
    this.place.hidden = false;
  }

  // What was typed stays through a reload of the page.
  fields() {
    return { text: this.text, generate: this.generate, layers: this.layers, heads: this.heads };
  }

  remember() {
    const values = Object.entries(this.fields()).map(([name, input]) => [name, input.value]);
    try {
      sessionStorage.setItem("live", JSON.stringify(Object.fromEntries(values)));
    } catch { /* The browser keeps nothing: a reload begins anew. */ }
  }

  recall() {
    try {
      const values = JSON.parse(sessionStorage.getItem("live") || "{}");
      for (const [name, input] of Object.entries(this.fields())) {
        if (typeof values[name] === "string") input.value = values[name];
      }
    } catch { /* As above. */ }
  }

  async start() {
    try {
      this.model = await (await fetch("model")).json();
      document.title = this.model.title;
      this.generate.max = this.model.context_size - 1;
      this.text.value = this.model.text;
    } catch {
      return this.fail(kGone);
    }
    this.recall();
    this.run();
  }

  changed() {
    this.remember();
    clearTimeout(this.timer);
    const pause = Math.min(kLongestPause, Math.max(kShortestPause, this.runTime));
    this.timer = setTimeout(() => this.run(), pause);
  }

  fail(message) {
    this.error.textContent = message;
    this.error.hidden = message === "";
    this.status.textContent = "";
    this.count();
  }

  // Tests wait for this.
  count() {
    this.place.dataset.answers = Number(this.place.dataset.answers || 0) + 1;
  }

  request() {
    return {
      page: this.name, text: this.text.value, generate: Number(this.generate.value) || 0,
      layers: this.layers.value.trim(), heads: this.heads.value.trim(),
    };
  }

  async run() {
    clearTimeout(this.timer);
    if (this.running) this.running.abort();
    const mine = new AbortController();
    this.running = mine;
    if (this.text.value === "") return this.fail("");
    this.place.setAttribute("aria-busy", "true");
    this.status.textContent = "running …";
    const began = performance.now();
    try {
      const answer = await fetch("run", {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify(this.request()), signal: mine.signal,
      });
      const bytes = answer.ok ? await answer.arrayBuffer() : await this.refused(answer, mine);
      if (!bytes || this.running !== mine) return;
      this.runTime = performance.now() - began;
      this.show(bytes);
    } catch (error) {
      if (this.running === mine) this.fail(error instanceof TypeError ? kGone : error.message);
    } finally {
      if (this.running === mine) this.place.removeAttribute("aria-busy");
    }
  }

  show(bytes) {
    const page = new ContainerPage(bytes);
    const { tokens, generated } = page.info.docs[0];
    const count = generated.filter(Boolean).length;
    viewer.open(page);
    this.fail("");
    this.status.textContent = `${tokens.length} tokens` + (count ? `, ${count} generated` : "") +
      ` · ${(this.runTime / 1000).toFixed(2)} s`;
  }

  // Says why there are no maps; another try later if others keep the server busy.
  async refused(answer, mine) {
    const text = await answer.text();
    if (this.running !== mine) return null;
    const error = answer.status === 413 ? "The text is too long for this page."
      : `The server answered ${answer.status}.`;
    let failure = { code: "failed", error };
    try {
      failure = { ...failure, ...JSON.parse(text) };
    } catch { /* Not one of its own refusals: the number must do. */ }
    if (failure.code === "busy") {
      this.status.textContent = "others are using the model …";
      this.timer = setTimeout(() => this.run(), kBusyPause);
    } else if (failure.code !== "superseded") {
      this.fail(failure.error);
    }
    return null;
  }
}

const kGone = "The server does not answer. Start “attention-dump serve” again and open the address " +
  "that it prints.";

new LivePage(document.getElementById("live")).start();
