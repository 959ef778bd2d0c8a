// What the answer to a form that sends itself means (sure.ts).
export type Outcome = "done" | "wrong" | "expired" | "refused" | "away";

/** Only an answer that says so itself ends the matter; some other page is the sign-in, or somebody in between. */
export function outcomeOf(status: number, said: string | null, redirected: boolean): Outcome {
  if (said === "done" || said === "wrong") return said;
  if (redirected || status === 401 || status === 403) return "expired";
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status) ? "refused" : "away";
}
