import { expect, it } from "vitest";
import { locateFault } from "../../generators/messages/json.ts";

it.each([
  ["", "line 1, column 1: it ends too early"],
  ['[["a"],', "line 1, column 8: it ends too early"],
  ['{"a": [1,\n', "line 1, column 10: it ends too early"],
  ["hello there", "line 1, column 1: hello does not belong there"],
  ["[['a']]", "line 1, column 3: 'a' does not belong there"],
  ['[\n  ["a" {}]\n]', "line 2, column 8: { does not belong there"],
  ['{"a" 1}', "line 1, column 6: 1 does not belong there"],
  ["[1, 2,]", "line 1, column 7: ] does not belong there"],
  ["[] []", "line 1, column 4: [ does not belong there"],
  ["[tru]", "line 1, column 2: tru does not belong there"],
  ["[1.5e3, -0, true, null, nul]", "line 1, column 25: nul does not belong there"],
  ['["a\\qb"]', 'line 1, column 2: "a\\qb" does not belong there'],
])("%j", (text, place) => {
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  expect(locateFault(text)).toBe(place);
});
