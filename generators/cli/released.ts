// The ABI that was last published, as git keeps it: what a change of generated files is held against.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Abi } from "../manifest/abi.ts";
import { UserError } from "./errors.ts";

const execute = promisify(execFile);

/** A published ABI and the revision it is from; or why there is none to compare with. */
export type Released =
  | { readonly revision: string; readonly abi: Abi }
  | { readonly missing: string };

const file = "generated/abi.json";

/** The ABI of the last release (a tag such as v0.1.0) of a checkout; before the first one, that of HEAD. */
export async function readReleasedAbi(root: string): Promise<Released> {
  const git = async (...args: readonly string[]): Promise<string | undefined> => {
    try {
      return (await execute("git", [...args], { cwd: root })).stdout;
    } catch {
      return undefined;
    }
  };
  if ((await git("rev-parse", "HEAD")) === undefined)
    return { missing: "there is no git history here" };
  const tag = await git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*");
  const revision = tag?.trim() ?? "HEAD";
  const text = await git("show", `${revision}:./${file}`);
  if (text === undefined) return { missing: `${revision} holds no ${file}` };
  return { revision, abi: parseAbi(text, revision) };
}

function parseAbi(text: string, revision: string): Abi {
  try {
    const abi = JSON.parse(text);
    // Before 0.2.0 there was one hash for all entries.
    if (typeof abi.abi === "string" && typeof abi.fingerprint === "string")
      return { abi: abi.abi, fingerprint: { "all entries": abi.fingerprint } };
    if (typeof abi.abi === "string" && typeof abi.fingerprint === "object") return abi;
  } catch {
    // Said below, together with JSON of another kind.
  }
  throw new UserError(`${file} of ${revision} was not written by warpweave`);
}
