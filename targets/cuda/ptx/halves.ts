// float16 and bfloat16: both are rounded from doubles that hold the exact value, or that were rounded to odd.

import { floatOfHalf, halfOfFloat } from "../../contract/half.ts";
import { bitsOfFloat, floatOfBits, type Rounding, roundFloat } from "./floats.ts";

/** A type of 16 bits: how its bits are read, and how a number becomes them. */
export interface Narrow {
  read(bits: number): number;
  write(value: number, rounding: Rounding): number;
}

/** The pattern of a NaN that arithmetic makes. */
const nan = 0x7fff;

function writeHalf(value: number, rounding: Rounding): number {
  if (Number.isNaN(value)) return nan;
  const nearest = halfOfFloat(value);
  const got = floatOfHalf(nearest);
  if (rounding === "rn" || got === value) return nearest;
  // Bits of magnitudes are in order; one less is one step to zero, from infinity too.
  const inward = (nearest & 0x7fff) - 1;
  const sign = nearest & 0x8000;
  switch (rounding) {
    case "rz":
      return Math.abs(got) > Math.abs(value) ? sign | inward : nearest;
    case "rm":
      return got < value ? nearest : stepHalf(nearest, false);
    case "rp":
      return got > value ? nearest : stepHalf(nearest, true);
    default:
      throw new Error(`there is no rounding ${rounding satisfies never}`);
  }
}

function stepHalf(bits: number, up: boolean): number {
  if ((bits & 0x7fff) === 0) return up ? 1 : 0x8001;
  return bits + (((bits & 0x8000) === 0) === up ? 1 : -1);
}

function writeBrain(value: number, rounding: Rounding): number {
  if (Number.isNaN(value)) return nan;
  // The upper half of a float32 whose last bit stands for what was cut off before.
  const cut = roundFloat(value, "rz");
  const bits = (bitsOfFloat(cut) | (cut === value ? 0 : 1)) >>> 0;
  const high = bits >>> 16;
  const rest = bits & 0xffff;
  if (rest === 0) return high;
  switch (rounding) {
    case "rn":
      return rest > 0x8000 || (rest === 0x8000 && (high & 1) === 1) ? high + 1 : high;
    case "rz":
      return high;
    case "rm":
      return value < 0 ? high + 1 : high;
    case "rp":
      return value > 0 ? high + 1 : high;
    default:
      throw new Error(`there is no rounding ${rounding satisfies never}`);
  }
}

/** How the two types of 16 bits are read and written. */
export const narrow: Readonly<Record<"f16" | "bf16", Narrow>> = {
  f16: { read: floatOfHalf, write: writeHalf },
  bf16: { read: (bits) => floatOfBits((bits << 16) >>> 0), write: writeBrain },
};
