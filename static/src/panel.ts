// panel: <div data-js="panel"> around a list whose links [data-panel] open beside it:
//   <tr><td><a href="/findings/…/" data-panel>JP-2026-000123</a></td>…</tr>   (a click anywhere in the row counts)
//   The page behind the link is fetched (HX-Request, HX-Target: panel-body); of it [data-panel-content], else #main and its sticky bar, is shown.
//   The list keeps its place; Back closes; J and K go to the next and previous row; Esc closes.
// select: <div data-js="select"> with checkboxes [data-select-row], [data-select-all] and a bar
//   [data-select-bar hidden] holding [data-select-count data-words="{n} selected"] and buttons.
// columns: <div data-js="columns" data-key="ledger"> with checkboxes [data-column="place"] and buttons
//   [data-density=wide|tight]; hides cells [data-col="place"] of the table inside it; remembered on this device.
import htmx from "htmx.org";
import { all, announce, attach, define, fill, isTyping, make, one, recall, remember } from "./core";

let opener: HTMLAnchorElement | null = null;
let depth = 0;

function panel(): HTMLElement | null {
  return document.getElementById("panel");
}

function rowOf(link: HTMLElement): HTMLElement {
  return link.closest<HTMLElement>("tr, li, article") ?? link;
}

function mark(link: HTMLAnchorElement | null): void {
  all(document, ".is-open").forEach((row) => row.classList.remove("is-open"));
  if (link) rowOf(link).classList.add("is-open");
}

/** Fetch a page and keep what matters of it: [data-panel-content], else the main part and its sticky bar. */
async function fetchParts(url: string): Promise<Node[]> {
  const answer = await fetch(url, {
    headers: { "HX-Request": "true", "HX-Target": "panel-body" },
    credentials: "same-origin",
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok || page.body.dataset.page === "sign-in") throw new Error("not shown in the panel");
  const parts = all(page, "[data-panel-content]");
  const main = one(page, "#main");
  if (!parts.length && main) {
    main.querySelector(".crumbs")?.remove();
    parts.push(...([...main.children] as HTMLElement[]), ...all(page, ".sticky-region > .sticky-bar"));
  }
  if (!parts.length) parts.push(...([...page.body.children] as HTMLElement[]));
  const section = make("section", "panel__page"); // a <header> in a section is no second banner
  section.setAttribute("aria-label", page.title);
  section.append(...parts.map((part) => document.importNode(part, true)));
  return [section];
}

async function openPanel(link: HTMLAnchorElement): Promise<void> {
  const side = panel();
  if (!side) return location.assign(link.href);
  const state = { panel: link.href };
  if (side.hidden) {
    history.pushState(state, "", link.href);
    depth += 1;
  } else history.replaceState(state, "", link.href);
  opener = link;
  mark(link);
  side.hidden = false;
  side.classList.add("is-loading");
  one<HTMLAnchorElement>(side, "[data-panel-full]")?.setAttribute("href", link.href);
  const inner = one(side, "#panel-body");
  try {
    inner?.replaceChildren(...(await fetchParts(link.href)));
  } catch {
    return location.assign(link.href); // no answer, or a sign-in page: let the browser show what there is
  } finally {
    side.classList.remove("is-loading");
  }
  if (inner) {
    htmx.process(inner);
    attach(inner);
    inner.scrollTo(0, 0);
    inner.focus();
  }
  announce(link.textContent?.trim() ?? "");
}

function closePanel(): void {
  const side = panel();
  if (!side || side.hidden) return;
  side.hidden = true;
  one(side, "#panel-body")?.replaceChildren();
  mark(null);
  opener?.focus();
}

function leave(): void {
  if (depth > 0) history.back();
  else closePanel();
}

function step(by: number): void {
  const links = all<HTMLAnchorElement>(document, "[data-js~='panel'] a[data-panel]");
  const next = opener ? links[links.indexOf(opener) + by] : undefined;
  if (!next) return;
  rowOf(next).scrollIntoView({ block: "nearest" });
  void openPanel(next);
}

define("panel", (list) => {
  list.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    const direct = target.closest<HTMLAnchorElement>("a[data-panel]");
    if (!direct && (target.closest("a, button, input, label, select, summary") || window.getSelection()?.toString())) return;
    const row = target.closest("tr, li, article");
    const link = direct ?? row?.querySelector<HTMLAnchorElement>("a[data-panel]");
    if (!link || !list.contains(link)) return;
    event.preventDefault();
    void openPanel(link);
  });
});

window.addEventListener("popstate", (event) => {
  const url = (event.state as { panel?: string } | null)?.panel;
  if (url) return;
  if (panel() && !panel()?.hidden) {
    depth = Math.max(0, depth - 1);
    closePanel();
  }
});

document.addEventListener("click", (event) => {
  const button = (event.target as HTMLElement).closest<HTMLElement>("[data-panel-close], [data-panel-step]");
  if (!button) return;
  if (button.dataset.panelStep) step(Number(button.dataset.panelStep));
  else leave();
});

document.addEventListener("keydown", (event) => {
  const side = panel();
  if (!side || side.hidden || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape") leave();
  else if (isTyping(event.target)) return;
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
});

define("select", (root) => {
  const bar = one(root, "[data-select-bar]");
  const whole = one<HTMLInputElement>(root, "[data-select-all]");
  const rows = (): HTMLInputElement[] => all<HTMLInputElement>(root, "[data-select-row]").filter((row) => !row.disabled);
  let last: HTMLInputElement | null = null;
  const show = (): void => {
    const picked = rows().filter((row) => row.checked);
    for (const row of rows()) row.closest("tr, li, article")?.classList.toggle("is-picked", row.checked);
    if (whole) {
      whole.checked = picked.length > 0 && picked.length === rows().length;
      whole.indeterminate = picked.length > 0 && !whole.checked;
    }
    if (bar) bar.hidden = picked.length === 0;
    const count = one(root, "[data-select-count]");
    if (count) count.textContent = fill(count.dataset.words ?? "{n}", { n: picked.length });
  };
  root.addEventListener("click", (event) => {
    const box = event.target as HTMLInputElement;
    if (!box.matches("[data-select-row]")) return;
    if (event.shiftKey && last) {
      const list = rows();
      const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b) as [number, number];
      for (const row of list.slice(from, to + 1)) row.checked = box.checked;
    }
    last = box;
  });
  root.addEventListener("change", (event) => {
    if (event.target === whole && whole) for (const row of rows()) row.checked = whole.checked;
    show();
  });
  root.addEventListener("htmx:afterSwap", show);
  show();
});

define("columns", (root) => {
  const key = `columns:${root.dataset.key ?? location.pathname}`;
  const kept = recall<{ hidden: string[] | null; density: string }>(key, { hidden: null, density: "wide" });
  const boxes = all<HTMLInputElement>(root, "input[data-column]");
  if (kept.hidden) for (const box of boxes) box.checked = !kept.hidden.includes(box.dataset.column ?? "");
  const show = (): void => {
    const hidden = boxes.filter((box) => !box.checked).map((box) => box.dataset.column ?? "");
    for (const cell of all(root, "[data-col]")) cell.hidden = hidden.includes(cell.dataset.col ?? "");
    for (const table of all(root, "table")) table.dataset.density = kept.density;
    for (const button of all(root, "[data-density]")) {
      if (button instanceof HTMLButtonElement) button.setAttribute("aria-pressed", String(button.dataset.density === kept.density));
    }
    kept.hidden = boxes.length ? hidden : kept.hidden;
  };
  root.addEventListener("change", (event) => {
    if (!(event.target as HTMLElement).matches("input[data-column]")) return;
    show();
    remember(key, kept);
  });
  root.addEventListener("click", (event) => {
    const button = (event.target as HTMLElement).closest<HTMLButtonElement>("button[data-density]");
    if (!button) return;
    kept.density = button.dataset.density ?? "wide";
    show();
    remember(key, kept);
  });
  root.addEventListener("htmx:afterSwap", show);
  show();
});
