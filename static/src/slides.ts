// slides (inspections/meetings/slides.html): one [data-slide] at a time, full window.
//   ← → PageUp PageDown space Home End move, F full screen, Esc leaves; swipe left or right; #n in the address keeps the
//   place over a reload. Every photo stands in the page from the start, so that the show runs on without a network.
import { all, define, fill, one } from "./core";

const SWIPE = 50;
const RETRY_MS = 3000;

function numberInAddress(last: number): number {
  const found = Number(/^#(\d+)$/.exec(location.hash)?.[1] ?? 1) - 1;
  return Math.min(Math.max(found, 0), last);
}

function toggleFull(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (document.documentElement.requestFullscreen) document.documentElement.requestFullscreen().catch(() => undefined);
}

/** Say how many photos are here; one that did not come is asked for once more. */
function watchPhotos(stage: HTMLElement, note: HTMLElement): void {
  const photos = all<HTMLImageElement>(stage, "img");
  const failed = new Set<HTMLImageElement>();
  const tell = (): void => {
    const here = photos.filter((photo) => photo.complete && photo.naturalWidth > 0).length;
    if (here === photos.length) note.textContent = photos.length ? (stage.dataset.wordsReady ?? "") : "";
    else if (here + failed.size === photos.length) note.textContent = fill(stage.dataset.wordsMissing ?? "", { n: failed.size });
    else note.textContent = fill(stage.dataset.wordsLoading ?? "", { n: here, m: photos.length });
  };
  for (const photo of photos) {
    photo.addEventListener("load", () => {
      failed.delete(photo);
      tell();
    });
    photo.addEventListener("error", () => {
      failed.add(photo);
      tell();
      if (photo.dataset.again === undefined) {
        photo.dataset.again = "";
        setTimeout(() => photo.setAttribute("src", photo.getAttribute("src") ?? ""), RETRY_MS);
      }
    });
  }
  tell();
}

define("slides", (stage) => {
  const slides = all(stage, "[data-slide]");
  const place = one(document, "[data-slides-place]");
  const note = one(document, "[data-slides-note]");
  let now = numberInAddress(slides.length - 1);
  const show = (index: number): void => {
    now = Math.min(Math.max(index, 0), slides.length - 1);
    slides.forEach((slide, n) => (slide.hidden = n !== now));
    if (place) {
      place.textContent = `${now + 1} / ${slides.length}`;
      place.setAttribute("aria-label", fill(stage.dataset.wordsPlace ?? "", { n: now + 1, m: slides.length }));
    }
    for (const button of all<HTMLButtonElement>(document, "[data-slides-step]")) {
      const to = now + Number(button.dataset.slidesStep);
      button.disabled = to < 0 || to >= slides.length;
    }
    history.replaceState(null, "", `#${now + 1}`);
  };
  document.body.classList.add("is-running");
  for (const button of all(document, "[data-slides-step]")) {
    button.addEventListener("click", () => show(now + Number(button.dataset.slidesStep)));
  }
  one(document, "[data-slides-full]")?.addEventListener("click", toggleFull);

  const keys: Record<string, () => void> = {
    ArrowRight: () => show(now + 1),
    ArrowDown: () => show(now + 1),
    PageDown: () => show(now + 1),
    " ": () => show(now + 1),
    ArrowLeft: () => show(now - 1),
    ArrowUp: () => show(now - 1),
    PageUp: () => show(now - 1),
    Home: () => show(0),
    End: () => show(slides.length - 1),
    f: toggleFull,
    // in full screen the browser itself takes Esc first
    Escape: () => location.assign(stage.dataset.back ?? "/"),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && (event.target as HTMLElement).closest("button, a")) return;
    const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  let from: Touch | null = null;
  stage.addEventListener("touchstart", (event) => (from = event.touches.length === 1 ? (event.touches[0] ?? null) : null), { passive: true });
  stage.addEventListener("touchend", (event) => {
    const to = event.changedTouches[0];
    if (!from || !to) return;
    const [x, y] = [to.clientX - from.clientX, to.clientY - from.clientY];
    from = null;
    if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) show(now + (x < 0 ? 1 : -1));
  });
  if (note) watchPhotos(stage, note);
  show(now);
});
