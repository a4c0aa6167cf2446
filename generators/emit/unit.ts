// One file of one target: all plans of an operator's kernel are printed, described, and framed.

import { readFileSync } from "node:fs";
import Handlebars from "handlebars";
import { assignBindings, describeEntry } from "./describe.ts";
import { closeHelpers } from "./helpers.ts";
import { prepareNest } from "./prepare.ts";
import { printExpr, printNest } from "./printer.ts";
import type { Framed, Helper, PrintedPlan, PrintedUnit, Target, Unit } from "./target.ts";

/** All bodies of a unit as `target` writes them, and what they need. */
export function printUnit(unit: Unit, target: Target): PrintedUnit {
  const { plans, signature } = unit;
  const { print = printNest } = target;
  const bindings = assignBindings(plans, signature);
  const helpers: Record<string, Helper> = { ...target.helpers };
  const used = new Set<string>();
  const use = (name: string) => used.add(name);
  const need = (name: string, helper: Helper) => {
    helpers[name] = helper;
    use(name);
  };
  const printed = plans.map((plan, at): PrintedPlan => {
    const nests = plan.steps.flatMap((step) => {
      if (step.kind !== "launch") return [];
      const nest = prepareNest(step.nest, target.capabilities);
      const scope = target.scope(plan, nest, plans, need);
      const context = { target, scope, use };
      const groups = target.loopsInside ? "1" : printExpr(step.groups, nest, context);
      return [{ nest, body: print(nest, context), groups }];
    });
    return { plan, nests, entry: describeEntry(plan, target, bindings, unit.kernels[at]) };
  });
  return {
    ...unit,
    plans: printed,
    bindings,
    helpers: closeHelpers(used, helpers),
  };
}

const templates = new Map<string, Handlebars.TemplateDelegate>();

function fillTemplate({ template, data }: Framed): string {
  let compiled = templates.get(template.href);
  if (!compiled) {
    const text = readFileSync(template, "utf8");
    compiled = Handlebars.compile(text, { noEscape: true, strict: true });
    templates.set(template.href, compiled);
  }
  return compiled(data);
}

/** The files of a unit that has been printed, by path below the output folder. */
export function frameUnit(printed: PrintedUnit, target: Target): ReadonlyMap<string, string> {
  return new Map(target.frame(printed).map((framed) => [framed.path, fillTemplate(framed)]));
}
