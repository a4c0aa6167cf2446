// Kernels to begin with: the four grids of the paper's figure, and two more.

import { freeOffsets } from "../../quickstart/grids.ts";
import { type Shape, unmoved } from "./geometry.ts";

/** A kernel's deformation; size, stride and dilation stay as they are. */
export type Preset = Pick<Shape, "stretch" | "rotation" | "swirl" | "moved">;

const still = { stretch: 1, rotation: 0, swirl: 0 } as const;

/** Offsets with no rule to them, in parts of the distance between taps. */
function freely({ size, dilation }: Shape): Preset {
  const moved = unmoved(size).map((_, tap) => {
    // Offsets of 3×3 taps that lie 2 apart; the outer ring of 5×5 takes them once more, the other way.
    const { y, x } = freeOffsets[tap % freeOffsets.length]!;
    const sign = Math.floor(tap / freeOffsets.length) % 2 === 0 ? 1 : -1;
    const scale = (sign * dilation) / (size === 3 ? 2 : 3);
    return { y: scale * y, x: scale * x };
  });
  return { ...still, moved };
}

/** What each preset makes of a shape, by its title. */
export const presets = {
  Regular: ({ size }) => ({ ...still, moved: unmoved(size) }),
  Free: freely,
  Scaled: ({ size }) => ({ ...still, stretch: 1.7, moved: unmoved(size) }),
  Rotated: ({ size }) => ({ ...still, rotation: 35, moved: unmoved(size) }),
  Swirled: ({ size }) => ({ ...still, swirl: 120, moved: unmoved(size) }),
} as const satisfies Readonly<Record<string, (shape: Shape) => Preset>>;

/** The titles, in order. */
export type PresetName = keyof typeof presets;
