// Workspaces, kept from run to run, and stand-ins for buffers of no elements.

import type { WorkspaceInfo } from "../contract/program.ts";
import type { GuardedDevice } from "./device.ts";
import type { BufferSize } from "./values.ts";

/** Memory that a runner owns. */
export interface Scratch {
  /**
   * A buffer for each group of workspaces, which share it. Those of an earlier run are used again
   * where they are large enough. `lend` says that they outlive this call in a command buffer, so that they are not
   * destroyed when a later run needs larger ones.
   */
  take(
    groups: readonly (readonly WorkspaceInfo[])[],
    sizes: ReadonlyMap<string, BufferSize>,
    lend: boolean,
  ): Promise<Readonly<Record<string, GPUBuffer>>>;
  /** A small buffer to bind where `name` has no elements. */
  empty(name: string): GPUBuffer;
  destroy(): void;
}

/** Scratch memory on one device. */
export function createScratch({ gpu, checked }: GuardedDevice): Scratch {
  const kept: GPUBuffer[] = [];
  const lent = new WeakSet<GPUBuffer>();
  // One per name: a dispatch may not bind one buffer for reading and for writing.
  const empties = new Map<string, GPUBuffer>();

  return {
    async take(groups, sizes, lend) {
      const found: Record<string, GPUBuffer> = {};
      for (const [index, group] of groups.entries()) {
        const size = Math.max(16, ...group.map(({ name }) => sizes.get(name)?.bytes ?? 0));
        const name = group.map((workspace) => workspace.name).join(" or ");
        let buffer = kept[index];
        if (!buffer || buffer.size < size) {
          if (buffer && !lent.has(buffer)) buffer.destroy();
          delete kept[index]; // Should the allocation fail, nothing destroyed stays behind.
          buffer = await checked(`The workspace ${name} of ${size} bytes`, () =>
            gpu.createBuffer({ label: name, size, usage: 0x80 | 0x04 /* STORAGE | COPY_SRC */ }),
          );
          kept[index] = buffer;
        }
        if (lend) lent.add(buffer);
        for (const workspace of group) found[workspace.name] = buffer;
      }
      return found;
    },
    empty(name) {
      let buffer = empties.get(name);
      if (!buffer) {
        buffer = gpu.createBuffer({ label: `empty ${name}`, size: 16, usage: 0x80 /* STORAGE */ });
        empties.set(name, buffer);
      }
      return buffer;
    },
    destroy() {
      for (const buffer of [...kept, ...empties.values()]) buffer?.destroy();
      kept.length = 0;
      empties.clear();
    },
  };
}
