/* Picking rows of a list: boxes, the bar that says what they do together, and the address, which keeps them.

   The address is the truth: every link and form of the list carries `pick` along, so picks outlive pages, filters and
   Back. Also: moving a column keeps its menu open. */
"use strict";

(() => {
  const list = () => document.getElementById("results");
  const boxes = () => [...(list()?.querySelectorAll("td.pick input") ?? [])];
  const announce = (text) => {
    const place = document.getElementById("announce");
    if (place) place.textContent = text;
  };

  const picksOf = (address) => (new URL(address, location.href).searchParams.get("pick") ?? "").split(",").filter(Boolean);
  let picks = [];

  function withPicks(address) {
    const url = new URL(address, location.href);
    url.searchParams.delete("pick");
    if (picks.length) url.searchParams.set("pick", picks.join(","));
    return url.search.replaceAll("%2C", ",") || "?";
  }

  function carry() {
    const root = list();
    for (const link of root.querySelectorAll('a[href^="?"]')) link.setAttribute("href", withPicks(link.getAttribute("href")));
    for (const form of root.querySelectorAll('form:not([method="post"]):not(#picks)')) {
      for (const field of form.querySelectorAll('[name="pick"]')) field.remove();
      if (picks.length) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "pick", value: picks.join(",") }));
    }
    root.dataset.address = new URL(root.dataset.address, location.href).pathname + withPicks(root.dataset.address).replace(/^\?$/, "");
    history.replaceState(history.state ?? { htmx: true }, "", location.pathname + withPicks(location.href).replace(/^\?$/, ""));
  }

  function showHead() {
    const head = list()?.querySelector("[data-pick-page]");
    if (!head) return;
    const checked = boxes().filter((box) => box.checked).length;
    head.checked = checked > 0 && checked === boxes().length;
    head.indeterminate = checked > 0 && !head.checked;
  }

  let waiting = 0;
  let asked = null;

  async function load() {
    const query = new URLSearchParams(withPicks(location.href));
    query.delete("open");
    query.set("of", document.getElementById("bulk").dataset.total ?? "");
    asked = new AbortController();
    try {
      const answer = await fetch(`${list().dataset.picked}?${query}`, { headers: { "HX-Request": "true" }, signal: asked.signal });
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      const bar = holder.content.getElementById("bulk");
      document.getElementById("bulk").replaceWith(bar);
      htmx.process(bar);
      announce(bar.querySelector("[data-announce]")?.dataset.announce ?? "Nothing is picked.");
    } catch (error) {
      if (error.name !== "AbortError") announce("What the picked rows do together could not be computed. Reload the page.");
    }
  }

  // Only the last wish counts.
  function preview() {
    clearTimeout(waiting);
    asked?.abort();
    waiting = setTimeout(load, 200);
  }

  function pick(box) {
    if (!box.checked) picks = picks.filter((id) => id !== box.value);
    else if (picks.includes(box.value)) return true;
    else if (picks.length >= Number(list().dataset.most)) return (box.checked = false);
    else picks.push(box.value);
    return true;
  }

  document.addEventListener("change", (event) => {
    const wanted = event.target;
    if (!list()?.contains(wanted)) return;
    if (wanted.matches("[data-pick-page]")) {
      for (const box of boxes()) box.checked = wanted.checked;
    } else if (!wanted.matches("td.pick input")) return;
    const changed = wanted.matches("[data-pick-page]") ? boxes() : [wanted];
    if (!changed.map(pick).every(Boolean)) announce(`At most ${list().dataset.most} can be picked.`);
    carry();
    showHead();
    preview();
  });

  // htmx keeps the address a link had when it first saw it.
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, verb } = event.detail;
    if (verb !== "get" || !elt.matches("a[href]") || !list()?.dataset.picked || !list().contains(elt) || elt.closest("#bulk")) return;
    if (elt.getAttribute("href").startsWith("?")) event.detail.path = location.pathname + withPicks(elt.getAttribute("href"));
  });

  function read() {
    clearTimeout(waiting);
    asked?.abort();
    picks = list()?.dataset.picked ? picksOf(list().dataset.address) : [];
    showHead();
  }

  let moved = ""; // the button that moved a column, until its menu is drawn again
  document.addEventListener("click", (event) => {
    moved = event.target.closest("[data-move-by]")?.id ?? "";
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "results") {
      read();
      const used = moved;
      moved = "";
      if (used) {
        document.getElementById("columns-button")?.click(); // as its own button opens it, so that it stands there
        const same = document.getElementById(used) ?? document.querySelector(`[data-move-by][id$="${used.split("-").at(-1)}"]`);
        (same ?? document.querySelector("#columns a"))?.focus({ preventScroll: true });
      }
    }
  });

  read();
})();
