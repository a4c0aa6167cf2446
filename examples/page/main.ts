// `npm run page`: builds the page on the visitor's GPU, serves it, and prints where. --open opens it too.

import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createSocket, type Server } from "node:net";
import { join } from "node:path";
import { Command } from "commander";
import { main, UsageError, UserError } from "../../generators/cli/errors.ts";
import { writeBytes } from "../../generators/cli/io/files.ts";
import { formatBytes, formatTime } from "../../generators/cli/terminal.ts";
import { buildPage } from "./build.ts";

interface Options {
  readonly open?: true;
  readonly out?: string;
  readonly port: string;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

await main(async () => {
  const program = new Command("page")
    .description("Builds a page that runs a deformable kernel on the visitor's GPU, and serves it.")
    .option("--open", "open it in the default browser")
    .option("--out <folder>", "write it into a folder as index.html, and serve nothing")
    .option("--port <number>", "serve it there, 0 for any port that is free", "0")
    .parse();
  const { open, out, port } = program.opts<Options>();
  const number = Number(port);
  if (!/^\d+$/.test(port) || number > 65535)
    throw new UsageError(`--port is ${port}; a port is a whole number from 0 to 65535`);
  if (out === undefined) await checkFree(number);
  const start = performance.now();
  const html = await buildPage();
  const bytes = formatBytes(Buffer.byteLength(html));
  say(`Built one page of ${bytes} in ${formatTime(performance.now() - start)}.`);
  if (out !== undefined) {
    const path = join(out, "index.html");
    await mkdir(out, { recursive: true });
    await writeBytes(path, new TextEncoder().encode(html));
    say(`Wrote ${path}, which opens from there too.`);
    return;
  }
  const address = await serve(html, number);
  say(`Serving it at ${address} until Ctrl+C.`);
  say(
    "It computes on the GPU in browsers with WebGPU, elsewhere by JavaScript; its first lines say which.",
  );
  if (open) openBrowser(address);
});

/** Serves the page to this machine alone; localhost is a secure context, which WebGPU needs. */
async function serve(html: string, port: number): Promise<string> {
  const server = createServer((request, response) => {
    const known = request.url === "/" || request.url === "/index.html";
    response.writeHead(known ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
    response.end(known ? html : "There is only one page here.");
  });
  await listen(server, port);
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}

/** Refuses a port that is in use, before the page is built for nothing. */
async function checkFree(port: number): Promise<void> {
  const server = createSocket();
  await listen(server, port);
  await new Promise<void>((closed) => void server.close(() => closed()));
}

/** Opens a port for this machine alone. */
function listen(server: Server, port: number): Promise<void> {
  return new Promise((ready, failed) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      failed(
        error.code === "EADDRINUSE"
          ? new UserError(`port ${port} is in use; choose another`)
          : error,
      ),
    );
    server.listen(port, "127.0.0.1", ready);
  });
}

function openBrowser(address: string): void {
  const commands: Readonly<Record<string, readonly string[]>> = {
    darwin: ["open", address],
    win32: ["cmd", "/c", "start", "", address],
  };
  const [command = "xdg-open", ...args] = commands[process.platform] ?? ["xdg-open", address];
  execFile(command, args, (error) => {
    if (error) say(`No browser was opened (${command} failed); open ${address} yourself.`);
  });
}
