/* Choosing rows of a list: how many are chosen, and all of this page at once. */
"use strict";

(() => {
  const picks = () => [...document.querySelectorAll("input[data-pick]")];

  function tell() {
    const place = document.querySelector("#bulk [data-picked]");
    const all = document.querySelector("#bulk [data-pick-all]");
    if (!place || !all) return;
    const every = document.querySelector("[data-pick-every]");
    const chosen = picks().filter((pick) => pick.checked).length;
    for (const pick of picks()) pick.closest("tr").setAttribute("aria-selected", String(pick.checked || Boolean(every?.checked)));
    all.checked = chosen > 0 && chosen === picks().length;
    all.indeterminate = chosen > 0 && !all.checked;
    place.textContent = every?.checked ? "All are chosen" : chosen ? `${chosen} chosen` : "None chosen";
  }

  let last = null; // with the shift key, all rows from the one that was ticked before
  document.addEventListener("click", (event) => {
    const pick = event.target.closest("input[data-pick]");
    if (!pick) return;
    if (event.shiftKey && last?.isConnected) {
      const rows = picks();
      const [from, to] = [rows.indexOf(last), rows.indexOf(pick)].sort((a, b) => a - b);
      for (const row of rows.slice(from, to + 1)) row.checked = pick.checked;
    }
    last = pick;
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) for (const pick of picks()) pick.checked = event.target.checked;
    if (event.target.matches("input[data-pick], [data-pick-all], [data-pick-every]")) tell();
  });
  document.addEventListener("htmx:afterSettle", tell);
  window.addEventListener("pageshow", tell);
})();
