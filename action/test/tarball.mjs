// Makes archives as a release has them.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BLOCK = 512;

/** The program under test, as it was built. */
export const PROGRAM =
  process.env.CACHEWARDEN ??
  new URL('../../target/debug/cachewarden', import.meta.url).pathname;

/** A policy that is made without a compiler: its text is what the release has as bytes. */
export const POLICY = new URL(
  '../../examples/trusted-branches/wat/trusted-branches.wat',
  import.meta.url,
);

/** A gzipped tar archive of `[{ name, bytes, mode, type }]`. */
export function tarball(entries) {
  const pieces = entries.flatMap(({ name, bytes = Buffer.alloc(0), mode = 0o644, type = '0' }) => [
    header(name, bytes.length, mode, type),
    bytes,
    Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ]);
  return gzipSync(Buffer.concat([...pieces, Buffer.alloc(2 * BLOCK)]), { level: 1 });
}

function header(name, size, mode, type) {
  const block = Buffer.alloc(BLOCK);
  const octal = (value, digits) => value.toString(8).padStart(digits, '0');
  block.write(name, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(size, 11), 124);
  block.fill(' ', 148, 156);
  block.write(type, 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

/** A release with the real program and one real policy. */
export function release() {
  return tarball([
    { name: 'cachewarden-9.9.9/', mode: 0o755, type: '5' },
    { name: 'cachewarden-9.9.9/cachewarden', bytes: readFileSync(PROGRAM), mode: 0o755 },
    { name: 'cachewarden-9.9.9/policies/trusted-branches.wasm', bytes: readFileSync(POLICY) },
  ]);
}

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The inputs that name such an archive, and the server that has it. */
export function fromServer(server, archive) {
  return { version: '9.9.9', sha256: sha256(archive), 'base-url': server.url };
}
