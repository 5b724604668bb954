'use strict';
// What the Node clients share: the job from stdin, and the form of a reply.
const fs = require('fs');

const job = JSON.parse(fs.readFileSync(0, 'utf8'));

exports.job = job;
exports.ca = job.ca === null ? undefined : fs.readFileSync(job.ca);

/** The address to dial in place of the job's host. */
exports.dial = () => {
  if (job.dial === null) return {};
  const at = job.dial.lastIndexOf(':');
  return { host: job.dial.slice(0, at), port: Number(job.dial.slice(at + 1)) };
};

exports.bodyOf = (call) => (call.body === null ? undefined : Buffer.from(call.body, 'base64'));

exports.reply = (status, headers, body) => ({
  status,
  headers,
  body: Buffer.from(body).toString('base64'),
});

exports.print = (replies) => process.stdout.write(JSON.stringify(replies) + '\n');
