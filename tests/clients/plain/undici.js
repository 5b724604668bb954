'use strict';
// fetch, with undici's agent that reads the environment.
const { EnvHttpProxyAgent, fetch } = require('undici');

const headers = { Authorization: process.env.CREDENTIAL, 'Content-Type': 'application/json' };
fetch(process.argv[2], { headers, dispatcher: new EnvHttpProxyAgent() })
  .then((response) => response.text())
  .then((text) => console.log(text));
