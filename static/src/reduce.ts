// Reduces a photo on the phone to 1600 px JPEG. What the browser cannot decode (HEIC, mostly) goes as it is.
import { sha256Hex } from "./hash";

export const LONGEST = 1600;

export interface Reduced {
  data: ArrayBuffer;
  type: string;
  width: number;
  height: number;
  sha256: string;
  originalSha256: string;
  thumb: ArrayBuffer | null;
}

/** The size with the longer edge at most `longest`, never enlarged. */
export function fit(width: number, height: number, longest: number): [number, number] {
  const factor = Math.min(1, longest / Math.max(width, height));
  return [Math.max(1, Math.round(width * factor)), Math.max(1, Math.round(height * factor))];
}

function decode(blob: Blob): Promise<HTMLImageElement> {
  const url = URL.createObjectURL(blob);
  const image = new Image();
  return new Promise<HTMLImageElement>((resolve, reject) => {
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("not decodable"));
    image.src = url; // an <img> turns the picture as its EXIF says, in every browser of ours
  }).finally(() => window.setTimeout(() => URL.revokeObjectURL(url), 0));
}

function draw(image: HTMLImageElement, longest: number, quality: number): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = fit(image.naturalWidth, image.naturalHeight, longest);
  const pen = canvas.getContext("2d");
  if (!pen) return Promise.resolve(null);
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}

async function asItIs(file: Blob, original: ArrayBuffer, hash: string): Promise<Reduced> {
  return { data: original, type: file.type, width: 0, height: 0, sha256: hash, originalSha256: hash, thumb: null };
}

export async function reduce(file: Blob): Promise<Reduced> {
  const original = await file.arrayBuffer();
  const originalSha256 = await sha256Hex(original);
  let image: HTMLImageElement;
  try {
    image = await decode(file);
  } catch {
    return asItIs(file, original, originalSha256);
  }
  const thumb = await (await draw(image, 240, 0.7))?.arrayBuffer();
  const [width, height] = fit(image.naturalWidth, image.naturalHeight, LONGEST);
  const small = await draw(image, LONGEST, 0.85);
  // Already small enough: the bytes as they came are better evidence than a second compression.
  if (!small || (width === image.naturalWidth && small.size >= original.byteLength * 0.9)) {
    const kept = await asItIs(file, original, originalSha256);
    return { ...kept, width: image.naturalWidth, height: image.naturalHeight, thumb: thumb ?? null };
  }
  const data = await small.arrayBuffer();
  return { data, type: "image/jpeg", width, height, sha256: await sha256Hex(data), originalSha256, thumb: thumb ?? null };
}
