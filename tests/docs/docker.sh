#!/bin/sh
# Stands for Docker's client: the only container is the process of the file `container`, with a network of its own.
set -eu
pid=$(cat "$(dirname "$0")/container")
command=$1
shift
case $command in
    inspect)
        [ "$1 $2" = '-f {{.State.Pid}}' ]
        echo "$pid"
        ;;
    cp)
        nsenter -t "$pid" -m mkdir -p "${2#*:}"
        tar -C "${1%/.}" -c . | nsenter -t "$pid" -m tar -C "${2#*:}" -x
        ;;
    exec)
        [ "$1" != -i ] || shift
        variables=PATH=$PATH
        while [ "$1" = -e ]; do
            variables="$variables $2"
            shift 2
        done
        shift
        # shellcheck disable=SC2086 # a list of words; a container has an environment of its own
        exec nsenter -t "$pid" -n -m env -i $variables "$@"
        ;;
    *)
        echo "docker $command: not known here" >&2
        exit 1
        ;;
esac
