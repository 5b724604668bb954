# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_nicetap_global_optspecs
    string join \n home= config= color= q/quiet v/verbose h/help V/version
end

function __fish_nicetap_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_nicetap_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_nicetap_using_subcommand
    set -l cmd (__fish_nicetap_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c nicetap -n "__fish_nicetap_needs_command" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_needs_command" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_needs_command" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_needs_command" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_needs_command" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_needs_command" -s V -l version -d 'Print version'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "serve" -d 'Run the proxy until Ctrl-C, SIGTERM or the end of --for'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "run" -d 'Run one command through a proxy, and see its calls'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "setup" -d 'Point a client at nicetap: the lines, or written and undone'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "status" -d 'Say whether a nicetap runs, and what is set up'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "stop" -d 'Take back what is set up, and end the nicetap that runs'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "explain" -d 'Show one rule\'s page: what it means, why it matters, how to mend it'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "rules" -d 'List all rules'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "lint" -d 'Check requests in files, without sending them'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "ca" -d 'Show or renew the local CA that clients must trust'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "log" -d 'Show a log as the console shows it'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "verify-log" -d 'Search files for known secrets, in every encoding'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "export" -d 'Export calls of a log as HAR, or as lines for curl'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "egress" -d 'Show the outbound IP, per family, and who saw it'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "check" -d 'Make one read-only call, to see whether the login is right'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "checklist" -d 'Go through NiceNIC\'s twelve points for a call'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "diff" -d 'Show what differs between a failed call and one that worked'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "report" -d 'Write a support ticket about a call, every secret masked'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "doctor" -d 'Check the surroundings: port, CA, PHP, TLS, outbound IP'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "mock" -d 'Run an offline lookalike of the API'
complete -c nicetap -n "__fish_nicetap_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l listen -d 'Listen here; repeatable [default: 127.0.0.1:8899]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l ui -d 'Show the inspector, a local page, there [default: 127.0.0.1:8900]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l base-url -l gateway -d 'Send what comes without a proxy setting there [default: production]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l plaintext -d 'A credential over plain http: allow or refuse [default: allow]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l allow-from -d 'With --allow-remote: only these addresses (IP or CIDR), and this machine; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l proxy-auth -d 'Let clients use the proxy only with this user name and a password' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l proxy-password-file -d 'Read the password of --proxy-auth from the first line of this file' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l only-user -d 'Serve only this user\'s connections (name or number; Linux); repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l intercept -d 'Look into this host too, besides nicenic.net and nicenic.com; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l on-distrust -d 'Once a client refused our CA: tunnel or fail [default: tunnel]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l body-limit -d 'Keep this much of each body for the log [default: 64KiB]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l capture-budget -d 'Keep this much of all bodies in memory at once [default: 64MiB]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l catalogue -d 'Know the actions and codes in this file too' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l guard -d 'Paid actions on production: off, warn or block [default: warn]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l repeat-window -d 'Flag the same paid action for the same domain within this time [default: 120s]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l expect -d 'Flag calls to the other environment as errors: sandbox or production' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l deny -d 'Treat these findings as errors; nicetap then exits with 5 at its end' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l allow -d 'Hide these findings; the last lines say how many' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l warn -d 'Treat these findings as warnings' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l connect-to -d 'Dial HOST2:PORT2 instead of HOST:PORT, as curl does; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l upstream-ca -d 'Trust this root upstream too (PEM); checks are never switched off' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l upstream-proxy -d 'Go out through another proxy: its URL, or `env` [default: none]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l source-ip -d 'Go out from this address of this machine' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l whitelist -d 'The addresses (IP or CIDR) that you entered at NiceNIC; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l site -d 'Your website\'s name, to tell its address from the outbound IP' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l egress-probe -d 'Ask these sites which outbound IP they see, or `off`' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l reply-timeout -d 'Wait this long for a reply\'s first byte [default: 300s]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l with -d 'Change this client\'s settings while nicetap runs; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l for -d 'Look into requests for this long [default: 8h]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l idle-exit -d 'Stop looking after this long without a connection [default: none]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l then -d 'When looking has ended: carry or exit [default: carry]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l log -d 'Log there [default: HOME/log/nicetap.jsonl]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l log-max-size -d 'Rotate the log at this size [default: 64MiB]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l log-keep -d 'Keep this many rotated logs [default: 5]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l log-group -d 'Let this group read the log (mode 0640 instead of 0600)' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l credential-file -d 'With --mock: accept only the `username:api_secret` in this file' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l mock-whitelist -d 'With --mock: accept only these client addresses (IP or CIDR); repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l pii -d 'Show contact data: show, shape or hide [default: shape]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l secret-env -d 'Mask what this environment variable holds, wherever it turns up; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l secret-file -d 'Mask each line of this file, wherever it turns up; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l fingerprints -d 'Equal secrets look equal: install or session [default: install]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l know -d 'Say whether a request carries this password: api, sandbox or login; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l no-ui -d 'Show no inspector'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l allow-remote -d 'Let other machines and containers in, as far as --allow-from and --proxy-auth let them'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l allow-private -d 'With --allow-remote: dial loopback and private addresses for clients too'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l annotate -d 'Tell the client too: `Nicetap-Findings: N102, N301` on its reply'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -s 4 -l ipv4 -d 'Go out over IPv4 only'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -s 6 -l ipv6 -d 'Go out over IPv6 only'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l yes -d 'Answer the question of --with: change the settings'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l no-log -d 'Write no log'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l json -d 'Print the JSONL records to the terminal instead of text'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l mock -d 'Answer intercepted hosts with the built-in mock; nothing reaches NiceNIC'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -l hide-username -d 'Mask the user name of credentials too'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l listen -d 'Listen here; repeatable [default: 127.0.0.1:8899]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l ui -d 'Show the inspector, a local page, there [default: 127.0.0.1:8900]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l base-url -l gateway -d 'Send what comes without a proxy setting there [default: production]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l plaintext -d 'A credential over plain http: allow or refuse [default: allow]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l allow-from -d 'With --allow-remote: only these addresses (IP or CIDR), and this machine; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l proxy-auth -d 'Let clients use the proxy only with this user name and a password' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l proxy-password-file -d 'Read the password of --proxy-auth from the first line of this file' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l only-user -d 'Serve only this user\'s connections (name or number; Linux); repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l intercept -d 'Look into this host too, besides nicenic.net and nicenic.com; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l on-distrust -d 'Once a client refused our CA: tunnel or fail [default: tunnel]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l body-limit -d 'Keep this much of each body for the log [default: 64KiB]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l capture-budget -d 'Keep this much of all bodies in memory at once [default: 64MiB]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l catalogue -d 'Know the actions and codes in this file too' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l guard -d 'Paid actions on production: off, warn or block [default: warn]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l repeat-window -d 'Flag the same paid action for the same domain within this time [default: 120s]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l expect -d 'Flag calls to the other environment as errors: sandbox or production' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l deny -d 'Treat these findings as errors; nicetap then exits with 5 at its end' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l allow -d 'Hide these findings; the last lines say how many' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l warn -d 'Treat these findings as warnings' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l connect-to -d 'Dial HOST2:PORT2 instead of HOST:PORT, as curl does; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l upstream-ca -d 'Trust this root upstream too (PEM); checks are never switched off' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l upstream-proxy -d 'Go out through another proxy: its URL, or `env` [default: none]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l source-ip -d 'Go out from this address of this machine' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l whitelist -d 'The addresses (IP or CIDR) that you entered at NiceNIC; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l site -d 'Your website\'s name, to tell its address from the outbound IP' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l egress-probe -d 'Ask these sites which outbound IP they see, or `off`' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l reply-timeout -d 'Wait this long for a reply\'s first byte [default: 300s]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l with -d 'Change this client\'s settings while nicetap runs; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l for -d 'Look into requests for this long [default: 8h]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l idle-exit -d 'Stop looking after this long without a connection [default: none]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l then -d 'When looking has ended: carry or exit [default: carry]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l log -d 'Log there [default: HOME/log/nicetap.jsonl]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l log-max-size -d 'Rotate the log at this size [default: 64MiB]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l log-keep -d 'Keep this many rotated logs [default: 5]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l log-group -d 'Let this group read the log (mode 0640 instead of 0600)' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l credential-file -d 'With --mock: accept only the `username:api_secret` in this file' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l mock-whitelist -d 'With --mock: accept only these client addresses (IP or CIDR); repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l pii -d 'Show contact data: show, shape or hide [default: shape]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l secret-env -d 'Mask what this environment variable holds, wherever it turns up; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l secret-file -d 'Mask each line of this file, wherever it turns up; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l fingerprints -d 'Equal secrets look equal: install or session [default: install]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l know -d 'Say whether a request carries this password: api, sandbox or login; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l sarif -d 'Write the findings there as SARIF, for a code host; each points at its line of the log' -r -F
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l no-ui -d 'Show no inspector'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l allow-remote -d 'Let other machines and containers in, as far as --allow-from and --proxy-auth let them'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l allow-private -d 'With --allow-remote: dial loopback and private addresses for clients too'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l annotate -d 'Tell the client too: `Nicetap-Findings: N102, N301` on its reply'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -s 4 -l ipv4 -d 'Go out over IPv4 only'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -s 6 -l ipv6 -d 'Go out over IPv6 only'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l yes -d 'Answer the question of --with: change the settings'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l no-log -d 'Write no log'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l json -d 'Print the JSONL records to the terminal instead of text'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l mock -d 'Answer intercepted hosts with the built-in mock; nothing reaches NiceNIC'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -l hide-username -d 'Mask the user name of credentials too'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -l ca-file -d 'Add nicetap\'s root to this CA file, which a module has of its own' -r -F
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -l write -d 'Change the settings, after asking'
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -l undo -d 'Take back all that was changed, byte for byte'
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -l check -d 'Ask each PHP whether the settings are live'
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -l yes -d 'Do not ask'
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand status" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand status" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand status" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand status" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand status" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand stop" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand stop" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand stop" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand stop" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand stop" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand explain" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand explain" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand explain" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand explain" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand explain" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand rules" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand rules" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand rules" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand rules" -l json -d 'Print JSON'
complete -c nicetap -n "__fish_nicetap_using_subcommand rules" -l catalogue -d 'List the API\'s actions and codes instead, as far as they are known'
complete -c nicetap -n "__fish_nicetap_using_subcommand rules" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand rules" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand rules" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -l format -d 'How to write it: text, json or sarif [default: text]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -l deny -d 'Treat these findings as errors, and exit with 5 if there are any' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -l allow -d 'Hide these findings; the last line says how many' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -l warn -d 'Treat these findings as warnings' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -l catalogue -d 'Know the actions and codes in this file too' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand lint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -f -a "path" -d 'Print the path of the root that clients are to trust'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -f -a "pem" -d 'Print that root (PEM)'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -f -a "bundle" -d 'Print the path of the bundle: the system\'s roots and that root'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -f -a "info" -d 'Print names, dates, fingerprint and files [default]'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -f -a "rotate" -d 'Make a new CA; every client must then trust the new root'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and not __fish_seen_subcommand_from path pem bundle info rotate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from path" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from path" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from path" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from pem" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from pem" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from pem" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from pem" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from pem" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from pem" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from bundle" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from bundle" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from bundle" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from bundle" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from bundle" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from bundle" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from info" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from info" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from info" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from info" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from info" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from rotate" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print the path of the root that clients are to trust'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "pem" -d 'Print that root (PEM)'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "bundle" -d 'Print the path of the bundle: the system\'s roots and that root'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "info" -d 'Print names, dates, fingerprint and files [default]'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Make a new CA; every client must then trust the new root'
complete -c nicetap -n "__fish_nicetap_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nicetap -n "__fish_nicetap_using_subcommand log" -l only -d 'Show only the calls that this describes' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand log" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand log" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand log" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand log" -s f -l follow -d 'Go on as the log grows, also when it is rotated'
complete -c nicetap -n "__fish_nicetap_using_subcommand log" -l table -d 'One line a call: time, action, domain, HTTP, code, message, outbound IP'
complete -c nicetap -n "__fish_nicetap_using_subcommand log" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand log" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand verify-log" -l secret-env -d 'Look for what this environment variable holds; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand verify-log" -l secret-file -d 'Look for each line of this file, `-` for standard input; repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand verify-log" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand verify-log" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand verify-log" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand verify-log" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand verify-log" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand verify-log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and not __fish_seen_subcommand_from har curl help" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and not __fish_seen_subcommand_from har curl help" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and not __fish_seen_subcommand_from har curl help" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and not __fish_seen_subcommand_from har curl help" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and not __fish_seen_subcommand_from har curl help" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and not __fish_seen_subcommand_from har curl help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and not __fish_seen_subcommand_from har curl help" -f -a "har" -d 'HAR 1.2, for browsers\' and other tools\' viewers'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and not __fish_seen_subcommand_from har curl help" -f -a "curl" -d 'A line for curl each, with placeholders where secrets were'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and not __fish_seen_subcommand_from har curl help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from har" -l only -d 'Only the calls that this describes, as for `nicetap log`' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from har" -l log -d 'Read this log [default: that of `nicetap serve`]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from har" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from har" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from har" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from har" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from har" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from har" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from curl" -l only -d 'Only the calls that this describes, as for `nicetap log`' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from curl" -l log -d 'Read this log [default: that of `nicetap serve`]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from curl" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from curl" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from curl" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from curl" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from curl" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from curl" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from help" -f -a "har" -d 'HAR 1.2, for browsers\' and other tools\' viewers'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from help" -f -a "curl" -d 'A line for curl each, with placeholders where secrets were'
complete -c nicetap -n "__fish_nicetap_using_subcommand export; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -l samples -d 'Ask each site this often, each time on a fresh connection' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -l egress-probe -d 'Ask these sites [default: two public ones]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -l whitelist -d 'The addresses (IP or CIDR) that you entered at NiceNIC' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -l upstream-proxy -d 'Go out through another proxy: its URL, or `env` [default: none]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -l source-ip -d 'Go out from this address of this machine' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -l json -d 'Print JSON'
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -s 4 -l ipv4 -d 'Ask over IPv4 only'
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -s 6 -l ipv6 -d 'Ask over IPv6 only'
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand egress" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -l username -d 'The account\'s user name; or set `NICETAP_USERNAME`' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -l secret-file -d 'Read the API secret from the first line of this file' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -l call -d 'The call; each of them only reads' -r -f -a "check\t'Is a domain free?'
get_price\t'What does it cost?'
domain_list\t'Which domains does the account have?'
transactions\t'What was booked?'"
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -l domain -d 'The domain that the call asks about' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -l sandbox -d 'Call the sandbox instead of production'
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand checklist" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand checklist" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand checklist" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand checklist" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand checklist" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand checklist" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand diff" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand diff" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand diff" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand diff" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand diff" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand report" -s o -l output -d 'Write it there instead of to the terminal (mode 0600)' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand report" -l whmcs-version -d 'The version of your WHMCS, for the ticket' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand report" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand report" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand report" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand report" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand report" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -l only -d 'Only these checks' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -l whitelist -d 'The addresses (IP or CIDR) that you entered at NiceNIC' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -l egress-probe -d 'Ask these sites for the outbound IP, or `off`' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -l json -d 'Print JSON'
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -l list -d 'List the checks, and do nothing'
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand mock" -l listen -d 'Listen here [default: 127.0.0.1:8901]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand mock" -l credential-file -d 'Accept only the `username:api_secret` in this file' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand mock" -l mock-whitelist -d 'Accept only these client addresses (IP or CIDR); repeatable' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand mock" -l home -d 'Keep CA, log and settings in this directory' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand mock" -l config -d 'Read settings there [default: HOME/nicetap.toml]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand mock" -l color -d 'Colour the output: auto, always or never [default: auto]' -r
complete -c nicetap -n "__fish_nicetap_using_subcommand mock" -s q -l quiet -d 'Print only calls with a warning or an error'
complete -c nicetap -n "__fish_nicetap_using_subcommand mock" -s v -l verbose -d 'Print the technical details too'
complete -c nicetap -n "__fish_nicetap_using_subcommand mock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "serve" -d 'Run the proxy until Ctrl-C, SIGTERM or the end of --for'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "run" -d 'Run one command through a proxy, and see its calls'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "setup" -d 'Point a client at nicetap: the lines, or written and undone'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "status" -d 'Say whether a nicetap runs, and what is set up'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "stop" -d 'Take back what is set up, and end the nicetap that runs'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "explain" -d 'Show one rule\'s page: what it means, why it matters, how to mend it'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "rules" -d 'List all rules'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "lint" -d 'Check requests in files, without sending them'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "ca" -d 'Show or renew the local CA that clients must trust'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "log" -d 'Show a log as the console shows it'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "verify-log" -d 'Search files for known secrets, in every encoding'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "export" -d 'Export calls of a log as HAR, or as lines for curl'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "egress" -d 'Show the outbound IP, per family, and who saw it'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "check" -d 'Make one read-only call, to see whether the login is right'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "checklist" -d 'Go through NiceNIC\'s twelve points for a call'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "diff" -d 'Show what differs between a failed call and one that worked'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "report" -d 'Write a support ticket about a call, every secret masked'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "doctor" -d 'Check the surroundings: port, CA, PHP, TLS, outbound IP'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "mock" -d 'Run an offline lookalike of the API'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and not __fish_seen_subcommand_from serve run setup status stop explain rules lint ca log verify-log export egress check checklist diff report doctor mock help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "path" -d 'Print the path of the root that clients are to trust'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "pem" -d 'Print that root (PEM)'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "bundle" -d 'Print the path of the bundle: the system\'s roots and that root'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "info" -d 'Print names, dates, fingerprint and files [default]'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "rotate" -d 'Make a new CA; every client must then trust the new root'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and __fish_seen_subcommand_from export" -f -a "har" -d 'HAR 1.2, for browsers\' and other tools\' viewers'
complete -c nicetap -n "__fish_nicetap_using_subcommand help; and __fish_seen_subcommand_from export" -f -a "curl" -d 'A line for curl each, with placeholders where secrets were'
