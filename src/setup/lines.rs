//! What a user writes into a client's own code or settings, word for word, and how it is taken back.
use crate::config::Whose;

use super::To;

/// The lines for this client.
pub fn lines(whose: Whose, to: &To) -> String {
    let text = match whose {
        Whose::Whmcs | Whose::PhpFpm | Whose::Cron => PHP,
        Whose::Php => PHP_COMMAND,
        Whose::Guzzle => GUZZLE,
        Whose::Curl => CURL,
        Whose::Python => PYTHON,
        Whose::Node => NODE,
        Whose::Go => GO,
        Whose::Java => JAVA,
        Whose::Docker => DOCKER,
    };
    let public = |name: &str| to.public.join(name).display().to_string();
    text.replace("@PROXY@", &to.url())
        .replace("@HOST@", &to.proxy.ip().to_string())
        .replace("@PORT@", &to.proxy.port().to_string())
        .replace("@ROOT@", &public("root.pem"))
        .replace("@BUNDLE@", &public("bundle.pem"))
        .replace("@STORE@", &public("truststore.jks"))
}

const PHP: &str = "\
`--write` does this, shows it first, and takes it back with `--undo`:
  PHP runs a file before each script that points curl at @PROXY@
  while nicetap answers there, and does nothing once it does not
  openssl.cafile and curl.cainfo name the system's roots and nicetap's
Traps, when nothing arrives:
  fastcgi_param https_proxy … is seen by getenv() and not by curl
  no_proxy in the environment beats even CURLOPT_PROXY
  cron runs another PHP than the pages do: each has its own settings
  openssl.cafile beats curl.cainfo; CURLOPT_CAINFO in the code beats both: --ca-file
  $outbound_http_proxy reaches WHMCS's own helper only, not a module's curl_init
";
const PHP_COMMAND: &str = "\
One script, nothing to take back:
  nicetap run -- php script.php
Every PHP of the command line, until `nicetap setup php --undo`:
  nicetap setup php --write
";
const GUZZLE: &str = "\
One script, nothing to take back:
  nicetap run -- php script.php
In the code; take both options out again before nicetap ends:
  new GuzzleHttp\\Client([
      'proxy' => '@PROXY@',
      'verify' => '@BUNDLE@',
  ]);
";
const CURL: &str = "\
One call:
  curl -x @PROXY@ --cacert @ROOT@ https://api.nicenic.net/v2/…
PHP's curl, in the code; take both lines out again before nicetap ends:
  curl_setopt($handle, CURLOPT_PROXY, '@PROXY@');
  curl_setopt($handle, CURLOPT_CAINFO, '@BUNDLE@');
";
const PYTHON: &str = "\
One program, nothing to take back (requests, httpx, urllib):
  nicetap run -- python3 program.py
In a shell; `unset` the three again before nicetap ends:
  export https_proxy=@PROXY@
  export REQUESTS_CA_BUNDLE=@BUNDLE@
  export SSL_CERT_FILE=@BUNDLE@
";
const NODE: &str = "\
One program, nothing to take back (Node 22.21 or newer, 24.5 for http and https):
  nicetap run -- node program.js
Older ones obey no variable: an agent in the code, taken out again before nicetap ends
  const { HttpsProxyAgent } = require('https-proxy-agent');
  https.get(url, { agent: new HttpsProxyAgent('@PROXY@') });
  const { ProxyAgent, fetch } = require('undici');
  fetch(url, { dispatcher: new ProxyAgent('@PROXY@') });
and for its CA, when it starts:
  NODE_EXTRA_CA_CERTS=@ROOT@ node program.js
";
const GO: &str = "\
One program, nothing to take back:
  nicetap run -- ./program
In a shell; `unset` both again before nicetap ends:
  export https_proxy=@PROXY@
  export SSL_CERT_FILE=@BUNDLE@
Go never sends localhost and 127.0.0.1 to a proxy.
";
const JAVA: &str = "\
One program, nothing to take back:
  nicetap run -- java -jar program.jar
With options; the store is made by `nicetap run`:
  java -Dhttps.proxyHost=@HOST@ -Dhttps.proxyPort=@PORT@ \\
    -Djavax.net.ssl.trustStoreType=JKS -Djavax.net.ssl.trustStorePassword=changeit \\
    -Djavax.net.ssl.trustStore=@STORE@ -jar program.jar
";
const DOCKER: &str = "\
Best: nicetap in the network of the container, so that 127.0.0.1 is both's and the
outbound IP is the container's own:
  nsenter -t \"$(docker inspect -f '{{.State.Pid}}' CONTAINER)\" -n nicetap serve
or as a service beside the service `app`, in docker-compose.override.yml:
  services:
    nicetap:
      image: debian:stable-slim
      network_mode: \"service:app\"
      volumes: [\"/usr/bin/nicetap:/usr/bin/nicetap:ro\", \"nicetap:/var/lib/nicetap\"]
      command: [\"nicetap\", \"serve\", \"--no-ui\"]
  volumes:
    nicetap:
Then in the container https_proxy=@PROXY@, and its CA:
  docker cp @ROOT@ CONTAINER:/nicetap-root.pem
`nicetap run -- docker …` does not do it: the variables reach the docker client only.
";
