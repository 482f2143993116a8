// A reader of JSON texts.
//
// AssemblyScript has no exceptions to catch, so a mistake is a value: the libraries for JSON stop the program there, and
// none tells which field was not asked for. Numbers stay as they are written, so that none of 64 bits is rounded.

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
  /** What is wrong with the text, if something is. */
  mistake: string | null = null;
  private at: i32 = 0;

  constructor(private readonly json: string) {}

  /** The value that the whole text is; it means nothing where there is a mistake. */
  whole(): Value {
    const value = this.value();
    this.space();
    if (this.at < this.json.length) this.expected("nothing more");
    return value;
  }

  private value(): Value {
    this.space();
    const first = this.peek();
    if (first == "{") return this.object();
    if (first == "[") return this.list();
    if (first == '"') return new Value(Form.Text, this.text());
    const word = this.word();
    if (word == "null") return new Value(Form.Null);
    if (word == "true" || word == "false") return new Value(Form.Flag, word);
    if (!isNumber(word)) {
      this.at -= word.length;
      this.expected("a value");
    }
    return new Value(Form.Number, word);
  }

  private object(): Value {
    const object = new Value(Form.Object);
    this.at++;
    if (this.takes("}")) return object;
    do {
      this.space();
      if (this.peek() != '"') this.expected("a field's name");
      const name = this.text();
      if (object.names.includes(name)) this.expected("`" + name + "` once only");
      object.names.push(name);
      if (!this.takes(":")) this.expected("`:`");
      const before = this.mistake;
      object.items.push(this.value());
      const mistake = this.mistake;
      // What is wrong within a field is told with its name.
      if (before === null && mistake !== null) this.mistake = "`" + name + "`: " + mistake;
    } while (this.mistake === null && this.takes(","));
    if (!this.takes("}")) this.expected("`,` or `}`");
    return object;
  }

  private list(): Value {
    const list = new Value(Form.List);
    this.at++;
    if (this.takes("]")) return list;
    do {
      list.items.push(this.value());
    } while (this.mistake === null && this.takes(","));
    if (!this.takes("]")) this.expected("`,` or `]`");
    return list;
  }

  private text(): string {
    let text = "";
    let from = ++this.at;
    while (this.at < this.json.length && this.peek() != '"') {
      if (this.peek() != "\\") {
        if (this.json.charCodeAt(this.at) < 0x20) this.expected("no control character but as an escape");
        this.at++;
        continue;
      }
      text += this.json.substring(from, this.at) + this.escaped();
      from = this.at;
    }
    text += this.json.substring(from, this.at);
    // AssemblyScript keeps half of a surrogate pair, which is no character and has no form in UTF-8.
    if (!isWellFormed(text)) this.expected("both halves of a surrogate pair before this");
    if (this.at++ >= this.json.length) this.expected('`"`');
    return text;
  }

  private escaped(): string {
    const escape = this.json.charAt(this.at + 1);
    this.at += 2;
    if (escape == "u") {
      let code = 0;
      for (const end = this.at + 4; this.at < end; this.at++) {
        const digit = "0123456789abcdefABCDEF".indexOf(this.peek());
        if (this.peek() == "" || digit < 0) this.expected("four hexadecimal digits");
        code = code * 16 + (digit < 16 ? digit : digit - 6);
      }
      return String.fromCharCode(code);
    }
    const which = '"\\/bfnrt'.indexOf(escape);
    if (escape == "" || which < 0) this.expected('one of `"\\/bfnrtu`');
    return '"\\/\b\f\n\r\t'.charAt(which);
  }

  /** The run of characters that a number, true, false or null is made of. */
  private word(): string {
    const from = this.at;
    while (this.at < this.json.length && isOfWord(this.json.charCodeAt(this.at))) this.at++;
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

  private expected(what: string): void {
    if (this.mistake === null) this.mistake = "character " + (this.at + 1).toString() + ": expected " + what;
  }
}

function isOfWord(character: i32): bool {
  return isDigit(character) || (character >= 0x61 && character <= 0x7a) || character == 0x45 // a to z, E
    || character == 0x2b || character == 0x2d || character == 0x2e; // + - .
}

/** Whether each half of a surrogate pair stands with the other. */
function isWellFormed(text: string): bool {
  for (let at = 0; at < text.length; at++) {
    const surrogate = text.charCodeAt(at) & 0xfc00;
    if (surrogate == 0xdc00) return false;
    if (surrogate == 0xd800 && (text.charCodeAt(++at) & 0xfc00) != 0xdc00) return false;
  }
  return true;
}

function isDigit(character: i32): bool {
  return character >= 0x30 && character <= 0x39;
}

/** Whether a word is a number: digits after an optional sign, then an optional fraction and exponent. */
function isNumber(word: string): bool {
  let at = word.startsWith("-") ? 1 : 0;
  let end = digits(word, at);
  if (end == at || (end > at + 1 && word.charAt(at) == "0")) return false;
  if (word.charAt(end) == ".") {
    at = end + 1;
    end = digits(word, at);
    if (end == at) return false;
  }
  if (word.charAt(end) == "e" || word.charAt(end) == "E") {
    at = end + 1;
    if (word.charAt(at) == "+" || word.charAt(at) == "-") at++;
    end = digits(word, at);
    if (end == at) return false;
  }
  return end == word.length;
}

/** Where the run of digits ends that begins here. */
function digits(word: string, at: i32): i32 {
  while (at < word.length && isDigit(word.charCodeAt(at))) at++;
  return at;
}
