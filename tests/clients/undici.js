'use strict';
// fetch, with undici's ProxyAgent where there is a proxy.
const { Agent, ProxyAgent, buildConnector, fetch } = require('undici');
const { job, ca, dial, bodyOf, reply, print } = require('./job.js');

const connect = buildConnector({ ca });
const { host, port } = dial();
const dispatcher = job.proxy === null
  ? new Agent({
    connect: (options, done) => connect(
      host === undefined
        ? options
        : { ...options, hostname: host, host, port, servername: job.host },
      done,
    ),
  })
  : new ProxyAgent({ uri: `http://${job.proxy}`, requestTls: { ca } });

(async () => {
  const replies = [];
  for (const call of job.calls) {
    const response = await fetch(job.base + call.path, {
      method: call.method,
      headers: call.headers,
      body: bodyOf(call),
      redirect: 'manual',
      dispatcher,
    });
    replies.push(reply(response.status, [...response.headers], await response.arrayBuffer()));
  }
  print(replies);
  await dispatcher.close();
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
