<?php
// Written by nicetap: tells nicetap how this PHP is set. It says nothing to a visitor, and holds no secret.
if (PHP_SAPI !== 'cli' && !isset($_SERVER['NICETAP_PROBE'])) {
    exit;
}
$environment = [];
foreach (['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY', 'no_proxy', 'NO_PROXY'] as $name) {
    $value = getenv($name);
    if ($value !== false && $value !== '') {
        $environment[$name] = preg_replace('~//[^/@]*@~', '//', $value);
    }
}
$version = function_exists('curl_version') ? curl_version() : null;
echo json_encode([
    'sapi' => PHP_SAPI,
    'version' => PHP_VERSION,
    'curl' => $version === null ? null : $version['version'],
    'environment' => (object) $environment,
    'auto_prepend_file' => (string) ini_get('auto_prepend_file'),
    'openssl_cafile' => (string) ini_get('openssl.cafile'),
    'curl_cainfo' => (string) ini_get('curl.cainfo'),
    'open_basedir' => (string) ini_get('open_basedir'),
    'ini' => (string) php_ini_loaded_file(),
    'scan' => (string) getenv('PHP_INI_SCAN_DIR'),
    'scan_default' => PHP_CONFIG_FILE_SCAN_DIR,
]);
