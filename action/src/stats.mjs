// What `cachewarden stats --json` says of a store, and what of it one job has done. docs/operate.md
// describes its fields.

import { run } from './program.mjs';
import { CacheProblem } from './runner.mjs';

/** How long `stats` may take, in milliseconds: it looks at every entry of the store. */
const TIMEOUT = 120_000;

/** The exit status of a verb where no go command has made a store. */
export const NO_STORE = 1;

/** What `stats` would print of such a store. */
const NOTHING = {
  sessions: {
    sessions: 0,
    gets: 0,
    hits: 0,
    'refused-gets': 0,
    puts: 0,
    'refused-puts': 0,
    'bytes-put': 0,
    diverged: 0,
    'time-saved': null,
  },
};

/** Asks the program about the store that a configuration names. */
export async function readStats({ program, argument }, env) {
  const words = ['stats', '--json', '--no-env', '--config', argument];
  const ended = await run(program, words, { env, timeout: TIMEOUT });
  if (ended.status === NO_STORE) {
    return NOTHING;
  }
  if (ended.status !== 0) {
    throw new CacheProblem(`\`cachewarden stats\` failed: ${ended.stderr.trim()}`);
  }
  return JSON.parse(ended.stdout);
}

/**
 * What sessions have done between two looks at a store: their counts, and the estimate of the time
 * that they have saved. A store counts the sessions of all jobs that it was used by.
 */
export function between(before, after) {
  const counts = Object.entries(after).map(([name, value]) => [
    name,
    typeof value === 'number' ? value - (before[name] ?? 0) : value,
  ]);
  return { ...Object.fromEntries(counts), 'time-saved': saved(before, after) };
}

/** The estimate is made of means, which change with what is built: it can become a little less. */
function saved({ 'time-saved': before }, { 'time-saved': after }) {
  if (!after) {
    return null;
  }
  const more = (name) => Math.max(0, after[name] - (before?.[name] ?? 0));
  return { milliseconds: more('milliseconds'), hits: more('hits') };
}
