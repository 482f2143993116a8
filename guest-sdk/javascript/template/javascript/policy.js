import { defaultReach, integer, policy } from "cachewarden-policy";

export default policy({
  settings: {
    // Objects of more bytes than this stay on the machine.
    largest: integer().default(10_000_000),
  },

  put(offer, settings) {
    return offer.size > settings.largest ? "local" : defaultReach(offer.kind);
  },
});
