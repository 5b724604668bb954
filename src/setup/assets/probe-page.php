<?php
// From nicetap: upload this under the name it was given, open it once, and delete it. It deletes itself after 30 minutes.
// It shows how this server's PHP reaches the API. It holds no secret and sends none.
if (time() > @TIME@ + 1800) {
    @unlink(__FILE__);
    exit('gone');
}
header('Content-Type: text/plain; charset=utf-8');
header('X-Robots-Tag: noindex');
$say = static function ($label, $value) {
    printf("%-22s %s\n", $label, is_string($value) ? preg_replace('~//[^/@]*@~', '//', $value) : json_encode($value));
};
$ask = static function ($url, $family) {
    $handle = curl_init($url);
    curl_setopt_array($handle, [
        CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 10, CURLOPT_CERTINFO => true, CURLOPT_IPRESOLVE => $family,
    ]);
    $body = curl_exec($handle);
    $told = $body === false ? curl_errno($handle) . ' ' . curl_error($handle) : trim(substr($body, 0, 60));
    $chain = curl_getinfo($handle, CURLINFO_CERTINFO);
    return [$told, isset($chain[0]['Issuer']) ? $chain[0]['Issuer'] : 'not seen'];
};
$say('PHP', PHP_VERSION . ' ' . PHP_SAPI);
$say('libcurl', function_exists('curl_version') ? curl_version()['version'] . ' ' . curl_version()['ssl_version'] : 'missing');
foreach (['openssl.cafile', 'curl.cainfo', 'auto_prepend_file', 'open_basedir', 'disable_functions'] as $name) {
    $say($name, (string) ini_get($name));
}
foreach (['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'no_proxy', 'NO_PROXY'] as $name) {
    $say($name, (string) getenv($name));
}
if (function_exists('curl_init')) {
    $say('outbound IPv4', $ask('https://api64.ipify.org/', CURL_IPRESOLVE_V4)[0]);
    $say('outbound IPv6', $ask('https://api64.ipify.org/', CURL_IPRESOLVE_V6)[0]);
    $say('issuer of the API', $ask('https://api.nicenic.net/', CURL_IPRESOLVE_WHATEVER)[1]);
}
