// A reader of JSON texts. The host hands over valid ones only, so this finds no mistakes in them.
//
// Numbers stay as they are written, so that none of 64 bits is rounded. The libraries for JSON stop the program at a value
// of another type than expected, which cannot be caught, and do not report which field is unknown.

/** What a value is. */
export enum Form {
  Null,
  Flag,
  Number,
  Text,
  List,
  Object,
}

/** The form's name in a message. */
export function formName(form: Form): string {
  switch (form) {
    case Form.Null: return "null";
    case Form.Flag: return "true or false";
    case Form.Number: return "a number";
    case Form.Text: return "a text";
    case Form.List: return "a list";
    default: return "an object";
  }
}

/** One value with all that is in it. */
export class Value {
  constructor(
    readonly form: Form,
    /** A text's characters; a number, true or false as it is written. */
    readonly text: string = "",
  ) {}

  /** The names of an object's fields, in their order; `items` has their values. */
  names: string[] = [];
  /** The values of a list or an object. */
  items: Value[] = [];
}

/** Reads one text, once. */
export class Reader {
  private at: i32 = 0;

  constructor(private readonly json: string) {}

  /** The next value. */
  value(): Value {
    this.space();
    const first = this.peek();
    if (first == "{") return this.object();
    if (first == "[") return this.list();
    if (first == '"') return new Value(Form.Text, this.text());
    const word = this.word();
    if (word == "null") return new Value(Form.Null);
    return new Value(word == "true" || word == "false" ? Form.Flag : Form.Number, word);
  }

  private object(): Value {
    const object = new Value(Form.Object);
    this.at++;
    if (this.takes("}")) return object;
    do {
      this.space();
      object.names.push(this.text());
      this.takes(":");
      object.items.push(this.value());
    } while (this.takes(","));
    this.takes("}");
    return object;
  }

  private list(): Value {
    const list = new Value(Form.List);
    this.at++;
    if (this.takes("]")) return list;
    do {
      list.items.push(this.value());
    } while (this.takes(","));
    this.takes("]");
    return list;
  }

  private text(): string {
    let text = "";
    let from = ++this.at;
    while (this.at < this.json.length && this.peek() != '"') {
      if (this.peek() != "\\") {
        this.at++;
        continue;
      }
      text += this.json.substring(from, this.at) + this.escaped();
      from = this.at;
    }
    text += this.json.substring(from, this.at++);
    return text;
  }

  private escaped(): string {
    const escape = this.json.charAt(this.at + 1);
    this.at += 2;
    if (escape == "u") {
      const code = this.json.substring(this.at, this.at + 4);
      this.at += 4;
      return String.fromCharCode(I32.parseInt(code, 16));
    }
    return '"\\/\b\f\n\r\t'.charAt('"\\/bfnrt'.indexOf(escape));
  }

  /** The run of characters that a number, true, false or null is made of. */
  private word(): string {
    const from = this.at;
    while (this.at < this.json.length && !",]} \t\r\n".includes(this.peek())) this.at++;
    return this.json.substring(from, this.at);
  }

  private takes(character: string): bool {
    this.space();
    const there = this.peek() == character;
    if (there) this.at++;
    return there;
  }

  private space(): void {
    while (this.at < this.json.length && " \t\r\n".includes(this.peek())) this.at++;
  }

  /** The next character; an empty text where the end is reached. */
  private peek(): string {
    return this.json.charAt(this.at);
  }
}
