// A command that starts a process which computes without end, and is then killed itself.

import { startProcess } from "../../generators/measure/worker/process.ts";

const [tsx, worker] = process.argv.slice(2) as [string, string];
const command = process.execPath;
const asked = startProcess({ command, args: ["--import", tsx, worker] });
const { pid } = await asked.ask<{ readonly pid: number }>({ do: "pid" });
void asked.ask({ do: "hang" }).catch(() => {});
process.stdout.write(`${pid}\n`);
