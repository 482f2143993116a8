// Settings: a JSON object from the operator, read field by field. The host has seen to it that it is one.

import { Refusal } from "./grant";
import { Form, Reader, Value, formName } from "./json";
import { Patterns } from "./patterns";
import { Kind, findKind } from "./words";

/**
 * The policy's settings, given to `Policy.configure`.
 *
 * Each method reads one field and gives the value passed with it where the operator left the field out:
 *
 *     this.largest = settings.number("largest", this.largest);
 *
 * A field of another type, one that is out of range and one that are not declared are refused by name once `configure` is
 * done. Until then reading goes on, with the value for an absent field.
 */
export class Settings {
  private readonly asked: string[] = [];
  private readonly nested: Settings[] = [];

  /** Made by the SDK: a policy is given its settings. */
  constructor(
    private readonly fields: Value,
    private readonly path: string,
    private readonly mistakes: string[],
  ) {}

  /** A text. */
  text(name: string, absent: string): string {
    const value = this.given(name, Form.Text);
    return value === null ? absent : value.text;
  }

  /** A text, or null. */
  textOrNull(name: string, absent: string | null): string | null {
    const value = this.value(name);
    if (value === null) return absent;
    if (value.form == Form.Null) return null;
    if (value.form == Form.Text) return value.text;
    this.refuse(name, "a text or null, not " + formName(value.form));
    return absent;
  }

  /** One of a few words; any other text is refused. `absent` need not be one of them. */
  choice(name: string, words: string[], absent: string): string {
    const value = this.given(name, Form.Text);
    if (value === null) return absent;
    if (words.includes(value.text)) return value.text;
    this.refuse(name, "one of " + quoted(words) + ", not `" + value.text + "`");
    return absent;
  }

  /** A list of texts. */
  texts(name: string, absent: string[]): string[] {
    const list = this.list(name, Form.Text);
    if (list === null) return absent;
    const texts: string[] = [];
    for (let i = 0; i < list.length; i++) texts.push(list[i].text);
    return texts;
  }

  /** A list of patterns, each a text in which `*` matches any run of characters. */
  patterns(name: string, absent: Patterns): Patterns {
    return new Patterns(this.texts(name, absent.list));
  }

  /** A list of kinds, each by its name, or as `kind-` and its number. */
  kinds(name: string, absent: Kind[]): Kind[] {
    const list = this.list(name, Form.Text);
    if (list === null) return absent;
    const kinds: Kind[] = [];
    for (let i = 0; i < list.length; i++) {
      const kind = findKind(list[i].text);
      if (kind < 0) this.refuse(element(name, i), "the name of a kind, not `" + list[i].text + "`");
      kinds.push(<Kind>kind);
    }
    return kinds;
  }

  /** `true` or `false`. */
  flag(name: string, absent: bool): bool {
    const value = this.given(name, Form.Flag);
    return value === null ? absent : value.text == "true";
  }

  /** A number of the type of `absent`: whole where that is an integer, and within what it can hold. */
  number<T extends number>(name: string, absent: T): T {
    const value = this.given(name, Form.Number);
    if (value === null) return absent;
    if (isFloat<T>()) return <T>parseFloat(value.text);
    const negative = value.text.startsWith("-");
    const limit = negative ? lowest<T>() : highest<T>();
    const magnitude = new Magnitude(negative ? value.text.substring(1) : value.text);
    if (magnitude.isWhole && magnitude.value <= limit) {
      return negative ? <T>(0 - magnitude.value) : <T>magnitude.value;
    }
    const from = isSigned<T>() ? "-" + lowest<T>().toString() : "0";
    this.refuse(name, "a whole number from " + from + " to " + highest<T>().toString() + ", not " + value.text);
    return absent;
  }

  /** An object, whose own fields are read from what this gives; one without fields where it is absent. */
  object(name: string): Settings {
    const value = this.given(name, Form.Object);
    return this.nest(value === null ? new Value(Form.Object) : value, this.path + name);
  }

  /** A list of objects; an empty one where it is absent. */
  objects(name: string): Settings[] {
    const objects: Settings[] = [];
    const list = this.list(name, Form.Object);
    if (list === null) return objects;
    for (let i = 0; i < list.length; i++) objects.push(this.nest(list[i], this.path + element(name, i)));
    return objects;
  }

  /** Whether the operator gave this field at all. Asking is not reading: a field that only this asks for is refused. */
  has(name: string): bool {
    return this.fields.names.includes(name);
  }

  /** Refuses a field, for a rule of the policy's own: `settings.refuse("days", "1 to 30")`. */
  refuse(name: string, expected: string): void {
    this.mistakes.push("`" + this.path + name + "`: expected " + expected);
  }

  /** The first mistake as the answer of `open`; none where everything fits. The SDK asks once `configure` is done. */
  refusal(): Refusal | null {
    this.findUnknown();
    return this.mistakes.length == 0 ? null : Refusal.settings(this.mistakes[0]);
  }

  /** The field's value, whatever it is. */
  private value(name: string): Value | null {
    if (!this.asked.includes(name)) this.asked.push(name);
    const index = this.fields.names.indexOf(name);
    return index < 0 ? null : this.fields.items[index];
  }

  /** The field's value if it is of this form. Else it is refused, and as if it were absent. */
  private given(name: string, form: Form): Value | null {
    const value = this.value(name);
    if (value === null || value.form == form) return value;
    this.refuse(name, formName(form) + ", not " + formName(value.form));
    return null;
  }

  /** The items of a list if all are of this form. */
  private list(name: string, form: Form): Value[] | null {
    const value = this.given(name, Form.List);
    if (value === null) return null;
    const items = value.items;
    for (let i = 0; i < items.length; i++) {
      if (items[i].form == form) continue;
      this.refuse(element(name, i), formName(form) + ", not " + formName(items[i].form));
      return null;
    }
    return items;
  }

  private nest(fields: Value, path: string): Settings {
    const settings = new Settings(fields, path + ".", this.mistakes);
    this.nested.push(settings);
    return settings;
  }

  private findUnknown(): void {
    for (let i = 0; i < this.fields.names.length; i++) {
      const name = this.fields.names[i];
      if (this.asked.includes(name)) continue;
      const known = this.asked.length == 0 ? "no field" : quoted(this.asked);
      this.mistakes.push("unknown field `" + this.path + name + "`: expected " + known);
    }
    for (let i = 0; i < this.nested.length; i++) this.nested[i].findUnknown();
  }
}

/** Reads the text of a JSON object. */
export function parse(json: string): Settings {
  return new Settings(new Reader(json).value(), "", []);
}

/** How far a number is from zero. */
class Magnitude {
  value: u64 = 0;
  /** Whether it was written as digits only, and 64 bits hold it. */
  isWhole: bool = true;

  constructor(text: string) {
    for (let i = 0; i < text.length && this.isWhole; i++) {
      const digit = <u64>(text.charCodeAt(i) - 0x30);
      this.isWhole = digit <= 9 && this.value <= (u64.MAX_VALUE - digit) / 10;
      this.value = this.value * 10 + digit;
    }
  }
}

/** The largest integer of this type. */
function highest<T>(): u64 {
  return u64.MAX_VALUE >> (64 - 8 * sizeof<T>() + (isSigned<T>() ? 1 : 0));
}

/** How far below zero the integers of this type go. */
function lowest<T>(): u64 {
  return isSigned<T>() ? highest<T>() + 1 : 0;
}

function element(name: string, index: i32): string {
  return name + "[" + index.toString() + "]";
}

function quoted(words: string[]): string {
  return "`" + words.join("`, `") + "`";
}
