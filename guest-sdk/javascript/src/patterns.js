// Patterns for names, as the command line understands them.

export class Patterns {
  #patterns;

  constructor(patterns) {
    this.#patterns = [...patterns];
  }

  matches(name) {
    return this.#patterns.some((pattern) => matches(pattern, name));
  }

  [Symbol.iterator]() {
    return this.#patterns[Symbol.iterator]();
  }
}

function matches(pattern, name) {
  const [beginning, ...pieces] = pattern.split("*");
  if (pieces.length === 0) {
    return pattern === name;
  }
  const ending = pieces.pop();
  if (!name.startsWith(beginning)) {
    return false;
  }
  let position = beginning.length;
  // The first place where a piece is found leaves the most room for the pieces after it.
  for (const piece of pieces) {
    const found = name.indexOf(piece, position);
    if (found < 0) {
      return false;
    }
    position = found + piece.length;
  }
  // The two ends of a pattern never share a character of the name.
  return name.length - ending.length >= position && name.endsWith(ending);
}
