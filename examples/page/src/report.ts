// What ran, as text.

import { byId } from "./dom.ts";

/** One kernel that ran. */
export interface Run {
  readonly kernel: string;
  readonly on: string;
  readonly milliseconds: number;
  /** Whether the time has compiling in it. */
  readonly compiled?: boolean | undefined;
}

/** The largest difference of two kernels' results, and what rounding explains. */
export interface Agreement {
  readonly difference: number;
  readonly bound: number;
}

/** A time with two digits that count. */
export function formatTime(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds.toFixed(milliseconds >= 10 ? 0 : 1)} ms`;
}

/** A number as `2.4e-6`. */
export const formatSmall = (value: number): string =>
  value === 0 ? "0" : value.toExponential(1).replace("-", "\u2212");

/** Writes the table of what ran. */
export function showRuns(runs: readonly Run[]): void {
  byId("runs").replaceChildren(
    ...runs.map(({ kernel, on, milliseconds, compiled }) => {
      const row = document.createElement("tr");
      const time = formatTime(milliseconds) + (compiled ? ", with compiling" : "");
      for (const text of [kernel, on, time]) row.insertCell().textContent = text;
      return row;
    }),
  );
}

/** Says how far WGSL and JavaScript are apart; nothing while that is not known. */
export function showAgreement(agreement: Agreement | undefined): void {
  const place = byId("agreement-found");
  if (!agreement) {
    place.replaceChildren("\u00a0");
    return;
  }
  const { difference, bound } = agreement;
  const verdict = document.createElement("span");
  const agrees = difference <= bound;
  verdict.className = agrees ? "good" : "bad";
  verdict.textContent = agrees ? "WGSL and JavaScript agree." : "WGSL and JavaScript DIFFER.";
  const numbers = `Largest difference ${formatSmall(difference)}, bound ${formatSmall(bound)}.`;
  place.replaceChildren(verdict, ` ${numbers}`);
}

/** Says what computes. */
export function showStatus(text: string): void {
  byId("status").textContent = text;
}

/** Adds a note of something that happened, the newest first; at most three stay. */
export function addNote(text: string): void {
  const note = document.createElement("li");
  note.textContent = text;
  const notes = byId("notes");
  notes.prepend(note);
  while (notes.children.length > 3) notes.lastElementChild?.remove();
}
