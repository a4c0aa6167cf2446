// Static pages: a template of Handlebars with values in it.

import { readFile } from "node:fs/promises";
import Handlebars from "handlebars";

/** The text of a page; a value that a template names and nobody gave is an error. */
export async function fillTemplate(template: URL, values: object): Promise<string> {
  return Handlebars.compile(await readFile(template, "utf8"), { strict: true })(values);
}
