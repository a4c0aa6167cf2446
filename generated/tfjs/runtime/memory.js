// SPDX-License-Identifier: MIT-0
// Memory of the runner on one backend: workspaces, which all operators use in turn, and uniform
// blocks. It comes from the backend's own manager, so that tf.memory() counts it.
// Everything here is used again, or destroyed, as soon as the commands that use it are submitted:
// the queue runs later writes and commands after them.

const storage = 0x80 | 0x08 | 0x04; // STORAGE | COPY_DST | COPY_SRC
const uniform = 0x40 | 0x08; // UNIFORM | COPY_DST

/** Memory that grows to the largest need. */
export function createMemory({ bufferManager, device }) {
  const kept = new Map();

  function keep(key, size, usage) {
    let buffer = kept.get(key);
    if (buffer && buffer.size >= size) return buffer;
    if (buffer) bufferManager.releaseBuffer(buffer, false);
    buffer = bufferManager.acquireBuffer(size, usage, false, false);
    kept.set(key, buffer);
    return buffer;
  }

  return {
    /** A buffer of at least `size` bytes, for a slot of a plan. */
    workspace: (slot, size) => keep(`workspace ${slot}`, size, storage),
    /**
     * To bind where there is nothing to read; one for each buffer, since reading and writing
     * differ.
     */
    empty: (at) => keep(`empty ${at}`, 16, storage),
    /** Writes blocks one behind the other, `stride` bytes apart. */
    uniforms(blocks) {
      const align = device.limits.minUniformBufferOffsetAlignment;
      const largest = Math.max(16, ...blocks.map(({ length }) => length));
      const stride = Math.ceil(largest / align) * align;
      const bytes = new Uint8Array(stride * Math.max(1, blocks.length));
      blocks.forEach((block, slot) => {
        bytes.set(block, slot * stride);
      });
      const buffer = keep("uniforms", bytes.length, uniform);
      device.queue.writeBuffer(buffer, 0, bytes);
      return { buffer, stride };
    },
  };
}
