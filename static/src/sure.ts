// sure: <form data-js="autosave sure" [data-sure-key] [data-sure-title]> sends itself, and what it holds is forgotten
//   only when the server has confirmed it (the view is `confirmed`). A line that breaks loses nothing: the form says that
//   it is kept, and is sent again: 1, 2, 4 … 60 s later, when the device is online, on the next page.
//   Only for forms that may arrive twice. `data-sure-key` names a form that has no draft. Submit handlers that are
//   defined before this module run first and may hold the form back.
import { attach, csrfToken, define, fill, make, one, recall, remember, userId } from "./core";
import { draftKey, forget } from "./autosave";
import { outcomeOf, type Outcome } from "./outcome";
import { backoff } from "./upload";
import { toast } from "./toast";
import htmx from "htmx.org";

/** What waits: the form as it was sent, and the draft to forget with it. */
interface Parcel {
  at: number;
  action: string;
  title: string;
  draft: string;
  body: string;
}
interface Answer {
  outcome: Outcome;
  url: string;
  html: string;
}

const PREFIX = "outbox:";
const KEEP_DAYS = 14;
const PATIENCE = 60_000;
const senders = new Map<string, Sender>();
let failures = 0;
let timer = 0;

function word(name: string): string {
  return document.getElementById("toasts")?.dataset[`sure${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`] ?? "";
}

async function post(parcel: Parcel): Promise<Answer> {
  const abort = new AbortController();
  const late = window.setTimeout(() => abort.abort(), PATIENCE);
  const body = new URLSearchParams(parcel.body);
  body.set("csrfmiddlewaretoken", csrfToken());
  try {
    const answer = await fetch(parcel.action, {
      method: "POST",
      body,
      headers: { "X-Confirm": "asked", "X-CSRFToken": csrfToken() },
      credentials: "same-origin",
      signal: abort.signal,
    });
    const outcome = outcomeOf(answer.status, answer.headers.get("X-Confirm"), answer.redirected);
    const url = outcome === "done" ? ((await answer.json()) as { url: string }).url : answer.redirected ? answer.url : location.href;
    return { outcome, url, html: outcome === "wrong" ? await answer.text() : "" };
  } catch {
    return { outcome: "away", url: "", html: "" };
  } finally {
    window.clearTimeout(late);
  }
}

/** Show the page that says what is wrong in the place of this one. */
function show(html: string): void {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("main");
  const main = document.getElementById("main");
  if (!fresh || !main) return;
  main.replaceWith(fresh);
  htmx.process(fresh);
  attach(fresh);
}

function parcelOf(form: HTMLFormElement, submitter: HTMLElement | null): Parcel {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
  if (submitter instanceof HTMLButtonElement && submitter.name) body.append(submitter.name, submitter.value);
  return {
    at: Date.now(),
    action: form.action.split("#")[0] ?? form.action,
    title: form.dataset.sureTitle ?? document.title.split(" · ")[0] ?? "",
    draft: draftKey(form),
    body: body.toString(),
  };
}

class Sender {
  readonly key: string;
  private busy = false;
  private readonly note = make("p", "sure");

  constructor(private readonly form: HTMLFormElement) {
    this.key = `${PREFIX}${userId()}:${form.dataset.sureKey ?? draftKey(form)}`;
    this.note.setAttribute("role", "status");
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      event.preventDefault();
      void this.send(parcelOf(form, event.submitter ?? null));
    });
    // what is being changed is not sent as it was
    form.addEventListener("input", () => this.takeBack());
  }

  get here(): boolean {
    return this.form.isConnected;
  }

  private takeBack(): void {
    if (!recall<Parcel | null>(this.key, null)) return;
    remember(this.key, null);
    this.note.remove();
  }

  async send(parcel: Parcel): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    remember(this.key, parcel);
    this.say("sending");
    const { outcome, url, html } = await post(parcel);
    this.busy = false;
    settle(this.key, parcel, outcome);
    if (outcome === "done") return location.assign(url);
    if (outcome === "wrong") return show(html);
    if (outcome === "away" && !recall<Parcel | null>(this.key, null)) return this.note.remove(); // changed meanwhile
    this.say(outcome, outcome === "expired" ? url : "");
  }

  /** Say beside the button how it stands; offer to sign in, or to send again. */
  private say(state: "sending" | Outcome, url = ""): void {
    this.note.className = `sure sure--${state}`;
    this.note.replaceChildren(word(state));
    if (url) {
      const link = make("a", "", word("signIn"));
      link.href = url;
      this.note.append(" ", link);
    } else if (state === "away") {
      const again = make("button", "btn btn-sm btn-outline-secondary", word("again"));
      again.type = "button";
      again.addEventListener("click", () => one(this.form, "[type=submit]")?.click());
      this.note.append(" ", again);
    }
    (one(this.form, ".sticky-bar") ?? this.form).append(this.note);
  }
}

/** Keep what has not arrived, forget what has; what the server refuses is kept as a draft, to be corrected. */
function settle(key: string, parcel: Parcel, outcome: Outcome): void {
  if (outcome === "away" || outcome === "expired") return outcome === "away" ? retry() : undefined;
  failures = 0;
  remember(key, null);
  if (outcome === "done") forget(parcel.draft);
}

function retry(): void {
  failures += 1;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void sendWaiting(), backoff(failures));
}

function waiting(): [string, Parcel][] {
  const mine = `${PREFIX}${userId()}:`;
  let keys: string[] = [];
  try {
    keys = Object.keys(localStorage).filter((key) => userId() && key.startsWith(mine));
  } catch {
    /* nothing is kept here */
  }
  const parcels = keys.map((key): [string, Parcel | null] => [key, recall<Parcel | null>(key, null)]);
  return parcels.filter((row): row is [string, Parcel] => row[1] !== null);
}

async function sendOn(key: string, parcel: Parcel): Promise<void> {
  const { outcome } = await post(parcel);
  settle(key, parcel, outcome);
  if (outcome === "away" || outcome === "expired") return;
  const words = word(outcome === "done" ? "done" : "wrong");
  toast(fill(words, { title: parcel.title }), { error: outcome !== "done" });
}

/** Send what earlier pages, or a line that broke, have left. */
export async function sendWaiting(): Promise<void> {
  for (const [key, parcel] of waiting()) {
    if (Date.now() - parcel.at > KEEP_DAYS * 86_400_000) remember(key, null);
    else if (senders.get(key)?.here) await senders.get(key)?.send(parcel);
    else await sendOn(key, parcel);
  }
}

define("sure", (element) => {
  const sender = new Sender(element as HTMLFormElement);
  senders.set(sender.key, sender);
});

window.addEventListener("online", () => {
  failures = 0;
  void sendWaiting();
});
