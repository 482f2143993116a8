// Where the program is that npm has installed for this machine.
'use strict';

const { platform, arch } = process;
const name = `@cachewarden/${platform}-${arch}`;

/** The path of the program. GOCACHEPROG may name it, so that no Node starts for each go command. */
exports.program = find();

function find() {
  try {
    return require.resolve(`${name}/cachewarden`);
  } catch (error) {
    throw new Error(
      `cachewarden: the package ${name} is not installed. Install without \`--omit=optional\`, and ` +
        'from files give npm the file for this system, too; if there is none, build the program with cargo',
      { cause: error },
    );
  }
}
