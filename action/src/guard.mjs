// What a failure means for the job.
//
// What always holds: a cache that does not work costs time and fails nothing, unless the workflow
// says `fail-on-error: true`. A mistake in the workflow fails the step: nobody else corrects it.

import { BadInput, CacheProblem, error, flag, warning } from './runner.mjs';

/** Runs a part of the action to its end. */
export async function guard(part) {
  try {
    await part();
  } catch (problem) {
    if (problem instanceof BadInput) {
      error(problem.message);
      process.exitCode = 1;
      return;
    }
    // Another error is a fault of this action, and its stack says where.
    report(problem instanceof CacheProblem ? problem.message : problem.stack);
  }
}

/** Reports a problem of the cache. */
export function report(text) {
  if (failsOnError()) {
    error(text);
    process.exitCode = 1;
  } else {
    warning(`${text}. The job goes on`);
  }
}

function failsOnError() {
  try {
    return flag('fail-on-error');
  } catch {
    return false;
  }
}
