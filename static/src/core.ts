// Behaviour is attached by `data-js="name other-name"`; htmx fragments are attached as they arrive.
export type Setup = (element: HTMLElement) => void;

const setups = new Map<string, Setup>();
const done = new WeakMap<HTMLElement, Set<string>>();

export function define(name: string, setup: Setup): void {
  setups.set(name, setup);
}

function attachOne(element: HTMLElement, name: string): void {
  const setup = setups.get(name);
  const before = done.get(element) ?? new Set<string>();
  if (!setup || before.has(name)) return;
  done.set(element, before.add(name));
  try {
    setup(element);
  } catch (error) {
    console.error(`data-js=${name}`, error); // one broken part must not stop the others
  }
}

export function attach(root: ParentNode): void {
  const found = [...root.querySelectorAll<HTMLElement>("[data-js]")];
  if (root instanceof HTMLElement && root.dataset.js !== undefined) found.unshift(root);
  // In the order in which the modules were defined: autosave puts values back before photos reads them.
  for (const name of setups.keys()) {
    for (const element of found) {
      if ((element.dataset.js ?? "").split(/\s+/).includes(name)) attachOne(element, name);
    }
  }
}

export function all<T extends HTMLElement = HTMLElement>(root: ParentNode, selector: string): T[] {
  return [...root.querySelectorAll<T>(selector)];
}

export function one<T extends HTMLElement = HTMLElement>(root: ParentNode, selector: string): T | null {
  return root.querySelector<T>(selector);
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

export function userId(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="user"]')?.content ?? "";
}

/** The cookie is fresher than the page when somebody signed in again in another tab. */
export function csrfToken(): string {
  const cookie = /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1];
  return cookie ?? document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

/** Put values into the {braces} of a sentence that the template translated. */
export function fill(words: string, values: Record<string, string | number>): string {
  return words.replace(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
}

export function announce(words: string): void {
  const live = document.getElementById("live");
  if (live) live.textContent = words;
}

/** Is the person typing? Then single keys are text, not commands. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target instanceof HTMLTextAreaElement ||
      target instanceof HTMLSelectElement ||
      (target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit"].includes(target.type)))
  );
}

/** Read from local storage; private windows and full disks behave as if it were empty. */
export function recall<T>(key: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(key);
    return text === null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

export function remember(key: string, value: unknown): void {
  try {
    if (value === undefined || value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    /* nothing can be kept here; the page works without */
  }
}

export function icon(name: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  const sample = document.querySelector("svg.icon use")?.getAttribute("href") ?? "/static/dist/icons.svg#";
  use.setAttribute("href", `${sample.split("#")[0]}#${name}`);
  svg.append(use);
  return svg;
}

/** A UUIDv4; crypto.randomUUID is younger than our browsers and needs a secure origin. */
export function uuid4(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
