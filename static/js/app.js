/* Small behaviours, by data attributes: copy buttons, toasts, forms that send themselves. */
"use strict";

(() => {
  async function copy(button) {
    const text = button.dataset.copy === "address" ? new URL(button.dataset.address || location.href, location.href).href : button.dataset.copy;
    const label = button.getAttribute("aria-label");
    try {
      await navigator.clipboard.writeText(text);
      button.setAttribute("aria-label", "Copied");
      button.classList.add("is-done");
    } catch {
      button.setAttribute("aria-label", "Could not copy");
    }
    setTimeout(() => {
      button.setAttribute("aria-label", label);
      button.classList.remove("is-done");
    }, 2000);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
      event.preventDefault();
      copy(button);
    }
    event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove();
  });

  // A select that sends its form by itself; its button is for those without JavaScript.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-send]")) event.target.form.requestSubmit();
  });

  document.addEventListener("submit", (event) => {
    event.target.closest("[popover]")?.hidePopover();
  });

  document.documentElement.classList.add("has-script");
})();
