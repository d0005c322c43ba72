// What axe does not look for. Each check returns what is wrong, in words; the test runs them by name.
(name) => {
  const INTERACTIVE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const modal = document.querySelector("dialog:modal");
  const words = (element) => `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className} "${(element.getAttribute("aria-label") || element.textContent || element.name || "").trim().replace(/\s+/g, " ").slice(0, 40)}"`;
  const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".sr") && element.getClientRects().length > 0;
  const usable = () => [...(modal ?? document).querySelectorAll(INTERACTIVE)].filter((element) => shown(element) && !element.matches("[tabindex='-1']"));

  // A link in a line of text is exempt: what stands beside it is read, not used.
  function inText(link) {
    if (!link.matches("a") || getComputedStyle(link).display !== "inline") return false;
    const text = link.closest("p, li, dd, td, small, h3, legend");
    return text !== null && text.textContent.trim().length > link.textContent.trim().length + 3;
  }

  // WCAG 2.2, 2.5.8, without its exception for spacing.
  function targets() {
    const faults = [];
    for (const element of usable()) {
      if (element.matches("[tabindex='0']:not(a, button, input, select, textarea, summary)") || element.matches(".skip") || inText(element)) continue;
      const box = (element.matches("input[type=checkbox], input[type=radio]") && element.closest("label")) || element;
      const { width, height } = box.getBoundingClientRect();
      if (Math.min(width, height) < 23.5) faults.push(`${words(element)} is ${width.toFixed(0)} x ${height.toFixed(0)}`);
    }
    return faults;
  }

  // WCAG 2.2, 2.4.11: forwards and backwards, nothing that has the focus lies wholly under something else.
  function focus() {
    const faults = new Set();
    const elements = usable().filter((element) => !element.disabled);
    for (const element of [...elements, ...elements.reverse()]) {
      element.focus();
      if (document.activeElement !== element) continue;
      const seen = [...element.getClientRects()].some((box) => {
        const [left, top] = [Math.max(box.left, 0), Math.max(box.top, 0)];
        const [width, height] = [Math.min(box.right, innerWidth) - left, Math.min(box.bottom, innerHeight) - top];
        return [0.1, 0.5, 0.9].some((x) => [0.15, 0.5, 0.85].some((y) => element.contains(document.elementFromPoint(left + width * x, top + height * y))));
      });
      if (!seen) faults.add(`${words(element)} is out of sight while it has the focus`);
    }
    return [...faults];
  }

  function sorting() {
    const tables = [...document.querySelectorAll("table")].filter((table) => table.querySelector("th a[href*='sort=']"));
    return tables.filter((table) => table.querySelectorAll("th[aria-sort]").length !== 1).map((table) => `${words(table)}: no column, or several, say how they are sorted`);
  }

  function charts() {
    const faults = [];
    for (const box of document.querySelectorAll("[data-chart]")) {
      const figure = box.closest("figure");
      if (!/\d/.test(figure?.getAttribute("aria-label") ?? "")) faults.push(`${box.dataset.chart} has no summary`);
      const twin = figure?.nextElementSibling;
      if (!twin?.querySelector("caption") || !twin.querySelector("tbody tr")) faults.push(`${box.dataset.chart} has no table`);
      if (!box.dataset.drawn) faults.push(`${box.dataset.chart} is not drawn`);
    }
    for (const svg of document.querySelectorAll("svg.chart")) {
      if (!svg.getAttribute("aria-label")) faults.push("a drawing has no words");
    }
    return faults;
  }

  function announcing() {
    if (!document.querySelector(".app")) return [];
    return ["#announce[role=status]", "#toasts[role=status][aria-live=polite]"].filter((place) => !document.querySelector(place));
  }

  // Nothing but a button, or Enter in a single field, sends a form; what is sent is safe from other sites.
  function forms() {
    const faults = [];
    for (const form of document.querySelectorAll("form")) {
      const alone = form.querySelectorAll("input:not([type=hidden], [type=checkbox], [type=radio])").length === 1;
      const sends = form.querySelector("button:not([type=button]), input[type=submit]") || form.querySelector("noscript")?.textContent.includes("<button");
      if (!sends && !alone) faults.push(`${words(form)} cannot be sent without a script`);
      if (form.method === "post" && !form.querySelector("[name=csrfmiddlewaretoken]")) faults.push(`${words(form)} has no token`);
    }
    return faults;
  }

  function passwords() {
    const faults = [];
    for (const field of document.querySelectorAll("input[type=password]")) {
      const paste = new ClipboardEvent("paste", { bubbles: true, cancelable: true });
      if (!field.dispatchEvent(paste)) faults.push(`${field.name} refuses to be pasted into`);
      if (!/(current|new)-password/.test(field.autocomplete)) faults.push(`${field.name} says nothing to a password manager`);
    }
    return faults;
  }

  return { targets, focus, sorting, charts, announcing, forms, passwords }[name]();
}
