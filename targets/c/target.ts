import type { Target } from "../../generators/emit/target.ts";
import { frame } from "./frame.ts";
import { language } from "./language.ts";
import { print } from "./print.ts";

/** C11: functions that callers of any language can bind. */
export const c: Target = { ...language, print, frame };
