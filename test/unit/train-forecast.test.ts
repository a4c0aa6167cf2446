import { expect, it } from "vitest";
import { startForecast } from "../../examples/train/forecast.ts";
import { estimateCost, variants } from "../../examples/train/settings.ts";

const [plain, one] = variants as [(typeof variants)[number], (typeof variants)[number]];
const runs = [
  { key: "p1", variant: plain, steps: 10 },
  { key: "o1", variant: one, steps: 10 },
  { key: "p2", variant: plain, steps: 10 },
  { key: "o2", variant: one, steps: 10 },
];

it("forecasts nothing before a run is done, then by what runs took", () => {
  const forecast = startForecast(runs, 1);
  forecast.advance("p1", 10);
  expect(forecast.left()).toBeUndefined();
  forecast.finish("p1", 5);
  // Of what was not measured: by its estimated cost.
  const cost = estimateCost(one) / estimateCost(plain);
  expect(forecast.left()).toBeCloseTo(1000 * (5 + 2 * 5 * cost), 6);
  forecast.finish("o1", 20);
  expect(forecast.left()).toBeCloseTo(25_000, 6);
  forecast.advance("p2", 4);
  expect(forecast.left()).toBeCloseTo(23_000, 6);
  forecast.finish("p2", 3);
  forecast.finish("o2", 20);
  expect(forecast.left()).toBe(0);
});

it("shares runs among processes, each whole", () => {
  const forecast = startForecast(runs, 2);
  forecast.finish("p1", 5);
  forecast.finish("o1", 20);
  expect(forecast.left()).toBeCloseTo(20_000, 6);
});
