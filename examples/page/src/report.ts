// What ran, as text.

import { byId } from "./dom.ts";

/** One kernel that ran. */
export interface Run {
  readonly kernel: string;
  readonly on: string;
  readonly milliseconds: number;
  readonly agreement?: Agreement | undefined;
}

/** The largest difference from another kernel, and what rounding explains. */
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
    ...runs.map(({ kernel, on, milliseconds, agreement }) => {
      const row = document.createElement("tr");
      for (const text of [kernel, on, formatTime(milliseconds)])
        row.insertCell().textContent = text;
      const cell = row.insertCell();
      if (agreement) cell.append(...formatAgreement(agreement));
      return row;
    }),
  );
}

function formatAgreement({ difference, bound }: Agreement): (string | Node)[] {
  const agrees = difference <= bound;
  const verdict = document.createElement("span");
  verdict.className = agrees ? "good" : "bad";
  verdict.textContent = agrees ? "agrees" : "DIFFERS";
  const numbers = `largest difference ${formatSmall(difference)}, bound ${formatSmall(bound)}`;
  return [verdict, ` with JavaScript: ${numbers}`];
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
