// Reads a JSON text more strictly than JSON.parse, and as the SDKs of the other languages do: a field that is there twice
// is refused (JSON.parse takes the last), half of a surrogate pair too, and a number keeps what it was written as where
// that is not how a whole number is written.

import { Refusal } from "./refusal.js";

/** A number that is whole, but written as one that need not be: `86400.0`, `1e3`, `-0`. No field takes one. */
export class Spelled {
  #text;

  constructor(text) {
    this.#text = text;
  }

  toString() {
    return this.#text;
  }
}

const TOKEN = /[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/g;

/** The value of a text. Throws a SyntaxError where it is no JSON, and a Refusal where it is not as above. */
export function parse(text) {
  // It says best what is wrong. What passes it has no token out of place.
  JSON.parse(text);
  const tokens = text.match(TOKEN).values();
  return value(tokens.next().value, tokens, "");
}

function value(token, tokens, path) {
  switch (token[0]) {
    case "{":
      return object(tokens, path);
    case "[":
      return list(tokens, path);
    case '"':
      return string(token, path);
    default:
      return number(token);
  }
}

function object(tokens, path) {
  const fields = new Map();
  for (let token = tokens.next().value; token !== "}"; token = tokens.next().value) {
    if (token === ",") continue;
    const name = string(token, path);
    const inside = inner(path, name);
    if (fields.has(name)) throw Refusal.settings(`\`${inside}\`: the field is there twice`);
    tokens.next(); // the colon
    fields.set(name, value(tokens.next().value, tokens, inside));
  }
  // A field may be called `__proto__`, which an assignment would take for something else.
  return Object.fromEntries(fields);
}

function list(tokens, path) {
  const items = [];
  for (let token = tokens.next().value; token !== "]"; token = tokens.next().value) {
    if (token !== ",") items.push(value(token, tokens, `${path}[${items.length}]`));
  }
  return items;
}

function string(token, path) {
  const text = JSON.parse(token);
  // With the flag `u` a pair is one character, so this finds halves only.
  if (/[\ud800-\udfff]/u.test(text)) {
    throw Refusal.settings(`\`${path}\`: half of a surrogate pair is no character`);
  }
  return text;
}

function number(token) {
  const parsed = JSON.parse(token);
  const isWhole = Number.isInteger(parsed);
  return isWhole && (/[.eE]/.test(token) || Object.is(parsed, -0)) ? new Spelled(token) : parsed;
}

/** Where a field is, in the words of a message. */
export function inner(path, name) {
  return path === "" ? name : `${path}.${name}`;
}
