// suggest: <form data-js="suggest"> with a search input that htmx answers into [data-suggest-list] (role="listbox");
//   the answers are <a role="option" id="…">. Arrows walk, Enter follows, Escape closes; without an arrow Enter searches.
import { all, announce, define, one } from "./core";

define("suggest", (form) => {
  const input = one<HTMLInputElement>(form, "input[type='search']");
  const list = one(form, "[data-suggest-list]");
  if (!input || !list) return;
  let active = -1;
  const options = (): HTMLAnchorElement[] => all<HTMLAnchorElement>(list, "[role='option']");
  const show = (open: boolean): void => {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) mark(-1);
  };
  const mark = (index: number): void => {
    active = index;
    options().forEach((option, place) => {
      option.classList.toggle("is-active", place === index);
      option.setAttribute("aria-selected", String(place === index));
      if (place === index) option.scrollIntoView({ block: "nearest" });
    });
    const now = options()[index];
    if (now) input.setAttribute("aria-activedescendant", now.id);
    else input.removeAttribute("aria-activedescendant");
  };
  for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list" })) {
    input.setAttribute(name, value);
  }
  list.addEventListener("htmx:afterSettle", () => {
    const found = options().length;
    show(found > 0 && document.activeElement === input);
    if (found) announce(String(found));
  });
  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      event.preventDefault();
      if (list.hidden) show(true);
      mark(event.key === "ArrowDown" ? (active + 1) % count : (Math.max(active, 0) - 1 + count) % count);
    } else if (event.key === "Enter" && !list.hidden && active >= 0) {
      event.preventDefault();
      options()[active]?.click();
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault(); // the words stay
      show(false);
    }
  });
  input.addEventListener("blur", () => show(false));
  list.addEventListener("mousedown", (event) => event.preventDefault()); // keep the focus in the input
});
