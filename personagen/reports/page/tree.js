// A conversation drawn as a tree: pan, zoom, fold; by mouse, touch and keyboard.

const NODE_COLOUR = { user: "var(--user)", aware: "var(--aware)", plain: "var(--plain)" };
const WHOLE = 200; // messages of a tree that are drawn at once; of more, the branches beside the path begin folded
const up = (id) => id.slice(0, Math.max(0, id.lastIndexOf(".")));

class TreeView {
  constructor(talk, choose, at) {
    this.talk = talk;
    this.choose = choose;
    this.at = at;
    this.folded = new Set(talk.messages.length > WHOLE ? this.besides(at) : []);
    const on = (act) => (event) => { const node = event.target.closest(".node"); if (node) act(node.dataset.id, event); };
    this.layer = s("g", { onclick: on((id) => this.choose(id)), ondblclick: on((id) => this.fold(id)), onkeydown: on((id, event) => this.key(event, id)) });
    this.svg = s("svg", { role: "tree", "aria-label": "The messages of the conversation as a tree" }, this.layer);
    this.zoom = d3.zoom().scaleExtent([0.15, 3]).on("zoom", (event) => this.layer.setAttribute("transform", event.transform));
    d3.select(this.svg).call(this.zoom).on("dblclick.zoom", null);
    const tool = (label, title, act) => h("button", { type: "button", title, "aria-label": title, onclick: act }, label);
    this.box = h(
      "div",
      { class: "treebox" },
      this.svg,
      h(
        "div",
        { class: "treetools" },
        tool("+", "Zoom in", () => d3.select(this.svg).call(this.zoom.scaleBy, 1.4)),
        tool("−", "Zoom out", () => d3.select(this.svg).call(this.zoom.scaleBy, 1 / 1.4)),
        tool("Fit", "Show the whole tree", () => this.fit()),
        tool("Fold", "Fold or unfold what is below this message", () => this.fold(this.at)),
        this.folded.size ? tool("Unfold all", "Show every message", () => { this.folded.clear(); this.draw(); this.fit(); }) : null,
      ),
    );
    this.draw();
  }

  // The branches that leave the path of a message.
  besides(at) {
    const path = new Set(["", ...pathOf(this.talk, at)]);
    const below = this.below();
    return this.talk.messages.map((one) => one.id).filter((id) => path.has(up(id)) && !path.has(id) && below.has(id));
  }

  visible() {
    const hidden = (id) => {
      for (let above = up(id); above; above = up(above)) if (this.folded.has(above)) return true;
      return false;
    };
    return this.talk.messages.filter((one) => !hidden(one.id));
  }

  draw() {
    const shown = this.visible();
    const ids = new Set(shown.map((one) => one.id));
    const roots = shown.filter((one) => !ids.has(up(one.id)));
    const nested = { id: "", children: [] };
    const byId = new Map([["", nested]]);
    for (const one of shown) byId.set(one.id, { id: one.id, one, children: [] });
    for (const one of shown) byId.get(roots.includes(one) ? "" : up(one.id)).children.push(byId.get(one.id));
    const laid = d3.tree().nodeSize([26, 62])(d3.hierarchy(nested));
    this.places = new Map(laid.descendants().filter((d) => d.data.one).map((d) => [d.data.id, [d.y, d.x]]));
    const below = this.below();
    const links = laid.links().filter((d) => d.source.data.one).map((d) => {
      const line = d3.linkHorizontal()({ source: [d.source.y, d.source.x], target: [d.target.y, d.target.x] });
      return s("path", { class: "link", d: line, "data-to": d.target.data.id });
    });
    this.layer.replaceChildren(...links, ...shown.map((one) => this.drawNode(one, below.get(one.id) || 0)));
    this.mark(this.at);
  }

  // How many messages are below each.
  below() {
    const found = new Map();
    for (const { id } of this.talk.messages) {
      for (let above = up(id); above; above = up(above)) found.set(above, (found.get(above) || 0) + 1);
    }
    return found;
  }

  drawNode(one, below) {
    const [x, y] = this.places.get(one.id);
    const folded = this.folded.has(one.id);
    const verdict = this.talk.chosen.has(one.id) ? ", chosen" : this.talk.rejected.has(one.id) ? ", rejected" : "";
    const words = `${one.agent}${verdict}, turn ${turnOf(one.id)}${folded ? `, ${below} messages folded` : ""}`;
    const group = s(
      "g",
      {
        class: `node${this.talk.chosen.has(one.id) ? " chosen" : ""}`,
        transform: `translate(${x},${y})`,
        role: "treeitem",
        "aria-level": one.id.split(".").length,
        "aria-expanded": below ? String(!folded) : null,
        "aria-label": words,
        tabindex: one.id === this.at ? 0 : -1,
        "data-id": one.id,
      },
      s("title", {}, `${words}: ${one.content.slice(0, 120)}`),
      this.talk.chosen.has(one.id) ? s("circle", { class: "ring", r: 10 }) : null,
      s("circle", { r: folded ? 9 : 7, fill: NODE_COLOUR[one.role === "user" ? "user" : one.agent] || "var(--other)" }),
      folded ? s("text", { y: 4, "text-anchor": "middle" }, "+") : null,
    );
    return group;
  }

  key(event, id) {
    const siblings = this.visible().filter((one) => up(one.id) === up(id)).map((one) => one.id);
    const place = siblings.indexOf(id);
    const child = this.visible().find((one) => up(one.id) === id);
    const to = {
      ArrowLeft: this.places.has(up(id)) ? up(id) : null,
      ArrowRight: child ? child.id : null,
      ArrowUp: siblings[place - 1],
      ArrowDown: siblings[place + 1],
      Home: this.talk.messages[0].id,
    }[event.key];
    if (event.key === "Enter" || event.key === " ") this.fold(id);
    else if (to) this.choose(to);
    else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    event.stopPropagation();
    this.focus();
  }

  focus() {
    const node = this.layer.querySelector('[tabindex="0"]');
    if (node) node.focus();
  }

  fold(id) {
    if (!this.talk.messages.some((one) => one.id.startsWith(`${id}.`))) return;
    if (!this.folded.delete(id)) this.folded.add(id);
    this.draw();
  }

  mark(id) {
    this.at = id;
    for (let above = up(id); above; above = up(above)) {
      if (this.folded.delete(above)) return this.draw();
    }
    for (const node of this.layer.querySelectorAll(".node")) {
      const here = node.dataset.id === id;
      node.classList.toggle("at", here);
      node.setAttribute("tabindex", here ? 0 : -1);
      node.setAttribute("aria-selected", String(here));
    }
    for (const link of this.layer.querySelectorAll(".link")) {
      link.classList.toggle("on", id === link.dataset.to || id.startsWith(`${link.dataset.to}.`));
    }
    return undefined;
  }

  fit() {
    const width = this.svg.clientWidth || 600;
    const height = this.svg.clientHeight || 220;
    const xs = [...this.places.values()].map((place) => place[0]);
    const ys = [...this.places.values()].map((place) => place[1]);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const scale = Math.min(1.4, (width - 60) / Math.max(1, right - left), (height - 50) / Math.max(1, bottom - top));
    const move = d3.zoomIdentity
      .translate(width / 2 - (scale * (left + right)) / 2, height / 2 - (scale * (top + bottom)) / 2)
      .scale(scale);
    d3.select(this.svg).call(this.zoom.transform, move);
  }
}

const turnOf = (id) => Math.floor((id.split(".").length - 1) / 2) + 1;
