// Short messages at the bottom.
//   toast("words"), toast("words", {error: true})
//   undo: the server answers an htmx request with
//     HX-Trigger: {"undo": {"text": "已销号", "button": "撤销", "url": "/findings/…/steps/undo/", "seconds": 10, "back": "/findings/review/?case=…", "target": "#case"}}
//   The toast counts down, its button (key Z) POSTs `url`, then loads `back` into `target` (or goes there as a page).
//   A whole page may carry the same as an element: <div data-js="undo" data-text data-button data-url data-seconds data-back hidden>.
import htmx from "htmx.org";
import { announce, csrfToken, define, icon, isTyping, make } from "./core";

interface Undo {
  text: string;
  button: string;
  url: string;
  seconds: number;
  back?: string;
  target?: string;
}

function box(): HTMLElement {
  return document.getElementById("toasts") ?? document.body.appendChild(make("div", "toasts"));
}

export function toast(words: string, options: { error?: boolean; seconds?: number } = {}): HTMLElement {
  const line = make("div", `toast-line${options.error ? " toast-line--error" : ""}`);
  line.append(make("span", "", words));
  const close = make("button", "btn btn-sm");
  close.type = "button";
  close.setAttribute("aria-label", box().dataset.close ?? "×");
  close.append(icon("x-lg"));
  close.addEventListener("click", () => line.remove());
  line.append(close);
  box().append(line);
  announce(words);
  if (!options.error) window.setTimeout(() => line.remove(), (options.seconds ?? 6) * 1000);
  return line;
}

async function takeBack(undo: Undo): Promise<void> {
  const answer = await fetch(undo.url, {
    method: "POST",
    headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" },
    credentials: "same-origin",
  });
  if (!answer.ok) {
    toast((await answer.text()).slice(0, 200).replace(/<[^>]*>/g, " ").trim() || (box().dataset.failed ?? ""), { error: true });
    return;
  }
  if (undo.back && undo.target) await htmx.ajax("get", undo.back, { target: undo.target, swap: "outerHTML", select: undo.target });
  else location.assign(undo.back ?? location.href);
}

export function offerUndo(undo: Undo): void {
  document.querySelectorAll(".toast-line--undo").forEach((old) => old.remove());
  const line = make("div", "toast-line toast-line--undo");
  const button = make("button", "btn btn-sm", undo.button);
  button.type = "button";
  button.append(make("kbd", "", "Z"));
  const count = make("span", "toast-line__count", String(undo.seconds));
  count.setAttribute("aria-hidden", "true");
  line.append(make("span", "", undo.text), button, count);
  box().append(line);
  announce(`${undo.text} ${undo.button} (Z)`);

  const end = Date.now() + undo.seconds * 1000;
  const finish = (): void => {
    window.clearInterval(timer);
    document.removeEventListener("keydown", onKey);
    line.remove();
  };
  const go = (): void => {
    finish();
    takeBack(undo).catch(() => toast(box().dataset.failed ?? "", { error: true }));
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key.toLowerCase() === "z" && !event.ctrlKey && !event.metaKey && !isTyping(event.target)) go();
  };
  const timer = window.setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    count.textContent = String(Math.max(left, 0));
    if (left <= 0) finish();
  }, 250);
  button.addEventListener("click", go);
  document.addEventListener("keydown", onKey);
}

document.addEventListener("undo", (event) => {
  const detail = (event as CustomEvent<Undo>).detail;
  if (detail?.url) offerUndo(detail);
});
document.addEventListener("toast", (event) => {
  const detail = (event as CustomEvent<{ text?: string; value?: string; error?: boolean }>).detail;
  toast(detail.text ?? detail.value ?? "", { error: detail.error === true });
});

define("undo", (element) => {
  const { text, button, url, seconds, back, target } = element.dataset;
  if (text && button && url) offerUndo({ text, button, url, seconds: Number(seconds ?? 10), back, target });
});

// What htmx cannot do itself: say that the server did not answer, or that the session has ended.
document.addEventListener("htmx:sendError", () => toast(box().dataset.failed ?? "", { error: true }));
document.addEventListener("htmx:responseError", (event) => {
  const status = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr.status;
  if (status === 401) toast(box().dataset.expired ?? "", { error: true });
  else if (status >= 500) toast(box().dataset.failed ?? "", { error: true });
});
