// Tables of numbers: all heads, and what one token looks at. Real tables, for screen readers too.

function tableCell(kind, text, className = "") {
  const cell = document.createElement(kind);
  cell.textContent = text;
  if (className) cell.className = className;
  return cell;
}

class HeadTable {
  // onOpen(l, h), onSort(column, descending)
  constructor(table, { onOpen, onSort }) {
    this.table = table;
    table.addEventListener("click", (event) => {
      const open = event.target.closest("button[data-l]");
      const sort = event.target.closest("button[data-column]");
      if (open) onOpen(Number(open.dataset.l), Number(open.dataset.h));
      if (!sort) return;
      const { column } = sort.dataset;
      const same = this.sort.column === column;
      onSort(column, same ? !this.sort.descending : column !== "position" && column !== "type");
    });
  }

  build(list, sort) {
    this.sort = sort;
    const head = document.createElement("tr");
    const columns = [{ id: "position", title: "head", help: "Layer and head" }, ...list.columns];
    for (const { id, title, help } of columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.setAttribute("aria-sort", id !== sort.column ? "none"
        : sort.descending ? "descending" : "ascending");
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.column = id;
      button.title = help;
      button.textContent = title;
      cell.append(button);
      head.append(cell);
    }
    const rows = list.sorted(sort.column, sort.descending).map((item) => {
      const row = document.createElement("tr");
      row.dataset.index = item.index;
      const name = tableCell("th", "");
      name.scope = "row";
      const open = document.createElement("button");
      open.type = "button";
      open.dataset.l = item.l;
      open.dataset.h = item.h;
      open.textContent = item.name;
      open.setAttribute("aria-label", `Open ${item.name}`);
      name.append(open);
      row.append(name);
      for (const { id } of list.columns) {
        const value = item.figures[id];
        row.append(typeof value === "string" ? tableCell("td", value)
          : tableCell("td", shortNumber(value), "number"));
      }
      return row;
    });
    this.table.tHead.replaceChildren(head);
    this.table.tBodies[0].replaceChildren(...rows);
  }

  select(index) {
    for (const row of this.table.tBodies[0].rows) {
      const chosen = Number(row.dataset.index) === index;
      row.classList.toggle("chosen", chosen);
      if (chosen) this.reveal(row);
    }
  }

  // Scrolls the table, never the page, until the row is in sight below the heading.
  reveal(row) {
    const frame = this.table.parentElement;
    const box = frame.getBoundingClientRect();
    const at = row.getBoundingClientRect();
    const top = box.top + frame.clientTop + this.table.tHead.offsetHeight;
    const bottom = box.top + frame.clientTop + frame.clientHeight;
    if (at.top < top) frame.scrollTop -= Math.ceil(top - at.top);
    else if (at.bottom > bottom) frame.scrollTop += Math.ceil(at.bottom - bottom);
  }
}

const kTableRows = 12;

// The largest values of a row or a column of the map.
class TokenTable {
  constructor(table, onChoose) {
    this.table = table;
    table.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-token]");
      if (button) onChoose(Number(button.dataset.token));
    });
  }

  // values by unit, null: nothing to show.
  fill(caption, values, units, numberText) {
    this.table.caption.textContent = caption;
    this.table.tBodies[0].replaceChildren(...(values ? this.rows(values, units, numberText) : []));
    this.table.hidden = caption === "";
  }

  rows(values, units, numberText) {
    const order = largestOf(values, kTableRows);
    return order.map((unit) => {
      const row = document.createElement("tr");
      const name = document.createElement("th");
      name.scope = "row";
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.token = units.begin[unit];
      const piece = document.createElement("bdi");
      piece.textContent = units.label(unit);
      button.append(piece);
      name.append(button);
      row.append(tableCell("td", units.positions(unit), "number"), name,
                 tableCell("td", numberText(values[unit]), "number"));
      return row;
    });
  }
}

// Indices of the `count` largest values, the largest first; what is 0 or less is left out.
function largestOf(values, count) {
  const best = [];
  for (let i = 0; i < values.length; ++i) {
    if (!(values[i] > 0)) continue;
    if (best.length === count && values[i] <= values[best[count - 1]]) continue;
    let at = best.length;
    while (at > 0 && values[best[at - 1]] < values[i]) --at;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}
