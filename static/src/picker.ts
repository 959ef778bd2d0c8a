// A combobox with search and recent choices (ARIA 1.2). Two forms:
//   1. over a <select> (works without JavaScript; good up to a few hundred options; <option data-note="…">):
//      <div class="picker" data-js="picker" data-recent="items" data-word-none="…" data-word-recent="…">
//        <select name="item" id="id_item">…</select></div>
//   2. over an endpoint that answers {"results": [{"id", "name", "code"?, "label"?, "note"?, "township_name"?, "county_name"?}]}:
//      components/picker.html with name, id, url="/api/v1/villages/?search=", value, text, recent, required.
// A choice fires `change` on the field and `picker:choose` with detail {value, label, row}.
import { announce, define, make, one, recall, remember, userId } from "./core";

interface Choice {
  value: string;
  label: string;
  note: string;
  row: Record<string, unknown>;
}
type Search = (words: string) => Promise<Choice[]>;

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

export function toChoice(row: Record<string, unknown>): Choice {
  const place = [row.county_name, row.township_name].map(text).filter(Boolean).join(" › ");
  const code = text(row.code);
  const name = text(row.name);
  // An item is known by its code (A1-01), a village is not (12 digits mean nothing to a person).
  const named = code && code.length < 9 ? `${code} ${name}` : name;
  return { value: text(row.id), label: text(row.label) || named, note: text(row.note) || place, row };
}

/** All words must be found somewhere, in any order. */
export function matches(choice: { label: string; note: string }, words: string): boolean {
  const hay = `${choice.label} ${choice.note}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every((word) => hay.includes(word));
}

function overSelect(select: HTMLSelectElement): Search {
  return (words) => {
    const choices = [...select.options]
      .filter((option) => option.value !== "" && !option.disabled)
      .map((option) => ({
        value: option.value,
        label: option.label.trim(),
        note: option.dataset.note ?? (option.parentElement instanceof HTMLOptGroupElement ? option.parentElement.label : ""),
        row: { ...option.dataset, sensitive_area: option.dataset.sensitive !== undefined },
      }));
    return Promise.resolve(choices.filter((choice) => matches(choice, words)));
  };
}

function overNet(url: string): Search {
  let running: AbortController | null = null;
  return async (words) => {
    running?.abort();
    running = new AbortController();
    const answer = await fetch(url + encodeURIComponent(words), {
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      signal: running.signal,
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const body = (await answer.json()) as { results: Record<string, unknown>[] };
    return body.results.map(toChoice);
  };
}

class Picker {
  private readonly list = make("ul", "picker__list");
  private choices: Choice[] = [];
  private active = -1;
  private timer = 0;
  private readonly recentKey: string;

  constructor(
    private readonly root: HTMLElement,
    private readonly field: HTMLSelectElement | HTMLInputElement,
    private readonly input: HTMLInputElement,
    private readonly search: Search,
  ) {
    this.recentKey = root.dataset.recent ? `recent:${userId()}:${root.dataset.recent}` : "";
    this.list.id = `${input.id}-list`;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", input.labels?.[0]?.textContent?.trim() ?? input.getAttribute("aria-label") ?? "");
    this.list.hidden = true;
    for (const [name, value] of Object.entries({
      role: "combobox",
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      "aria-controls": this.list.id,
      autocomplete: "off",
    })) input.setAttribute(name, value);
    root.append(this.list);
    this.listen();
  }

  private listen(): void {
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("click", () => void this.open(""));
    this.input.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.open(this.input.value.trim()), 160);
    });
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("blur", () => {
      this.close();
      this.settle();
    });
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // keep the focus in the input
    this.list.addEventListener("click", (event) => {
      const option = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
      if (option) this.choose(this.choices[Number(option.dataset.index)]);
    });
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) void this.open("");
      else this.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !this.list.hidden) {
      event.preventDefault();
      this.choose(this.choices[Math.max(this.active, 0)]);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.stopPropagation();
      this.close();
    }
  }

  private recent(): Choice[] {
    return this.recentKey ? recall<Choice[]>(this.recentKey, []) : [];
  }

  private async open(words: string): Promise<void> {
    let found: Choice[];
    try {
      found = await this.search(words);
    } catch (error) {
      if ((error as Error).name === "AbortError") return;
      return this.say(this.root.dataset.wordFailed ?? "…");
    }
    if (document.activeElement !== this.input) return;
    const values = new Set(found.map((choice) => choice.value));
    // Over an endpoint an empty search is one page of all: a recent choice may not be on it and still be right.
    const recent = words ? [] : this.recent().filter((choice) => values.has(choice.value) || this.field instanceof HTMLInputElement);
    this.choices = [...recent, ...found.filter((choice) => !recent.some((old) => old.value === choice.value))].slice(0, 100);
    this.draw(recent.length);
  }

  private say(words: string): void {
    const line = make("li", "picker__none", words);
    line.setAttribute("role", "option");
    line.setAttribute("aria-disabled", "true");
    this.list.replaceChildren(line);
    this.show(true);
  }

  private draw(recent: number): void {
    this.active = -1;
    if (!this.choices.length) return this.say(this.root.dataset.wordNone ?? "–");
    const nodes = this.choices.flatMap((choice, index) => {
      const option = make("li", "picker__option", choice.label);
      option.id = `${this.list.id}-${index}`;
      option.dataset.index = String(index);
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", String(choice.value === this.field.value));
      if (choice.note) option.append(make("small", "", choice.note));
      if (index !== 0 || !recent) return [option];
      const head = make("li", "picker__group", this.root.dataset.wordRecent ?? "");
      head.setAttribute("role", "presentation");
      return [head, option];
    });
    this.list.replaceChildren(...nodes);
    this.show(true);
    announce(String(this.choices.length));
  }

  private show(open: boolean): void {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
  }

  private close(): void {
    window.clearTimeout(this.timer);
    this.show(false);
    this.input.removeAttribute("aria-activedescendant");
  }

  private move(by: number): void {
    const options = [...this.list.querySelectorAll<HTMLElement>("[data-index]")];
    if (!options.length) return;
    options[this.active]?.classList.remove("is-active");
    this.active = (this.active + by + options.length) % options.length;
    const option = options[this.active];
    option?.classList.add("is-active");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
  }

  private choose(choice: Choice | undefined): void {
    if (!choice) return;
    this.field.value = choice.value;
    this.input.value = choice.label;
    this.input.dataset.chosen = choice.label;
    this.input.setCustomValidity("");
    this.close();
    if (this.recentKey) {
      const others = this.recent().filter((old) => old.value !== choice.value);
      remember(this.recentKey, [choice, ...others].slice(0, 6));
    }
    this.field.dispatchEvent(new Event("change", { bubbles: true }));
    this.root.dispatchEvent(
      new CustomEvent("picker:choose", { bubbles: true, detail: { value: choice.value, label: choice.label, row: choice.row } }),
    );
  }

  /** Leaving the field: words that are no choice are not kept, an emptied field is empty. */
  private settle(): void {
    if (this.input.value.trim() === "") {
      if (this.field.value !== "") {
        this.field.value = "";
        this.input.dataset.chosen = "";
        this.field.dispatchEvent(new Event("change", { bubbles: true }));
      }
    } else if (this.input.value !== (this.input.dataset.chosen ?? "")) this.input.value = this.input.dataset.chosen ?? "";
  }

  /** Something else (autosave) set the field. */
  follow(): void {
    if (!(this.field instanceof HTMLSelectElement)) return;
    const option = this.field.selectedOptions[0];
    this.input.value = this.input.dataset.chosen = option?.value ? option.label.trim() : "";
  }
}

function enhance(root: HTMLElement, select: HTMLSelectElement): void {
  const input = make("input", "form-control");
  input.type = "text";
  input.id = `${select.id}-search`;
  input.placeholder = root.dataset.placeholder ?? "";
  for (const name of ["aria-describedby", "aria-invalid", "aria-label"]) {
    const value = select.getAttribute(name);
    if (value) input.setAttribute(name, value);
  }
  for (const label of [...select.labels]) label.htmlFor = input.id;
  if (select.required) {
    input.required = true;
    select.required = false; // a hidden field cannot show the browser's own message
  }
  if (select.classList.contains("is-invalid")) input.classList.add("is-invalid");
  select.classList.add("is-enhanced");
  select.tabIndex = -1;
  select.after(input);
  const picker = new Picker(root, select, input, overSelect(select));
  picker.follow();
  select.addEventListener("change", () => picker.follow());
}

define("picker", (root) => {
  const select = one<HTMLSelectElement>(root, "select");
  if (select) return enhance(root, select);
  const field = one<HTMLInputElement>(root, "input[type='hidden']");
  const input = one<HTMLInputElement>(root, "input[type='text']");
  if (!field || !input || !root.dataset.url) return;
  input.dataset.chosen = input.value;
  new Picker(root, field, input, overNet(root.dataset.url));
});
