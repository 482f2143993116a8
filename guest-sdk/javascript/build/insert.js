// Puts a component into another one, in the place of the empty component there.

const COMPONENT_HEADER = 8;
const COMPONENT_SECTION = 4;

/** The bytes of `outer` with `inner` as its nested component. */
export function insertComponent(outer, inner) {
  let position = COMPONENT_HEADER;
  while (position < outer.length) {
    const { value: length, end: start } = readUnsigned(outer, position + 1);
    const end = start + length;
    if (outer[position] === COMPONENT_SECTION) {
      const head = Buffer.from([COMPONENT_SECTION, ...unsigned(inner.length)]);
      return Buffer.concat([outer.subarray(0, position), head, inner, outer.subarray(end)]);
    }
    position = end;
  }
  throw new Error("the outer component has no nested component to replace");
}

/** Reads a number in LEB128, seven bits a byte. */
function readUnsigned(bytes, position) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[position++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      return { value, end: position };
    }
  }
}

function unsigned(value) {
  const bytes = [];
  for (; value >= 0x80; value >>>= 7) {
    bytes.push((value & 0x7f) | 0x80);
  }
  return [...bytes, value];
}
