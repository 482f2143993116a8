// Settings: a JSON text from the operator, read by fields that say what they expect.

import { Patterns } from "./patterns.js";
import { Refusal } from "./refusal.js";
import { findKind, kindName } from "./words.js";

/** One value of the settings. `read` is given what stands there (undefined: nothing) and where that is. */
class Field {
  #read;

  constructor(read) {
    this.#read = read;
  }

  read(value, path) {
    return this.#read(value, path);
  }

  default(json) {
    // A default of the wrong type is the author's mistake: it shows when the policy is built.
    this.read(json, "default");
    return new Field((value, path) => this.read(value === undefined ? json : value, path));
  }

  optional() {
    return new Field((value, path) => (value === undefined ? undefined : this.read(value, path)));
  }

  nullable() {
    return new Field((value, path) => (value === null ? null : this.read(value, path)));
  }
}

/** A field that takes the values for which `fits` holds. */
function field(expected, fits) {
  return new Field((value, path) => {
    if (!fits(value)) {
      throw mismatch(path, expected, value);
    }
    return value;
  });
}

export function string() {
  return field("a string", (value) => typeof value === "string");
}

export function boolean() {
  return field("true or false", (value) => typeof value === "boolean");
}

export function integer({ minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = {}) {
  return field(
    `a whole number from ${minimum} to ${maximum}`,
    (value) => Number.isSafeInteger(value) && value >= minimum && value <= maximum,
  );
}

export function oneOf(...values) {
  const expected = values.map((value) => JSON.stringify(value)).join(" or ");
  return field(expected, (value) => values.includes(value));
}

export function list(element) {
  return new Field((value, path) => {
    if (!Array.isArray(value)) {
      throw mismatch(path, "a list", value);
    }
    return value.map((item, index) => element.read(item, `${path}[${index}]`));
  });
}

export function kind() {
  const text = field("the name of a kind", (value) => typeof value === "string" && findKind(value) !== undefined);
  return new Field((value, path) => kindName(findKind(text.read(value, path))));
}

export function patterns() {
  const texts = list(string());
  return new Field((value, path) => new Patterns(texts.read(value, path)));
}

export function object(fields) {
  const names = Object.keys(fields);
  return new Field((value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw mismatch(path, "an object", value);
    }
    const unknown = Object.keys(value).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      const known = names.length === 0 ? "there are none" : `expected one of ${names.map(quoted).join(", ")}`;
      throw Refusal.settings(`unknown field ${quoted(inner(path, unknown))}: ${known}`);
    }
    return Object.fromEntries(names.map((name) => [name, fields[name].read(own(value, name), inner(path, name))]));
  });
}

/** Reads the settings' text as an object of these fields. The host has seen to it that it is an object in JSON. */
export function readSettings(fields, text) {
  return fields.read(JSON.parse(text), "");
}

/** Where a field is, in the words of a message. */
function inner(path, name) {
  return path === "" ? name : `${path}.${name}`;
}

function mismatch(path, expected, value) {
  return Refusal.settings(
    value === undefined ? `missing field ${quoted(path)}` : `${quoted(path)}: expected ${expected}, not ${shown(value)}`,
  );
}

/** A field called `constructor` or `toString` is not there just because every object has one. */
function own(value, name) {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function quoted(name) {
  return `\`${name}\``;
}

function shown(value) {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
