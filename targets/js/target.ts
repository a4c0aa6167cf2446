import type { Target } from "../../generators/emit/target.ts";
import { frame } from "./frame.ts";
import { language } from "./language.ts";

/** JavaScript: ES modules that import nothing. */
export const js: Target = { ...language, frame };
