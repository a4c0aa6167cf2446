// What memory layers of networks need on targets that are alike in nothing else.

import { openOperator } from "../../generators/cli/operators.ts";
import { targets } from "../../targets/registry.ts";
import { formatMemory, measureMemory, networkLayers } from "../memory.ts";
import type { Suite } from "../suite.ts";

export const memory: Suite = {
  name: "memory",
  doc: "deform_conv2d, workspaces of the forward and the backward kernels",
  async run() {
    const able = targets.filter(({ capabilities }) => capabilities.updates);
    const measured = measureMemory(openOperator("deform_conv2d"), able);
    return {
      text: formatMemory(measured),
      data: { layers: networkLayers.map((layer, i) => ({ ...layer, workspaces: measured[i] })) },
    };
  },
};
