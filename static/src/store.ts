// The photos that wait on this device (IndexedDB, as ArrayBuffers: Safari loses Blobs). Without IndexedDB
// (some private windows) they live in memory until the page is left.
export type ShotState = "local" | "waiting" | "done" | "refused";

export interface Shot {
  id: string;
  user: string;
  draft: string; // path + side: which form shows it
  finding: string;
  side: "before" | "after" | "point";
  point?: string; // an observation point: `finding` is the visit then
  state: ShotState;
  reason: string;
  sha256: string;
  originalSha256: string;
  capturedAt: string;
  lat: number | null;
  lon: number | null;
  accuracy: number | null;
  source: "camera" | "album";
  width: number;
  height: number;
  type: string;
  name: string;
  addedAt: number;
  data: ArrayBuffer | null; // dropped once the server has it
  thumb: ArrayBuffer | null;
}

const memory = new Map<string, Shot>();
let opening: Promise<IDBDatabase | null> | null = null;

function open(): Promise<IDBDatabase | null> {
  opening ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open("dalian-rural", 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("shots", { keyPath: "id" }).createIndex("user", "user");
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
      request.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return opening;
}

async function run<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
  const database = await open();
  if (!database) return null;
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("shots", mode);
    const request = ask(transaction.objectStore("shots"));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error ?? new Error("storage failed"));
    transaction.onabort = () => reject(transaction.error ?? new Error("storage failed"));
  });
}

export async function put(shot: Shot): Promise<void> {
  memory.set(shot.id, shot);
  await run("readwrite", (store) => store.put(shot)).catch(() => undefined); // a full disk: memory still has it
}

export async function drop(id: string): Promise<void> {
  memory.delete(id);
  await run("readwrite", (store) => store.delete(id)).catch(() => undefined);
}

let settling: Promise<unknown> = Promise.resolve();

/** The form of this path was accepted: what is sent is forgotten; what is not yet goes on in the background. */
export function forgetDraft(user: string, path: string): void {
  const before = settling;
  settling = before.then(async () => {
    for (const shot of await read(user)) {
      if (shot.draft.split("#")[0] !== path || shot.state === "local") continue;
      if (shot.state === "waiting") await put(Object.assign(shot, { draft: "" }));
      else await drop(shot.id);
    }
  });
}

export async function shotsOf(user: string): Promise<Shot[]> {
  await settling;
  return read(user);
}

async function read(user: string): Promise<Shot[]> {
  const stored = (await run<Shot[]>("readonly", (store) => store.index("user").getAll(user)).catch(() => null)) ?? [];
  for (const shot of stored) if (!memory.has(shot.id)) memory.set(shot.id, shot);
  return [...memory.values()].filter((shot) => shot.user === user).sort((a, b) => a.addedAt - b.addedAt);
}
