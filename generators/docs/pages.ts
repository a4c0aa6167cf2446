// The pages in docs/operators, as texts by their names, and the reference of the language.

import { readFileSync } from "node:fs";
import Handlebars from "handlebars";
import type { Operator } from "../frontend/operator.ts";
import { languageFile } from "../frontend/paths.ts";
import { describeLanguage } from "./language.ts";
import { cell, describePage } from "./page.ts";

const fill = (template: string, data: object): string =>
  Handlebars.compile(readFileSync(new URL(template, import.meta.url), "utf8"), {
    noEscape: true,
    strict: true,
  })(data);

/** A page for each operator, and the list of them. */
export function writePages(operators: readonly Operator[]): ReadonlyMap<string, string> {
  const pages = operators.map(describePage);
  return new Map([
    ...pages.map((page) => [`${page.name}.md`, fill("./operator.md.hbs", page)] as const),
    ["README.md", fill("./index.md.hbs", { pages })],
  ]);
}

/** The reference of the language: docs/language.md. */
export function writeLanguage(): string {
  const groups = describeLanguage(languageFile).map((group) => ({
    ...group,
    entries: group.entries.map(({ name, signature, meaning }) => ({
      name,
      signature: `\`${cell(signature)}\``,
      meaning: cell(meaning),
    })),
  }));
  return fill("./language.md.hbs", { groups });
}
