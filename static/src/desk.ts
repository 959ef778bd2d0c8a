// desk: many findings, many photos, one batch.
//   <form method="post" data-js="autosave desk" data-max="9" data-word-…>       (components/desk_pool.html draws the pool)
//     pool: [data-desk-pool] holding inputs type=file and a list [data-desk-list]
//     finding: <article class="desk__finding" data-desk-finding="{uuid}" data-village="{village id}" data-title="柳家 · 村口散落垃圾">
//        <input type="checkbox" data-desk-pick> … <div class="desk__slots" data-desk-slots></div>
//        <input type="hidden" name="photos-{uuid}" data-desk-value data-keep>  JSON [{"id","sha256"}]
//        <textarea name="measures-{uuid}" data-desk-measures> <textarea name="result-{uuid}" data-desk-result>
//     together: <textarea data-desk-all="measures" data-no-save>, <textarea data-desk-all="result" data-no-save>,
//        <button type="button" data-desk-fill> (fills the ticked ones, or all that are empty)
//     <button data-desk-submit>
// Assign: drag a photo onto a finding; or press it (Enter, Space), then the finding's [data-desk-here] button; a second
// finding of the same village may show the same photo. A photo is sent when it is first assigned.
import { all, announce, define, fill, icon, make, one, userId, uuid4 } from "./core";
import { reduce } from "./reduce";
import { drop, put, shotsOf, type Shot } from "./store";
import { toast } from "./toast";
import { cancel, enqueue, onProgress } from "./upload";

interface Listed {
  id: string;
  sha256: string;
}

class Desk {
  private readonly shots = new Map<string, Shot>();
  private readonly picked = new Set<string>();
  private readonly draft = `${location.pathname}#desk`;
  private busy = 0;
  private held: HTMLElement | null = null;

  constructor(private readonly form: HTMLFormElement) {
    this.listen();
    void this.restore();
  }

  private word(name: string, values: Record<string, string | number> = {}): string {
    return fill(this.form.dataset[`word${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`] ?? "", values);
  }
  private findings(): HTMLElement[] {
    return all(this.form, "[data-desk-finding]");
  }
  private value(finding: HTMLElement): HTMLInputElement | null {
    return one<HTMLInputElement>(finding, "[data-desk-value]");
  }
  private listed(finding: HTMLElement): Listed[] {
    const typed = this.value(finding)?.value;
    try {
      return typed ? (JSON.parse(typed) as Listed[]) : [];
    } catch {
      return [];
    }
  }
  private usesOf(id: string): HTMLElement[] {
    return this.findings().filter((finding) => this.listed(finding).some((listed) => listed.id === id));
  }

  private listen(): void {
    this.form.addEventListener("change", (event) => {
      const input = event.target as HTMLInputElement;
      if (input.type !== "file") return;
      void this.add([...(input.files ?? [])]);
      input.value = "";
    });
    this.form.addEventListener("click", (event) => this.onClick(event.target as HTMLElement));
    this.form.addEventListener("dragstart", (event) => {
      const photo = (event.target as HTMLElement).closest<HTMLElement>("[data-shot]");
      if (!photo?.dataset.shot) return;
      if (!this.picked.has(photo.dataset.shot)) this.pick(photo.dataset.shot, true);
      event.dataTransfer?.setData("text/plain", photo.dataset.shot);
    });
    this.form.addEventListener("dragover", (event) => {
      event.preventDefault();
      const over = (event.target as HTMLElement).closest("[data-desk-finding]");
      for (const finding of this.findings()) finding.classList.toggle("is-over", finding === over);
    });
    this.form.addEventListener("drop", (event) => void this.onDrop(event));
    this.form.addEventListener("submit", (event) => this.onSubmit(event), true);
    document.addEventListener("paste", (event) => {
      if (!this.form.isConnected) return;
      const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
      if (files.length) void this.add(files);
    });
  }

  private onClick(target: HTMLElement): void {
    const remove = target.closest<HTMLElement>("[data-shot-remove]");
    if (remove?.dataset.shotRemove) return void this.takeOff(remove);
    const photo = target.closest<HTMLElement>("[data-shot]");
    if (photo?.dataset.shot) return this.pick(photo.dataset.shot, !this.picked.has(photo.dataset.shot));
    const finding = target.closest<HTMLElement>("[data-desk-finding]");
    if (finding && target.closest("[data-desk-here]")) return this.assign(finding, [...this.picked]);
    if (target.closest("[data-desk-fill]")) this.fillTogether();
  }

  private async onDrop(event: DragEvent): Promise<void> {
    event.preventDefault();
    event.stopPropagation();
    for (const finding of this.findings()) finding.classList.remove("is-over");
    const finding = (event.target as HTMLElement).closest<HTMLElement>("[data-desk-finding]");
    const files = [...(event.dataTransfer?.files ?? [])].filter((file) => file.type.startsWith("image/") || /\.hei[cf]$/i.test(file.name));
    const ids = files.length ? await this.add(files) : [...this.picked];
    if (finding) this.assign(finding, ids);
  }

  private async restore(): Promise<void> {
    for (const shot of await shotsOf(userId())) {
      if (shot.draft !== this.draft) continue;
      this.shots.set(shot.id, shot);
    }
    this.draw();
  }

  private async add(files: File[]): Promise<string[]> {
    const ids: string[] = [];
    this.busy += files.length;
    for (const file of files) {
      try {
        ids.push(await this.addOne(file));
      } catch {
        toast(this.word("unreadable", { name: file.name }), { error: true });
      }
      this.busy -= 1;
      this.draw();
    }
    return ids;
  }

  private async addOne(file: File): Promise<string> {
    const small = await reduce(file);
    const same = [...this.shots.values()].find((shot) => shot.originalSha256 === small.originalSha256);
    if (same) return same.id;
    const shot: Shot = {
      id: uuid4(),
      user: userId(),
      draft: this.draft,
      finding: "",
      side: "after",
      state: "local",
      reason: "",
      sha256: small.sha256,
      originalSha256: small.originalSha256,
      capturedAt: new Date(file.lastModified).toISOString(),
      lat: null,
      lon: null,
      accuracy: null,
      source: "album",
      width: small.width,
      height: small.height,
      type: small.type,
      name: file.name,
      addedAt: Date.now(),
      data: small.data,
      thumb: small.thumb,
    };
    this.shots.set(shot.id, shot);
    await put(shot);
    return shot.id;
  }

  private pick(id: string, on: boolean): void {
    if (on) this.picked.add(id);
    else this.picked.delete(id);
    for (const photo of all(this.form, `[data-shot="${id}"]`)) photo.setAttribute("aria-pressed", String(on));
    announce(this.word("picked", { n: this.picked.size }));
  }

  private assign(finding: HTMLElement, ids: string[]): void {
    if (!ids.length) return void toast(this.word("pickFirst"));
    const list = this.listed(finding);
    for (const id of ids) {
      const shot = this.shots.get(id);
      if (!shot || list.some((listed) => listed.id === id)) continue;
      const elsewhere = this.usesOf(id).some((other) => other.dataset.village !== finding.dataset.village);
      if (elsewhere) toast(this.word("otherVillage"), { error: true });
      else if (list.length >= Number(this.form.dataset.max ?? 9)) toast(this.word("full", { max: this.form.dataset.max ?? 9 }), { error: true });
      else {
        list.push({ id, sha256: shot.sha256 });
        this.send(shot, finding.dataset.deskFinding ?? "");
      }
    }
    this.write(finding, list);
    this.picked.clear();
    announce(this.word("assigned", { title: finding.dataset.title ?? "", n: list.length }));
    this.draw();
  }

  private send(shot: Shot, finding: string): void {
    if (shot.state !== "local") return;
    Object.assign(shot, { finding, state: "waiting" });
    void put(shot);
    enqueue(shot);
  }

  private write(finding: HTMLElement, list: Listed[]): void {
    const value = this.value(finding);
    if (!value) return;
    value.value = list.length ? JSON.stringify(list) : "";
    value.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private async takeOff(button: HTMLElement): Promise<void> {
    const id = button.dataset.shotRemove ?? "";
    const finding = button.closest<HTMLElement>("[data-desk-finding]");
    if (finding) this.write(finding, this.listed(finding).filter((listed) => listed.id !== id));
    else {
      cancel(id);
      this.shots.delete(id);
      await drop(id);
    }
    const shot = this.shots.get(id);
    // Assigned nowhere now and not sent yet: it is free for a finding of another village.
    if (shot && !this.usesOf(id).length && shot.state !== "done") {
      cancel(id);
      Object.assign(shot, { state: "local", finding: "" });
      await put(shot);
    }
    this.draw();
  }

  private fillTogether(): void {
    const ticked = this.findings().filter((finding) => one<HTMLInputElement>(finding, "[data-desk-pick]")?.checked);
    let filled = 0;
    for (const source of all<HTMLTextAreaElement>(this.form, "[data-desk-all]")) {
      for (const finding of ticked.length ? ticked : this.findings()) {
        const field = one<HTMLTextAreaElement>(finding, `[data-desk-${source.dataset.deskAll ?? ""}]`);
        if (!field || !source.value.trim() || (!ticked.length && field.value.trim())) continue;
        field.value = source.value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
        filled += 1;
      }
    }
    toast(this.word("filled", { n: filled }));
    this.draw();
  }

  private photo(shot: Shot, assigned: boolean): HTMLElement {
    const box = make("div", "shot");
    const button = make("button", "desk__photo");
    button.type = "button";
    button.draggable = true;
    button.dataset.shot = shot.id;
    button.setAttribute("aria-pressed", String(this.picked.has(shot.id)));
    const image = make("img");
    image.alt = shot.name;
    const picture = shot.thumb ?? shot.data;
    if (picture) image.src = URL.createObjectURL(new Blob([picture], { type: shot.thumb ? "image/jpeg" : shot.type }));
    image.onload = () => URL.revokeObjectURL(image.src);
    image.draggable = false;
    button.append(image);
    const remove = make("button", "shot__remove");
    remove.type = "button";
    remove.dataset.shotRemove = shot.id;
    remove.setAttribute("aria-label", this.word(assigned ? "takeOff" : "remove", { name: shot.name }));
    remove.append(icon("x-lg"));
    box.append(button, remove);
    if (assigned) {
      const state = make("p", "shot__state");
      state.dataset.shotState = shot.id;
      box.append(state);
    }
    return box;
  }

  private draw(): void {
    const pool = one(this.form, "[data-desk-list]");
    const free = [...this.shots.values()].filter((shot) => !this.usesOf(shot.id).length);
    pool?.replaceChildren(...free.map((shot) => this.photo(shot, false)));
    for (const finding of this.findings()) {
      const list = this.listed(finding);
      const shots = list.map((listed) => this.shots.get(listed.id)).filter((shot): shot is Shot => shot !== undefined);
      one(finding, "[data-desk-slots]")?.replaceChildren(...shots.map((shot) => this.photo(shot, true)));
      const measures = one<HTMLTextAreaElement>(finding, "[data-desk-measures]")?.value.trim();
      finding.classList.toggle("is-ready", list.length > 0 && Boolean(measures));
    }
    for (const shot of this.shots.values()) this.paint(shot, 0);
    this.showCounts(free.length);
  }

  private showCounts(free: number): void {
    const count = one(this.form, "[data-desk-count]");
    if (count) count.textContent = this.word("count", { n: free, m: this.shots.size, busy: this.busy });
    const unsent = [...this.shots.values()].filter((shot) => shot.state === "waiting").length;
    const button = one<HTMLButtonElement>(this.form, "[data-desk-submit]");
    if (button) {
      button.dataset.label ??= button.textContent ?? "";
      const sent = [...this.shots.values()].filter((shot) => shot.state === "done").length;
      button.textContent = unsent ? this.word("progress", { n: sent, m: sent + unsent }) : button.dataset.label;
    }
    if (!unsent && !this.busy && this.held) {
      const by = this.held;
      this.held = null;
      by.click();
    }
  }

  paint(shot: Shot, share: number): void {
    for (const line of all(this.form, `[data-shot-state="${shot.id}"]`)) {
      const failing = shot.state === "waiting" && share < 0;
      line.textContent =
        shot.state === "done"
          ? this.word("done")
          : shot.state === "refused"
            ? shot.reason || this.word("refused")
            : failing
              ? this.word("again")
              : this.word("sending", { percent: Math.round(Math.max(0, share) * 100) });
      line.parentElement?.classList.toggle("is-done", shot.state === "done");
      line.parentElement?.classList.toggle("is-refused", shot.state === "refused");
      line.parentElement?.classList.toggle("is-waiting", failing);
    }
  }

  progress(shot: Shot, share: number): void {
    if (!this.shots.has(shot.id)) return;
    this.paint(shot, share);
    this.showCounts([...this.shots.values()].filter((one_) => !this.usesOf(one_.id).length).length);
  }

  private onSubmit(event: Event): void {
    const unsent = [...this.shots.values()].some((shot) => shot.state === "waiting");
    if (!unsent && !this.busy) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.held = (event as SubmitEvent).submitter ?? one(this.form, "[data-desk-submit]");
    toast(this.word("wait"));
  }
}

define("desk", (form) => {
  const desk = new Desk(form as HTMLFormElement);
  onProgress((shot, share) => desk.progress(shot, share));
});
