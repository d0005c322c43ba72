/* The machine groups of an exception: all of them at once, finding some of many, and how many are chosen. */
"use strict";

(() => {
  const boxes = (picker) => [...picker.querySelectorAll("input[name=groups]")];

  function count(picker) {
    const all = boxes(picker);
    const chosen = all.filter((box) => box.checked).length;
    picker.querySelector("[data-group-count]").textContent = chosen;
    const whole = picker.querySelector("[data-group-all]");
    whole.checked = chosen === all.length;
    whole.indeterminate = chosen > 0 && chosen < all.length;
  }

  function choose(name, value, form) {
    const radio = form?.querySelector(`input[name=${name}][value=${value}]`);
    if (radio) radio.checked = true;
  }

  document.addEventListener("change", (event) => {
    const picker = event.target.closest("[data-group-picker]");
    if (picker) {
      if (event.target.matches("[data-group-all]")) {
        for (const box of boxes(picker)) if (!box.closest("label").hidden) box.checked = event.target.checked;
      }
      choose("scope", "groups", event.target.form);
      count(picker);
    }
    if (event.target.name === "until") choose("duration", "date", event.target.form);
  }, true);

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-group-find]")) return;
    event.stopPropagation(); // it finds, it does not change the request
    const picker = event.target.closest("[data-group-picker]");
    const text = event.target.value.trim().toLowerCase();
    let found = 0;
    for (const box of boxes(picker)) {
      const label = box.closest("label");
      label.hidden = !label.textContent.toLowerCase().includes(text);
      found += label.hidden ? 0 : 1;
    }
    picker.querySelector("[data-group-lost]").hidden = found > 0;
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-group-find]")) event.preventDefault();
  });

  function show(root) {
    for (const picker of root.querySelectorAll("[data-group-picker]")) count(picker);
  }

  show(document);
  document.addEventListener("htmx:afterSettle", (event) => show(event.target));
})();
