/* The flyout: a modal <dialog> filled by htmx, addressable by ?open=, and the list that htmx redraws.

   Opening:  a row's link loads into #flyout; the server answers with the address that has `open`.
   Closing:  Esc, the close button, a click beside it, or Back. `open` leaves the address; focus returns to the row. */
"use strict";

(() => {
  const flyout = document.getElementById("flyout");
  if (!flyout) return;

  const openKey = () => flyout.querySelector("[data-key]")?.dataset.key ?? "";
  const results = () => document.getElementById("results");

  function withoutOpen(address) {
    const url = new URL(address, location.href);
    url.searchParams.delete("open");
    return url.pathname + url.search.replaceAll("%2C", ",");
  }

  function rowOf(key) {
    const rows = results()?.querySelectorAll("tbody a.name") ?? [];
    return [...rows].find((link) => decodeURIComponent(new URL(link.href).pathname).endsWith(`/${key}/`));
  }

  function mark(key) {
    for (const row of document.querySelectorAll("#results tr.is-open")) row.classList.remove("is-open");
    if (key) rowOf(key)?.closest("tr").classList.add("is-open");
  }

  function show() {
    if (!flyout.matches(":modal")) {
      flyout.removeAttribute("open"); // as the server sent it, for those without JavaScript
      flyout.returnValue = "";
      flyout.showModal();
    }
    mark(openKey());
    flyout.querySelector(".fly__b")?.scrollTo(0, 0);
  }

  // Where the flyout was opened from. A redrawn list has the same link under the same id.
  let opener = null;
  let awaited = ""; // its id, while the list that holds it is being redrawn
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === flyout && !flyout.contains(event.detail.elt)) opener = event.detail.elt;
  });

  function cameFrom() {
    if (opener?.isConnected) return opener;
    return opener?.id ? document.getElementById(opener.id) : null;
  }

  document.addEventListener("htmx:afterSettle", () => {
    const link = awaited && document.getElementById(awaited);
    if (!link) return;
    if (document.activeElement === document.body || document.activeElement.id === "main") link.focus();
    awaited = "";
  });

  function hide(reason) {
    if (flyout.open) flyout.close(reason);
  }

  // A neighbour may stand on another page of the list: the list follows the address.
  function follow() {
    const list = results();
    const wanted = withoutOpen(location.href);
    if (!list || location.pathname !== flyout.dataset.list || withoutOpen(list.dataset.address) === wanted) return;
    htmx.ajax("GET", wanted, { target: "#results", swap: "outerHTML", headers: { "X-Follow": "true" } });
  }

  flyout.addEventListener("close", () => {
    const key = openKey();
    flyout.replaceChildren();
    mark("");
    if (flyout.returnValue !== "back" && new URL(location.href).searchParams.has("open")) {
      history.pushState({ htmx: true }, "", withoutOpen(location.href));
    }
    const back = (key && rowOf(key)) || cameFrom();
    (back || results()?.querySelector("[tabindex]") || document.getElementById("main")).focus();
    awaited = back ? "" : (opener?.id ?? "");
    opener = null;
  });

  document.addEventListener("click", (event) => {
    if (event.target === flyout) hide("user");
    if (event.target.closest("[data-close]")) {
      event.preventDefault();
      hide("user");
    }
  });

  // Back from an open flyout closes it; everything else is a fresh page.
  window.addEventListener(
    "popstate",
    (event) => {
      const asked = new URL(location.href).searchParams.get("open");
      const same = results() && withoutOpen(results().dataset.address) === withoutOpen(location.href);
      if (!asked && same && flyout.open) {
        event.stopImmediatePropagation();
        hide("back");
      }
    },
    { capture: true },
  );

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target === flyout && flyout.childElementCount) {
      const focused = document.activeElement?.id;
      show();
      const again = focused && flyout.querySelector(`#${CSS.escape(focused)}`);
      (again || flyout.querySelector("[data-close]"))?.focus();
      follow();
    } else if (event.target.id === "results") {
      mark(flyout.open ? openKey() : "");
    }
  });

  // After a redraw: say how many there are, and put the focus back near what was used.
  let back = "";
  document.addEventListener("submit", (event) => {
    back = event.target.dataset.back ?? "";
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const list = results();
    if (!list || event.target.id !== "results") return;
    const place = document.getElementById("announce");
    if (place) place.textContent = list.dataset.announce ?? "";
    if (document.activeElement === document.body && !flyout.open) {
      (document.getElementById(back) ?? list.querySelector("[tabindex]"))?.focus();
    }
    back = "";
  });

  // The address was opened with ?open=: the server has filled the flyout already.
  if (flyout.hasAttribute("open")) {
    show();
    flyout.querySelector("[data-close]")?.focus();
  }
})();
