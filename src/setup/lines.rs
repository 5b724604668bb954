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
        .replace("@PUBLIC@", &to.public.display().to_string())
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
Best: nicetap in the network of the app's container. 127.0.0.1 is both's then, and the
outbound IP is the app's. On the host, as root, with the container's names (DNS):
  APP=$(docker inspect -f '{{.State.Pid}}' CONTAINER)
  sudo nsenter -t $APP -n unshare -m sh -c \"mount --bind \\
    /proc/$APP/root/etc/resolv.conf /etc/resolv.conf && exec nicetap serve\"
In another terminal the CA, and a command that uses both:
  docker cp @PUBLIC@/. CONTAINER:/opt/nicetap
  docker exec -e https_proxy=@PROXY@ -e SSL_CERT_FILE=/opt/nicetap/bundle.pem \\
    CONTAINER curl https://api.nicenic.net/v2/…
  docker exec -i -e https_proxy=@PROXY@ CONTAINER \\
    php -d curl.cainfo=/opt/nicetap/bundle.pem < script.php
Check: the console shows the call, from (…, container). Undo, then Ctrl-C:
  docker exec CONTAINER rm -r /opt/nicetap

With compose, for all that the service `app` does: docker-compose.override.yml
  services:
    app:
      environment:
        https_proxy: @PROXY@
        SSL_CERT_FILE: /opt/nicetap/bundle.pem
      volumes: [\"nicetap-public:/opt/nicetap\"]
    nicetap:
      image: debian:stable-slim
      network_mode: \"service:app\"
      command: [\"nicetap\", \"serve\", \"--no-ui\"]
      volumes:
        - /usr/bin/nicetap:/usr/bin/nicetap:ro
        - /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro
        - nicetap-public:/etc/nicetap
        - nicetap-home:/var/lib/nicetap
  volumes:
    nicetap-public:
    nicetap-home:
PHP takes the CA from its own settings: mount a file with the line
  curl.cainfo = /opt/nicetap/bundle.pem
as /usr/local/etc/php/conf.d/99-nicetap.ini into `app` (where its image reads them).
Read: docker compose logs -f nicetap. While nicetap does not run, calls of `app` fail:
undo it before anything else ends, by deleting the file, and
  docker compose up -d --remove-orphans

Second choice, nicetap on the host; the outbound IP is the host's. Address and network
of the host as the container sees it, here 172.17.0.1 and 172.17.0.0/16:
  docker inspect -f '{{range .NetworkSettings.Networks}}{{.Gateway}} {{end}}' CONTAINER
  docker network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}' NETWORK
  nicetap serve --listen 172.17.0.1:@PORT@ --allow-remote --allow-from 172.17.0.0/16
Then as above, with https_proxy=http://172.17.0.1:@PORT@. Docker Desktop has the name
host.docker.internal for the host; on Linux a container has it only with
  extra_hosts: [\"host.docker.internal:host-gateway\"]
A firewall of the host (ufw, firewalld) may keep containers from that port.

`nicetap run -- docker …` does not do it: the variables reach the docker client only.
";
