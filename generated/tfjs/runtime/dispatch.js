// SPDX-License-Identifier: MIT-0
// How groups become dispatches. A kernel computes the number of its group as
//   group_base + workgroup_id.x + workgroup_id.y * num_workgroups.x
// and returns where that is not below the number of groups; so a dispatch may cover too many
// groups, but only at the end.

/**
 * The dispatches that cover `total` groups, when no dimension may have more than `perDimension`.
 */
export function coverGroups(total, perDimension) {
  const all = [];
  for (let base = 0; base < total; ) {
    const left = total - base;
    const y = Math.min(Math.ceil(left / perDimension), perDimension);
    const x = Math.min(Math.ceil(left / y), perDimension);
    all.push({ base, x, y });
    base += x * y;
  }
  return all;
}

/** The bytes of a uniform block for one dispatch. */
export function packUniform({ bytes, members, base: baseOffset }, scalars, base) {
  const view = new DataView(new ArrayBuffer(bytes));
  for (const [name, type, offset] of members)
    if (type === "f32") view.setFloat32(offset, scalars[name], true);
    else view.setInt32(offset, scalars[name], true);
  view.setUint32(baseOffset, base, true);
  return new Uint8Array(view.buffer);
}
