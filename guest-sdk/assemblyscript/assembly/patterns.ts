// Patterns for names, as the command line understands them.

const STAR: i32 = 0x2a;

/**
 * A list of patterns for refs, scopes or any other names; in settings, a list of texts.
 *
 * `*` matches any run of characters, the empty one and `/` included. Every other character matches itself.
 */
export class Patterns {
  constructor(
    /** The patterns, in the order in which they were given. An empty list matches nothing. */
    readonly list: string[],
  ) {}

  /** Whether any of the patterns matches the whole of `name`. */
  matches(name: string): bool {
    for (let i = 0; i < this.list.length; i++) {
      if (matches(this.list[i], name)) return true;
    }
    return false;
  }

  /** The patterns, joined by commas. */
  toString(): string {
    return this.list.join(",");
  }
}

function matches(pattern: string, name: string): bool {
  let inPattern = 0;
  let inName = 0;
  // After the last star that was met, and where the name goes on after what that star stands for.
  let afterStar = -1;
  let resume = 0;
  while (inName < name.length) {
    const wanted = inPattern < pattern.length ? pattern.charCodeAt(inPattern) : -1;
    if (wanted == STAR) {
      afterStar = ++inPattern;
      resume = inName;
    } else if (wanted == name.charCodeAt(inName)) {
      inPattern++;
      inName++;
    } else if (afterStar >= 0) {
      // One character more for the star. Earlier stars need no second look: the first place leaves the most room.
      inPattern = afterStar;
      inName = ++resume;
    } else {
      return false;
    }
  }
  while (inPattern < pattern.length && pattern.charCodeAt(inPattern) == STAR) inPattern++;
  return inPattern == pattern.length;
}
