// Long work in short slices, so that the page never stands still: every loop that may take long asks
// `sliceIsOver()` now and then and awaits `nextSlice()` when it is.

const kSlice = 8;  // milliseconds of work before the browser gets a turn

let sliceEnd = 0;
const sliceWaiters = [];
const sliceChannel = new MessageChannel();
sliceChannel.port1.onmessage = () => {
  sliceEnd = performance.now() + kSlice;
  const waiters = sliceWaiters.splice(0);
  for (const resume of waiters) resume();
};

function sliceIsOver() {
  return performance.now() >= sliceEnd;
}

// Resolves in a new task, after the browser has had a chance to draw and to take input.
function nextSlice() {
  return new Promise((resolve) => {
    sliceWaiters.push(resolve);
    if (sliceWaiters.length === 1) sliceChannel.port2.postMessage(null);
  });
}

// A value that others can wait for to change: `turn = turns.begin()` outdates all earlier turns.
class Turns {
  constructor() {
    this.current = 0;
  }

  begin() {
    const mine = ++this.current;
    return () => mine === this.current;  // whether this turn is still the latest
  }

  stop() {
    ++this.current;
  }
}

// Holds the least recently used values up to a total cost.
class Cache {
  constructor(limit) {
    this.limit = limit;
    this.entries = new Map();  // key -> {value, cost}; a Map keeps the order of insertion
    this.total = 0;
  }

  get(key) {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key, value, cost) {
    this.remove(key);
    this.entries.set(key, { value, cost });
    this.total += cost;
    for (const oldest of this.entries.keys()) {
      if (this.total <= this.limit || oldest === key) break;
      this.remove(oldest);
    }
  }

  remove(key) {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.total -= entry.cost;
  }

  clear() {
    this.entries.clear();
    this.total = 0;
  }
}
