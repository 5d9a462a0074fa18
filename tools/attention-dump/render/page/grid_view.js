// The grid of thumbnails: rows are layers, columns are heads.

const kThumbnail = 72;  // cells per side, at most

class GridView {
  constructor(onOpen) {
    this.root = document.getElementById("grid");
    this.thumbnails = new Map();  // "layer-head" -> {button, canvas}
    this.build(onOpen);
  }

  build(onOpen) {
    const heads = info.heads.length;
    this.root.style.gridTemplateColumns = `auto repeat(${heads}, minmax(28px, ${kThumbnail + 24}px))`;
    const axis = (text) => {
      const element = document.createElement("div");
      element.className = "axis";
      element.textContent = text;
      this.root.append(element);
    };
    axis("");
    for (const head of info.heads) axis(`H${head}`);
    info.layers.forEach((layer, layerIndex) => {
      axis(`L${layer}`);
      info.heads.forEach((head, headIndex) => {
        const button = document.createElement("button");
        button.type = "button";
        button.title = `L${layer}H${head}`;
        button.setAttribute("aria-label", `L${layer}H${head}`);
        button.addEventListener("click", () => onOpen(layerIndex, headIndex));
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 1;
        button.append(canvas);
        this.root.append(button);
        this.thumbnails.set(`${layerIndex}-${headIndex}`, { button, canvas });
      });
    });
  }

  draw(layer, head, map, scale, dropFirst) {
    const { canvas } = this.thumbnails.get(`${layer}-${head}`);
    const image = mapImage(map, scale, dropFirst, Math.ceil(map.tokens / kThumbnail));
    canvas.width = canvas.height = image.width;
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  select(layer, head) {
    for (const [id, { button }] of this.thumbnails) {
      button.setAttribute("aria-pressed", String(id === `${layer}-${head}`));
    }
    this.thumbnails.get(`${layer}-${head}`).button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
