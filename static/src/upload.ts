// Sends waiting photos, two at a time, on whatever page is open: PUT /api/v1/photos/{uuid}/. A lost connection
// or a fault of the server is tried again (1, 2, 4 … 60 s, and at once when the device is online again).
import { csrfToken, userId } from "./core";
import { drop, put, shotsOf, type Shot } from "./store";

export type Progress = (shot: Shot, share: number) => void;

const listeners = new Set<Progress>();
const running = new Map<string, XMLHttpRequest>();
const attempts = new Map<string, number>();
const pending = new Map<string, Shot>();
let timer = 0;
const KEEP_DAYS = 14; // photos that no form claimed

export function onProgress(listener: Progress): void {
  listeners.add(listener);
}

function tell(shot: Shot, share: number): void {
  for (const listener of listeners) listener(shot, share);
}

/** Milliseconds to wait after the n-th failure. */
export function backoff(failures: number): number {
  return Math.min(60_000, 1000 * 2 ** Math.max(0, failures - 1));
}

/** What a status means: the photo is there, will never be taken, or is tried again. */
export function verdict(status: number): "done" | "refused" | "again" {
  if (status === 200 || status === 201) return "done";
  if (status >= 400 && status < 500 && ![401, 403, 408, 425, 429].includes(status)) return "refused";
  return "again";
}

function body(shot: Shot): FormData {
  const form = new FormData();
  const extension = shot.type === "image/jpeg" ? "jpg" : (shot.name.split(".").pop() ?? "bin");
  form.set("file", new Blob([shot.data ?? new ArrayBuffer(0)], { type: shot.type }), `${shot.id}.${extension}`);
  const fields: Record<string, string | number | null> = {
    ...(shot.side === "point" ? { visit: shot.finding, point: shot.point ?? "" } : { finding: shot.finding }),
    side: shot.side,
    sha256: shot.sha256,
    original_sha256: shot.originalSha256,
    captured_at: shot.capturedAt,
    lat: shot.lat,
    lon: shot.lon,
    accuracy: shot.accuracy,
    source: shot.source,
    width: shot.width || null,
    height: shot.height || null,
  };
  for (const [name, value] of Object.entries(fields)) if (value !== null && value !== "") form.set(name, String(value));
  return form;
}

function messageOf(text: string): string {
  try {
    const problem = JSON.parse(text) as { message?: string; detail?: string; title?: string };
    return problem.message ?? problem.detail ?? problem.title ?? "";
  } catch {
    return "";
  }
}

async function finish(shot: Shot, status: number, text: string): Promise<void> {
  running.delete(shot.id);
  if (!pending.has(shot.id)) return; // removed meanwhile
  const outcome = verdict(status);
  if (outcome === "again") {
    attempts.set(shot.id, (attempts.get(shot.id) ?? 0) + 1);
    tell(shot, -1);
    schedule(backoff(attempts.get(shot.id) ?? 1));
    return;
  }
  pending.delete(shot.id);
  attempts.delete(shot.id);
  shot.state = outcome;
  shot.reason = outcome === "refused" ? messageOf(text) : "";
  if (outcome === "done") shot.data = null;
  await put(shot);
  tell(shot, 1);
  pump();
}

function send(shot: Shot): void {
  const xhr = new XMLHttpRequest();
  running.set(shot.id, xhr);
  xhr.open("PUT", `/api/v1/photos/${shot.id}/`);
  xhr.timeout = 180_000;
  xhr.setRequestHeader("X-CSRFToken", csrfToken());
  xhr.setRequestHeader("Accept", "application/json");
  xhr.setRequestHeader("Accept-Language", document.documentElement.lang);
  xhr.upload.onprogress = (event) => {
    if (event.lengthComputable) tell(shot, event.loaded / event.total);
  };
  xhr.onload = () => void finish(shot, xhr.status, xhr.responseText);
  xhr.onerror = xhr.ontimeout = () => void finish(shot, 0, "");
  xhr.send(body(shot));
  tell(shot, 0);
}

function pump(): void {
  for (const shot of pending.values()) {
    if (running.size >= 2) return;
    if (!running.has(shot.id) && shot.data) send(shot);
  }
}

function schedule(wait: number): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(pump, wait);
}

export function enqueue(shot: Shot): void {
  pending.set(shot.id, shot);
  pump();
}

export function cancel(id: string): void {
  pending.delete(id);
  running.get(id)?.abort();
  running.delete(id);
}

/** Take up what earlier pages left unsent. */
export async function resume(): Promise<void> {
  const user = userId();
  if (!user) return;
  for (const shot of await shotsOf(user)) {
    if (shot.state === "waiting" && shot.data) pending.set(shot.id, shot);
    else if (shot.state !== "waiting" && Date.now() - shot.addedAt > KEEP_DAYS * 86_400_000) await drop(shot.id);
  }
  pump();
}

window.addEventListener("online", () => {
  attempts.clear();
  pump();
});
