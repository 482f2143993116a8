// Drawing a sample without randomness.

export class Sample {
  #oneIn;
  #seed;

  constructor(oneIn, seed) {
    if (!Number.isSafeInteger(oneIn) || oneIn < 0) {
      throw new RangeError(`a sample is one in a whole number, not one in ${oneIn}`);
    }
    this.#oneIn = BigInt(oneIn);
    this.#seed = seed;
  }

  takes(action) {
    const word = BigInt(`0x${action.slice(0, 16)}`);
    return this.#oneIn !== 0n && mix(word ^ this.#seed) % this.#oneIn === 0n;
  }
}

/**
 * Mixes the bits (SplitMix64's last steps). Without it, the same actions would be drawn together
 * in one session after the other.
 */
function mix(bits) {
  bits = BigInt.asUintN(64, (bits ^ (bits >> 30n)) * 0xbf58476d1ce4e5b9n);
  bits = BigInt.asUintN(64, (bits ^ (bits >> 27n)) * 0x94d049bb133111ebn);
  return bits ^ (bits >> 31n);
}
