import type { Helper } from "../../generators/emit/target.ts";

/** What sums in fixed point are made with, as generators/ir/fixed.ts says. */
export const fixed: Readonly<Record<string, Helper>> = {
  fixed_quanta: {
    text: `// How many quanta of a sum a magnitude is; 2^-29 of the largest's power of two is one.
fn fixed_quanta(magnitude: u32, largest: u32) -> u32 {
  let exponent = max(magnitude >> 23u, 1u);
  let digits = select((magnitude & 0x7fffffu) | 0x800000u, magnitude, magnitude < 0x800000u);
  let up = exponent + 6u;
  let down = max(largest >> 23u, 7u);
  if (up >= down) {
    return select(digits << (up - down), 0x7fffffffu, up - down > 7u);
  }
  let drop = down - up;
  return select((digits + (1u << (drop - 1u))) >> drop, 0u, drop > 24u);
}`,
  },
  fixed_total: {
    text: `// The number nearest to a sum, ties to even.
fn fixed_total(largest: u32, flags: u32, low: u32, high: u32) -> f32 {
  var bits = select(select(0x7fc00000u, 0xff800000u, flags == 2u), 0x7f800000u, flags == 1u);
  if (flags == 0u) {
    let sign = high & 0x80000000u;
    var front = high;
    var back = low;
    if (sign != 0u) {
      back = 0u - low;
      front = ~high + select(0u, 1u, back == 0u);
    }
    bits = sign | fixed_digits(front, back, i32(max(largest >> 23u, 7u)));
  }
  return bitcast<f32>(bits);
}`,
    needs: ["fixed_digits"],
  },
  fixed_digits: {
    text: `// The bits of the number nearest to a magnitude of two words, in quanta.
fn fixed_digits(front: u32, back: u32, exponent: i32) -> u32 {
  if ((front | back) == 0u) {
    return 0u;
  }
  let length = select(32 - i32(countLeadingZeros(back)), 64 - i32(countLeadingZeros(front)), front != 0u);
  let drop = max(length - 24, 7 - exponent);
  if (drop <= 0) {
    return min((u32(drop + exponent - 7) << 23u) + (back << u32(-drop)), 0x7f800000u);
  }
  // All digits from the first on, in two words; the first 24 stay.
  var lead = front;
  var rest = back;
  if (front == 0u) {
    lead = back;
    rest = 0u;
  }
  let shift = countLeadingZeros(lead);
  if (shift > 0u) {
    lead = (lead << shift) | (rest >> (32u - shift));
    rest = rest << shift;
  }
  var digits = lead >> 8u;
  let last = lead & 0xffu;
  if (last > 128u || (last == 128u && (rest != 0u || (digits & 1u) != 0u))) {
    digits++;
  }
  return min((u32(drop + exponent - 7) << 23u) + digits, 0x7f800000u);
}`,
  },
};

/** A function that notes a contribution to `variable` where it is the largest of its element. */
export function measureHelper(variable: string): Helper & { readonly name: string } {
  const name = `measure_in_${variable}`;
  return {
    name,
    text: `// Notes a contribution's magnitude where it is the largest: bits of magnitudes are in their order.
fn ${name}(at: i32, value: f32) {
  let magnitude = bitcast<u32>(value) & 0x7fffffffu;
  if (magnitude > atomicLoad(&${variable}[4 * at])) {
    atomicMax(&${variable}[4 * at], magnitude);
  }
}`,
  };
}

/**
 * A function that adds to an element of `variable` in fixed point: 64 bits, as two words with a carry. Other threads
 * may come between the two, so a sum may count as too large that is less by one quantum of the high word for each.
 */
export function fixedHelper(variable: string): Helper & { readonly name: string } {
  const name = `add_fixed_to_${variable}`;
  const sum = (word: number) => `&${variable}[4 * at${word === 0 ? "" : ` + ${word}`}]`;
  return {
    name,
    needs: ["fixed_quanta"],
    text: `// Adds a contribution in whole quanta, so that no order of additions changes the sum.
fn ${name}(at: i32, value: f32) {
  let bits = bitcast<u32>(value);
  let magnitude = bits & 0x7fffffffu;
  if (magnitude == 0u) {
    return;
  }
  if (magnitude >= 0x7f800000u) {
    let signed = select(2u, 1u, bits == magnitude);
    atomicOr(${sum(1)}, select(signed, 4u, magnitude > 0x7f800000u));
    return;
  }
  let quanta = fixed_quanta(magnitude, atomicLoad(${sum(0)}));
  let low = select(0u - quanta, quanta, bits == magnitude);
  let before = atomicAdd(${sum(2)}, low);
  // The sign's word of a negative number, and 1 where the lower word has wrapped around.
  let high = select(0u, 0xffffffffu, bits != magnitude && quanta != 0u) + select(0u, 1u, before + low < before);
  if (high == 0u) {
    return;
  }
  let old = atomicAdd(${sum(3)}, high);
  if ((old == 0x7fffffffu && high == 1u) || (old == 0x80000000u && high != 1u)) {
    atomicOr(${sum(1)}, 4u);
  }
}`,
  };
}
