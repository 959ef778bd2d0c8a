// review: <div data-js="review" id="review"> – keys and preset reasons for the case in it, also after htmx swaps.
//   <button data-key="a">同意销号 <kbd>A</kbd></button>    pressed by its key when nobody is typing
//   <button type="button" data-reason="整改不到位" data-reason-for="id_reason">…</button>   adds its words to the field
//   [data-review-case] takes the focus when it slides in; its data-announce is read out.
//   The answer to a decision carries the next case and HX-Trigger {"undo": {…}} (toast.ts) for the ten seconds.
// keys: the same for any other page: <div data-js="keys">.
// phrases: <div data-js="phrases"> with [data-phrase="…"][data-phrase-for="id"]: like reasons.
import { all, announce, define, isTyping, one } from "./core";

function addWords(field: HTMLInputElement | HTMLTextAreaElement, words: string): void {
  const before = field.value.trim();
  if (!before.includes(words)) {
    const joint = !before || /[。；，、：\n.;,:]$/.test(before) ? "" : /[\u4e00-\u9fff]$/.test(before) ? "；" : "; ";
    field.value = before + joint + words;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  field.focus();
}

function press(root: ParentNode, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const target = all(root, "[data-key]").find((element) => element.dataset.key?.toLowerCase() === key.toLowerCase());
  if (!target || target.closest("[hidden]") || target.hasAttribute("disabled")) return;
  event.preventDefault();
  if (target.matches("input:not([type='checkbox']):not([type='radio']), textarea, select")) target.focus();
  else target.click();
}

function words(event: Event): void {
  const button = (event.target as HTMLElement).closest<HTMLElement>("[data-reason], [data-phrase]");
  if (!button) return;
  const id = button.dataset.reasonFor ?? button.dataset.phraseFor ?? "";
  const field = document.getElementById(id) ?? button.closest("form")?.querySelector("textarea");
  if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) {
    addWords(field, button.dataset.reason ?? button.dataset.phrase ?? "");
  }
}

function keyed(root: HTMLElement): void {
  const onKey = (event: KeyboardEvent): void => {
    if (root.isConnected) press(root, event);
    else document.removeEventListener("keydown", onKey);
  };
  document.addEventListener("keydown", onKey);
}

define("keys", keyed);
define("phrases", (root) => root.addEventListener("click", words));
define("review", (root) => {
  keyed(root);
  root.addEventListener("click", words);
  root.addEventListener("htmx:afterSettle", () => {
    const now = one(root, "[data-review-case]");
    if (!now) return;
    now.tabIndex = -1;
    now.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    announce(now.dataset.announce ?? "");
    one(root, ".review__list [aria-current='true']")?.scrollIntoView({ block: "nearest" });
  });
});

// phrase: <button type="button" data-js="phrase" data-phrase="已清运" data-into="#id_measures"> adds its words to one field.
define("phrase", (button) => {
  button.addEventListener("click", () => {
    const field = document.querySelector(button.dataset.into ?? "");
    if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) addWords(field, button.dataset.phrase ?? "");
  });
});

// fill: buttons [data-fill='{"login": "huajia", …}'] write into the page's fields of these names (demo accounts).
define("fill", (root) => {
  root.addEventListener("click", (event) => {
    const values = (event.target as HTMLElement).closest<HTMLElement>("[data-fill]")?.dataset.fill;
    if (!values) return;
    for (const [name, value] of Object.entries(JSON.parse(values) as Record<string, string>)) {
      const field = document.querySelector<HTMLInputElement>(`input[name="${CSS.escape(name)}"]`);
      if (field) field.value = value;
    }
    document.querySelector<HTMLElement>("form.sign, .sign__form button[type='submit']")?.focus();
  });
});
