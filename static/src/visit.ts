// The sheet of a visit: how many parts are left, “I looked at all the others”; the phone's moment at the beginning.
import { all, define, fill, one } from "./core";

function answered(group: Element): boolean {
  return all<HTMLInputElement>(group as HTMLElement, "input[type=radio]").some((input) => input.checked);
}

define("sheet", (element) => {
  const form = element as HTMLFormElement;
  const groups = all(form, ".sheet__point > fieldset, .sheet__item > fieldset:first-of-type");
  const left = one(form, "[data-sheet-left]");
  const count = (): void => {
    const open = groups.filter((group) => !answered(group)).length;
    if (left) left.textContent = open ? fill(left.dataset.words ?? "", { n: open }) : "";
  };
  // a count that is typed says that the item was looked at
  form.addEventListener("input", (event) => {
    const input = event.target as HTMLInputElement;
    const item = input.closest<HTMLElement>(".sheet__count")?.closest<HTMLElement>(".sheet__item");
    const first = item && one<HTMLInputElement>(item, "input[value=scored]");
    if (first && input.value && !first.checked) first.click();
  });
  one(form, "[data-sheet-rest]")?.addEventListener("click", () => {
    for (const item of all(form, ".sheet__item")) {
      const first = one<HTMLInputElement>(item, "input[value=scored]");
      const set = one(item, "fieldset");
      if (first && set && !answered(set) && !one(item, ".sheet__count")) first.click();
    }
  });
  form.addEventListener("change", count);
  count();
});

define("moment", (element) => {
  const form = element as HTMLFormElement;
  const into = (name: string, value: string): void => {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = value;
  };
  form.addEventListener("submit", () => {
    const moment = one<HTMLInputElement>(form, "[data-moment]");
    if (moment && !moment.value) moment.value = new Date().toISOString();
  });
  if (form.dataset.momentPosition === undefined || !("permissions" in navigator)) return;
  // only where the person has allowed it before: nobody is asked for a position to begin
  void navigator.permissions.query({ name: "geolocation" }).then((permission) => {
    if (permission.state !== "granted") return;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      into("lat", coords.latitude.toFixed(5));
      into("lon", coords.longitude.toFixed(5));
      into("accuracy", String(Math.round(coords.accuracy)));
    });
  }, () => undefined);
});
