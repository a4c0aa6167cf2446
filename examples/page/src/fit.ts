// How large a photo may be.

import type { Extent } from "./geometry.ts";

/** The extent that a photo is scaled to, and why where it is smaller. */
export interface Fit extends Extent {
  readonly because?: string;
}

/** What a photo has to fit into. */
export interface Room {
  /** Pixels of the longer side, as chosen. */
  readonly longest: number;
  /** Bytes of the device's largest tensor, and of one pixel's offsets. */
  readonly maxBytes: number;
  readonly bytesPerPixel: number;
}

/** The largest extent of a photo's shape that fits. */
export function fitPhoto({ height, width }: Extent, room: Room): Fit {
  const chosen = room.longest / Math.max(height, width);
  const allowed = Math.sqrt(room.maxBytes / room.bytesPerPixel / (height * width));
  const scale = Math.min(1, chosen, allowed);
  if (scale === 1) return { height, width };
  const fit = {
    height: Math.max(1, Math.floor(height * scale)),
    width: Math.max(1, Math.floor(width * scale)),
  };
  if (chosen <= allowed) return { ...fit, because: "to be computed live" };
  const megabytes = Math.floor(room.maxBytes / 2 ** 20);
  return { ...fit, because: `since this adapter's buffers hold at most ${megabytes} MB` };
}
