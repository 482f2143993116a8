// An issuer of tokens that is not ours: oauth2-mock-server, which a test controls by lines of JSON.
//
// Each line on stdin has one command, and one line on stdout answers it. The end of stdin ends the
// issuer. Arguments: the folder with node_modules, and for HTTPS the files of a key and of its
// certificate.

import { createInterface } from 'node:readline';

const [tools, ...tls] = process.argv.slice(2);
const { OAuth2Server } = await import(`${tools}/node_modules/oauth2-mock-server/dist/index.mjs`);

let server;
let port = 0;

const commands = {
  // Starts with one new key; an issuer that runs already loses all of its keys.
  async start({ algorithm, kid }) {
    await server?.stop();
    server = new OAuth2Server(...tls);
    await server.issuer.keys.generate(algorithm, { kid });
    await server.start(port, '127.0.0.1');
    port = server.address().port;
    return { url: server.issuer.url, port };
  },
  // Makes a further key.
  async key({ algorithm, kid }) {
    await server.issuer.keys.generate(algorithm, { kid });
    return {};
  },
  // Signs a token with these changes; what is null is left out.
  async token({ kid, claims }) {
    const change = (header, payload) => {
      for (const [name, value] of Object.entries(claims)) {
        if (value === null) delete payload[name];
        else payload[name] = value;
      }
    };
    return { token: await server.issuer.buildToken({ kid, scopesOrTransform: change }) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  console.log(JSON.stringify(await commands[command.do](command)));
}
process.exit(0);
