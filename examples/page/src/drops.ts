// Photos that are dropped anywhere on the page.

import { byId } from "./dom.ts";

/** Text and links may be dragged too; they are none of the page's business. */
const hasFile = ({ dataTransfer }: DragEvent): boolean =>
  dataTransfer?.types.includes("Files") === true;

/** Takes files that are dropped; a sign is shown while one is over the page. */
export function listenForDrops(take: (file: File) => void): void {
  const sign = byId<HTMLElement>("drop");
  addEventListener("dragover", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    sign.hidden = false;
  });
  // Elements are left for others all the time; only who leaves the window goes nowhere.
  addEventListener("dragleave", ({ relatedTarget }) => {
    if (relatedTarget === null) sign.hidden = true;
  });
  addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    sign.hidden = true;
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  });
}
