// Counts, in a recording, what was refused and why. docs/recording.md describes its lines.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** The verdicts that refuse nothing. */
const ACCEPTED = ['hit', 'hit-verified', 'local', 'shared'];

/**
 * Reasons of answers that are no refusal: nothing was there, or the session's own object was, or
 * nobody had to be asked.
 */
const NO_REFUSAL = ['absent', 'own-put', 'no-question', 'session-ends'];

/** The lines that say something about the policy itself. */
const TROUBLE = { trap: 'trapped', timeout: 'ran out of time', off: 'was disabled' };

/** How many rows are shown: the rest is only counted. */
const ROWS = 12;

/**
 * The refusals as `[{ request, reason, kind, count }]`, the most frequent first, and at most so many
 * of them; empty where there is no recording.
 */
export async function refusals(file) {
  const counts = new Map();
  try {
    const input = createReadStream(file);
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      count(counts, line);
    }
  } catch (error) {
    if (error.code !== 'ENOENT') {
      throw error;
    }
  }
  const rows = [...counts.values()].sort((one, other) => other.count - one.count);
  return { rows: rows.slice(0, ROWS), more: Math.max(0, rows.length - ROWS) };
}

function count(counts, line) {
  const row = refusal(line);
  if (row === undefined) {
    return;
  }
  const key = JSON.stringify(row);
  const before = counts.get(key) ?? { ...row, count: 0 };
  counts.set(key, { ...before, count: before.count + 1 });
}

/** What a line refuses; `undefined` where it refuses nothing. */
function refusal(line) {
  let entry;
  try {
    entry = JSON.parse(line);
  } catch {
    // A later version, or a line that a full disk has cut.
    return undefined;
  }
  if (['get', 'put'].includes(entry.line)) {
    const { line: request, kind, verdict } = entry;
    return ACCEPTED.includes(verdict) ? undefined : { request, kind, reason: verdict };
  }
  if (entry.line === 'answer' && !NO_REFUSAL.includes(entry.reason)) {
    return { request: entry.command, kind: '', reason: entry.reason };
  }
  if (Object.hasOwn(TROUBLE, entry.line)) {
    return { request: '', kind: '', reason: `the policy ${TROUBLE[entry.line]}` };
  }
  if (entry.line === 'open' && entry.refusal !== undefined) {
    const why = entry.refusal.session ?? entry.refusal.settings;
    return { request: '', kind: '', reason: `the policy refused the session: ${why}` };
  }
  return undefined;
}
