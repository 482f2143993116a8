// What crosses between the host and the policy in memory: the host's texts are UTF-8, AssemblyScript's are UTF-16, and
// records lie as the component model's canonical ABI says.
//
// The host's memory is not the collector's: what it passed is freed when it was read, what it is given when it has read it.

import { Grant, Opening, Refusal } from "./grant";
import { Patterns } from "./patterns";
import { Label, Session } from "./session";

/** Bytes of a text or a list in a record: where it is, and how much. */
const TEXT: usize = 8;
/** Bytes of a label: four texts and a flag. */
const LABEL: usize = 36;
/** Bytes of the number of a kind. */
const NUMBER: usize = 4;

/** Memory for the host, which is always asked for anew or to grow. */
export function allocate(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  // Nothing needs no memory, only an aligned place.
  if (size == 0) return alignment;
  // The heap aligns to 16 bytes, more than anything in the contract needs.
  return oldSize == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

/** Reads what the host passed to `open`, and frees it. */
export function receive(
  started: u64, seed: u64,
  labels: usize, labelCount: i32,
  readable: usize, readableCount: i32,
  writable: usize, writableCount: i32,
  settings: usize, settingsLength: i32,
): Session {
  const session = new Session();
  session.started = started;
  session.seed = seed;
  for (let i = 0; i < labelCount; i++) {
    const label = labels + <usize>i * LABEL;
    session.labels.push(
      new Label(
        textAt(label),
        textAt(label + TEXT),
        textAt(label + 2 * TEXT),
        textAt(label + 3 * TEXT),
        load<bool>(label + 4 * TEXT),
      ),
    );
  }
  free(labels, labelCount);
  session.readable = new Patterns(texts(readable, readableCount));
  session.writable = new Patterns(texts(writable, writableCount));
  session.settings = text(settings, settingsLength);
  return session;
}

function texts(list: usize, count: i32): string[] {
  const read: string[] = [];
  for (let i = 0; i < count; i++) read.push(textAt(list + <usize>i * TEXT));
  free(list, count);
  return read;
}

function textAt(place: usize): string {
  return text(load<usize>(place), load<i32>(place, 4));
}

function text(bytes: usize, length: i32): string {
  const read = String.UTF8.decodeUnsafe(bytes, length);
  free(bytes, length);
  return read;
}

function free(memory: usize, length: i32): void {
  if (length > 0) heap.free(memory);
}

// The answer of `open`: a `result<grant, refusal>`. Both cases begin 4 bytes into it.
const RESULT: usize = memory.data(36, 4);
const CASE: usize = RESULT + 4;
const WRITE: usize = CASE + 4;
const READ: usize = CASE + 12;
const LIFETIME: usize = CASE + 20;
const ADMIT: usize = CASE + 24;
const REASON: usize = CASE + 4;

/** Lays out the answer of `open`; the host reads it before it calls again. */
export function answer(opening: Opening): usize {
  if (opening instanceof Grant) {
    const grant = opening as Grant;
    store<u8>(RESULT, 0);
    const write = grant.write;
    store<u8>(CASE, u8(write !== null));
    if (write !== null) putText(WRITE, write);
    const read = grant.read;
    const list = heap.alloc(<usize>read.length * TEXT);
    for (let i = 0; i < read.length; i++) putText(list + <usize>i * TEXT, read[i]);
    store<usize>(READ, list);
    store<i32>(READ, read.length, 4);
    // A lifetime that is too long for the contract is as good as the longest.
    store<u32>(LIFETIME, <u32>min<u64>(grant.lifetime, u32.MAX_VALUE));
    const admit = grant.admit;
    const kinds = heap.alloc(<usize>admit.length * NUMBER);
    for (let i = 0; i < admit.length; i++) store<u32>(kinds + <usize>i * NUMBER, admit[i]);
    store<usize>(ADMIT, kinds);
    store<i32>(ADMIT, admit.length, 4);
  } else {
    const refusal = opening as Refusal;
    store<u8>(RESULT, 1);
    store<u8>(CASE, u8(!refusal.ofSettings));
    putText(REASON, refusal.reason);
  }
  return RESULT;
}

/** Frees what the answer led to. */
export function release(result: usize): void {
  if (load<u8>(result) != 0) {
    heap.free(load<usize>(REASON));
    return;
  }
  if (load<u8>(CASE) != 0) heap.free(load<usize>(WRITE));
  const list = load<usize>(READ);
  const count = load<i32>(READ, 4);
  for (let i = 0; i < count; i++) heap.free(load<usize>(list + <usize>i * TEXT));
  heap.free(list);
  heap.free(load<usize>(ADMIT));
}

function putText(place: usize, value: string): void {
  const length = String.UTF8.byteLength(value);
  const bytes = heap.alloc(length);
  String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, bytes, false, String.UTF8.ErrorMode.REPLACE);
  store<usize>(place, bytes);
  store<usize>(place, length, 4);
}
