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
      hovermode: "x unified",
      hoverlabel: { align: "left", bgcolor: token("surface-raised"), bordercolor: token("line-control"), font: { color: token("ink"), size: 12 } },
      ...figure.layout,
    };
    layout.xaxis = { ...axis, showgrid: false, tickformat: "%-d %b", nticks: 5, hoverformat: "%-d %b %Y", ...figure.layout.xaxis };
    layout.yaxis = { ...axis, nticks: 4, tickformat: ",~s", rangemode: "tozero", ...figure.layout.yaxis };
    if (figure.layout.yaxis2) layout.yaxis2 = { ...axis, nticks: 4, ...figure.layout.yaxis2 };
    const data = figure.data.map((trace) => {
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
