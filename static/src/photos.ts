// The tray: photos by camera, album, paste (Ctrl+V) and drag. Use it through components/tray.html:
//   {% include "components/tray.html" with side="before" finding=finding.pk name="photos" max=9 sensitive=village.sensitive_area %}
// It draws <div data-js="photos" data-side data-finding | data-finding-field="id" data-max [data-sensitive] [data-position]
//   data-word-*> with inputs [data-photos-camera], [data-photos-album], a list [data-photos-list] and a hidden input
//   [data-photos-value] whose value is JSON [{"id": uuid, "sha256": hex}] for the form.
// The form's button [data-photos-submit] tells how many are sent; <form data-photos-wait> is only sent once all are.
// A picker in the same form that announces a village (event picker:choose, detail.row.sensitive_area), or a radio button named
// village with data-sensitive, switches positions off.
import { define, fill, icon, make, one, recall, remember, userId, uuid4 } from "./core";
import { reduce } from "./reduce";
import { drop, forgetDraft, put, shotsOf, type Shot } from "./store";
import { toast } from "./toast";
import { cancel, enqueue, onProgress } from "./upload";

interface Listed {
  id: string;
  sha256: string;
}
interface Position {
  lat: number | null;
  lon: number | null;
  accuracy: number | null;
}
const NOWHERE: Position = { lat: null, lon: null, accuracy: null };

function where(): Promise<Position> {
  if (!("geolocation" in navigator) || recall("position:denied", false)) return Promise.resolve(NOWHERE);
  return new Promise((resolve) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        resolve({
          lat: Number(coords.latitude.toFixed(6)),
          lon: Number(coords.longitude.toFixed(6)),
          accuracy: Math.round(coords.accuracy),
        }),
      (error) => {
        if (error.code === error.PERMISSION_DENIED) remember("position:denied", true); // asked once, never again
        resolve(NOWHERE);
      },
      { enableHighAccuracy: true, timeout: 8000, maximumAge: 60_000 },
    );
  });
}

function imagesIn(list: DataTransfer | null): File[] {
  return [...(list?.files ?? [])].filter((file) => file.type.startsWith("image/") || /\.hei[cf]$/i.test(file.name));
}

class Tray {
  readonly shots: Shot[] = [];
  private extra: Listed[] = []; // listed by the server, unknown to this device
  private readonly cells = new Map<string, HTMLLIElement>();
  private busy = 0;

  constructor(readonly root: HTMLElement) {
    const typed = this.value?.value;
    try {
      this.extra = typed ? (JSON.parse(typed) as Listed[]) : [];
    } catch {
      this.extra = [];
    }
    this.listen();
    void this.restore();
  }

  get form(): HTMLFormElement | null {
    return this.root.closest("form");
  }
  get value(): HTMLInputElement | null {
    return one<HTMLInputElement>(this.root, "[data-photos-value]");
  }
  get side(): Shot["side"] {
    const side = this.root.dataset.side;
    return side === "after" || side === "point" ? side : "before";
  }
  get draft(): string {
    return `${location.pathname}#${this.side}${this.root.dataset.key ?? ""}`;
  }
  get finding(): string {
    const field = this.root.dataset.findingField;
    const input = field ? this.form?.elements.namedItem(field) : null;
    return input instanceof HTMLInputElement ? input.value : (this.root.dataset.finding ?? "");
  }
  get count(): number {
    return this.shots.length + this.extra.length;
  }
  /** How many the server still lacks (refused ones are not counted: they never will be sent). */
  get unsent(): number {
    return this.busy + this.shots.filter((shot) => shot.state === "waiting").length;
  }
  word(name: string, values: Record<string, string | number> = {}): string {
    const key = `word${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
    return fill(this.root.dataset[key] ?? "", values);
  }

  private listen(): void {
    this.root.addEventListener("change", (event) => {
      const input = event.target;
      if (!(input instanceof HTMLInputElement) || input.type !== "file") return;
      void this.add([...(input.files ?? [])], input.dataset.photosCamera !== undefined ? "camera" : "album");
      input.value = "";
    });
    this.root.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.root.classList.add("is-over");
    });
    this.root.addEventListener("dragleave", () => this.root.classList.remove("is-over"));
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.root.classList.remove("is-over");
      void this.add(imagesIn(event.dataTransfer), "album");
    });
    this.form?.addEventListener("picker:choose", (event) => {
      const row = (event as CustomEvent<{ row?: { sensitive_area?: boolean } }>).detail.row;
      if (row?.sensitive_area) this.forgetPositions();
      if (row && "sensitive_area" in row) this.root.toggleAttribute("data-sensitive", row.sensitive_area === true);
    });
    this.form?.addEventListener("change", (event) => {
      const input = event.target;
      if (input instanceof HTMLInputElement && input.name === "village" && this.sensitive) this.forgetPositions();
    });
  }

  /** Whether no position may be taken: as the chosen village says, also one that a draft brought back. */
  private get sensitive(): boolean {
    const chosen = this.form?.querySelector<HTMLInputElement>("input[type=radio][name=village]:checked");
    return (chosen ?? this.root).dataset.sensitive !== undefined;
  }

  private forgetPositions(): void {
    for (const shot of this.shots) {
      if (shot.state !== "waiting") continue;
      Object.assign(shot, NOWHERE);
      void put(shot);
    }
  }

  private async restore(): Promise<void> {
    for (const shot of await shotsOf(userId())) {
      if (shot.draft !== this.draft || (this.root.dataset.finding && shot.finding !== this.finding)) continue;
      this.extra = this.extra.filter((listed) => listed.id !== shot.id);
      if (!this.shots.includes(shot)) this.show(shot);
    }
    this.update();
  }

  async add(files: File[], source: "camera" | "album"): Promise<void> {
    const room = Number(this.root.dataset.max ?? 9) - this.count;
    if (files.length > room) toast(this.word("full", { max: this.root.dataset.max ?? 9 }), { error: true });
    const taken = files.slice(0, Math.max(0, room));
    if (!taken.length) return;
    this.busy += taken.length;
    this.update();
    const wants = this.root.dataset.position !== undefined && source === "camera";
    const position = wants && !this.sensitive ? where() : Promise.resolve(NOWHERE);
    for (const file of taken) {
      await this.addOne(file, source, position).catch(() => toast(this.word("unreadable", { name: file.name }), { error: true }));
      this.busy -= 1;
      this.update();
    }
  }

  private async addOne(file: File, source: "camera" | "album", position: Promise<Position>): Promise<void> {
    const small = await reduce(file);
    if (this.shots.some((shot) => shot.originalSha256 === small.originalSha256)) {
      toast(this.word("twice", { name: file.name }));
      return;
    }
    const spot = await position;
    const shot: Shot = {
      id: uuid4(),
      user: userId(),
      draft: this.draft,
      finding: this.finding,
      side: this.side,
      point: this.root.dataset.point ?? "",
      state: "waiting",
      reason: "",
      sha256: small.sha256,
      originalSha256: small.originalSha256,
      capturedAt: new Date(source === "camera" ? Date.now() : file.lastModified).toISOString(),
      ...(this.sensitive ? NOWHERE : spot),
      source,
      width: small.width,
      height: small.height,
      type: small.type,
      name: file.name,
      addedAt: Date.now(),
      data: small.data,
      thumb: small.thumb,
    };
    this.show(shot);
    await put(shot);
    enqueue(shot);
  }

  private show(shot: Shot): void {
    this.shots.push(shot);
    const cell = make("li", "shot");
    const image = make("img", "shot__image");
    image.alt = this.word("photo", { n: this.shots.length });
    const picture = shot.thumb ?? shot.data;
    if (picture) image.src = URL.createObjectURL(new Blob([picture], { type: shot.thumb ? "image/jpeg" : shot.type }));
    const bar = make("progress", "due__bar shot__bar");
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-hidden", "true");
    const remove = make("button", "shot__remove");
    remove.type = "button";
    remove.setAttribute("aria-label", this.word("remove", { n: this.shots.length }));
    remove.append(icon("x-lg"));
    remove.addEventListener("click", () => void this.remove(shot));
    cell.append(image, bar, make("p", "shot__state"), remove);
    this.cells.set(shot.id, cell);
    one(this.root, "[data-photos-list]")?.append(cell);
    this.paint(shot, 0);
  }

  /** Show one photo's state; share < 0 says that sending failed and is tried again. */
  paint(shot: Shot, share: number): void {
    const cell = this.cells.get(shot.id);
    if (!cell) return;
    const failing = shot.state === "waiting" && share < 0;
    cell.className = `shot${shot.state === "done" ? " is-done" : shot.state === "refused" ? " is-refused" : failing ? " is-waiting" : ""}`;
    const bar = one<HTMLProgressElement>(cell, "progress");
    if (bar) {
      bar.value = Math.round(Math.max(0, share) * 100);
      bar.hidden = shot.state !== "waiting";
    }
    const words = one(cell, ".shot__state");
    const text =
      shot.state === "done"
        ? this.word("done")
        : shot.state === "refused"
          ? shot.reason || this.word("refused")
          : failing
            ? this.word(navigator.onLine ? "again" : "offline")
            : this.word("sending", { percent: Math.round(Math.max(0, share) * 100) });
    if (words) words.replaceChildren(icon(shot.state === "done" ? "check-circle-fill" : failing ? "wifi-off" : shot.state === "refused" ? "x-circle" : "arrow-up"), text);
    this.update();
  }

  async remove(shot: Shot): Promise<void> {
    cancel(shot.id);
    this.shots.splice(this.shots.indexOf(shot), 1);
    this.cells.get(shot.id)?.remove();
    this.cells.delete(shot.id);
    this.update();
    one(this.root, "[data-photos-album]")?.focus();
    await drop(shot.id);
  }

  update(): void {
    const good = this.shots.filter((shot) => shot.state !== "refused");
    const list: Listed[] = [...this.extra, ...good.map(({ id, sha256 }) => ({ id, sha256 }))];
    if (this.value) this.value.value = list.length ? JSON.stringify(list) : "";
    const state = one(this.root, "[data-photos-count]");
    if (state) state.textContent = this.word("count", { n: this.count, max: this.root.dataset.max ?? 9 });
    if (this.form) showProgress(this.form);
  }
}

const trays = new Map<HTMLElement, Tray>();
const waitingForms = new Map<HTMLFormElement, HTMLElement | null>();

function traysIn(form: HTMLFormElement): Tray[] {
  return [...trays.values()].filter((tray) => tray.form === form && tray.root.isConnected);
}

function showProgress(form: HTMLFormElement): void {
  const mine = traysIn(form);
  const total = mine.reduce((sum, tray) => sum + tray.count, 0);
  const unsent = mine.reduce((sum, tray) => sum + tray.unsent, 0);
  const button = one<HTMLButtonElement>(form, "[data-photos-submit]");
  if (button) {
    button.dataset.label ??= button.innerHTML;
    if (unsent) button.textContent = mine[0]?.word("progress", { n: Math.max(0, total - unsent), m: Math.max(total, unsent) }) ?? "";
    else button.innerHTML = button.dataset.label; // our own markup, put back
  }
  if (!unsent && waitingForms.has(form)) {
    const by = waitingForms.get(form);
    waitingForms.delete(form);
    (by ?? button)?.click();
  }
}

function holdBack(event: Event): void {
  const form = event.target as HTMLFormElement;
  const mine = traysIn(form);
  if (form.dataset.photosWait === undefined || !mine.some((tray) => tray.unsent)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  waitingForms.set(form, (event as SubmitEvent).submitter ?? null);
  toast(mine[0]?.word("wait") ?? "");
}

define("photos", (root) => {
  const tray = new Tray(root);
  trays.set(root, tray);
  tray.update();
  if (tray.form && tray.form.dataset.photosHeld === undefined) {
    tray.form.dataset.photosHeld = "";
    tray.form.addEventListener("submit", holdBack, true);
  }
});

onProgress((shot, share) => {
  for (const tray of trays.values()) if (tray.shots.includes(shot)) tray.paint(shot, share);
  if (shot.state === "done" && !shot.draft) void drop(shot.id); // its form was accepted long ago
});

// Pasting works anywhere on a page with a tray; text that goes into a field is left alone.
document.addEventListener("paste", (event) => {
  const files = imagesIn(event.clipboardData);
  const inText = event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement;
  if (!files.length || (inText && event.clipboardData?.types.includes("text/plain"))) return;
  const near = (event.target as HTMLElement).closest<HTMLElement>("[data-js~='photos']");
  const tray = (near && trays.get(near)) ?? [...trays.values()].find((one_) => one_.root.isConnected);
  if (!tray) return;
  event.preventDefault();
  void tray.add(files, "album");
});

// A photo dropped beside the tray must not replace the page.
for (const name of ["dragover", "drop"] as const) {
  window.addEventListener(name, (event) => {
    if (trays.size && event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
}

document.addEventListener("draft:done", (event) => {
  forgetDraft(userId(), (event as CustomEvent<{ path: string }>).detail.path);
});
