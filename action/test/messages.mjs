// Messages of GitHub's cache service: protocol buffers, or the same as JSON. The program writes both.

/** What reads the fields of a request, by their names or numbers, and `message`, which answers it. */
export function messages(request, bytes) {
  const isJson = request.headers['content-type']?.startsWith('application/json');
  const json = isJson ? JSON.parse(bytes) : {};
  const fields = isJson ? [] : fieldsOf(bytes);
  const all = (name, number) =>
    isJson
      ? [json[name] ?? []].flat()
      : fields.filter(([found]) => found === number).map(([, value]) => value);
  const texts = (name, number) => all(name, number).map((value) => value.toString());
  return {
    texts,
    text: (name, number) => texts(name, number)[0] ?? '',
    number: (name, number) => Number(all(name, number)[0]),
    message: (answer) => (isJson ? asJson(answer) : asProtobuf(answer)),
  };
}

/** An answer of fields `[name, number, value]`. */
function asJson(fields) {
  const body = JSON.stringify(Object.fromEntries(fields.map(([name, , value]) => [name, value])));
  return { status: 200, headers: { 'Content-Type': 'application/json' }, body };
}

/** The number of an entry is the only number in an answer, and a text in JSON. */
function asProtobuf(fields) {
  const pieces = fields.flatMap(([name, number, value]) =>
    value === true || name === 'entry_id'
      ? [varint(number << 3), varint(Number(value))]
      : [varint((number << 3) | 2), varint(Buffer.byteLength(value)), Buffer.from(value)],
  );
  const headers = { 'Content-Type': 'application/protobuf' };
  return { status: 200, headers, body: Buffer.concat(pieces) };
}

function varint(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      return Buffer.from([...bytes, rest]);
    }
    bytes.push((rest % 128) + 128);
  }
}

/** The fields of a message as `[number, value]`, a value being a number or bytes. */
function fieldsOf(bytes) {
  let at = 0;
  const next = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at];
      at += 1;
      value += (byte % 128) * scale;
      if (byte < 128) {
        return value;
      }
    }
  };
  const fields = [];
  while (at < bytes.length) {
    const tag = next();
    const value = next();
    if (tag % 8 === 2) {
      fields.push([tag >> 3, bytes.subarray(at, at + value)]);
      at += value;
    } else {
      fields.push([tag >> 3, value]);
    }
  }
  return fields;
}
