// SPDX-License-Identifier: MIT-0
// What a kernel's plan says of one call: its sizes, and the steps that the wanted outputs need.

const maxInt = 2147483647;

/** The typed array of a buffer. */
export const arrays = {
  f32: Float32Array,
  f64: Float64Array,
  i32: Int32Array,
  u32: Uint32Array,
};

/**
 * The numbers of a call with its constants and the sizes that the plan computes, and how many
 * elements each buffer has.
 */
export function measure(plan, call) {
  const scalars = { ...call.scalars, ...constantsOf(plan, call) };
  for (const { name, is } of plan.sizes) scalars[name] = is(scalars);
  for (const bound of plan.bounds) {
    const most = bound(scalars);
    if (most > maxInt)
      throw new RangeError(
        `${plan.name}: these sizes and attributes make it count up to ${most}; ` +
          `kernels count with 32-bit integers, up to ${maxInt}.`,
      );
  }
  const elements = {};
  for (const [name, buffer] of Object.entries(plan.buffers)) {
    elements[name] = buffer.elements(scalars);
    if (elements[name] > maxInt)
      throw new RangeError(
        `${plan.name}: ${name} would have ${elements[name]} elements; ` +
          `kernels index with 32-bit integers, up to ${maxInt}.`,
      );
  }
  return { scalars, elements };
}

/** Steps as they run, with their numbers: those of a repetition together, in each of its turns. */
export function listRuns({ repeats }, steps, scalars) {
  const runs = [];
  for (let at = 0; at < steps.length; ) {
    const { repeat } = steps[at];
    if (repeat === undefined) {
      runs.push({ step: steps[at++], scalars });
      continue;
    }
    const first = at;
    while (at < steps.length && steps[at].repeat === repeat) at++;
    const { times, numbers } = repeats[repeat];
    const count = times(scalars);
    for (let turn = 0; turn < count; turn++) {
      const own = { ...scalars, turn };
      for (const { name, is } of numbers) own[name] = is(own);
      for (const step of steps.slice(first, at)) runs.push({ step, scalars: own });
    }
  }
  return runs;
}

const buffersOf = (step) =>
  step.kind === "fill" ? [{ name: step.buffer, access: "write" }] : step.buffers;

/** The buffers that a step writes or adds to. */
const writtenBy = (step) =>
  buffersOf(step)
    .filter(({ access }) => access !== "read")
    .map(({ name }) => name);

const readBy = (step) =>
  buffersOf(step)
    .filter(({ access }) => access !== "write")
    .map(({ name }) => name);

const uses = (step, name) => buffersOf(step).some((buffer) => buffer.name === name);

/** The other workspaces in the memory of this one; each is in use before the next is. */
const sharing = (plan, name) => {
  const { slot } = plan.buffers[name];
  if (slot === undefined) return [];
  return Object.keys(plan.buffers).filter(
    (other) => other !== name && plan.buffers[other].slot === slot,
  );
};

function stepsFor(plan, wanted, complete) {
  const needed = new Set(wanted);
  const steps = [];
  for (const step of [...plan.steps].reverse()) {
    const written = writtenBy(step);
    if (!written.some((name) => needed.has(name) && !complete.has(name))) continue;
    for (const name of readBy(step)) needed.add(name);
    steps.unshift(step);
  }
  return steps;
}

/**
 * The steps that the outputs `wanted` depend on, in order, without those whose results are in
 * `complete`: workspaces that an earlier run with the same inputs has left behind. What the steps
 * overwrite leaves `complete`, and what they complete joins it.
 */
export function selectSteps(plan, wanted, complete) {
  // It ends: `complete` is smaller each time.
  for (;;) {
    const steps = stepsFor(plan, wanted, complete);
    const written = new Set(steps.flatMap(writtenBy));
    const lost = [...written]
      .flatMap((name) => [name, ...sharing(plan, name)])
      .filter((name) => complete.has(name));
    for (const name of lost) complete.delete(name);
    // A step that reads what another one overwrites has to find it computed again.
    if (lost.some((name) => steps.some((step) => uses(step, name)))) continue;
    for (const name of completedBy(plan, steps)) complete.add(name);
    return steps;
  }
}

/**
 * The workspaces that `steps` leave complete: what one run leaves in them is what the next would
 * compute, since nothing is written to them after the first read, nor over them.
 */
function completedBy(plan, steps) {
  const workspaces = Object.keys(plan.buffers).filter(
    (name) => plan.buffers[name].slot !== undefined,
  );
  return workspaces.filter((name) => {
    const writes = (step) => writtenBy(step).includes(name);
    const writers = plan.steps.filter(writes);
    // Each turn of a repetition writes over what the one before has made.
    if (writers.some(({ repeat }) => repeat !== undefined)) return false;
    const first = plan.steps.findIndex((step) => readBy(step).includes(name) && !writes(step));
    const lasts = writers.every((step) => plan.steps.indexOf(step) < first);
    const last = steps.findLastIndex((step) => uses(step, name));
    const over = steps
      .slice(last + 1)
      .some((step) => sharing(plan, name).some((o) => uses(step, o)));
    return writers.length > 0 && lasts && !over && writers.every((step) => steps.includes(step));
  });
}

/** The numbers of the options that a kernel is built for, by the constants' names. */
export const constantsOf = (plan, { options }) =>
  Object.fromEntries(
    plan.constants.map(({ name, option, default: value }) => [name, options[option] ?? value]),
  );
