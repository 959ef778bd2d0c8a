// print: <button type="button" data-js="print"> opens the browser's print dialogue (the keys do it too).
import { define } from "./core";

define("print", (button) => button.addEventListener("click", () => window.print()));
