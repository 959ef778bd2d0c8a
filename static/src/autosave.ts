// <form data-js="autosave" data-restored="Put back what you had typed" data-discard="Discard">
//   Keeps every typed value by user + address + field on this device; puts it back after a reload, an error, an
//   expired session; forgets it when the server has accepted the form. Hidden inputs take part with `data-keep`.
//   Passwords, files and fields with data-no-save never do. `data-autosave-key` tells forms on one page apart.
//   Accepted = the form led to another page that is no sign-in or error page, or to itself without an error summary.
//   A form that is also `sure` says itself when it was accepted.
import { all, define, make, one, recall, remember, userId } from "./core";

interface Draft {
  at: number;
  sent: boolean;
  values: Record<string, string | string[] | boolean>;
}
type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const PREFIX = "draft:";
const KEEP_DAYS = 14;

export function draftKey(form: HTMLFormElement): string {
  return `${PREFIX}${userId()}:${location.pathname}:${form.dataset.autosaveKey ?? form.id}`;
}

function fieldsOf(form: HTMLFormElement): Field[] {
  const skip = ["password", "file", "submit", "button", "reset"];
  return all<Field>(form, "input[name], textarea[name], select[name]").filter(
    (field) =>
      !skip.includes(field.type) &&
      (field.type !== "hidden" || field.dataset.keep !== undefined) &&
      field.dataset.noSave === undefined,
  );
}

function slot(field: Field): string {
  return field.type === "radio" || field.type === "checkbox" ? `${field.name}=${field.value}` : field.name;
}

function read(field: Field): string | string[] | boolean {
  if (field instanceof HTMLInputElement && ["radio", "checkbox"].includes(field.type)) return field.checked;
  if (field instanceof HTMLSelectElement && field.multiple) return [...field.selectedOptions].map((o) => o.value);
  return field.value;
}

function write(field: Field, value: string | string[] | boolean): boolean {
  const before = JSON.stringify(read(field));
  if (typeof value === "boolean") {
    if (field instanceof HTMLInputElement) field.checked = value;
  } else if (Array.isArray(value)) {
    if (field instanceof HTMLSelectElement) for (const o of field.options) o.selected = value.includes(o.value);
  } else field.value = value;
  const changed = JSON.stringify(read(field)) !== before;
  if (changed) field.dispatchEvent(new Event("change", { bubbles: true }));
  return changed;
}

function save(form: HTMLFormElement, sent: boolean): void {
  const values: Draft["values"] = {};
  for (const field of fieldsOf(form)) values[slot(field)] = read(field);
  remember(draftKey(form), { at: Date.now(), sent, values } satisfies Draft);
}

function restore(form: HTMLFormElement): boolean {
  const draft = recall<Draft | null>(draftKey(form), null);
  if (!draft) return false;
  let changed = false;
  for (const field of fieldsOf(form)) {
    const value = draft.values[slot(field)];
    if (value === undefined) continue;
    const visible = field.type !== "hidden";
    if (write(field, value) && visible) changed = true;
  }
  return changed;
}

function offerDiscard(form: HTMLFormElement): void {
  if (!form.dataset.restored) return;
  const note = make("p", "saved-note", form.dataset.restored);
  const drop = make("button", "btn btn-sm btn-quiet", form.dataset.discard ?? "×");
  drop.type = "button";
  drop.addEventListener("click", () => {
    remember(draftKey(form), null);
    document.dispatchEvent(new CustomEvent("draft:done", { detail: { path: location.pathname } }));
    location.reload();
  });
  note.append(" ", drop);
  form.prepend(note);
}

function draftKeys(): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}

export function forget(key: string): void {
  const path = key.slice(PREFIX.length).split(":")[1] ?? "";
  remember(key, null);
  document.dispatchEvent(new CustomEvent("draft:done", { detail: { path } }));
}

/** Did the browser come here from this path? An address that was typed after a failure comes from nowhere. */
function cameFrom(path: string): boolean {
  try {
    return new URL(document.referrer).pathname === path;
  } catch {
    return false;
  }
}

/** Decide about the drafts that were sent from an earlier page. Runs before any form is filled. */
export function settleDrafts(): void {
  const kind = document.body.dataset.page;
  const navigation = performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined;
  const arrived = navigation?.type === "navigate" && kind === "page";
  for (const key of draftKeys()) {
    const draft = recall<Draft | null>(key, null);
    if (!draft || Date.now() - draft.at > KEEP_DAYS * 86_400_000) remember(key, null);
    else if (draft.sent) {
      const path = key.split(":")[2] ?? "";
      const here = path === location.pathname;
      if (arrived && cameFrom(path) && !(here && one(document, ".error-summary"))) forget(key);
      else remember(key, { ...draft, sent: false });
    }
  }
}

define("autosave", (element) => {
  const form = element as HTMLFormElement;
  // After an error the server has filled the form itself: nothing was "put back".
  if (restore(form) && !one(form, ".error-summary")) offerDiscard(form);
  let timer = 0; // of what was typed and is not saved yet
  const soon = (): void => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => keep(), 250);
  };
  const keep = (sent = false): void => {
    window.clearTimeout(timer);
    timer = 0;
    save(form, sent);
  };
  const sure = (form.dataset.js ?? "").split(/\s+/).includes("sure");
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.addEventListener("submit", () => keep(!sure));
  form.addEventListener("htmx:afterRequest", (event) => {
    const { successful, xhr } = (event as CustomEvent<{ successful: boolean; xhr: XMLHttpRequest }>).detail;
    if (event.target !== form) return;
    if (successful && !xhr.responseText.includes("error-summary")) forget(draftKey(form));
    else keep();
  });
  window.addEventListener("pagehide", () => {
    if (timer && form.isConnected) keep();
  });
  // back from an address that did not answer: what was sent has not arrived
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && recall<Draft | null>(draftKey(form), null)?.sent) keep();
  });
});
