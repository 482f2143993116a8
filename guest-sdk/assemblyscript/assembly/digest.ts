// SHA-256 digests, which name actions and objects.

/** A SHA-256 digest: the name of an action or of an object. */
export class Digest {
  constructor(
    /** Its first eight bytes, in big-endian order. Of a real action, as good as a random number. */
    public a: u64 = 0,
    /** The next eight. */
    public b: u64 = 0,
    /** The next eight. */
    public c: u64 = 0,
    /** The last eight. */
    public d: u64 = 0,
  ) {}

  /** Makes this digest the one with these words. */
  assign(a: u64, b: u64, c: u64, d: u64): void {
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
  }

  /** Whether both are the same digest. */
  @operator("==")
  equals(other: Digest): bool {
    return this.a == other.a && this.b == other.b && this.c == other.c && this.d == other.d;
  }

  /** Whether the two are different digests. */
  @operator("!=")
  differs(other: Digest): bool {
    return !this.equals(other);
  }

  /** 64 hexadecimal digits. */
  toString(): string {
    return hexadecimal(this.a) + hexadecimal(this.b) + hexadecimal(this.c) + hexadecimal(this.d);
  }
}

function hexadecimal(word: u64): string {
  return word.toString(16).padStart(16, "0");
}
