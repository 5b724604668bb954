<?php
// Written by nicetap; `nicetap setup --undo` takes it away. It points this PHP's curl at nicetap, for this
// process and this request only, and only if nicetap answers at once. If it does not, nothing is changed.
call_user_func(static function ($host, $port, array $hosts, array $folders) {
    if (!function_exists('putenv') || !function_exists('fsockopen')) {
        return;
    }
    $script = isset($_SERVER['SCRIPT_FILENAME']) ? (string) $_SERVER['SCRIPT_FILENAME'] : '';
    $real = PHP_SAPI === 'cli' ? @realpath($script) : false;
    $script = $real === false ? $script : $real;
    $is_meant = $folders === [];
    foreach ($folders as $folder) {
        $is_meant = $is_meant || strncmp($script, "$folder/", strlen($folder) + 1) === 0;
    }
    if (!$is_meant) {
        return;
    }
    $socket = @fsockopen($host, $port, $number, $text, 0.05);
    if ($socket === false) {
        if (function_exists('error_clear_last')) {
            error_clear_last();
        }
        return;
    }
    fclose($socket);
    foreach (['http_proxy', 'https_proxy', 'HTTPS_PROXY'] as $name) {
        putenv("$name=http://$host:$port");
    }
    // no_proxy beats every proxy setting, so the hosts that nicetap reads are taken out of it.
    $is_within = static function ($name, $zone) {
        return $name === $zone || substr($name, -strlen($zone) - 1) === ".$zone";
    };
    foreach (['no_proxy', 'NO_PROXY'] as $name) {
        $kept = [];
        foreach (preg_split('/[\s,]+/', (string) getenv($name), -1, PREG_SPLIT_NO_EMPTY) as $entry) {
            $zone = strtolower(ltrim($entry, '*.'));
            $clashes = $zone === '';
            foreach ($hosts as $read) {
                $clashes = $clashes || $is_within($read, $zone) || $is_within($zone, $read);
            }
            if (!$clashes) {
                $kept[] = $entry;
            }
        }
        if (getenv($name) !== false) {
            putenv("$name=" . implode(',', $kept));
        }
    }
}, @HOST@, @PORT@, @HOSTS@, @FOLDERS@);
@BEFORE@
