// theme: buttons [data-theme-set=auto|light|dark] and [data-large-text]; kept in cookies, so that the server
//   draws the next page right at once. (components/look.html)
// menu: a <details> that closes on Escape, on a click elsewhere and when another opens.
// error-summary: takes the focus after a failed form, its links jump to the field.
import { all, define } from "./core";

function keep(name: string, value: string): void {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function press(): void {
  const root = document.documentElement;
  for (const button of all(document, "[data-theme-set]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeSet === root.dataset.theme));
  }
  for (const button of all(document, "[data-large-text]")) {
    button.setAttribute("aria-pressed", String(root.classList.contains("large-text")));
  }
}

define("theme", (group) => {
  const root = document.documentElement;
  group.addEventListener("click", (event) => {
    const button = (event.target as HTMLElement).closest<HTMLElement>("button");
    if (!button) return;
    const theme = button.dataset.themeSet;
    if (theme) {
      root.dataset.theme = theme;
      root.dataset.bsTheme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
      keep("theme", theme);
    } else if (button.dataset.largeText !== undefined) {
      keep("large_text", root.classList.toggle("large-text") ? "1" : "0");
    }
    press();
  });
});

define("menu", (element) => {
  const menu = element as HTMLDetailsElement;
  const close = (): void => {
    menu.open = false;
  };
  document.addEventListener("click", (event) => {
    if (menu.open && !menu.contains(event.target as Node)) close();
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    close();
    menu.querySelector("summary")?.focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) close();
  });
});

define("error-summary", (element) => {
  element.focus();
  element.addEventListener("click", (event) => {
    const link = (event.target as HTMLElement).closest<HTMLAnchorElement>("a[href^='#']");
    const target = link && document.getElementById(link.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    target.scrollIntoView({ block: "center" });
    (target.matches("input, select, textarea") ? target : target.querySelector<HTMLElement>("input, select, textarea"))?.focus();
  });
});
