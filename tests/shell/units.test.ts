import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import "./stand_in";
import { fill, uuid4 } from "../../static/src/core";
import { sha256Hex } from "../../static/src/hash";
import { matches, toChoice } from "../../static/src/picker";
import { fit } from "../../static/src/reduce";
import { outcomeOf } from "../../static/src/outcome";
import { backoff, verdict } from "../../static/src/upload";

test("a photo is reduced to 1600 on its longer side and never enlarged", () => {
  assert.deepEqual(fit(4032, 3024, 1600), [1600, 1200]);
  assert.deepEqual(fit(3024, 4032, 1600), [1200, 1600]);
  assert.deepEqual(fit(800, 600, 1600), [800, 600]);
  assert.deepEqual(fit(40000, 1, 1600), [1600, 1]);
});

test("the hash is the same with and without crypto.subtle", async () => {
  const data = new Uint8Array([...Array(100_000).keys()].map((n) => n % 251));
  const expected = createHash("sha256").update(data).digest("hex");
  assert.equal(await sha256Hex(data.buffer), expected);
  const before = globalThis.crypto;
  Object.defineProperty(globalThis, "crypto", { value: undefined, configurable: true });
  assert.equal(await sha256Hex(data.buffer), expected);
  Object.defineProperty(globalThis, "crypto", { value: before, configurable: true });
});

test("a failed upload waits 1, 2, 4 … 60 seconds", () => {
  assert.deepEqual([1, 2, 3, 7, 30].map(backoff), [1000, 2000, 4000, 60_000, 60_000]);
});

test("only an answer about the photo itself ends the attempts", () => {
  assert.deepEqual([200, 201].map(verdict), ["done", "done"]);
  assert.deepEqual([400, 404, 409, 413, 415, 422].map(verdict), Array(6).fill("refused"));
  assert.deepEqual([0, 401, 403, 408, 429, 500, 503].map(verdict), Array(7).fill("again"));
});

test("only an answer that says so itself confirms a form", () => {
  assert.deepEqual(["done", "wrong"].map((said) => outcomeOf(200, said, false)), ["done", "wrong"]);
  assert.equal(outcomeOf(200, null, false), "away"); // some page in between answers for the server
  assert.deepEqual([0, 408, 429, 500, 503].map((status) => outcomeOf(status, null, false)), Array(5).fill("away"));
  assert.deepEqual([outcomeOf(200, null, true), outcomeOf(403, null, false)], ["expired", "expired"]); // the sign-in page
  assert.deepEqual([400, 404, 413].map((status) => outcomeOf(status, null, false)), Array(3).fill("refused"));
});

test("a choice is found by any of its words in any order", () => {
  const choice = { label: "A1-07 村口垃圾", note: "金普新区 › 华家街道" };
  assert.ok(matches(choice, "垃圾 a1"));
  assert.ok(matches(choice, "华家"));
  assert.ok(!matches(choice, "垃圾 B2"));
});

test("an item shows its code, a village its place", () => {
  assert.equal(toChoice({ id: 1, code: "A1-07", name: "村口垃圾" }).label, "A1-07 村口垃圾");
  const village = toChoice({ id: 2, code: "210213001201", name: "柳家", county_name: "金普新区", township_name: "华家街道" });
  assert.deepEqual([village.label, village.note], ["柳家", "金普新区 › 华家街道"]);
});

test("words are filled in and unknown names left alone", () => {
  assert.equal(fill("{n}/{m} {x}", { n: 1, m: 9 }), "1/9 {x}");
});

test("an id is a UUID of version 4", () => {
  assert.match(uuid4(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
