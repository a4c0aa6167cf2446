// The memory that kernels see: allocations with bounds, at addresses so far apart that no small mistake leads from
// one to another. Each global allocation has four gibibytes of addresses to itself and lies in the middle of them.

import { Fault } from "./fault.ts";
import { type Earlier, type Moment, Shadow, type Touch } from "./shadow.ts";

/** What holds an address: the windows that generic addresses are in. */
export type Window = "global" | "shared" | "local" | "param";

/** Memory that is addressed as one piece. */
export interface Allocation {
  readonly name: string;
  readonly window: Window;
  readonly base: number;
  readonly size: number;
  readonly words: Int32Array;
  readonly shorts: Uint16Array;
  readonly bytes: Uint8Array;
  readonly shadow: Shadow;
  /** For reports: elements of so many bytes. */
  readonly element: number;
  /** Kernels may not write it. */
  readonly constant: boolean;
  /** Reads of what was never written are faults. */
  readonly strict: boolean;
}

const page = 2 ** 32;
const middle = 2 ** 31;
/** Windows of generic addresses, in units of a page; global allocations come after them. */
const windows = { shared: 16, local: 24, global: 64 } as const;
const stride = 8;
/** Shared variables begin at multiples of it, with a gap as wide between them. */
const grain = 1024;

/** The generic address of the shared and the local window. */
export const windowBase = (window: "shared" | "local"): number => windows[window] * page;

/** All that one launch after another sees. */
export class Memory {
  /** The offset in the allocation that was found last. */
  offset = 0;
  readonly #moment: Moment;
  readonly #global: (Allocation | undefined)[] = [];
  readonly #shared: (Allocation | undefined)[] = [];
  readonly #areas: Allocation[] = [];
  /** The present thread's local memory; its address is an offset. */
  local: Allocation;
  /** The kernel's parameters. */
  params: Allocation;

  constructor(moment: Moment) {
    this.#moment = moment;
    this.local = this.makeLocal(0);
    this.params = this.makeParams(0);
  }

  #make(
    name: string,
    window: Window,
    base: number,
    size: number,
    more: Partial<Pick<Allocation, "element" | "constant" | "strict">>,
  ): Allocation {
    const buffer = new ArrayBuffer(Math.ceil(size / 8) * 8);
    const bytes = new Uint8Array(buffer).fill(0xff);
    return {
      name,
      window,
      base,
      size,
      words: new Int32Array(buffer),
      shorts: new Uint16Array(buffer),
      bytes,
      shadow: new Shadow(this.#moment, window !== "global"),
      element: 1,
      constant: false,
      strict: true,
      ...more,
    };
  }

  /** New global memory: bytes of content, else NaN patterns. */
  allocate(
    name: string,
    size: number,
    more: { readonly element?: number; readonly constant?: boolean; readonly content?: Uint8Array },
  ): Allocation {
    const { content, ...rest } = more;
    const at = Math.max(windows.global, this.#global.length) + stride;
    const made = this.#make(name, "global", at * page + middle, size, rest);
    this.#global[at] = made;
    if (content) this.write(made, content);
    return made;
  }

  /** Writes the first bytes from the host. */
  write(to: Allocation, content: Uint8Array): void {
    to.bytes.set(content);
    if (content.length > 0) to.shadow.mark(0, content.length, true);
  }

  /** Takes the shared variables of a kernel: their offsets in the window. */
  layShared(variables: readonly { readonly name: string; readonly bytes: number }[]): number[] {
    this.#shared.length = 0;
    this.#areas.length = 0;
    let at = grain;
    return variables.map(({ name, bytes }) => {
      const base = at;
      const made = this.#make(`the shared ${name}`, "shared", base, bytes, { element: 4 });
      this.#areas.push(made);
      const pages = Math.ceil(Math.max(bytes, 1) / grain);
      for (let i = 0; i < pages; i++) this.#shared[base / grain + i] = made;
      at += (pages + 1) * grain;
      return base;
    });
  }

  /** Fills shared memory with NaN patterns, which nobody may read. */
  poisonShared(): void {
    for (const one of this.#areas) {
      if (one.size === 0) continue;
      one.bytes.fill(0xff);
      one.shadow.mark(0, one.size, false);
    }
  }

  /** A thread's own memory. */
  makeLocal(size: number): Allocation {
    return this.#make("local memory", "local", 0, size, {});
  }

  /** The parameters of a kernel, which it cannot write. */
  makeParams(size: number): Allocation {
    return this.#make("the parameters", "param", 0, size, { constant: true });
  }

  /** The allocation that an access is in; a fault where it is in none. Sets `offset`. */
  find(address: number, width: number, space: Window | "generic", site: number): Allocation {
    const found = this.#look(address, space, site);
    const offset = this.offset;
    if (offset < 0 || offset + width > found.size)
      throw new Fault(
        site,
        `${width} bytes at byte ${offset} of ${found.name}, which has ${found.size} bytes`,
      );
    if (offset % width !== 0)
      throw new Fault(site, `${width} bytes at byte ${offset} of ${found.name} are not aligned`);
    return found;
  }

  #look(address: number, space: Window | "generic", site: number): Allocation {
    if (space === "shared") return this.#lookShared(address, address, site);
    if (space === "local" || space === "param") {
      this.offset = address;
      return space === "local" ? this.local : this.params;
    }
    const at = Math.floor(address / page);
    const found = this.#global[at];
    if (found) {
      this.offset = address - found.base;
      return found;
    }
    if (space === "generic" && at === windows.shared)
      return this.#lookShared(address - windowBase("shared"), address, site);
    if (space === "generic" && at === windows.local) {
      this.offset = address - windowBase("local");
      return this.local;
    }
    throw new Fault(site, `the address 0x${address.toString(16)} is in no ${nameSpace(space)}`);
  }

  #lookShared(at: number, address: number, site: number): Allocation {
    const found = this.#shared[Math.floor(at / grain)];
    if (!found)
      throw new Fault(site, `the address 0x${address.toString(16)} is in no shared variable`);
    this.offset = at - found.base;
    return found;
  }

  /** Notes an access at `offset`, which must follow `find`; a fault where it races, or reads nothing. */
  touch(of: Allocation, width: number, how: Touch, site: number): void {
    const { offset } = this;
    const writes = how === "write" || how === "atomic";
    if (of.constant) {
      if (writes) throw new Fault(site, `${of.name} is constant; it is written`);
      return;
    }
    const earlier = of.shadow.touch(offset, width, how, site, of.strict);
    if (earlier === "nobody")
      throw new Fault(site, `${nameElement(of, offset)} is read, which nobody wrote`);
    if (earlier) throw new RaceFault(site, nameElement(of, offset), how, earlier);
  }
}

/** Two threads that meet at an element without order. */
export class RaceFault extends Fault {
  readonly element: string;
  readonly how: Touch;
  readonly earlier: Earlier;

  constructor(site: number, element: string, how: Touch, earlier: Earlier) {
    super(site, `race at ${element}`);
    this.element = element;
    this.how = how;
    this.earlier = earlier;
  }
}

const nameSpace = (space: Window | "generic"): string =>
  space === "generic" ? "memory" : `${space} memory`;

const nameElement = ({ name, element }: Allocation, offset: number): string =>
  element === 1 ? `byte ${offset} of ${name}` : `${name}[${Math.floor(offset / element)}]`;
