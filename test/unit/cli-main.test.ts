import { PassThrough } from "node:stream";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { isUserFacing, reportError, runReported, UserError } from "../../generators/cli/errors.ts";
import { startProgress, withProgress } from "../../generators/cli/progress.ts";

describe("failures", () => {
  async function run(command: () => unknown): Promise<{ text: string; code: number }> {
    let text = "";
    const code = await runReported(command, (part) => {
      text += part;
    });
    return { text, code };
  }

  // What commander itself says of wrong usage.
  const usage: string[] = [];

  function program(): Command {
    const command = new Command("tool").exitOverride();
    command.configureOutput({ writeOut: () => {}, writeErr: (text) => usage.push(text) });
    command
      .command("run <op>")
      .option("--target <name>")
      .action(() => {
        throw new UserError("the input has rank 3; 4 is needed");
      });
    return command;
  }

  function parse(...args: string[]) {
    return () => program().parseAsync(args, { from: "user" });
  }

  test("a mistake of the user is one sentence and exit code 1", async () => {
    expect(await run(parse("run", "conv2d"))).toStrictEqual({
      text: "error: the input has rank 3; 4 is needed\n",
      code: 1,
    });
  });

  test.each([
    [["run"], "error: missing required argument 'op'\n"],
    [["run", "conv2d", "--bogus"], "error: unknown option '--bogus'\n"],
    [["ru"], "error: unknown command 'ru'\n(Did you mean run?)\n"],
  ])("wrong usage %j is commander's sentence, once, and exit code 2", async (args, text) => {
    usage.length = 0;
    expect(await run(parse(...args))).toStrictEqual({ text: "", code: 2 });
    expect(usage.join("")).toBe(text);
  });

  test("help is no failure; no command at all is wrong usage", async () => {
    expect(await run(parse("--help"))).toStrictEqual({ text: "", code: 0 });
    expect((await run(parse())).code).toBe(2);
  });

  test("success says nothing", async () => {
    expect(await run(async () => {})).toStrictEqual({ text: "", code: 0 });
  });

  test("a defect shows where it happened", () => {
    const { text, code } = reportError(new TypeError("x is undefined"));
    expect(text).toMatch(/^internal error, please report it: TypeError: x is undefined\n\s+at /);
    expect(code).toBe(1);
    expect(reportError("text").text).toBe("internal error, please report it: text\n");
  });

  test("other stages mark their errors for users by themselves", () => {
    class DeclarationError extends Error {
      readonly userFacing = true;
    }
    expect(isUserFacing(new DeclarationError("my_op.ts:3:5 …"))).toBe(true);
    expect(reportError(new DeclarationError("sentence")).text).toBe("error: sentence\n");
    expect(isUserFacing(new Error("x"))).toBe(false);
    expect(isUserFacing({ userFacing: true })).toBe(false);
  });
});

describe("progress", () => {
  function collect(isTTY: boolean): {
    stream: PassThrough & { isTTY: boolean };
    text: () => string;
  } {
    const chunks: string[] = [];
    const stream = Object.assign(new PassThrough(), { isTTY, cursorTo: () => {}, columns: 80 });
    // The parts of a terminal that the bar uses besides writing.
    for (const name of ["moveCursor", "clearLine", "clearScreenDown"]) {
      Object.assign(stream, { [name]: () => true });
    }
    stream.on("data", (chunk) => chunks.push(String(chunk)));
    return { stream, text: () => chunks.join("") };
  }

  test("plain lines where there is no terminal, not more often than the interval", () => {
    const { stream, text } = collect(false);
    let time = 0;
    const bar = startProgress({ label: "check", total: 4, stream, interval: 100, now: () => time });
    bar.advance("conv2d");
    time = 150;
    bar.advance("roi_pool");
    bar.note("cuda is skipped: no compiler");
    bar.advance("roi_align");
    bar.advance();
    bar.stop();
    expect(text()).toBe("check: 2/4 roi_pool\ncuda is skipped: no compiler\ncheck: 4/4\n");
  });

  test("work that fails says how far it came", async () => {
    const { stream, text } = collect(false);
    const work = withProgress({ label: "tune", total: 3, stream, interval: 0 }, async (bar) => {
      bar.advance();
      throw new UserError("stop");
    });
    await expect(work).rejects.toThrow("stop");
    expect(text()).toBe("tune: 1/3\ntune: 1/3 (stopped)\n");
  });

  test("a bar on a terminal, redrawn below notes", () => {
    const { stream, text } = collect(true);
    const bar = startProgress({ label: "check", total: 2, stream });
    bar.advance("conv2d");
    bar.note("a note");
    bar.advance("roi_pool");
    bar.stop();
    expect(text()).toContain("check ░");
    expect(text()).toContain("a note\n");
    expect(text()).toContain("1/2 conv2d");
    expect(text()).toContain("2/2 roi_pool");
  });

  test("nothing at all for programs", () => {
    const { stream, text } = collect(true);
    const bar = startProgress({ label: "check", total: 1, json: true, stream });
    bar.advance("x");
    bar.note("y");
    bar.stop();
    expect(text()).toBe("");
  });
});
