// The figures: a number, a share with its interval, a bar, a curve or a table each.

const WIDE = 460;
const COLOURS = ["var(--accent)", "var(--user)", "var(--other)", "var(--good)", "var(--bad)", "var(--plain)"];
const DASHES = ["", "7 4", "2 3"]; // of curves that have a colour again
const colourOf = (row, at) => COLOURS[(row.run ?? at) % COLOURS.length];

function legend(rows) {
  return h("ul", { class: "legend" }, rows.map((row, at) => {
    const key = s("svg", { width: 22, height: 10, "aria-hidden": "true" }, s("line", { x1: 0, x2: 22, y1: 5, y2: 5, ...stroke(row, at) }));
    return h("li", {}, key, row.label);
  }));
}

function stroke(row, at) {
  const dash = DASHES[Math.floor((row.run ?? at) / COLOURS.length) % DASHES.length];
  return { stroke: colourOf(row, at), "stroke-width": 2, "stroke-dasharray": dash || null };
}

const linked = (link, child) => (link ? s("a", { href: `#/${link}` }, child) : child);

function card(figure) {
  const draw = { numbers: drawNumbers, rates: drawRates, bars: drawBars, lines: drawLines, table: drawTable }[figure.kind];
  return h(
    "section",
    { class: figure.wide ? "card wide" : "card", "aria-label": figure.title },
    h("h2", {}, figure.title),
    figure.help ? h("p", {}, figure.help) : null,
    draw(figure),
  );
}

function drawNumbers({ rows }) {
  const value = (row) => (row.link ? h("a", { href: `#/${row.link}` }, number(row.value)) : number(row.value));
  return h("dl", { class: "numbers" }, rows.map((row) => h("div", {}, h("dt", {}, row.label), h("dd", {}, value(row)))));
}

function frame(title, height, ...children) {
  return s(
    "svg",
    { viewBox: `0 0 ${WIDE} ${height}`, width: "100%", role: "group", "aria-label": title },
    ...children,
  );
}

// A number with a true minus, and a plus where it is a difference.
const signed = (value, digits, plus) => `${value < 0 && Number(value.toFixed(digits)) ? "−" : plus && Number(value.toFixed(digits)) ? "+" : ""}${Math.abs(value).toFixed(digits)}`;

function drawRates({ title, rows, limit, from = 0, to = 1, plain = false, zero = false }) {
  const digits = zero && d3.max(rows, (row) => Math.max(Math.abs(row.low ?? 0), Math.abs(row.high ?? row.value))) < 0.5 ? 3 : 2;
  const shown = plain ? (value) => signed(value, digits, zero) : percent;
  const bound = plain ? shown : (value) => Math.round(100 * value);
  const step = 42;
  const height = rows.length * step + 26;
  const most = Math.max(to, ...rows.map((row) => row.high ?? row.value));
  const least = Math.min(from, ...rows.map((row) => row.low ?? row.value));
  const x = d3.scaleLinear([least, most], [16, WIDE - 20]);
  const drawn = frame(title, height);
  const bottom = rows.length * step + 2;
  for (const tick of x.ticks(5)) {
    drawn.append(
      s("line", { x1: x(tick), x2: x(tick), y1: 0, y2: bottom, stroke: "var(--line)" }),
      s("text", { x: x(tick), y: bottom + 16, "text-anchor": "middle", class: "soft" }, plain ? tick : percent(tick)),
    );
  }
  if (zero) drawn.append(s("line", { class: "zero", x1: x(0), x2: x(0), y1: 0, y2: bottom }));
  rows.forEach((row, at) => {
    const y = at * step + 28;
    const over = limit && row.value > limit;
    const interval = row.low === undefined ? "" : ` (${bound(row.low)} to ${bound(row.high)})`;
    const words = `${row.label}: ${shown(row.value)}${interval}${row.n ? ` of ${number(row.n)}` : ""}`;
    const group = s("g", { role: "img", "aria-label": words }, s("title", {}, words));
    group.append(s("text", { x: 4, y: y - 12 }, `${row.label}`));
    group.append(
      s("text", { x: WIDE - 4, y: y - 12, "text-anchor": "end", class: "soft" }, `${shown(row.value)}${interval}`),
    );
    if (row.low !== undefined) {
      group.append(s("line", { class: "whisker", x1: x(row.low), x2: x(row.high), y1: y, y2: y }));
    }
    const dot = s("circle", { class: over ? "over" : "bar", cx: x(row.value), cy: y, r: 5 });
    if (row.run !== undefined && !over) dot.style.fill = COLOURS[row.run % COLOURS.length];
    group.append(dot);
    drawn.append(linked(row.link, group));
  });
  if (limit) drawn.append(s("line", { class: "mark", x1: x(limit), x2: x(limit), y1: 0, y2: bottom }));
  return drawn;
}

function drawBars({ title, rows }) {
  const step = 34;
  const most = Math.max(1, ...rows.map((row) => Math.max(row.value, row.asked || 0)));
  const x = d3.scaleLinear([0, most], [0, WIDE - 16]);
  const drawn = frame(title, rows.length * step + 4);
  rows.forEach((row, at) => {
    const y = at * step;
    const asked = typeof row.asked === "number" ? ` (asked for: ${number(row.asked)})` : "";
    const words = `${row.label}: ${number(row.value)}${asked}`;
    const group = s("g", { role: "img", "aria-label": words }, s("title", {}, words));
    group.append(
      s("text", { x: 0, y: y + 14 }, row.label),
      s("text", { x: WIDE - 10, y: y + 14, "text-anchor": "end", class: "soft" }, `${number(row.value)}${asked}`),
    );
    const bar = s("rect", { class: "bar", x: 0, y: y + 19, width: Math.max(1, x(row.value)), height: 8, rx: 2 });
    if (row.run !== undefined) bar.style.fill = COLOURS[row.run % COLOURS.length];
    group.append(bar);
    if (typeof row.asked === "number") {
      group.append(s("line", { class: "mark", x1: x(row.asked), x2: x(row.asked), y1: y + 16, y2: y + 30 }));
    }
    drawn.append(linked(row.link, group));
  });
  return drawn;
}

function drawLines({ title, rows, mark, link, from = 0, to = null, plain = false, tall = false }) {
  const height = tall ? 320 : 240;
  const points = rows.flatMap((row) => row.points);
  const tops = points.map((point) => point.high ?? point.y);
  const given = typeof mark === "number" ? mark : null;
  const most = to === null ? Math.max(given || 0, Math.min(1, 1.1 * Math.max(...tops)), 0.05) : Math.max(to, plain ? Math.max(...tops) : to);
  const least = Math.min(from, ...points.map((point) => point.low ?? point.y));
  const x = d3.scaleLinear(d3.extent(points, (point) => point.x), [52, WIDE - 14]);
  const y = d3.scaleLinear([least, most], [height - 30, 12]);
  const shown = plain ? (value) => signed(value, 2, given === 0) : percent;
  const drawn = frame(title, height);
  const whole = x.ticks(Math.min(10, points.length)).filter(Number.isInteger);
  d3.select(drawn).append("g").attr("class", "axis").attr("transform", `translate(0,${height - 26})`)
    .call(d3.axisBottom(x).tickValues(whole).tickFormat(d3.format(",d")));
  d3.select(drawn).append("g").attr("class", "axis").attr("transform", "translate(46,0)")
    .call(d3.axisLeft(y).ticks(5).tickFormat(plain ? (value) => (given === 0 ? signed(value, 1, true) : value) : percent));
  if (given !== null) drawn.append(s("line", { class: given ? "mark" : "zero", x1: 52, x2: WIDE - 14, y1: y(given), y2: y(given) }));
  const dots = [];
  rows.forEach((row, at) => {
    const colour = colourOf(row, at);
    if (row.points.every((point) => point.low !== undefined)) {
      const band = d3.area().x((point) => x(point.x)).y0((point) => y(point.low)).y1((point) => y(Math.min(most, point.high)));
      drawn.append(s("path", { class: "band", d: band(row.points), fill: colour }));
    }
    const line = d3.line().x((point) => x(point.x)).y((point) => y(point.y));
    drawn.append(s("path", { class: "curve", d: line(row.points), ...stroke(row, at) }));
    for (const point of row.points) {
      const interval = point.low === undefined ? "" : ` (${shown(point.low)} to ${shown(point.high)})`;
      const words = `${row.label}, ${point.x}: ${shown(point.y)}${interval}${point.n ? ` of ${number(point.n)}` : ""}`;
      const place = { cx: x(point.x), cy: y(point.y) };
      const dot = s("g", { role: "img", "aria-label": words }, s("title", {}, words), s("circle", { ...place, r: 4, fill: colour }), s("circle", { ...place, r: 9, fill: "transparent" }));
      const begin = row.link || link || "";
      dots.push(linked(begin.endsWith("=") ? begin + point.x : begin, dot));
    }
  });
  drawn.append(...dots); // above every band, so that each can be clicked
  return rows.length > 1 ? h("div", {}, drawn, legend(rows)) : drawn;
}

function drawTable({ title, head, rows, most = Infinity }) {
  const named = head && head.length;
  const first = (row) => (row.link ? h("a", { href: `#/${row.link}` }, row.label) : row.label);
  const body = h("tbody", {}, rows.slice(0, most).map(drawRow));
  function drawRow(row) {
    return h("tr", {}, h("th", { scope: "row" }, first(row)), row.cells.map((cell) => h("td", { class: "n" }, cell)));
  }
  const all = h("button", { type: "button", onclick: () => { body.replaceChildren(...rows.map(drawRow)); all.remove(); } }, `Show all ${number(rows.length)}`);
  const table = h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": `Table: ${title}` },
    h(
      "table",
      {},
      named ? h("thead", {}, h("tr", {}, head.map((name, at) => h(at ? "th" : "td", at ? { scope: "col", class: "n" } : {}, name)))) : null,
      body,
    ),
  );
  return rows.length > most ? h("div", {}, table, all) : table;
}

function showOverview(main) {
  const [first, ...others] = data.figures;
  const curve = data.alignment?.sections[0]?.figures[0];
  main.replaceChildren(h("div", { class: "cards" }, [first, curve, ...others].filter(Boolean).map(card)));
}
