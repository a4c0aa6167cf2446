// Builds the page into one file that needs nothing else: script, style, photo and kernels are within it.

import { resolve } from "node:path";
import { build, type Plugin } from "vite";
import { kernelsPlugin } from "./kernels.ts";

const root = import.meta.dirname;

/** The page as one HTML text. */
export async function buildPage(): Promise<string> {
  const built = await build({
    root,
    configFile: false,
    logLevel: "warn",
    plugins: [kernelsPlugin(resolve(root, "../../generated")), inlinePlugin()],
    // Files that are opened from a disk may not start workers that are modules.
    worker: { format: "iife" },
    build: {
      write: false,
      target: "es2022",
      assetsInlineLimit: Number.POSITIVE_INFINITY,
      cssCodeSplit: false,
      modulePreload: false,
    },
  });
  const [first] = Array.isArray(built) ? built : [built];
  if (!first || !("output" in first)) throw new Error("Vite built nothing.");
  const files = first.output.map(({ fileName }) => fileName);
  const [page] = first.output.filter(({ fileName }) => fileName === "index.html");
  if (page?.type !== "asset" || files.length !== 1)
    throw new Error(`Vite built ${files.join(", ")}; one index.html was wanted.`);
  return String(page.source);
}

/** Puts what the page loads into it: files that are opened from a disk may not load modules. */
function inlinePlugin(): Plugin {
  return {
    name: "inline-everything",
    enforce: "post",
    generateBundle(_, bundle) {
      const page = bundle["index.html"];
      if (page?.type !== "asset") throw new Error("Vite built no index.html.");
      let html = String(page.source);
      for (const [name, file] of Object.entries(bundle)) {
        if (file === page) continue;
        const text = file.type === "chunk" ? file.code : String(file.source);
        const tag = new RegExp(
          `<(script|link)[^>]*(src|href)="[^"]*${escapePattern(name)}"[^>]*>(</script>)?`,
        );
        if (!tag.test(html)) throw new Error(`The page does not load ${name}.`);
        // A replacement's dollar signs would be read; a function's are not.
        html = html.replace(tag, () =>
          file.type === "chunk"
            ? `<script type="module">${text.replaceAll("</script", "<\\/script")}</script>`
            : `<style>${text}</style>`,
        );
        delete bundle[name];
      }
      page.source = html;
    },
  };
}

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
