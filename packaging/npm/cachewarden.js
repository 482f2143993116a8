#!/usr/bin/env node
// Starts the program that npm has installed for this machine.
'use strict';

const { spawnSync } = require('node:child_process');
const { constants } = require('node:os');

const program = installed();

const words = process.argv.slice(2);
// The program then is this process, as far as this version of Node can do that.
process.execve?.(program, [program, ...words]);
const { error, signal, status } = spawnSync(program, words, { stdio: 'inherit' });
if (error) {
  process.stderr.write(`cachewarden: cannot start ${program}: ${error.message}\n`);
}
process.exitCode = status ?? 128 + (constants.signals[signal] ?? 0);

/** The program. Where there is none, the reason is told alone, without where in this code it is. */
function installed() {
  try {
    return require('../index.js').program;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
