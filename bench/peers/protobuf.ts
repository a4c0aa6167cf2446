// Just enough of the wire format of protocol buffers (protobuf.dev/programming-guides/encoding) to
// write an ONNX model.

/** A field of a message: its number with what it holds. */
export type Field = readonly [number, bigint | number | string | Uint8Array | Message];

/**
 * Fields in order; repeated ones are there several times. Plain numbers are floats, bigints
 * integers.
 */
export type Message = readonly Field[];

function encodeVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const more = rest > 0x7fn;
    bytes.push(Number(rest & 0x7fn) | (more ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

const tag = (number: number, wire: number): Uint8Array =>
  encodeVarint((BigInt(number) << 3n) | BigInt(wire));

function encodeField([number, value]: Field): readonly Uint8Array[] {
  if (typeof value === "bigint") return [tag(number, 0), encodeVarint(value)];
  if (typeof value === "number")
    return [tag(number, 5), new Uint8Array(Float32Array.of(value).buffer)];
  const bytes =
    typeof value === "string"
      ? new TextEncoder().encode(value)
      : value instanceof Uint8Array
        ? value
        : encodeMessage(value);
  return [tag(number, 2), encodeVarint(BigInt(bytes.length)), bytes];
}

/** The bytes of a message. */
export const encodeMessage = (message: Message): Uint8Array =>
  new Uint8Array(Buffer.concat(message.flatMap(encodeField)));
