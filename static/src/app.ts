// Everything every page may use, in one bundle. Each module says at its top what markup it expects.
import "./floor";
import htmx from "htmx.org";
import { attach, csrfToken } from "./core";
import "./look";
import "./toast";
import { settleDrafts } from "./autosave";
import "./picker"; // after autosave: it shows what autosave put back
import "./photos";
import "./desk";
import "./viewer";
import "./review";
import "./panel";
import "./print";
import "./suggest";
import "./job";
import "./rule_fields";
import "./slides";
import "./visit";
import { sendWaiting } from "./sure"; // last: what others do at a submit is done before it is sent
import { resume } from "./upload";

document.addEventListener("htmx:configRequest", (event) => {
  const { headers } = (event as CustomEvent<{ headers: Record<string, string> }>).detail;
  headers["X-CSRFToken"] = csrfToken();
});
document.addEventListener("htmx:load", (event) => {
  const { elt } = (event as CustomEvent<{ elt: HTMLElement }>).detail;
  if (elt !== document.body) attach(elt);
});

function start(): void {
  settleDrafts();
  attach(document);
  void resume();
  void sendWaiting();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}
window.htmx = htmx;
