// Puts a release into the runner's tool cache.
//
// What always holds: what runs is what the pinned archive has. On a runner of your own, the tool
// cache stays from job to job, and a job of a stranger may have written there. So a folder that is
// found is not believed: the archive beside it is hashed, and each file is compared with it.

import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';

import { files } from './archive.mjs';
import { download, isWhole } from './release.mjs';
import { CacheProblem } from './runner.mjs';

/** The program in a release. */
const PROGRAM = 'cachewarden';

/** The folder of a release with its policies. */
const POLICIES = 'policies/';

const POLICY = '.wasm';

/**
 * Makes sure that the release is in the tool cache. Returns `{ folder, program, policies }`, where
 * `policies` has the bytes of each policy by its name.
 */
export async function install(release, target, url, toolCache) {
  if (!toolCache) {
    throw new CacheProblem('RUNNER_TOOL_CACHE is not set: only a GitHub Actions runner starts this');
  }
  const folder = join(toolCache, PROGRAM, release.version, target);
  const kept = join(folder, release.file);
  let archive = readIfThere(kept);
  if (archive === undefined || !isWhole(archive, release)) {
    archive = await download(url, release);
    write(kept, archive, false);
  }
  const policies = new Map();
  const found = files(archive);
  for (const { name, bytes, isProgram } of found) {
    write(join(folder, name), bytes, isProgram);
    if (name.startsWith(POLICIES) && name.endsWith(POLICY)) {
      policies.set(name.slice(POLICIES.length, -POLICY.length), bytes);
    }
  }
  if (!found.some(({ name, isProgram }) => name === PROGRAM && isProgram)) {
    throw new CacheProblem(`${release.file} has no program \`${PROGRAM}\` in its folder`);
  }
  return { folder, program: join(folder, PROGRAM), policies };
}

/** Writes a file unless it has these bytes. Another job may run the old one: it is replaced. */
function write(file, bytes, isProgram) {
  const mode = isProgram ? 0o755 : 0o644;
  if (readIfThere(file)?.equals(bytes)) {
    chmodSync(file, mode);
    return;
  }
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}`;
  writeFileSync(temporary, bytes, { mode });
  renameSync(temporary, file);
}

/** The bytes of a file; of a link none, since what it leads to may change. */
function readIfThere(file) {
  try {
    return lstatSync(file).isFile() ? readFileSync(file) : undefined;
  } catch (error) {
    if (error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
