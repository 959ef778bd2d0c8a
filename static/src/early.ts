// Runs before the first paint: the theme must not flash, and `no-js` must be gone before anything shows.
const root = document.documentElement;
root.classList.remove("no-js");
const wish = root.dataset.theme ?? "auto";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
function show(): void {
  const choice = root.dataset.theme ?? wish;
  root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
}
show();
dark.addEventListener("change", show);
export {};
