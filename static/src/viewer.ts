// viewer (components/photos.html): before | after side by side or under a slider, full screen, zoom, keyboard:
//   ← → next photo · S slider · F full screen · + − zoom · Esc leaves.
// lightbox: <a data-js="lightbox" href="large.jpg" data-caption="…"><img src="small.jpg"></a>; links with the same
//   data-group are leafed through with ← →.
import { all, define, fill, icon, make, one } from "./core";

interface View {
  scale: number;
  x: number;
  y: number;
}

function zoomable(viewer: HTMLElement): (step: number) => void {
  const view: View = { scale: 1, x: 0, y: 0 };
  const apply = (): void => {
    viewer.classList.toggle("is-zoomed", view.scale > 1);
    for (const image of all(viewer, "[data-viewer-image]")) {
      image.style.transform = view.scale > 1 ? `translate(${view.x}px, ${view.y}px) scale(${view.scale})` : "";
    }
  };
  const zoom = (step: number): void => {
    view.scale = step === 0 ? 1 : Math.min(6, Math.max(1, view.scale * (step > 0 ? 1.4 : 1 / 1.4)));
    if (view.scale < 1.05) Object.assign(view, { scale: 1, x: 0, y: 0 });
    apply();
  };
  viewer.addEventListener("pointerdown", (start) => {
    const image = (start.target as HTMLElement).closest<HTMLElement>("[data-viewer-image]");
    if (!image || view.scale === 1) return;
    start.preventDefault();
    const from = { ...view };
    const move = (event: PointerEvent): void => {
      view.x = from.x + event.clientX - start.clientX;
      view.y = from.y + event.clientY - start.clientY;
      apply();
    };
    const stop = (): void => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", stop);
      window.removeEventListener("pointercancel", stop);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop);
    window.addEventListener("pointercancel", stop);
  });
  viewer.addEventListener("dblclick", (event) => {
    if ((event.target as HTMLElement).closest("[data-viewer-image]")) zoom(view.scale > 1 ? 0 : 4);
  });
  return zoom;
}

function pick(button: HTMLElement): void {
  const side = button.closest<HTMLElement>("[data-viewer-side]");
  const image = side && one<HTMLImageElement>(side, "[data-viewer-image]");
  if (!side || !image) return;
  const thumbs = all(side, "[data-viewer-pick]");
  thumbs.forEach((thumb) => thumb.setAttribute("aria-pressed", String(thumb === button)));
  image.src = button.dataset.viewerPick ?? "";
  image.alt = button.querySelector("img")?.alt ?? "";
  const note = one(side, "[data-viewer-note]");
  if (note) note.textContent = button.dataset.caption ?? "";
  const count = one(side, "[data-viewer-count]");
  if (count) count.textContent = `${thumbs.indexOf(button) + 1} / ${thumbs.length}`;
}

function leaf(viewer: HTMLElement, step: number): void {
  for (const side of all(viewer, "[data-viewer-side]")) {
    const thumbs = all(side, "[data-viewer-pick]");
    const now = thumbs.findIndex((thumb) => thumb.getAttribute("aria-pressed") === "true");
    const next = thumbs[now + step];
    if (next) pick(next);
  }
}

define("viewer", (viewer) => {
  const zoom = zoomable(viewer);
  const handle = one(viewer, ".viewer__handle");
  const slider = one<HTMLInputElement>(viewer, "[data-viewer-slider]");
  const slide = (on: boolean): void => {
    if (!one(viewer, '[data-viewer-mode="slide"]')) return;
    viewer.classList.toggle("is-sliding", on);
    if (handle) handle.hidden = !on;
    for (const button of all(viewer, "[data-viewer-mode]")) {
      button.setAttribute("aria-pressed", String((button.dataset.viewerMode === "slide") === on));
    }
    if (on) slider?.focus();
  };
  const full = (on: boolean): void => {
    viewer.classList.toggle("is-full", on);
    document.body.classList.toggle("overflow-hidden", on);
    one(viewer, "[data-viewer-full]")?.setAttribute("aria-pressed", String(on));
  };
  slider?.addEventListener("input", () => viewer.style.setProperty("--cut", `${slider.value}%`));
  viewer.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    const button = target.closest<HTMLElement>("button");
    if (!button) {
      if (target.closest("[data-viewer-image]") && !viewer.classList.contains("is-zoomed") && event.detail === 1) full(true);
    } else if (button.dataset.viewerMode) slide(button.dataset.viewerMode === "slide");
    else if (button.dataset.viewerFull !== undefined) full(!viewer.classList.contains("is-full"));
    else if (button.dataset.viewerZoom) zoom(Number(button.dataset.viewerZoom));
    else if (button.dataset.viewerPick) pick(button);
  });
  const actions: Record<string, () => void> = {
    ArrowLeft: () => leaf(viewer, -1),
    ArrowRight: () => leaf(viewer, 1),
    s: () => slide(!viewer.classList.contains("is-sliding")),
    f: () => full(!viewer.classList.contains("is-full")),
    "+": () => zoom(1),
    "=": () => zoom(1),
    "-": () => zoom(-1),
    "0": () => zoom(0),
  };
  viewer.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && viewer.classList.contains("is-full")) {
      event.stopPropagation();
      full(false);
      return;
    }
    if (event.target === slider && event.key.startsWith("Arrow")) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
});

function openLightbox(links: HTMLAnchorElement[], start: number, from: HTMLElement): void {
  const box = make("div", "lightbox");
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-modal", "true");
  const image = make("img");
  const caption = make("span");
  const bar = make("div", "lightbox__bar");
  const button = (name: string, action: () => void): HTMLButtonElement => {
    const made = make("button", "btn btn-sm");
    made.type = "button";
    made.append(icon(name));
    made.addEventListener("click", action);
    return made;
  };
  let now = start;
  const show = (index: number): void => {
    const link = links[(index + links.length) % links.length];
    if (!link) return;
    now = links.indexOf(link);
    image.src = link.href;
    image.alt = link.dataset.caption ?? link.querySelector("img")?.alt ?? "";
    caption.textContent = fill("{caption}  {n} / {m}", { caption: image.alt, n: now + 1, m: links.length });
    box.setAttribute("aria-label", image.alt);
  };
  const close = (): void => {
    box.remove();
    from.focus();
  };
  const shut = button("x-lg", close);
  shut.setAttribute("aria-label", document.getElementById("toasts")?.dataset.close ?? "×");
  const back = button("chevron-left", () => show(now - 1));
  const on = button("chevron-right", () => show(now + 1));
  back.setAttribute("aria-label", "←");
  on.setAttribute("aria-label", "→");
  bar.append(...(links.length > 1 ? [back, caption, on, shut] : [caption, shut]));
  box.append(image, bar);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "ArrowLeft") show(now - 1);
    else if (event.key === "ArrowRight") show(now + 1);
    else if (event.key === "Tab") {
      // The dialog holds few buttons: keep the focus among them.
      const stops = all(bar, "button");
      const next = stops[(stops.indexOf(document.activeElement as HTMLElement) + (event.shiftKey ? -1 : 1) + stops.length) % stops.length];
      event.preventDefault();
      next?.focus();
    }
    event.stopPropagation();
  });
  box.addEventListener("click", (event) => {
    if (event.target === box) close();
  });
  document.body.append(box);
  show(start);
  shut.focus();
}

define("lightbox", (element) => {
  element.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const link = element as HTMLAnchorElement;
    const group = link.dataset.group;
    const links = group ? all<HTMLAnchorElement>(document, `[data-js~="lightbox"][data-group="${CSS.escape(group)}"]`) : [link];
    openLightbox(links, links.indexOf(link), link);
  });
});
