/* The panel behind the marks of a row: a.threats, whose address answers htmx with a few lines.

   Hover and focus show it, Esc hides it, the pointer may move into it. A press or Enter leads the focus into it, and
   Esc back. Without JavaScript the link is followed. */
"use strict";

(() => {
  const WAIT = 250;
  const known = new Map();
  let owner = null;
  let timer = 0;

  const panel = Object.assign(document.createElement("div"), { className: "insight", id: "insight", tabIndex: -1 });
  panel.setAttribute("popover", "manual");
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", "Insights");
  document.body.append(panel);

  async function content(link) {
    if (!known.has(link.href)) {
      const answer = await fetch(link.href, { headers: { "HX-Request": "true" }, credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      known.set(link.href, await answer.text());
    }
    return known.get(link.href);
  }

  function place(link) {
    const at = link.getBoundingClientRect();
    const size = panel.getBoundingClientRect();
    const below = at.bottom + 6 + size.height < innerHeight || at.top < size.height + 6;
    panel.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
    panel.style.top = `${below ? at.bottom + 6 : at.top - size.height - 6}px`;
  }

  async function show(link, enter) {
    clearTimeout(timer);
    owner = link;
    let text = "";
    try {
      text = await content(link);
    } catch {
      text = "<p>Could not be loaded. Open the recommendation instead.</p>";
    }
    if (owner !== link || !link.isConnected) return;
    panel.innerHTML = text;
    panel.showPopover();
    place(link);
    if (enter) (panel.querySelector("a") ?? panel).focus();
  }

  function hide() {
    clearTimeout(timer);
    const from = owner;
    const inside = panel.contains(document.activeElement);
    owner = null;
    if (panel.matches(":popover-open")) panel.hidePopover();
    if (inside && from?.isConnected) {
      from.focus();
      clearTimeout(timer); // the focus that just came back must not show it again
    }
  }

  const later = (deed) => {
    clearTimeout(timer);
    timer = setTimeout(deed, WAIT);
  };
  const linkOf = (event) => event.target.closest?.("a.threats");

  document.addEventListener("pointerover", (event) => {
    const link = linkOf(event);
    if (event.pointerType === "touch") return;
    if (link && link !== owner) later(() => show(link, false));
    else if (link || panel.contains(event.target)) clearTimeout(timer);
    else if (owner && !panel.contains(document.activeElement) && document.activeElement !== owner) later(hide);
    else if (!owner) clearTimeout(timer);
  });
  document.addEventListener("focusin", (event) => {
    const link = linkOf(event);
    if (link) {
      if (link.matches(":focus-visible")) later(() => show(link, false));
    } else if (!panel.contains(event.target)) hide();
  });
  document.addEventListener(
    "click",
    (event) => {
      const link = linkOf(event);
      if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        event.stopPropagation();
        show(link, true);
      } else if (!panel.contains(event.target)) hide();
    },
    { capture: true },
  );
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !panel.matches(":popover-open")) return;
      event.preventDefault();
      event.stopPropagation();
      hide();
    },
    { capture: true },
  );
  panel.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !panel.contains(event.relatedTarget) && event.relatedTarget !== owner) hide();
  });
  document.addEventListener("scroll", (event) => {
    if (!panel.contains(event.target)) hide();
  }, { capture: true, passive: true });
  document.addEventListener("htmx:beforeSwap", hide);

  const name = () => document.querySelectorAll("a.threats").forEach((link) => link.setAttribute("aria-haspopup", "dialog"));
  document.addEventListener("htmx:afterSettle", name);
  name();
})();
