// The tile diagram: one tab stop, arrow keys from tile to tile, a tip for the tile under pointer or focus, and units
// to zoom to. What it shows is on the page without script as well; the addresses of the jumps work by themselves.
import { all, announce, one } from "./core";

interface Tile {
  link: SVGAElement;
  x: number;
  y: number;
}

const TIP_GAP = 12;

class Diagram {
  private readonly picture: SVGSVGElement;
  private readonly tip: HTMLElement;
  private readonly tiles: Tile[];
  private readonly byLink = new Map<Element, Tile>();
  private current: Tile | undefined;

  constructor(private readonly root: HTMLElement) {
    this.picture = root.querySelector<SVGSVGElement>(".tiles__picture")!;
    this.tip = one(root, "[data-tiles-tip]")!;
    this.tiles = [...this.picture.querySelectorAll<SVGAElement>("a.tile")].map((link) => {
      const rect = link.querySelector("rect")!;
      return { link, x: Math.floor(Number(rect.getAttribute("x"))), y: Math.floor(Number(rect.getAttribute("y"))) };
    });
    for (const tile of this.tiles) {
      this.byLink.set(tile.link, tile);
      tile.link.setAttribute("tabindex", "-1");
    }
    this.take(this.inUnit(this.unit)[0]);
    this.listen();
  }

  private get unit(): string {
    return this.picture.dataset.unit ?? "";
  }

  private listen(): void {
    this.picture.addEventListener("keydown", (event) => this.key(event));
    this.picture.addEventListener("focusin", (event) => {
      const tile = this.tileOf(event.target);
      if (tile) this.show(this.take(tile)!);
    });
    this.picture.addEventListener("focusout", () => this.hide());
    this.picture.addEventListener("pointerover", (event) => {
      const tile = this.tileOf(event.target);
      if (event.pointerType !== "mouse") return;
      if (tile) this.show(tile);
      else this.hide();
    });
    this.picture.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.hide());
    this.picture.addEventListener("click", (event) => this.click(event));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.hide());
    for (const jump of all<HTMLAnchorElement>(this.root, "[data-tiles-jump]")) {
      jump.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        history.replaceState(null, "", jump.href);
        this.zoom(jump.dataset.tilesJump ?? "", jump.textContent ?? "");
      });
    }
    for (const row of all(this.root, "[data-tiles-row]")) {
      row.addEventListener("pointerenter", () => this.dim(row.dataset.tilesRow ?? ""));
      row.addEventListener("pointerleave", () => this.dim(""));
    }
  }

  private tileOf(target: EventTarget | null): Tile | undefined {
    const link = target instanceof Element ? target.closest("a.tile") : null;
    return link ? this.byLink.get(link) : undefined;
  }

  private unitOf(tile: Tile): string {
    return tile.link.closest<SVGGElement>(".tiles__unit")?.dataset.unit ?? "";
  }

  private inUnit(unit: string): Tile[] {
    return unit ? this.tiles.filter((tile) => this.unitOf(tile) === unit) : this.tiles;
  }

  /** Make a tile the one that Tab comes to. */
  private take(tile: Tile | undefined): Tile | undefined {
    if (!tile) return undefined;
    this.current?.link.setAttribute("tabindex", "-1");
    tile.link.setAttribute("tabindex", "0");
    this.current = tile;
    return tile;
  }

  // A finger has no hover: the first touch says what the tile is, its button opens the village.
  private click(event: MouseEvent): void {
    const tile = this.tileOf(event.target);
    const touched = event instanceof PointerEvent && event.pointerType === "touch";
    if (!touched) return;
    event.preventDefault();
    if (tile && (this.unit || !this.narrow())) {
      this.take(tile);
      this.show(tile, true);
      return;
    }
    const unit = (event.target as Element).closest<SVGGElement>(".tiles__unit")?.dataset.unit;
    if (unit && !this.unit) one(this.root, `[data-tiles-jump="${unit}"]`)?.click();
    else this.hide();
  }

  /** Are tiles too small for a finger? */
  private narrow(): boolean {
    return (this.tiles[0]?.link.getBoundingClientRect().width ?? 0) < 16;
  }

  private key(event: KeyboardEvent): void {
    const from = this.tileOf(event.target);
    if (!from || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = this.next(from, event.key);
    if (to === undefined) return;
    event.preventDefault();
    to?.link.focus();
  }

  private next(from: Tile, key: string): Tile | undefined | null {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    };
    const step = steps[key];
    if (step) return this.towards(from, step[0], step[1]);
    const all = this.inUnit(this.unit);
    if (key === "Home") return all[0];
    if (key === "End") return all[all.length - 1];
    if (key === "PageDown" || key === "PageUp") return this.nextUnit(from, key === "PageDown" ? 1 : -1);
    return undefined;
  }

  /** The nearest tile that lies that way, straight ahead before aside; null at the edge. */
  private towards(from: Tile, dx: number, dy: number): Tile | null {
    let best: Tile | null = null;
    let least = Infinity;
    for (const tile of this.inUnit(this.unit)) {
      const ahead = (tile.x - from.x) * dx + (tile.y - from.y) * dy;
      const aside = Math.abs((tile.x - from.x) * dy) + Math.abs((tile.y - from.y) * dx);
      if (ahead < 0.5 || aside > ahead * 2) continue;
      const far = ahead + aside * 2;
      if (far < least) [best, least] = [tile, far];
    }
    return best;
  }

  private nextUnit(from: Tile, step: number): Tile | null {
    const units = [...new Set(this.tiles.map((tile) => this.unitOf(tile)))];
    const unit = units[units.indexOf(this.unitOf(from)) + step];
    if (!unit) return null;
    if (this.unit) one(this.root, `[data-tiles-jump="${unit}"]`)?.click();
    return this.inUnit(unit)[0] ?? null;
  }

  private zoom(unit: string, name: string): void {
    const group = unit ? this.picture.querySelector<SVGGElement>(`.tiles__unit[data-unit="${unit}"]`) : null;
    this.hide();
    this.picture.dataset.unit = unit;
    this.picture.setAttribute("viewBox", (group ?? this.picture).dataset.box ?? "0 0 1 1");
    for (const jump of all(this.root, "[data-tiles-jump]")) {
      jump.setAttribute("aria-current", String(jump.dataset.tilesJump === unit));
    }
    this.dim("");
    this.take(this.inUnit(unit)[0]);
    announce(name);
  }

  /** Let one unit stand out: the one that is zoomed to, or the one under the pointer in the table. */
  private dim(unit: string): void {
    const kept = unit || this.unit;
    for (const group of this.picture.querySelectorAll<SVGGElement>(".tiles__unit")) {
      group.classList.toggle("is-dim", kept !== "" && group.dataset.unit !== kept);
    }
  }

  private show(tile: Tile, held = false): void {
    const [name = "", town = "", unit = "", ...words] = (tile.link.getAttribute("aria-label") ?? "").split(" · ");
    const [title, where, value] = [...this.tip.children] as HTMLElement[];
    title!.textContent = name;
    where!.textContent = `${town} · ${unit}`;
    value!.textContent = words.join(" · ");
    one<HTMLAnchorElement>(this.tip, "a")!.href = tile.link.getAttribute("href") ?? "";
    this.tip.classList.toggle("is-held", held);
    this.tip.hidden = false;
    this.place(tile);
    const line = tile.link.closest<SVGGElement>(".tiles__town")?.dataset.line ?? "";
    this.picture.querySelector(".tiles__lit")?.setAttribute("d", line);
    for (const row of all(this.root, "[data-tiles-row]")) {
      row.classList.toggle("is-lit", row.dataset.tilesRow === this.unitOf(tile));
    }
  }

  /** Beside the tile, on whichever side there is room; never over the tile itself. */
  private place(tile: Tile): void {
    const frame = this.tip.parentElement!.getBoundingClientRect();
    const at = tile.link.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const right = at.right - frame.left + TIP_GAP;
    const left = at.left - frame.left - TIP_GAP - width;
    const x = right + width < frame.width ? right : left > 0 ? left : Math.max(4, Math.min(at.left - frame.left, frame.width - width - 4));
    const beside = right + width < frame.width || left > 0;
    const y = at.top - frame.top + (beside ? -height / 2 : TIP_GAP + at.height);
    this.tip.style.left = `${x}px`;
    this.tip.style.top = `${Math.max(4, Math.min(y, frame.height - height - 4))}px`;
  }

  private hide(): void {
    this.tip.hidden = true;
    this.picture.querySelector(".tiles__lit")?.setAttribute("d", "");
    for (const row of all(this.root, "[data-tiles-row].is-lit")) row.classList.remove("is-lit");
  }
}

for (const root of all(document, "[data-tiles]")) new Diagram(root);
