/* The global search as a combobox: htmx brings suggestions into the listbox, keys walk through them.

   Down and Up choose, Enter opens what is chosen or the page of results, Esc closes and then empties, Tab leaves. */
"use strict";

(() => {
  const input = document.querySelector("[data-search]");
  const list = document.getElementById("suggestions");
  if (!input || !list) return;
  const type = document.querySelector("[data-search-type]");
  const announce = document.getElementById("announce");

  const options = () => [...list.querySelectorAll("a[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");
  const isOpen = () => !list.hidden;

  function show(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) choose(null);
  }

  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", option.id);
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function walk(by) {
    const all = options();
    if (!all.length) return;
    const at = all.indexOf(chosen()) + by;
    if (chosen() === null) choose(by > 0 ? all[0] : all.at(-1));
    else choose(at < 0 || at >= all.length ? null : all[at]); // past an end: back in the field
  }

  const ask = () => htmx.trigger(input, "suggest");
  const isWorthAsking = () => input.value.trim().length >= 2;

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== input) return;
    if (!isWorthAsking()) {
      event.preventDefault();
      list.replaceChildren();
      show(false);
    }
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target === list && !isWorthAsking()) event.detail.shouldSwap = false; // emptied while it was under way
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== list) return;
    const focused = document.activeElement === input;
    show(focused && list.childElementCount > 1);
    choose(null);
    if (focused && announce) announce.textContent = list.querySelector("[data-said]")?.dataset.said ?? "";
  });

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen()) walk(event.key === "ArrowDown" ? 1 : -1);
      else if (isWorthAsking()) ask();
    } else if (event.key === "Enter" && isOpen() && chosen()) {
      event.preventDefault();
      location.assign(chosen().href);
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault(); // the first closes, the next empties, as browsers do
      show(false);
    }
  });

  input.addEventListener("input", () => {
    if (!isWorthAsking()) show(false);
  });

  type?.addEventListener("change", () => {
    input.focus();
    if (isWorthAsking()) ask();
  });

  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("pointermove", (event) => {
    const option = event.target.closest("a[role=option]");
    if (option && option !== chosen()) choose(option);
  });
  input.form.addEventListener("focusout", (event) => {
    if (!input.form.contains(event.relatedTarget)) show(false);
  });
  input.addEventListener("focus", () => {
    if (isWorthAsking() && list.childElementCount > 1) show(true);
  });
})();
