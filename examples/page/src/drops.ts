// Photos that are dropped anywhere on the page.

import { byId } from "./dom.ts";

/** Takes files that are dropped; a sign is shown while one is over the page. */
export function listenForDrops(take: (file: File) => void): void {
  const sign = byId<HTMLElement>("drop");
  const show = (shown: boolean) => (event: DragEvent) => {
    event.preventDefault();
    sign.hidden = !shown;
  };
  addEventListener("dragover", show(true));
  addEventListener("dragleave", show(false));
  addEventListener("drop", (event) => {
    show(false)(event);
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  });
}
