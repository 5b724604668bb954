'use strict';
// Node's https (and http) module with an agent that keeps its connection.
const http = require('http');
const https = require('https');
const { HttpsProxyAgent } = require('https-proxy-agent');
const { job, ca, dial, bodyOf, reply, print } = require('./job.js');

const plain = job.base.startsWith('http://');
const library = plain ? http : https;

class Dialling extends library.Agent {
  createConnection(options, done) {
    return super.createConnection({ ...options, ...dial(), servername: job.host }, done);
  }
}

const settings = { keepAlive: true, maxSockets: 1, ca };
const agent = job.proxy === null
  ? new Dialling(settings)
  : new HttpsProxyAgent(`http://${job.proxy}`, settings);

const make = (call) => new Promise((resolve, reject) => {
  const body = bodyOf(call);
  const headers = Object.fromEntries(call.headers);
  if (body !== undefined) headers['Content-Length'] = body.length;
  const options = { method: call.method, headers, agent, ca };
  const request = library.request(job.base + call.path, options, (response) => {
    const pieces = [];
    response.on('data', (piece) => pieces.push(piece));
    response.on('error', reject);
    response.on('end', () => {
      const names = response.rawHeaders.filter((_, at) => at % 2 === 0);
      const fields = names.map((name, at) => [name, response.rawHeaders[2 * at + 1]]);
      resolve(reply(response.statusCode, fields, Buffer.concat(pieces)));
    });
  });
  request.on('error', reject);
  request.end(body);
});

(async () => {
  const replies = [];
  for (const call of job.calls) replies.push(await make(call));
  print(replies);
  agent.destroy();
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
