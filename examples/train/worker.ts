// A process that trains one network after another, as it is told.

import * as tf from "@tensorflow/tfjs";
import type { Run, RunRecord } from "./records.ts";
import { recordSampling } from "./sampling.ts";
import { stacked } from "./settings.ts";
import { trainNetwork } from "./training.ts";

/** What a worker says: how far it has come since it last said so, and a run's end. */
export type WorkerMessage =
  | { readonly kind: "ready" }
  | {
      readonly kind: "steps";
      readonly steps: number;
      readonly epoch: number;
      readonly accuracy?: number;
    }
  | { readonly kind: "record"; readonly record: RunRecord };

/** Milliseconds between two messages about steps. */
const interval = 500;

/** Test images whose sampling positions are looked at. */
const looked = 300;

const send = (message: WorkerMessage): void => void process.send?.(message);

// Ctrl-C reaches all processes of the terminal; the first one decides, and its end ends this one.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());
process.on("message", (run: Run) => send({ kind: "record", record: train(run) }));

await tf.setBackend("cpu");
send({ kind: "ready" });

function train({ key, variant, seed, training }: Run): RunRecord {
  const start = performance.now();
  const startCpu = process.cpuUsage();
  let [steps, said] = [0, start];
  const { network, tests, final, epochs, parameters } = trainNetwork(
    variant,
    training,
    seed,
    (epoch, last) => {
      steps++;
      if (performance.now() - said < interval) return;
      send({ kind: "steps", steps, epoch, ...(last ? { accuracy: last.accuracy } : {}) });
      [steps, said] = [0, performance.now()];
    },
  );
  send({ kind: "steps", steps, epoch: training.epochs, accuracy: final.accuracy });
  // The time of training and testing; looking at positions is no part of it.
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(startCpu);
  const sampled = variant.task === "digits" && variant.deformable === stacked;
  const sampling = sampled ? { sampling: recordSampling(network, tests.slice(0, looked)) } : {};
  network.dispose();
  return {
    key,
    task: variant.task,
    variant: variant.name,
    seed,
    parameters,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    epochs,
    final,
    tests: tests.reduce((sum, { placed }) => sum + placed.length, 0),
    ...sampling,
  };
}
