// What `cachewarden stats --json` says of a store, and what of it one job has done. docs/operate.md
// describes its fields.
//
// What always holds: the figures are for people, so a job goes on without them, also with
// `fail-on-error`.

import { run } from './program.mjs';
import { warning } from './runner.mjs';

/**
 * How long `stats` may take, in milliseconds: it looks at every entry of the store, some seconds for
 * a large one. Each job may wait so long twice, for nothing but figures.
 */
const TIMEOUT = 30_000;

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

/**
 * Asks the program about the store that a configuration names; `undefined`, with a warning, where it
 * does not say.
 */
export async function readStats({ program, argument }, env) {
  const words = ['stats', '--json', '--no-env', '--config', argument];
  const ended = await run(program, words, { env, timeout: TIMEOUT });
  if (ended.status === NO_STORE) {
    return NOTHING;
  }
  if (ended.status !== 0) {
    return withoutFigures(ended.stderr.trim());
  }
  try {
    return JSON.parse(ended.stdout);
  } catch (error) {
    return withoutFigures(`it has printed no JSON: ${error.message}`);
  }
}

function withoutFigures(why) {
  warning(`the page of this job has no figures, since \`cachewarden stats\` failed: ${why}`);
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
  const { 'least-made': leastMade } = after;
  return { milliseconds: more('milliseconds'), hits: more('hits'), 'least-made': leastMade };
}
