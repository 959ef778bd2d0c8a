// The few browser globals that the units touch when they are loaded outside a browser.
const silent = { addEventListener: () => undefined, querySelector: () => null, querySelectorAll: () => [], body: {} };
Object.assign(globalThis, { document: silent, window: { ...silent, clearTimeout, setTimeout } });
export {};
