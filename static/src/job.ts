// job-progress: <div data-js="job-progress" data-url="/…/status/" data-word-running="{n} of {m}" data-word-failed="…">
//   with <progress data-job-bar>, [data-job-words] and optional [data-job-done hidden] (shown at the end).
//   The address answers JSON {"state": "waiting|running|done|failed", "done": 120, "total": 900, "url": "/…", "message": "…"}.
//   `url` goes into the link [data-job-link]; data-follow goes there by itself. May be left and come back to.
// message: a flash of success goes away by itself after 12 seconds; others stay.
// once: <form data-js="once"> cannot be sent twice by a double click.
// filter: <form data-js="filter"> is sent as soon as a choice changes (typed text waits for Enter).
import { announce, define, fill, one } from "./core";

interface Job {
  state: "waiting" | "running" | "done" | "failed";
  done?: number;
  total?: number;
  url?: string;
  message?: string;
}

function paint(root: HTMLElement, job: Job): void {
  const bar = one<HTMLProgressElement>(root, "[data-job-bar]");
  const done = job.done ?? 0;
  const total = job.total ?? 0;
  if (bar) {
    if (total) {
      bar.max = total;
      bar.value = done;
    } else bar.removeAttribute("value");
    bar.hidden = job.state === "done" || job.state === "failed";
  }
  const words = one(root, "[data-job-words]");
  const template = job.state === "failed" ? root.dataset.wordFailed : total ? root.dataset.wordRunning : "";
  if (words) words.textContent = job.message || fill(template ?? "", { n: done.toLocaleString(), m: total.toLocaleString() });
}

async function poll(root: HTMLElement, wait: number): Promise<void> {
  if (!root.isConnected) return;
  let next = Math.min(wait * 1.3, 5000);
  try {
    const answer = await fetch(root.dataset.url ?? "", { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const job = (await answer.json()) as Job;
    paint(root, job);
    if (job.state === "done" || job.state === "failed") return end(root, job);
  } catch {
    next = 5000; // the work goes on without us; ask again
  }
  window.setTimeout(() => void poll(root, next), wait);
}

function end(root: HTMLElement, job: Job): void {
  root.classList.add(`is-${job.state}`);
  const link = one<HTMLAnchorElement>(root, "[data-job-link]");
  if (link && job.url) link.href = job.url;
  const part = one(root, "[data-job-done]");
  if (part && job.state === "done") {
    part.hidden = false;
    announce(part.textContent?.trim() ?? "");
  }
  if (job.state === "done" && root.dataset.follow !== undefined && job.url) location.assign(job.url);
}

define("job-progress", (root) => void poll(root, 600));

define("message", (element) => {
  if (element.dataset.level === "success") window.setTimeout(() => element.remove(), 12_000);
});

define("once", (element) => {
  const form = element as HTMLFormElement;
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent !== undefined) return event.preventDefault();
    // After all other handlers: one of them may have held the form back.
    window.setTimeout(() => {
      if (!event.defaultPrevented) form.dataset.sent = "";
    }, 0);
  });
  window.addEventListener("pageshow", () => delete form.dataset.sent);
});

define("filter", (element) => {
  element.addEventListener("change", (event) => {
    const field = event.target as HTMLInputElement;
    if (["text", "search", "date"].includes(field.type)) return;
    (element as HTMLFormElement).submit();
  });
});
