import { once } from "node:events";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  arrayOf,
  readArrays,
  writeArrays,
  writeNpy,
  writeNpz,
} from "../../generators/cli/io/arrays.ts";
import { formatNpy } from "../../generators/cli/io/npy.ts";
import { formatZip, readZip } from "../../generators/cli/io/zip.ts";
import { NUMPY_FILES } from "./io.fixtures.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "warpweave-io-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function put(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

function fixture(name: keyof typeof NUMPY_FILES): Buffer {
  return Buffer.from(NUMPY_FILES[name], "base64");
}

const one = arrayOf([3], Float32Array.of(1, 2, 3));

describe("reading", () => {
  test("numpy.savez", async () => {
    const arrays = await readArrays(await put("savez.npz", fixture("savez")));
    expect(arrays).toStrictEqual({
      input: arrayOf([2, 3], Float64Array.of(0, 1, 2, 3, 4, 5)),
      rois: arrayOf([1, 5], Float32Array.of(0, 1, 2, 3, 4)),
    });
  });

  test("numpy.savez_compressed", async () => {
    const arrays = await readArrays(await put("deflated.npz", fixture("savezCompressed")));
    expect(arrays).toStrictEqual({
      input: arrayOf([40, 50], new Float32Array(2000)),
      n: arrayOf([], BigInt64Array.of(5n)),
    });
  });

  test("a .npy file is the array named by the caller", async () => {
    const path = await put("scalar.npy", fixture("scalar"));
    expect(await readArrays(path, { name: "gamma" })).toStrictEqual({
      gamma: arrayOf([], Float64Array.of(3.25)),
    });
  });

  test("an archive without arrays is empty", async () => {
    expect(await readArrays(await put("none.npz", formatZip(new Map(), "none")))).toStrictEqual({});
  });

  test("an archive with a comment and a zip64 end record is read", async () => {
    const bytes = Buffer.from(formatZip(new Map([["x.npy", formatNpy(one)]]), "x"));
    const end = bytes.length - 22;
    const wide = Buffer.alloc(56 + 20);
    wide.writeUInt32LE(0x06064b50, 0);
    wide.writeBigUInt64LE(44n, 4);
    wide.writeBigUInt64LE(1n, 24);
    wide.writeBigUInt64LE(1n, 32);
    wide.writeBigUInt64LE(BigInt(bytes.readUInt32LE(end + 12)), 40);
    wide.writeBigUInt64LE(BigInt(bytes.readUInt32LE(end + 16)), 48);
    wide.writeUInt32LE(0x07064b50, 56);
    wide.writeBigUInt64LE(BigInt(end), 64);
    const last = Buffer.from(bytes.subarray(end));
    last.writeUInt16LE(0xffff, 8);
    last.writeUInt16LE(0xffff, 10);
    last.writeUInt32LE(0xffffffff, 16);
    last.writeUInt16LE(2, 20);
    const path = await put(
      "wide.npz",
      Buffer.concat([bytes.subarray(0, end), wide, last, Buffer.from("hi")]),
    );
    expect(await readArrays(path)).toStrictEqual({ x: one });
  });
});

describe("refusals", () => {
  const good = Buffer.from(formatZip(new Map([["x.npy", formatNpy(one)]]), "x"));
  const directory = good.indexOf("PK\x01\x02", 0, "latin1");

  function changed(at: number, value: number, bytes: 1 | 2 | 4): Buffer {
    const copy = Buffer.from(good);
    copy.writeUIntLE(value, at, bytes);
    return copy;
  }
  const twice = zipSync({ "x.npy": formatNpy(one), "y.npy": formatNpy(one) }, { level: 0 });
  const doubled = Buffer.from(
    Buffer.from(twice).toString("latin1").replaceAll("y.npy", "x.npy"),
    "latin1",
  );

  const cases: readonly [string, Buffer, string][] = [
    ["empty file", Buffer.alloc(0), "is not a NumPy .npz or .npy file: it is empty"],
    ["other file", Buffer.from("a,b\n1,2\n"), "is not a NumPy .npz or .npy file"],
    ["truncated", good.subarray(0, -30), "is not a complete zip archive"],
    ["only a beginning", Buffer.from("PK"), "is not a complete zip archive"],
    ["flipped bit", changed(directory - 1, 7, 1), 'checksum of its entry "x.npy" does not match'],
    ["lost directory", changed(directory, 7, 1), "entry 1 of 1 is not in its directory"],
    ["encrypted", changed(directory + 8, 1, 2), 'the entry "x.npy" is encrypted'],
    ["other packing", changed(directory + 10, 12, 2), 'entry "x.npy" has method 12'],
    ["absurd size", changed(directory + 24, 0xfffffff0, 4), "claims 4294967280 bytes from 140"],
    ["64-bit size", changed(directory + 24, 0xffffffff, 4), "exceeds 4 GiB"],
    ["repeated name", doubled, 'the entry "x.npy" is there twice'],
    [
      "no array",
      Buffer.from(formatZip(new Map([["a.txt", good]]), "x")),
      'holds "a.txt", which is',
    ],
    [
      "bad array",
      Buffer.from(formatZip(new Map([["a.npy", fixture("objects")]]), "x")),
      'the array "a" of',
    ],
  ];
  test.each(cases)("%s", async (name, bytes, message) => {
    const path = await put(`${name}.npz`, bytes);
    await expect(readArrays(path)).rejects.toThrow(message);
    await expect(readArrays(path)).rejects.toMatchObject({ name: "UserError" });
    await expect(readArrays(path)).rejects.toThrow(path);
  });

  test("a deflated entry of another size than it claims", () => {
    const packed = Buffer.from(zipSync({ "x.npy": new Uint8Array(1000) }, { level: 9 }));
    const at = packed.indexOf("PK\x01\x02", 0, "latin1") + 24;
    for (const size of [999, 1001]) {
      packed.writeUInt32LE(size, at);
      expect(() => readZip(packed, "x.npz")).toThrow("x.npz");
    }
  });

  test("an archive that unpacks to more than the limit, before it is unpacked", async () => {
    const path = await put("bomb.npz", zipSync({ "x.npy": new Uint8Array(1e6) }, { level: 9 }));
    await expect(readArrays(path, { limit: 1e5 })).rejects.toThrow("unpacks to 1000000 bytes");
  });

  test("any byte of an archive changed or cut: an error for users or equal arrays", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, flip, cut) => {
          const bad = cut ? good.subarray(0, at) : changed(at, good[at]! ^ flip, 1);
          const path = await put("any.npz", bad);
          const result = await readArrays(path).catch((error: unknown) => error);
          if (result instanceof Error) expect(result.name).toBe("UserError");
          else if (Object.keys(result as object).length > 0) {
            expect(Object.values(result as object)).toStrictEqual([one]);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test("a path that is not there, a folder, a missing folder", async () => {
    const lost = join(folder, "lost.npz");
    await expect(readArrays(lost)).rejects.toThrow(
      `cannot read ${lost}: there is no such file or folder`,
    );
    await expect(readArrays(folder)).rejects.toThrow("it is a folder");
  });
});

describe("writing", () => {
  test("what is written is read, in names and order too", async () => {
    const names = fc.uniqueArray(fc.string({ unit: "grapheme", maxLength: 8 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(names, async (keys) => {
        const arrays = Object.fromEntries(keys.map((k, i) => [k, arrayOf([], Int32Array.of(i))]));
        const path = join(folder, "names.npz");
        await writeNpz(path, arrays);
        expect(await readArrays(path)).toStrictEqual(arrays);
      }),
      { numRuns: 50, examples: [[["__proto__", "a/b", "größe", "toString"]]] },
    );
  });

  test("equal arrays give equal bytes, in every time zone", async () => {
    const path = join(folder, "same.npz");
    const zone = process.env.TZ;
    const seen = new Set<string>();
    for (const tz of ["UTC", "Asia/Tokyo", "America/Los_Angeles"]) {
      process.env.TZ = tz;
      await writeNpz(path, { output: one });
      seen.add((await readFile(path)).toString("base64"));
    }
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
    expect(seen.size).toBe(1);
  });

  test("the ending decides, and no other ending is written", async () => {
    await writeArrays(join(folder, "one.npy"), { output: one });
    expect(await readArrays(join(folder, "one.npy"), { name: "o" })).toStrictEqual({ o: one });
    await writeArrays(join(folder, "two.npz"), { a: one, b: one });
    expect(await readArrays(join(folder, "two.npz"))).toStrictEqual({ a: one, b: one });
    await expect(writeArrays(join(folder, "two.npy"), { a: one, b: one })).rejects.toThrow(
      "can hold one array, not a, b; use .npz",
    );
    await expect(writeArrays(join(folder, "x.txt"), { a: one })).rejects.toThrow(".npz or .npy");
  });

  test("a failure keeps the old file and leaves nothing behind", async () => {
    const own = join(folder, "own");
    await mkdir(own);
    const path = join(own, "kept.npz");
    await writeNpz(path, { output: one });
    const before = await readFile(path);
    const wrong = { shape: [2], dtype: "f4", data: new Float32Array(3) } as const;
    await expect(writeNpz(path, { output: wrong })).rejects.toThrow(
      'array "output" has 3 elements',
    );
    await expect(writeNpy(own, one)).rejects.toThrow(`cannot write ${own}: it is a folder`);
    await expect(writeNpz(join(path, "x.npz"), {})).rejects.toThrow("not a folder");
    await expect(writeNpz(join(own, "no", "x.npz"), {})).rejects.toThrow("no such file or folder");
    expect(await readFile(path)).toStrictEqual(before);
    expect(await readdir(own)).toStrictEqual(["kept.npz"]);
  });

  test("a special file is not replaced, a symbolic link stays one", async () => {
    // A socket of our own stands for devices: were the guard missing, a real one would be lost.
    const special = join(folder, "socket.npy");
    const server = createServer().listen(special);
    await once(server, "listening");
    await expect(writeNpy(special, one)).rejects.toThrow("it is not a regular file");
    expect((await lstat(special)).isSocket()).toBe(true);
    server.close();
    const target = await put("target.npy", new Uint8Array());
    const link = join(folder, "link.npy");
    await symlink(target, link);
    await writeNpy(link, one);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readArrays(target, { name: "x" })).toStrictEqual({ x: one });
  });

  // Root may write anywhere, so that permissions can be tested only without it.
  const root = process.getuid?.() === 0;
  if (root) console.log("skipped: a folder without write permission (the tests run as root)");
  test.skipIf(root)("a folder without write permission", async () => {
    const locked = join(folder, "locked");
    await mkdir(locked);
    await chmod(locked, 0o500);
    await expect(writeNpy(join(locked, "x.npy"), one)).rejects.toThrow("permission denied");
  });
});
