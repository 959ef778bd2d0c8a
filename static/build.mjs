// Builds static/dist: scripts (esbuild), styles (sass → autoprefixer → esbuild), and the sprite of the icons in use.
import { readFileSync, readdirSync, writeFileSync, mkdirSync, existsSync, watch } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import autoprefixer from "autoprefixer";
import * as esbuild from "esbuild";
import postcss from "postcss";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "..");
const dist = join(here, "dist");
// The browser floor: Chromium 90 (UOS, 奇安信), WeChat's, Safari 15.
const target = ["chrome90", "safari15", "es2020"];
const cssTarget = ["chrome90", "safari15"];

function files(folder, endings, skip = ["node_modules", "dist", ".venv", "var", ".git"]) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skip.includes(entry.name) ? [] : files(path, endings, skip);
    return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : [];
  });
}

async function scripts() {
  // Every *.page.ts is a bundle of its own, for pages with much code nobody else needs (charts, for one).
  const pages = files(join(here, "src"), [".page.ts"]);
  await esbuild.build({
    entryPoints: [join(here, "src/early.ts"), join(here, "src/app.ts"), ...pages],
    entryNames: "[name]",
    outdir: dist,
    bundle: true,
    minify: true,
    sourcemap: true,
    format: "iife",
    target,
    legalComments: "none",
    logLevel: "warning",
  });
}

async function styles() {
  for (const name of ["app", "print"]) {
    const made = sass.compile(join(here, `css/${name}.scss`), {
      loadPaths: [join(root, "node_modules")],
      quietDeps: true,
      silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
      charset: true,
    });
    const prefixed = await postcss([autoprefixer()]).process(made.css, { from: undefined });
    const small = await esbuild.transform(prefixed.css, { loader: "css", minify: true, target: cssTarget });
    writeFileSync(join(dist, `${name}.css`), small.code);
  }
}

function iconNames(known) {
  const names = new Set();
  const note = (name) => known.has(name) && names.add(name);
  for (const path of files(join(root, "templates"), [".html", ".txt"])) {
    for (const [, name] of readFileSync(path, "utf8").matchAll(/(?:icon(?:_name)?[ =]|default:)["']([a-z0-9-]+)["']/g)) note(name);
  }
  const code = [
    ...files(join(here, "src"), [".ts"]),
    ...readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, "__init__.py")))
      .flatMap((entry) => files(join(root, entry.name), [".py"])),
  ];
  for (const path of code) {
    for (const [, name] of readFileSync(path, "utf8").matchAll(/["']([a-z0-9-]+)["']/g)) note(name);
  }
  return [...names].sort();
}

function icons() {
  const folder = join(root, "node_modules/bootstrap-icons/icons");
  const known = new Set(readdirSync(folder).map((name) => name.replace(/\.svg$/, "")));
  const symbols = iconNames(known).map((name) => {
    const svg = readFileSync(join(folder, `${name}.svg`), "utf8");
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s*\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 16 16" fill="currentColor">${inner}</symbol>`;
  });
  writeFileSync(join(dist, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
}

async function build() {
  mkdirSync(dist, { recursive: true });
  await Promise.all([scripts(), styles()]);
  icons();
}

await build();
if (process.argv.includes("--watch")) {
  let timer;
  for (const folder of ["src", "css", "../templates"]) {
    watch(join(here, folder), { recursive: false }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => build().catch((error) => console.error(error.message)), 150);
    });
  }
  console.log("watching");
}
