# shellcheck shell=bash
# What `run` and `limits` share: built programs, certificates, an origin, waiting, and stopping all that was started.

build() {
  cargo build --release --quiet
  load=$PWD/target/release/load
  if [[ -z $NICETAP ]]; then
    (cd ../.. && cargo build --release --quiet)
    NICETAP=$(cd ../.. && pwd)/target/release/nicetap
  fi
}

# One root for the origin, one for the peers; P-256 everywhere, as nicetap makes its own.
make_certificates() {
  cd "$work"
  local ca
  for ca in origin-ca peer-ca; do
    openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out $ca.key
    openssl req -x509 -new -key $ca.key -days 2 -subj "/CN=$ca" -out $ca.pem \
      -addext keyUsage=critical,keyCertSign,cRLSign
  done
  cat peer-ca.key peer-ca.pem >peer-both.pem
  cd - >/dev/null
  make_leaf origin-ca origin
}

# A server's certificate and key by this name, signed by this CA.
make_leaf() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$NAME" \
    -keyout "$work/$2.key" -out "$work/$2.csr" 2>>"$work/openssl.log"
  openssl x509 -req -in "$work/$2.csr" -CA "$work/$1.pem" -CAkey "$work/$1.key" -days 2 -out "$work/$2.pem" \
    -extfile <(echo "subjectAltName=DNS:$NAME,DNS:$OTHER") 2>>"$work/openssl.log"
}

start_origin() {
  origin=127.0.0.1:$(free_port) plain=$(free_port)
  cat >"$work/nginx.conf" <<EOF
pid $work/nginx.pid;
error_log $work/nginx.log;
worker_processes auto;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  server {
    listen ${origin%:*}:$plain;
    location /bulk { root $work; }
  }
  server {
    listen $origin ssl backlog=1024;
    server_name $NAME;
    ssl_certificate $work/origin.pem;
    ssl_certificate_key $work/origin.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    default_type application/json;
    location / { return 200 '$REPLY'; }
  }
}
EOF
  nginx -p "$work" -c "$work/nginx.conf" -e "$work/nginx.log" -g 'daemon off;' &
  pids+=($!)
  await_port "$origin"
}

# A zombie has ended, too; its parent may be another shell.
gone() { ! [[ -e /proc/$1 ]] || grep -q '^State:.Z' "/proc/$1/status"; }

await_port() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  await bash -c 'exec 3<>"/dev/tcp/${1%:*}/${1#*:}"' _ "$1"
}

await() {
  local tries
  for ((tries = 0; tries < 200; tries++)); do
    "$@" 2>/dev/null && return
    sleep 0.05
  done
  die "gave up waiting for: $*"
}

# Below the range that the system gives to outgoing connections.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

stop_all() {
  local one
  for one in "${pids[@]}"; do kill "$one" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}

need() {
  local program
  for program; do command -v "$program" >/dev/null || die "$program is not installed"; done
}

die() {
  echo "compare: $*" >&2
  exit 1
}

work=
pids=()
PATH=$PATH:/usr/sbin
NAME=api.nicenic.net
OTHER=elsewhere.example # no host that nicetap looks into
CREDENTIAL=reseller7:q8Zt41mVx0Lk # made up; the load generator sends the same
QUERY='?category=domain&action=check&domains=example.com'
REPLY='{"code":200,"msg":"success","data":[{"domain":"example.com","available":false}]}'
