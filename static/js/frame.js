/* The frame around every page: the viewer's time zone, the rail, panels, the choice of groups, where a page was reached from,
   and single keys. Everything works without this file, a page at a time. */
"use strict";

(() => {
  const root = document.documentElement;

  // The zone that the server prints times in. The first page of all may be in UTC.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  if (/^[A-Za-z0-9_+\-/]{1,64}$/.test(zone)) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  // Where the page was reached from becomes part of its address, so that it can be reloaded, kept and sent.
  const origin = document.querySelector("[data-from]")?.dataset.from;
  const here = new URL(location.href);
  if (origin && here.searchParams.get("from") !== origin) {
    here.searchParams.set("from", origin);
    history.replaceState(history.state, "", here.pathname + here.search.replaceAll("%2F", "/").replaceAll("%2C", ",") + here.hash);
  }

  // Rail: redrawn at once, and remembered.
  const rail = document.querySelector("[data-rail-form]");
  rail?.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = rail.querySelector("button");
    const body = new FormData(rail);
    body.set("rail", button.value);
    const icons = button.value === "icons";
    root.toggleAttribute("data-rail", icons);
    if (icons) root.dataset.rail = "icons";
    button.value = icons ? "labels" : "icons";
    button.title = icons ? "Show labels" : "Show icons alone";
    button.querySelector("span").textContent = icons ? "Show labels" : "Collapse";
    button.setAttribute("aria-expanded", String(!icons));
    fetch(rail.action, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => rail.submit());
    window.dispatchEvent(new Event("resize")); // charts fit themselves
  });

  // Notices and help: the link's page in a panel.
  const panel = document.getElementById("panel");
  let opener = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === panel) opener = event.detail.elt;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== panel || !panel.childElementCount) return;
    if (!panel.matches(":popover-open")) panel.showPopover();
    document.getElementById("panel-title")?.focus();
  });
  panel?.addEventListener("toggle", (event) => {
    if (event.newState === "closed" && (panel.contains(document.activeElement) || document.activeElement === document.body)) opener?.focus();
  });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.target === panel) location.assign(event.detail.elt.href); // the page says what is wrong
  });

  // Choice of groups
  for (const form of document.querySelectorAll("[data-picks]")) {
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    const count = () => {
      form.querySelector("[data-picked]").textContent = boxes.filter((box) => box.checked).length;
    };
    form.addEventListener("change", count);
    form.addEventListener("click", (event) => {
      const wanted = event.target.closest("[data-pick]")?.dataset.pick;
      if (!wanted) return;
      for (const box of boxes) if (!box.closest("label").hidden) box.checked = wanted === "all";
      count();
    });
    const find = form.querySelector("[data-pick-find]");
    find?.addEventListener("input", () => {
      const text = find.value.trim().toLowerCase();
      for (const box of boxes) box.closest("label").hidden = !box.closest("label").textContent.toLowerCase().includes(text);
      form.querySelector("[data-pick-lost]").hidden = boxes.some((box) => !box.closest("label").hidden);
    });
    find?.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault(); // it finds, it does not apply
    });
  }

  // Single keys, where the user has them on and is not typing
  const level = root.dataset.shortcuts;
  if (!level || level === "off") return;
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
  let going = 0; // until when a letter after "g" counts

  function step(by) {
    const rows = [...document.querySelectorAll("#results tbody a.name, .page table tbody td.main a.name")];
    if (!rows.length) return false;
    const at = rows.indexOf(document.activeElement);
    rows[Math.min(Math.max(at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by, 0), rows.length - 1)].focus();
    return true;
  }

  function run(key, now) {
    if (going > now) {
      going = 0;
      const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
      if (link) location.assign(link.href);
      return link !== null;
    }
    if (key === "g") going = now + 1500;
    if (key === "/") {
      const search = document.querySelector("[data-search]");
      search?.focus();
      search?.select();
      return Boolean(search);
    }
    if (key === "?") document.querySelector("[data-help]")?.click();
    if (level === "lists" && (key === "j" || key === "k")) return step(key === "j" ? 1 : -1);
    return key === "?" || key === "g";
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (run(event.key, performance.now())) event.preventDefault();
  });
})();
