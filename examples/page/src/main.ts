// The page: one loop computes what was chosen last, and draws it.

import flower from "../../flower.jpg?inline";
import "./style.css";
import { type Choice, createControls, firstChoice } from "./controls.ts";
import { type Device, openDevices } from "./device.ts";
import { byId } from "./dom.ts";
import { listenForDrops } from "./drops.ts";
import type { Call, Timed } from "./engine.ts";
import { createField } from "./field.ts";
import { filters, weightsOf } from "./filters.ts";
import { dragTap, firstPixel, type Point, resultExtent, scalePixel } from "./geometry.ts";
import { createLearning, type Lesson } from "./learning.ts";
import { createLoop } from "./loop.ts";
import { createLoupe, type View, viewOf } from "./loupe.ts";
import { createMarks } from "./marks.ts";
import { type Photo, paintResult, readPhoto, type Source, showPhoto } from "./photo.ts";
import { addNote, showStatus } from "./report.ts";
import { type Compared, compareResults, showCaptions, summarise } from "./summary.ts";

/** A gradient that is quicker is computed for every picture, a slower one when nothing changes. */
const quickMilliseconds = 80;

const devices = openDevices((said) => {
  addNote(said);
  request();
});
const field = createField();
const learning = createLearning();

let choice = firstChoice(480);
let source: Source | undefined;
let photo: Photo | undefined;
let weight = weightsOf(choice.filter, choice.shape.size);
let pixel: Point = { y: 0, x: 0 };
let view: View = { centre: pixel, span: 9 };
let arrows: readonly Point[] | undefined;
let last: { readonly call: Call; readonly result: Timed; readonly device: Device } | undefined;
let lesson: Lesson | undefined;
/** Whether the last result's gradient is still to be computed. */
let isDue = false;
let compared: Compared | undefined;

const controls = createControls({
  change(next) {
    learning.stop();
    choose(next);
    frame();
    request();
  },
  reset() {
    learning.stop();
    choose(firstChoice(choice.longest));
    if (photo) pixel = firstPixel(resultExtent(photo, choice.shape));
    frame();
    request();
  },
  keep() {
    if (last) learning.keep(last.call, last.result.data);
    request();
  },
  descend() {
    learning.toggle();
    frame();
    request();
  },
  file: (file) => void takeFile(file),
});

const loupe = createLoupe({
  drag(tap, place) {
    if (!photo) return;
    learning.stop();
    choose({ ...choice, shape: dragTap(photo, choice.shape, pixel, tap, place) });
    draw();
    request();
  },
  drop() {
    frame();
    draw();
  },
  restore(tap) {
    const moved = choice.shape.moved.map((point, i) => (i === tap ? { y: 0, x: 0 } : point));
    choose({ ...choice, shape: { ...choice.shape, moved } });
    request();
  },
});

const marks = createMarks((chosen) => {
  pixel = chosen;
  frame();
  arrows = choice.arrows === "one" ? undefined : arrows;
  draw();
  request();
});

/** Puts all taps into the loupe; while one is dragged the loupe stands still. */
function frame(): void {
  if (photo) view = viewOf({ photo, shape: choice.shape, pixel });
}

function choose(next: Choice): void {
  const before = choice;
  choice = next;
  if (next.longest !== before.longest) photo = undefined;
  if (next.filter !== before.filter || next.shape.size !== before.shape.size)
    weight = weightsOf(next.filter, next.shape.size);
  if (next.shape.size !== before.shape.size) arrows = undefined;
  if (photo && next.shape.stride !== before.shape.stride) {
    const scale = before.shape.stride / next.shape.stride;
    pixel = scalePixel(pixel, scale, resultExtent(photo, next.shape));
  }
  controls.show(choice);
}

async function takeFile(file: File): Promise<void> {
  try {
    const picture = await readPhoto(file, file.name);
    source?.picture.close();
    source = { picture, name: file.name };
    photo = undefined;
    request();
  } catch (error) {
    addNote((error as Error).message);
  }
}

const loop = createLoop({
  compute,
  isEndless: () => learning.descending,
  async rest() {
    await compareNow();
    if (!last || !isDue) return;
    const { device } = last;
    await loop.alone(learn).catch((error: Error) => recover(device, error));
  },
});

/** Has what is chosen now computed, as soon as what is being computed is done. */
function request(): void {
  loop.request();
}

/** The photo at the size that is chosen and that the device allows. */
function openPhoto(from: Source, device: Device): Photo {
  const maxBytes = device.kind === "webgpu" ? device.engine.maxBytes : 2 ** 30;
  const made = showPhoto(from, choice.longest, maxBytes);
  pixel = firstPixel(resultExtent(made, choice.shape));
  view = viewOf({ photo: made, shape: choice.shape, pixel });
  return made;
}

async function compute(): Promise<void> {
  const device = await devices.current();
  if (!source) return;
  try {
    photo ??= openPhoto(source, device);
    const { shape, filter } = choice;
    const offsets = field.update(photo, shape);
    const { height, width } = photo;
    const call: Call = { photo: { height, width }, shape, input: photo.data, offsets, weight };
    const result = await device.engine.forward(call);
    const { signed } = filters[filter];
    paintResult(byId("result"), resultExtent(photo, shape), result.data, signed);
    last = { call, result, device };
    compared = undefined;
    isDue = true;
    const isQuick = lesson !== undefined && lesson.milliseconds < quickMilliseconds;
    if (!isQuick) arrows = undefined;
    draw();
    report();
    // While the visitor drags, pictures come first.
    if (learning.descending || (isQuick && !loop.isWanted)) await learn();
  } catch (error) {
    await recover(device, error as Error);
  }
}

/** The loss of the last result, its gradient, and one step of a descent. */
async function learn(): Promise<void> {
  if (!last) return;
  const { call, result, device } = last;
  lesson = await learning.learn(device.engine, call, result, choice.arrows, pixel);
  isDue = false;
  arrows = lesson?.arrows;
  // A tap that was dragged meanwhile is not put back.
  if (lesson && learning.descending && choice.shape === call.shape)
    choose({ ...choice, shape: { ...call.shape, moved: lesson.moved } });
  draw();
  report();
}

/** A lost device is replaced by `devices`; what else fails on a GPU goes on without. */
async function recover(device: Device, error: Error): Promise<void> {
  await new Promise((done) => setTimeout(done));
  if ((await devices.current()) !== device) request();
  else if (device.kind === "webgpu") devices.giveUp(`WebGPU failed: ${error.message}`);
  else {
    learning.stop();
    showStatus(`Nothing was computed: ${error.message}`);
  }
}

/** The same by the JavaScript kernel, once nothing changes any more. */
async function compareNow(): Promise<void> {
  if (last?.device.kind !== "webgpu") return;
  const { call, device, result } = last;
  // Once more, for its time without compiling.
  const again = async () => {
    last = { call, device, result: await device.engine.forward(call) };
  };
  if (result.compiled) await loop.alone(again).catch((error: Error) => recover(device, error));
  if (loop.isBusy) return;
  try {
    const other = await devices.javascript.forward(call);
    if (last?.call !== call) return;
    compared = compareResults(call, last.result, other);
    report();
  } catch (error) {
    addNote(`JavaScript did not compute the comparison: ${(error as Error).message}`);
  }
}

function draw(): void {
  if (!photo) return;
  const { shape } = choice;
  loupe.draw({ photo, shape, pixel, view, arrows });
  marks.draw({ photo, shape, pixel });
  showCaptions(resultExtent(photo, shape), choice.filter, pixel, view.span);
}

function report(): void {
  if (!last) return;
  summarise({ ...last, compared, lesson });
  // When the first picture was there, for those who measure it.
  document.documentElement.dataset.firstPicture ??= String(Math.round(performance.now()));
}

listenForDrops((file) => void takeFile(file));
controls.show(choice);
const device = await devices.current();
const fast = device.kind === "webgpu" && !device.engine.software;
choose({ ...choice, longest: fast ? 640 : 240 });
const blob = await (await fetch(flower)).blob();
source = { picture: await readPhoto(blob, "flower.jpg"), name: "flower.jpg" };
request();
