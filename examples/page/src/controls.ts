// The form: what the visitor chooses there, and back into it what presets and taps choose.

import { byId } from "./dom.ts";
import { type FilterName, filterNames, filters } from "./filters.ts";
import { type Shape, unmoved } from "./geometry.ts";
import { type PresetName, presets } from "./presets.ts";

/** Whose gradient is drawn. */
export type Arrows = "all" | "one" | "none";

/** Everything that the form says. */
export interface Choice {
  readonly shape: Shape;
  readonly filter: FilterName;
  readonly arrows: Arrows;
  /** Pixels of the photo's longer side. */
  readonly longest: number;
}

const start = { size: 3, stride: 1, dilation: 8, stretch: 1, rotation: 0, swirl: 0 } as const;

/** What the page begins with. */
export const firstChoice = (longest: number): Choice => ({
  shape: { ...start, ...presets.Free({ ...start, moved: [] }) },
  filter: "blur",
  arrows: "all",
  longest,
});

/** What a visitor asks for beside choices. */
export interface ControlEvents {
  change(choice: Choice): void;
  reset(): void;
  keep(): void;
  descend(): void;
  file(file: File): void;
}

const sliders = ["stretch", "rotation", "swirl", "dilation", "stride"] as const;
type Slider = (typeof sliders)[number];

const spoken: Readonly<Record<Slider, (value: number) => string>> = {
  stretch: (value) => `${value.toFixed(2)} ×`,
  rotation: (value) => `${value}°`,
  swirl: (value) => `${value}°`,
  dilation: (value) => `${value} px`,
  stride: (value) => `${value} px`,
};

/** The form; `show` writes a choice into it. */
export interface Controls {
  show(choice: Choice): void;
}

/** Wires the form. */
export function createControls(events: ControlEvents): Controls {
  const form = byId<HTMLFormElement>("controls");
  const field = (name: string) =>
    form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement;
  let choice: Choice | undefined;

  for (const name of filterNames)
    (field("filter") as HTMLSelectElement).add(new Option(filters[name].title, name));
  const buttons = (Object.keys(presets) as PresetName[]).map((name) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => {
      if (!choice) return;
      const { shape } = choice;
      events.change({ ...choice, shape: { ...shape, ...presets[name](shape) } });
    });
    return { name, button };
  });
  byId("presets").append(...buttons.map(({ button }) => button));

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const { name } = event.target as HTMLInputElement;
    if (choice && name !== "file") events.change(read(choice));
  });
  field("file").addEventListener("change", () => {
    const input = field("file") as HTMLInputElement;
    const file = input.files?.[0];
    if (file) events.file(file);
    input.value = "";
  });
  for (const name of ["reset", "keep", "descend"] as const)
    byId(name).addEventListener("click", () => events[name]());

  function read({ shape }: Choice): Choice {
    const size = field("size").value === "5" ? 5 : 3;
    const numbers = Object.fromEntries(sliders.map((name) => [name, Number(field(name).value)]));
    const moved = size === shape.size ? shape.moved : unmoved(size);
    return {
      shape: { ...shape, ...numbers, size, moved },
      filter: field("filter").value as FilterName,
      arrows: field("arrows").value as Arrows,
      longest: Number(field("longest").value),
    };
  }

  return {
    show(now) {
      choice = now;
      const { shape } = now;
      for (const name of sliders) {
        const value = shape[name];
        field(name).value = String(value);
        field(name).setAttribute("aria-valuetext", spoken[name](value));
        const output = field(name).parentElement?.querySelector("output");
        if (output) output.textContent = spoken[name](value);
      }
      field("size").value = String(shape.size);
      field("filter").value = now.filter;
      field("arrows").value = now.arrows;
      field("longest").value = String(now.longest);
      for (const { name, button } of buttons)
        button.setAttribute("aria-pressed", String(isPreset(name, shape)));
    },
  };
}

/** Is a shape what a preset makes of it? */
function isPreset(name: PresetName, shape: Shape): boolean {
  const made = presets[name](shape);
  return JSON.stringify({ ...shape, ...made }) === JSON.stringify(shape);
}
