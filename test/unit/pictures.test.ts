import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawCircle, drawDot, drawLine, drawRectangle } from "../../examples/pictures/draw.ts";
import { formatPng, readPicture, writePng } from "../../examples/pictures/image.ts";
import {
  copyPicture,
  createPicture,
  differencePicture,
  greyPicture,
  joinPictures,
  type Picture,
} from "../../examples/pictures/picture.ts";
import { resizePicture, scaleToWidth } from "../../examples/pictures/resize.ts";

const FLOWER = fileURLToPath(new URL("../../examples/flower.jpg", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "warpweave-image-"));
});
afterAll(() => rm(folder, { recursive: true }));

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const pictures: fc.Arbitrary<Picture> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: 3 * width * height, maxLength: 3 * width * height })
      .map((bytes) => ({ width, height, data: Float32Array.from(bytes, (byte) => byte / 255) })),
  );

describe("files", () => {
  test("the photograph: planar, in range, the flower in the middle of green leaves", async () => {
    const { width, height, data } = await readPicture(FLOWER);
    expect([width, height, data.length]).toStrictEqual([640, 427, 3 * 640 * 427]);
    expect(data.every((value) => value >= 0 && value <= 1)).toBe(true);
    const at = (x: number, y: number) => [0, 1, 2].map((c) => data[(c * height + y) * width + x]!);
    const [red, green, blue] = at(10, 10);
    expect(green).toBeGreaterThan(red! - 0.05);
    expect(green).toBeGreaterThan(blue!);
    const [middleRed, , middleBlue] = at(320, 213);
    expect(middleRed).toBeGreaterThan(middleBlue! + 0.2);
  });

  test("PNG files keep every byte value and come back", async () => {
    await fc.assert(
      fc.asyncProperty(pictures, async (picture) => {
        const path = join(folder, "any.png");
        await writePng(path, picture);
        expect(await readPicture(path)).toStrictEqual(picture);
      }),
      { numRuns: 50 },
    );
  });

  test("rounding over the range is cut, a NaN is refused with its place", () => {
    const picture = createPicture(2, 2, [1.0000001, -0.0000001, 0.5]);
    expect([...PNG.sync.read(Buffer.from(formatPng(picture))).data.subarray(0, 4)]).toStrictEqual([
      255, 0, 128, 255,
    ]);
    picture.data[3] = Number.NaN;
    expect(() => formatPng(picture)).toThrow("the pixel x=1, y=1 is not a number");
  });

  test("transparent pixels are laid on white", async () => {
    const png = new PNG({ width: 1, height: 1 });
    png.data.set([255, 0, 0, 51]);
    const path = join(folder, "clear.png");
    await writeFile(path, PNG.sync.write(png));
    const { data } = await readPicture(path);
    expect([...data].map((value) => value.toFixed(4))).toStrictEqual([
      "1.0000",
      "0.8000",
      "0.8000",
    ]);
  });

  const huge = Buffer.from(formatPng(createPicture(1, 1)));
  huge.writeUInt32BE(1e6, 16);
  huge.writeUInt32BE(1e6, 20);
  test.each([
    ["text.png", Buffer.from("no picture"), "is not a JPEG or PNG picture"],
    ["cut.png", Buffer.from(formatPng(createPicture(9, 9))).subarray(0, 40), "cannot read the"],
    ["cut.jpg", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]), "cannot read the picture"],
    ["huge.png", huge, "more than 100 megapixels"],
  ])("%s is refused", async (name, bytes, message) => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    await expect(readPicture(path)).rejects.toThrow(message);
    await expect(readPicture(path)).rejects.toMatchObject({ name: "UserError" });
  });
});

describe("resizing", () => {
  test("the same size changes nothing; one colour stays; values stay between the extremes", () => {
    const size = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(pictures, size, size, (picture, width, height) => {
        expect(resizePicture(picture, picture.width, picture.height)).toStrictEqual(picture);
        const plain = createPicture(picture.width, picture.height, [0.25, 0.5, 1]);
        const other = resizePicture(plain, width, height);
        const aim = createPicture(width, height, [0.25, 0.5, 1]);
        expect(Math.max(...differencePicture(other, aim).data)).toBeLessThan(1e-6);
        const { data } = resizePicture(picture, width, height);
        expect(Math.min(...data)).toBeGreaterThanOrEqual(Math.min(...picture.data) - 1e-6);
        expect(Math.max(...data)).toBeLessThanOrEqual(Math.max(...picture.data) + 1e-6);
      }),
    );
  });

  test("shrinking takes the mean of the area, in odd proportions too", () => {
    const picture = greyPicture(Float32Array.of(0, 0.3, 0.6, 0.9, 1), 5, 1);
    const { data } = resizePicture(picture, 2, 1);
    expect(data[0]).toBeCloseTo((0 + 0.3 + 0.6 / 2) / 2.5, 6);
    expect(data[1]).toBeCloseTo((0.6 / 2 + 0.9 + 1) / 2.5, 6);
    fc.assert(
      fc.property(pictures, (some) => {
        expect(mean(resizePicture(some, 1, 1).data)).toBeCloseTo(mean(some.data), 5);
      }),
    );
  });

  test("growing interpolates between pixel centres and goes on outside them", () => {
    const { data } = resizePicture(greyPicture(Float32Array.of(0, 1), 2, 1), 4, 1);
    expect([...data.subarray(0, 4)]).toStrictEqual([0, 0.25, 0.75, 1]);
  });

  test("proportions are kept, and no size below 1", () => {
    expect(scaleToWidth(createPicture(640, 427), 320)).toMatchObject({ width: 320, height: 214 });
    expect(() => resizePicture(createPicture(2, 2), 0, 2)).toThrow("cannot be 0×2");
  });
});

describe("drawing", () => {
  const white = { colour: [1, 1, 1] as const };

  function area(draw: (picture: Picture) => void): number {
    const picture = createPicture(64, 64);
    draw(picture);
    return picture.data.subarray(0, 64 * 64).reduce((sum, value) => sum + value, 0);
  }

  test("shapes cover their area wherever they lie between the pixels", () => {
    const place = fc.double({ min: 24, max: 40, noNaN: true });
    fc.assert(
      fc.property(place, place, fc.double({ min: 2, max: 12, noNaN: true }), (x, y, radius) => {
        const dot = area((p) => drawDot(p, x, y, { ...white, radius }));
        expect(Math.abs(dot - Math.PI * radius ** 2)).toBeLessThan(1 + radius / 4);
        const ring = area((p) => drawCircle(p, x, y, { ...white, radius, width: 2 }));
        expect(Math.abs(ring - 4 * Math.PI * radius)).toBeLessThan(2 + radius / 2);
      }),
    );
    const line = area((p) => drawLine(p, [10.3, 12.1], [40.9, 50.7], { ...white, width: 3 }));
    expect(Math.abs(line - (3 * Math.hypot(30.6, 38.6) + Math.PI * 1.5 ** 2))).toBeLessThan(3);
    const box = area((p) => drawRectangle(p, [10, 10, 30, 20], { ...white, width: 1 }));
    expect(box).toBe(60);
  });

  test("a dot of radius 1/2 on a pixel is that pixel; opacity blends", () => {
    const picture = createPicture(3, 3, [0.5, 0.5, 0.5]);
    drawDot(picture, 1, 2, { colour: [1, 0, 0.5], radius: 0.5, opacity: 0.5 });
    const aim = createPicture(3, 3, [0.5, 0.5, 0.5]);
    for (const [channel, value] of [0.75, 0.25, 0.5].entries()) aim.data[9 * channel + 7] = value;
    expect(picture).toStrictEqual(aim);
  });

  test("what is not finite or far outside draws nothing and takes no time", () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    for (const far of [nan, inf, -inf, 1e30, -1e30, 1e300]) {
      expect(area((p) => drawDot(p, far, 5, { ...white, radius: 3 }))).toBe(0);
      expect(area((p) => drawCircle(p, 5, far, { ...white, radius: 3, width: 1 }))).toBe(0);
    }
  });
});

describe("sheets", () => {
  test("panels stand centred in cells of one size with a margin around", () => {
    const [a, b] = [createPicture(2, 2, [1, 0, 0]), createPicture(4, 2, [0, 1, 0])];
    const sheet = joinPictures([a, b], { margin: 1, colour: [0, 0, 1] });
    expect([sheet.width, sheet.height]).toStrictEqual([11, 4]);
    const row = (channel: number, y: number) =>
      [...sheet.data.subarray((channel * 4 + y) * 11, (channel * 4 + y + 1) * 11)].join("");
    expect(row(2, 0)).toBe("11111111111");
    expect(row(0, 1)).toBe("00110000000");
    expect(row(1, 2)).toBe("00000011110");
    expect(joinPictures([a, b, a], { columns: 2, margin: 1 })).toMatchObject({ height: 7 });
    expect(() => joinPictures([])).toThrow("no pictures");
  });

  test("differences are magnified and need equal sizes", () => {
    const [a, b] = [createPicture(1, 1, [0, 0.5, 1]), createPicture(1, 1, [0.25, 0.5, 0.5])];
    expect([...differencePicture(a, b, 2).data]).toStrictEqual([0.5, 0, 1]);
    expect(() => differencePicture(a, createPicture(2, 1))).toThrow("1×1 and 2×1");
  });

  test("a drawn photograph", async () => {
    const photo = scaleToWidth(await readPicture(FLOWER), 320);
    const marked = copyPicture(photo);
    drawDot(marked, 160, 100, { colour: [1, 0, 0], radius: 4 });
    const sheet = joinPictures([photo, marked, differencePicture(photo, marked, 2)]);
    await writePng(join(folder, "sheet.png"), sheet);
    const back = await readPicture(join(folder, "sheet.png"));
    expect(Math.max(...differencePicture(sheet, back).data.subarray(0, 5000))).toBeLessThan(0.002);
  });
});
