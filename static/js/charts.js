/* Draws every [data-chart] from the JSON script tag it names. Colours are read from the design tokens, so that charts
   follow the theme, forced colours and paper. Plotly is fetched only when a chart is there.
   The picture is for eyes and pointers: its words and its table stand beside it, for everybody. */
"use strict";

(() => {
  const meta = document.querySelector('meta[name="plotly"]');
  let fetching = null;

  function plotly() {
    fetching ??= new Promise((resolve, reject) => {
      // With this element in place Plotly does not inject a style element, which the policy would refuse.
      const style = Object.assign(document.createElement("link"), { id: "plotly.js-style-global", rel: "stylesheet", href: meta.dataset.style });
      style.className = "no-inline-styles";
      const script = Object.assign(document.createElement("script"), { src: meta.dataset.script });
      script.addEventListener("load", () => resolve(window.Plotly));
      script.addEventListener("error", reject);
      style.addEventListener("load", () => document.head.append(script));
      style.addEventListener("error", reject);
      document.head.append(style);
    });
    return fetching;
  }

  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.forcedColorAdjust = "none";

  // A token may be light-dark(...): only a computed colour is one that Plotly understands.
  function token(name) {
    if (!probe.isConnected) document.body.append(probe);
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }

  function tone(name) {
    const named = { worse: "high-mark", better: "good-mark", flat: "none-mark" };
    if (/^[1-5]$/.test(name)) return token(`chart-${name}`);
    return token(named[name] ?? `${name}-mark`);
  }

  function themed(figure) {
    const ink = token("ink-3");
    const axis = { gridcolor: token("chart-grid"), linecolor: token("line"), zeroline: false, showline: false, fixedrange: true, ticklabelstandoff: 5, tickfont: { size: 11, color: ink } };
    const layout = {
      margin: { l: 36, r: 10, t: 8, b: 22 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 11, color: ink },
      showlegend: false,
      hovermode: "x",
      ...figure.layout,
    };
    layout.xaxis = { ...axis, showgrid: false, tickformat: "%-d %b", nticks: 5, showspikes: true, spikemode: "across", spikethickness: 1, spikedash: "dot", spikecolor: ink, ...figure.layout.xaxis };
    layout.yaxis = { ...axis, nticks: 4, tickformat: ",~s", rangemode: "tozero", ...figure.layout.yaxis };
    if (figure.layout.yaxis2) layout.yaxis2 = { ...axis, nticks: 4, ...figure.layout.yaxis2 };
    const data = figure.data.map((given) => {
      const { hovertemplate, ...trace } = { ...given, hoverinfo: "none" }; // shown by tell() instead
      const colour = tone(trace.meta?.tone ?? "1");
      if (trace.type === "bar") return { ...trace, marker: { ...trace.marker, color: colour } };
      // Days with events: open circles that lead to them.
      if (trace.meta?.role === "events") return { ...trace, cliponaxis: false, marker: { size: 8, color: token("surface"), line: { width: 2, color: colour } } };
      const area = trace.fill ? { fillcolor: token("chart-area") } : {};
      return { ...trace, ...area, line: { width: 2, ...trace.line, color: colour }, marker: { color: colour, ...trace.marker } };
    });
    return { data, layout };
  }

  // Paper is narrower than the window: a view box lets the style sheet scale what Plotly draws in pixels.
  function scalable(box) {
    for (const svg of box.querySelectorAll(".main-svg")) {
      svg.setAttribute("viewBox", `0 0 ${svg.width.baseVal.value} ${svg.height.baseVal.value}`);
    }
  }

  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

  function line(tag, text) {
    return Object.assign(document.createElement(tag), { textContent: text });
  }

  // What a day (or a point that its text names) says: its figures, its events, where a click leads. Plotly's own label would be cut off at
  // the chart's edge.
  function tell(box, { points }) {
    const figure = box.closest("figure");
    const events = points.find((point) => point.data.meta?.role === "events");
    const tip = figure.querySelector(".plot__tip") ?? figure.appendChild(Object.assign(line("div", ""), { className: "plot__tip" }));
    tip.setAttribute("aria-hidden", "true");
    const figures = points.filter((point) => point !== events).map((point) => line("p", `${point.data.name}: ${number.format(point.y)}${point.data.meta?.unit ?? ""}`));
    const sentences = events ? events.text.split("<br>").slice(1).map((sentence) => line("li", sentence)) : [];
    tip.replaceChildren(line("b", points[0].data.meta?.role === "named" ? points[0].text : day.format(new Date(points[0].x))), ...figures);
    if (sentences.length) {
      const list = line("ul", "");
      list.append(...sentences);
      tip.append(list, line("small", "Click for all events of this day"));
    }
    const { xaxis, yaxis, x, y } = points[0];
    const left = box.offsetLeft + xaxis._offset + xaxis.d2p(x) - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(Math.min(left, figure.offsetWidth - tip.offsetWidth), 0)}px`;
    tip.style.top = `${box.offsetTop + yaxis._offset + yaxis.d2p(y) - tip.offsetHeight - 12}px`;
  }

  function hush(box) {
    box.closest("figure").querySelector(".plot__tip")?.remove();
  }

  // A click, or a tap, on a day with events leads to them.
  function follow(event) {
    const address = event.points.map((point) => point.customdata).find(Boolean);
    if (typeof address === "string" && address.startsWith("/")) location.assign(address);
  }

  async function draw(box) {
    const source = document.getElementById(box.dataset.chart);
    if (!source) return;
    try {
      const Plotly = await plotly();
      if (!box.isConnected) return;
      const { data, layout } = themed(JSON.parse(source.textContent));
      const options = { responsive: true, displayModeBar: false, displaylogo: false, showSendToCloud: false, plotlyServerURL: "" };
      await Plotly.react(box, data, layout, options);
      if (!box.dataset.drawn) {
        box.on("plotly_click", follow);
        box.on("plotly_hover", (event) => tell(box, event));
        box.on("plotly_unhover", () => hush(box));
        box.on("plotly_afterplot", () => scalable(box));
      }
      scalable(box);
      box.dataset.drawn = "1";
    } catch {
      if (box.dataset.drawn) return;
      box.dataset.failed = "1";
      box.textContent = "The picture could not be drawn. Its figures are in the table.";
    }
  }

  function drawAll(root) {
    for (const box of root.querySelectorAll("[data-chart]")) draw(box);
  }

  const redraw = () => drawAll(document);
  redraw();
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target));
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"]) {
    matchMedia(query).addEventListener("change", redraw);
  }
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });

  function onPaper(printing) {
    document.documentElement.classList.toggle("is-printing", printing);
    redraw();
  }
  window.addEventListener("beforeprint", () => onPaper(true));
  window.addEventListener("afterprint", () => onPaper(false));
})();
