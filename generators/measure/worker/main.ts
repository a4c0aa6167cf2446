// A process that computes: `main.ts <module>`, whose `open` says what.

import { type Open, serve } from "./serve.ts";

// Taken away, since some baselines read the command line themselves.
const [url] = process.argv.splice(2);
const { open } = (await import(url!)) as { readonly open: Open };
serve(open);
