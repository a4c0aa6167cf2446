// The page of the quickstart: one file beside its pictures, readable without a network.

import { readFileSync } from "node:fs";
import type { Ledger, OperatorRecord } from "../../generators/check/ledger.ts";
import { formatTime } from "../../generators/cli/terminal.ts";
import { panels } from "./panels.ts";
import type { Report, Shown } from "./report.ts";
import { nameDevices, rowsOf, warpHead } from "./table.ts";

const style = readFileSync(new URL("page.css", import.meta.url), "utf8");

/** Text as it stands between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot" };
  return text.replace(/[&<>"]/g, (char) => `&${names[char]};`);
}

const figure = (file: string, alt: string, caption: string, kind = ""): string =>
  `<figure${kind === "" ? "" : ` class="${kind}"`}><img src="${file}" alt="${escapeHtml(alt)}">` +
  `<figcaption>${caption}</figcaption></figure>`;

const cell = (text: string): string => {
  if (text === "agrees" || text === "agree") return `<td class="good">${text}</td>`;
  if (/^(FAILED|DIFFERS)/.test(text)) return `<td class="bad">${escapeHtml(text)}</td>`;
  // Short ones are numbers and names, which are not broken.
  return `<td${text.length < 26 ? ' class="number"' : ""}>${escapeHtml(text)}</td>`;
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const heads = head.map((text) => `<th>${escapeHtml(text)}</th>`).join("");
  const lines = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`);
  return `<div class="scroll"><table><tr>${heads}</tr>\n${lines.join("\n")}</table></div>`;
}

/** The whole page. */
export function formatPage(report: Report, shown: readonly Shown[], gain: number): string {
  const { outcomes, ledger, generated, milliseconds } = report;
  const sound = ledger.passed && outcomes.every((o) => "comparison" in o && o.comparison.passed);
  const verdict = sound
    ? '<span class="good">All targets agree.</span>'
    : '<span class="bad">Something disagrees; see the tables.</span>';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>warpweave quickstart</title>
<style>
${style}</style>
<h1>warpweave quickstart</h1>
<p>${verdict} <span class="quiet">${escapeHtml(generated)} Everything on this page took
${formatTime(milliseconds)}.</span></p>
${showWarp(report, shown)}
${showTargets(report, shown, gain)}
${showPositions()}
<h2>By hand</h2>
<p><a href="live.html">live.html</a> runs the generated WGSL on this browser's GPU: drag the taps of a
deformable kernel over a photograph of yours, and see the result, the gradients, and whether JavaScript
agrees. It needs a browser with WebGPU, and computes by JavaScript alone where there is none.</p>
${showLedger(ledger)}
${showDevices(report)}
<footer>Photograph: <a href="https://www.flickr.com/photos/vultilion/6056698931/">flower</a> by
vultilion, <a href="https://creativecommons.org/licenses/by/2.0/">CC BY 2.0</a>, taken from
scikit-learn's sample images; scaled, warped and drawn on here.</footer>
</html>
`;
}

function showWarp({ warp, expected, kernel }: Report, [first]: readonly Shown[]): string {
  const { width, height } = warp.picture;
  const { size, spacing } = kernel;
  const result = first
    ? figure(
        first.result,
        "The warped photograph",
        `<b>${first.warped.device.target}</b>: warped by the generated kernel`,
      )
    : figure("reference.png", "The warped photograph", "<b>reference</b>: no target runs here");
  return `<h2>One operator, one photograph</h2>
<p>A swirl, written as the offsets of a ${size}×${size} deformable convolution
(<code>dsl/ops/deform_conv2d.ts</code>): nine taps, ${spacing} pixel apart in the picture they make,
are moved along the swirl and weighted binomially; each colour is a group of its own. The reference
is the declaration itself, run in float64 in ${formatTime(expected.milliseconds)}.</p>
<div class="row two">
${figure("input.png", "A flower", `<b>input</b>, ${width} × ${height} pixels`)}
${result}
</div>`;
}

function showTargets({ outcomes }: Report, shown: readonly Shown[], gain: number): string {
  const names = nameDevices(shown.map(({ warped }) => warped.device));
  const figures = shown.map(({ warped, result, difference }, i) => {
    const name = escapeHtml(names[i]!);
    const greatest = `<b>difference</b>, greatest ${warped.worst.toExponential(1)}`;
    return (
      figure(result, `Result of ${names[i]}`, `<b>${name}</b>`) +
      figure(difference, `Difference of ${names[i]}`, greatest)
    );
  });
  const pairs = figures.map((pair) => `<div class="pair">${pair}</div>`);
  return `<h2>Every target</h2>
<p>Brightness goes from 0 to 1. What an f32 kernel may differ by is derived operation by operation
for every value; the table says how much of that the worst value uses. Times are with compiling,
and again with everything at hand; devices without a GPU say nothing of how fast one would be.</p>
${table(warpHead, rowsOf(outcomes))}
<p>Below are the results and their differences from float64, multiplied by ${formatGain(gain)}: white would
be ${(1 / gain).toExponential(0)}, and none is lighter.</p>
<div class="row four">${pairs.join("\n")}</div>`;
}

const formatGain = (gain: number): string => gain.toLocaleString("en").replaceAll(",", "\u202f");

function showPositions(): string {
  const figures = panels.map(({ name, caption }, i) =>
    figure(`panel-${name}.png`, caption, `<b>(${"abcd"[i]}) ${name}</b>: ${caption}`),
  );
  return `<h2>Where a deformed kernel samples</h2>
<p>Rings are the taps of an ordinary 3×3 kernel, drawn far apart; dots of one colour are the places
that the same swirl moves them to. At the centre the grid turns, halfway out it is sheared, and
beyond the swirl (left) nothing moves.</p>
${figure("positions.png", "Sampling places drawn on the flower", "drawn on the photograph", "wide")}
<h2>The four grids of the paper</h2>
<p>Figure 1 of <a href="https://arxiv.org/abs/1703.06211">Deformable Convolutional Networks</a>
(Dai et al. 2017), drawn anew: regular places green, deformed ones blue, the offsets as arrows.</p>
<div class="row four">
${figures.join("\n")}
</div>`;
}

function showLedger({ operators }: Ledger): string {
  const head = ["operator", "target", "on", "result", "cases", "elements", "worst of bound"];
  const rows = operators.flatMap((record) => [oracleRow(record), ...targetRows(record)]);
  const failures = operators
    .flatMap((o) => [o, ...o.targets].flatMap((r) => r.failures))
    .map(({ message, command }) => [message, command]);
  const failed =
    failures.length === 0 ? "" : `<h2>Failures</h2>\n${table(["what", "again with"], failures)}`;
  const skips = operators.flatMap((o) => o.skipped.map((s) => [o.operator, s.what, s.reason]));
  const skipped =
    skips.length === 0 ? "" : `<h2>Skipped</h2>\n${table(["operator", "what", "why"], skips)}`;
  return `<h2>All operators, checked quickly</h2>
<p>Awkward sizes and positions (NaN, infinite, huge, exactly on a border) and random ones. Oracles are
the declaration run as written, the interpreter of its IR and the judge: they agree to the last bit.
<code>npx warpweave check</code> runs more.</p>
${table(head, rows)}
${failed}${skipped}`;
}

/** What ran where, and what did not. */
function showDevices({ outcomes, ledger }: Report): string {
  const devices = outcomes.map(({ device }) => device);
  const names = nameDevices(devices);
  const rows = devices.map(({ device, driver, hardware }, i) => {
    return [names[i]!, device, driver, hardware ? "a GPU" : "the CPU"];
  });
  const skips = ledger.unavailable.map(({ target, unavailable, install = "" }) => [
    target,
    unavailable,
    install,
  ]);
  const skipped =
    skips.length === 0
      ? '<p class="quiet">Every target ran here; none was skipped.</p>'
      : `<h2>Not run here</h2>\n${table(["target", "why", "what helps"], skips)}`;
  return `<h2>What ran where</h2>
${table(["target", "device", "driver", "computes on"], rows)}
${skipped}`;
}

const oracleRow = ({ operator, failures, cases }: OperatorRecord): readonly string[] => [
  operator,
  "float64",
  "declaration, IR interpreter and judge",
  failures.length === 0 ? "agree" : `FAILED ${failures.length}`,
  String(cases),
  "",
  "",
];

function targetRows({ operator, targets }: OperatorRecord): readonly (readonly string[])[] {
  const names = nameDevices(targets.map(({ device }) => device));
  return targets.map(({ device, failures, cases, elements, worst }, i) => [
    operator,
    names[i]!,
    device.device,
    failures.length === 0 ? "agree" : `FAILED ${failures.length}`,
    String(cases),
    String(elements),
    `${(worst.error * 100).toFixed(0)} %`,
  ]);
}
