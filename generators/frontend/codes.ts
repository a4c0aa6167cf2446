// Everything that can be wrong with a declaration beyond what TypeScript reports, one line each.

/** What each diagnostic means. 10x: the file; 11x: syntax; 12x: names; 13x: kinds; 14x: stages; 15x: meta; 16x: gradients. */
export const codes = {
  WW100: "the file cannot be read",
  WW101: "a file declares one operator: one exported function",
  WW102: "an operator's parameters are tensors, attributes and derived axes",
  WW103: "a tensor is declared as Tensor or Coords with its axes as a literal string",
  WW104: "axes, tensors, attributes and results have different names in generated text",
  WW105: "a name is a letter, with letters, digits and _ after it",
  WW110: "this syntax is not part of the declaration language",
  WW111: "a function body is `const` declarations and one `return`",
  WW112: "this pattern cannot be taken apart here",
  WW113: "functions do not call themselves",
  WW114: "only literals, arrays and objects of them, and functions are constants of a module",
  WW120: "this name is not part of the declaration language",
  WW121: "there is no such member",
  WW122: "this cannot be called, or not with these arguments",
  WW123: "an optional tensor is used where it may be absent",
  WW130: "a value of one kind is used as another",
  WW131: "a position cannot be made of data",
  WW132: "an index is a whole number",
  WW133: "the two sides of `? :` are of one form",
  WW134: "strings are compared with `===` only",
  WW140: "a stage is declared outside of any element and named by a `const`",
  WW141: "a stage reads tensors and earlier stages",
  WW142: "an operator returns tensor(...)",
  WW143: "ranges to walk are axes, spans, samples and steps",
  WW144: "`regroup` reorders the parts of a dimension",
  WW145: "the size of an axis follows from sizes and attributes",
  WW146: "the size of an axis does not depend on an option",
  WW150: "`meta` is missing",
  WW151: "`meta` is a literal",
  WW152: "a field of `meta` is missing, unknown or of another type",
  WW153: "`meta` names a tensor, axis or attribute that is not there",
  WW154: "an attribute in `meta` fits its TypeScript type and its range",
  WW155: "there is a sample; each gives every size and attribute and is accepted by the operator",
  WW160: "the gradients that `meta` asks for can be derived",
} as const;

/** The number of a diagnostic, by which it is looked up. */
export type Code = keyof typeof codes;
