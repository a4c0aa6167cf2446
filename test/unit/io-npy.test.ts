import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserError } from "../../generators/cli/errors.ts";
import {
  arrayOf,
  type NpArray,
  type NpData,
  type NpDType,
} from "../../generators/cli/io/arrays.ts";
import {
  describeConversion,
  toFloat16,
  toFloat32,
  toFloat64,
  toInt32,
} from "../../generators/cli/io/convert.ts";
import { DTYPES, orderBytes } from "../../generators/cli/io/dtypes.ts";
import { formatNpy, parseNpy } from "../../generators/cli/io/npy.ts";
import { floatOfHalf, halfOfFloat } from "../../targets/contract/half.ts";
import { NUMPY_FILES } from "./io.fixtures.ts";

type Fixture = keyof typeof NUMPY_FILES;

function fixture(name: Fixture): Buffer {
  return Buffer.from(NUMPY_FILES[name], "base64");
}

/** A .npy file with the header given word for word. */
function npy(header: string, data: Uint8Array = new Uint8Array(), version = 1): Buffer {
  const head = Buffer.alloc(version === 1 ? 10 : 12);
  head.write("\x93NUMPY", 0, "latin1");
  head.writeUInt8(version, 6);
  if (version === 1) head.writeUInt16LE(header.length, 8);
  else head.writeUInt32LE(header.length, 8);
  return Buffer.concat([head, Buffer.from(header, "latin1"), data]);
}

function header(descr: string, fortran: string, shape: string): string {
  return `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
}

const counting = Float64Array.from({ length: 24 }, (_, i) => i);

describe("arrays written by NumPy", () => {
  const halves = [1.5, -0, 65504, 2 ** -24, Number.POSITIVE_INFINITY, Number.NaN];
  const cases: readonly [Fixture, NpDType, readonly number[], NpData][] = [
    ["f2", "f2", [6], Float32Array.from(halves)],
    ["f4", "f4", [1, 3], Float32Array.of(1.5, -2.25, Number.POSITIVE_INFINITY)],
    ["f8Fortran", "f8", [2, 3, 4], counting],
    ["f4FortranBig", "f4", [2, 3], Float32Array.of(0, 1, 2, 100, 101, 102)],
    ["i2Big", "i2", [3], Int16Array.of(1, -2, 300)],
    ["i8", "i8", [2], BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
    ["u8Big", "u8", [2], BigUint64Array.of(1n, 2n ** 64n - 1n)],
    ["u4", "u4", [1], Uint32Array.of(4294967295)],
    ["i1", "i1", [2], Int8Array.of(-128, 127)],
    ["bool", "b1", [3], Uint8Array.of(1, 0, 1)],
    ["scalar", "f8", [], Float64Array.of(3.25)],
    ["empty", "f4", [0, 5], new Float32Array()],
    ["version2", "i4", [1], Int32Array.of(7)],
    ["version3", "i4", [1], Int32Array.of(7)],
  ];
  test.each(cases)("%s", (name, dtype, shape, data) => {
    expect(parseNpy(fixture(name), name)).toStrictEqual({ shape, dtype, data });
  });

  test.each(["f2", "f4", "i8", "u4", "i1", "bool", "scalar", "empty"] as const)(
    "%s is written with NumPy's own bytes",
    (name) => {
      const bytes = fixture(name);
      expect(Buffer.from(formatNpy(parseNpy(bytes, name)))).toStrictEqual(bytes);
    },
  );

  test("elements that do not start on their boundary are read", () => {
    const shifted = Buffer.concat([Buffer.from("x"), fixture("i8")]).subarray(1);
    expect(parseNpy(shifted, "a").data).toStrictEqual(parseNpy(fixture("i8"), "a").data);
  });

  test("reading big-endian data leaves the file's bytes alone", () => {
    const bytes = fixture("i2Big");
    parseNpy(bytes, "a");
    expect(bytes).toStrictEqual(fixture("i2Big"));
  });
});

describe("refusals", () => {
  const refused: readonly [string, Buffer, string][] = [
    ["objects", fixture("objects"), "holds Python objects, which are never loaded"],
    ["structured", fixture("structured"), "has a structured dtype; float16, float32"],
    ["complex", fixture("complex"), 'has the dtype "<c8"; float16'],
    ["text", fixture("text"), 'has the dtype "<U2"; float16'],
    ["no order", npy(header("'=f4'", "False", "(0,)")), 'has the dtype "=f4"'],
    ["prototype name", npy(header("'<toString'", "False", "(0,)")), "has the dtype"],
    ["truncated data", fixture("f4").subarray(0, -1), "takes 12 bytes, the file holds 11"],
    ["extra data", Buffer.concat([fixture("f4"), Buffer.alloc(4)]), "has bytes after its end"],
    ["truncated header", fixture("f4").subarray(0, 60), "is truncated inside its header"],
    ["only magic", fixture("version2").subarray(0, 11), "is truncated inside its header"],
    ["other file", Buffer.from("hello, this is text"), "is not a NumPy .npy array"],
    ["no file", Buffer.alloc(0), "is not a NumPy .npy array"],
    ["version 9", npy("{}", undefined, 9), "format version 9; versions 1 to 3 are read"],
    ["huge header", npy(" ".repeat(70000), undefined, 2), "a header of 70000 bytes; at most 65536"],
    ["1e12 elements", npy(header("'<f4'", "False", "(1000000, 1000000)")), "takes 4000000000000"],
    ["overflowing", npy(header("'<f4'", "False", `(${"9000000000000000, ".repeat(64)})`)), "takes"],
    ["beyond 2^53", npy(header("'<f4'", "False", "(9007199254740993, 0)")), "not NumPy's"],
    ["negative", npy(header("'<f4'", "False", "(-1,)")), "not NumPy's"],
    ["no tuple", npy(header("'<f4'", "False", "(3)")), "not NumPy's"],
    ["65 dimensions", npy(header("'<f4'", "False", `(${"1,".repeat(65)})`)), "not NumPy's"],
    ["code", npy(header("__import__('os')", "False", "()")), "not NumPy's"],
    ["missing key", npy("{'descr': '<f4', 'shape': ()}"), "not NumPy's"],
    ["key twice", npy("{'descr': '<f4', 'descr': '<f4', 'shape': ()}"), "not NumPy's"],
    ["other key", npy("{'descr': '<f4', 'fortran_order': False, 'x': ()}"), "not NumPy's"],
  ];
  test.each(refused)("%s", (_, bytes, message) => {
    expect(() => parseNpy(bytes, "input")).toThrow(UserError);
    expect(() => parseNpy(bytes, "input")).toThrow(message);
    expect(() => parseNpy(bytes, "input")).toThrow(/^input /);
  });

  test.each([
    [{ shape: [2], dtype: "f4", data: new Float32Array(3) }, "x has 3 elements but the shape (2)"],
    [
      { shape: [2], dtype: "f8", data: new Float32Array(2) },
      "is said to be float64 but is a Float32",
    ],
    [
      { shape: [-2, -1], dtype: "f4", data: new Float32Array(2) },
      "sizes are whole and not negative",
    ],
  ] as const)("an array that contradicts itself is not written", (array, message) => {
    expect(() => formatNpy(array, "x")).toThrow(message);
  });

  test("headers in other spellings that Python reads are read", () => {
    const text = "{ 'shape' : (2L, 1L) ,\n \"fortran_order\":True,'descr':'|u1'}";
    expect(parseNpy(npy(text, Uint8Array.of(5, 6)), "a")).toStrictEqual({
      shape: [2, 1],
      dtype: "u1",
      data: Uint8Array.of(5, 6),
    });
  });
});

describe("round trips", () => {
  const dtypes = Object.keys(DTYPES) as NpDType[];
  const arrays: fc.Arbitrary<NpArray> = fc
    .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(4), { maxLength: 5 }))
    .chain(([dtype, shape]) => {
      const length = shape.reduce((a, b) => a * b, DTYPES[dtype].bytes);
      return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => ({
        dtype,
        shape,
        data: DTYPES[dtype].decode(new Uint8Array(bytes).buffer),
      }));
    });

  test("every element type and shape comes back", () => {
    fc.assert(
      fc.property(arrays, (array) => {
        expect(parseNpy(formatNpy(array), "a")).toStrictEqual(array);
      }),
    );
  });

  test("big-endian Fortran files mean the array whose index runs the other way", () => {
    fc.assert(
      fc.property(arrays, ({ dtype, shape, data }) => {
        const row = DTYPES[dtype];
        const stored = row.encode(data)!;
        const bytes = new Uint8Array(stored.buffer, 0, stored.byteLength).slice();
        orderBytes(bytes, row.bytes, "BE");
        const sizes = `(${shape.map((size) => `${size},`).join("")})`;
        const file = npy(header(`'>${dtype}'`, "True", sizes), bytes);
        const read = parseNpy(file, "a");
        // The element at (i, j, …) lies at i + j·size(0) + … in the file.
        for (let at = 0; at < data.length; at++) {
          let rest = at;
          let place = 0;
          let stride = data.length;
          for (let axis = shape.length - 1; axis >= 0; axis--) {
            stride /= shape[axis]!;
            place += (rest % shape[axis]!) * stride;
            rest = Math.floor(rest / shape[axis]!);
          }
          expect(read.data[at]).toBe(data[place]);
        }
      }),
    );
  });
});

describe("conversions", () => {
  test("all 65536 float16 patterns come back, NaN as NaN", () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = floatOfHalf(bits);
      if (Number.isNaN(value)) expect(bits & 0x7c00).toBe(0x7c00);
      else if (halfOfFloat(value) !== bits) expect.fail(`pattern ${bits} is not kept`);
    }
  });

  test("float16 rounding takes the nearest of all patterns, the even one when halfway", () => {
    const table = Float64Array.from({ length: 0x7c00 }, (_, bits) => floatOfHalf(bits));
    for (let bits = 0; bits + 1 < table.length; bits++) {
      const [low, high] = [table[bits]!, table[bits + 1]!];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const got = [middle * (1 - 2 ** -50), middle, middle * (1 + 2 ** -50)].map(halfOfFloat);
      if (`${got}` !== `${[bits, even, bits + 1]}`) expect.fail(`near ${middle}: ${got}`);
    }
    expect([65519.99, 65520, -1e300].map(halfOfFloat)).toStrictEqual([0x7bff, 0x7c00, 0xfc00]);
  });

  test("what became another number is counted", () => {
    const wide = arrayOf([6], Float64Array.of(0.5, 0.1, 1e300, Number.NaN, -0, 2 ** 24 + 1));
    const narrow = toFloat32(wide);
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    expect(narrow).toStrictEqual({
      data: Float32Array.of(0.5, 0.1, inf, nan, -0, 2 ** 24),
      inexact: 3,
      overflowed: 1,
    });
    expect(describeConversion("input", wide, "float32", narrow)).toBe(
      "input: float64 converted to float32; 3 of 6 values changed, 1 of them to infinity",
    );
    const exact = arrayOf([1], Float64Array.of(0.25));
    expect(describeConversion("a", exact, "float32", toFloat32(exact))).toBeUndefined();
  });

  test("infinite values stay infinite without counting as changed", () => {
    const { inexact } = toFloat32(arrayOf([1], Float64Array.of(Number.NEGATIVE_INFINITY)));
    expect(inexact).toBe(0);
  });

  test("64-bit integers are compared by their exact values", () => {
    const big = arrayOf([2], BigInt64Array.of(2n ** 53n + 1n, 2n ** 53n));
    expect(toFloat64(big)).toMatchObject({ inexact: 1, overflowed: 0 });
    expect(toFloat32(arrayOf([1], BigUint64Array.of(2n ** 24n + 1n))).inexact).toBe(1);
  });

  test("float16 is rounded once, not through float32", () => {
    // Rounded to float32 first, this lies exactly halfway and would go down to 1.
    const { data, inexact } = toFloat16(arrayOf([1], Float64Array.of(1 + 2 ** -11 + 2 ** -40)));
    expect([data[0], inexact]).toStrictEqual([0x3c01, 1]);
  });

  test("whole numbers are converted, others refused with the value", () => {
    expect(toInt32(arrayOf([2], BigInt64Array.of(-5n, 7n)), "n")).toStrictEqual(
      Int32Array.of(-5, 7),
    );
    for (const value of [0.5, Number.NaN, 2 ** 31]) {
      expect(() => toInt32(arrayOf([1], Float64Array.of(value)), "n")).toThrow(`n holds ${value};`);
    }
    expect(() => toInt32(arrayOf([1], BigInt64Array.of(2n ** 32n)), "n")).toThrow("4294967296");
  });
});
