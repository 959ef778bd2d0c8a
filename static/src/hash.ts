// SHA-256 as lower-case hex. crypto.subtle exists only on secure origins; elsewhere plain JavaScript does it.
import { sha256 } from "@noble/hashes/sha2.js";

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function sha256Hex(data: ArrayBuffer): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle) return hex(new Uint8Array(await subtle.digest("SHA-256", data)));
  return hex(sha256(new Uint8Array(data)));
}
