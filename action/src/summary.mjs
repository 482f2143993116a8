// The text on the page of the job: what the cache did, in one table, and what was refused.

/** Steps of a kind below which an estimate is rough: docs/operate.md says how much. */
const MANY = 10;

/** Bytes as people read them. */
export function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A time as people read it. */
export function time(milliseconds) {
  const tenths = Math.round(milliseconds / 100);
  if (tenths < 600) {
    return `${(tenths / 10).toFixed(1)} s`;
  }
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * The Markdown. `stats` is what `cachewarden stats --json` prints, or `undefined`, `job` is
 * `{ isReadOnly, why, addresses, policy }`, `refused` comes from a recording, and `said` has what
 * `flush` and `prune` have printed, as `{ sent, pruned }`; each may be empty.
 */
export function summary(stats, job, refused, said) {
  const parts = [
    '## cachewarden',
    stats === undefined ? 'There are no figures: a warning of the job says why.' : figures(stats),
    `Policy: ${code(job.policy)}. Tiers: ${job.addresses.map(code).join(', ') || 'none'}.`,
    job.isReadOnly ? `Nothing of this job is uploaded: ${plain(job.why)}.` : '',
    refusedTable(refused),
    printed('The last upload', said.sent),
    printed('The store', said.pruned),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function figures({ sessions, outbox = [] }) {
  const misses = sessions.gets - sessions.hits;
  const remoteHits = sessions['remote-hits'] ?? 0;
  const rows = [
    ['Gets', `${sessions.gets}`],
    ['Hits', `${sessions.hits} (${percent(sessions.hits, sessions.gets)})`],
    ['of these from remote tiers', `${remoteHits}`],
    ['Misses', `${misses}`],
    ['Downloaded', size(sessions['remote-bytes'] ?? 0)],
    ['Stored by this job', `${size(sessions['bytes-put'])} in ${sessions.puts} puts`],
    ['Waiting to be uploaded', waiting(outbox)],
    ['Time saved, estimated', saved(sessions['time-saved'])],
    ['Time waited for remote tiers', time(sessions['remote-wait'] ?? 0)],
    ['Refused gets', `${sessions['refused-gets']}`],
    ['Refused puts', `${sessions['refused-puts']}`],
  ];
  if (sessions.diverged > 0) {
    rows.push(['Audits that found other bytes', `${sessions.diverged}`]);
  }
  return table(['', ''], rows);
}

function refusedTable({ rows, more }) {
  if (rows.length === 0) {
    return '';
  }
  const cells = rows.map((row) => [row.request, row.kind, row.reason, `${row.count}`]);
  const rest = more === 0 ? '' : `\n\nand ${more} more`;
  return `### Refused\n\n${table(['request', 'kind', 'verdict or reason', 'how often'], cells)}${rest}`;
}

function printed(what, text) {
  return text === '' ? '' : `${what}:\n\n<pre>${plain(text)}</pre>`;
}

/** What the store knows of steps that it has seen says what a hit has saved. */
function saved(estimate) {
  if (!estimate) {
    return 'no estimate: too little was built with this store to know what a hit saves';
  }
  const { milliseconds, hits, 'least-made': made } = estimate;
  const rough = made < MANY ? `; rough, of ${made} steps of a kind` : '';
  return `${time(milliseconds)}, the sum of build steps, in ${hits} hits${rough}`;
}

function waiting(outbox) {
  const count = outbox.reduce((sum, tier) => sum + tier.entries, 0);
  const failures = outbox.flatMap((tier) => (tier.failure === undefined ? [] : [tier.failure]));
  if (count === 0) {
    return 'nothing';
  }
  const why = failures.length === 0 ? '' : `; the last upload failed: ${failures.join('; ')}`;
  return `${count} ${count === 1 ? 'entry' : 'entries'}${why}`;
}

function percent(part, whole) {
  return whole === 0 ? 'no gets' : `${((100 * part) / whole).toFixed(1)} %`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function cell(text) {
  return plain(text ?? '').replaceAll(/\s+/g, ' ').replaceAll('|', '&#124;');
}

function code(text) {
  return `<code>${plain(text)}</code>`;
}

/** A text of somebody else, such as a server's answer, is neither Markdown nor HTML. */
function plain(text) {
  return text.replaceAll(/[&<>"'`*_[\]\\]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
