/** A colour: red, green and blue from 0 to 1. */
export type Colour = readonly [number, number, number];

/** An RGB picture as the operators take it: planar [3, height, width], values from 0 to 1. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** A picture of one colour. */
export function createPicture(width: number, height: number, colour: Colour = [0, 0, 0]): Picture {
  const data = new Float32Array(3 * width * height);
  for (const [channel, value] of colour.entries()) {
    data.fill(value, channel * width * height, (channel + 1) * width * height);
  }
  return { width, height, data };
}

/** A picture with the same content that can be drawn on. */
export function copyPicture({ width, height, data }: Picture): Picture {
  return { width, height, data: data.slice() };
}

/** A grey picture of one plane of values, `low` black and `high` white. */
export function greyPicture(
  plane: Float32Array,
  width: number,
  height: number,
  [low, high]: readonly [number, number] = [0, 1],
): Picture {
  const picture = createPicture(width, height);
  for (let channel = 0; channel < 3; channel++) {
    picture.data.set(
      plane.map((value) => (value - low) / (high - low)),
      channel * width * height,
    );
  }
  return picture;
}

/** How far two pictures of one size differ, each channel by itself, magnified `gain` times. */
export function differencePicture(a: Picture, b: Picture, gain = 1): Picture {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(
      `pictures of ${a.width}×${a.height} and ${b.width}×${b.height} cannot be compared`,
    );
  }
  return { ...a, data: a.data.map((value, i) => Math.abs(value - b.data[i]!) * gain) };
}

/** Pictures in rows of `columns` (all in one row by default), with a margin around each. */
export function joinPictures(
  pictures: readonly Picture[],
  options: { readonly columns?: number; readonly margin?: number; readonly colour?: Colour } = {},
): Picture {
  const { columns = pictures.length, margin = 8, colour = [1, 1, 1] } = options;
  if (pictures.length === 0) throw new RangeError("there are no pictures to join");
  // Every cell has the size of the greatest picture, so that rows and columns line up.
  const width = Math.max(...pictures.map((picture) => picture.width));
  const height = Math.max(...pictures.map((picture) => picture.height));
  const across = Math.min(columns, pictures.length);
  const down = Math.ceil(pictures.length / columns);
  const sheet = createPicture(
    margin + across * (width + margin),
    margin + down * (height + margin),
    colour,
  );
  for (const [i, picture] of pictures.entries()) {
    const left = margin + (i % columns) * (width + margin);
    const top = margin + Math.floor(i / columns) * (height + margin);
    const [x, y] = [(width - picture.width) >> 1, (height - picture.height) >> 1];
    pastePicture(sheet, picture, left + x, top + y);
  }
  return sheet;
}

/** Copies a picture into another at a whole position; it must lie inside. */
function pastePicture(sheet: Picture, picture: Picture, left: number, top: number): void {
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < picture.height; y++) {
      const from = (channel * picture.height + y) * picture.width;
      const row = picture.data.subarray(from, from + picture.width);
      sheet.data.set(row, (channel * sheet.height + top + y) * sheet.width + left);
    }
  }
}
