<?php
// What WHMCS gives a module: the log of module calls, and the decoded settings. Settings are stored HTML-escaped.
function logModuleCall($module, $action, $request, $response, $processed, $secrets)
{
    $line = json_encode([$module, $action, $request, $response, $processed]);
    foreach ($secrets as $secret) {
        $line = str_replace($secret, '***', $line);
    }
    if (($file = getenv('MODULE_LOG')) !== false) {
        file_put_contents($file, "$line\n", FILE_APPEND);
    }
}

/** The module's settings, as the admin page stores them. */
function module_settings()
{
    $read = static function ($name, $otherwise) {
        $value = isset($_SERVER[$name]) ? $_SERVER[$name] : (string) getenv($name);
        return $value === '' ? $otherwise : $value;
    };
    return [
        'Username' => 'reseller7',
        'Secret' => htmlspecialchars($read('MODULE_SECRET', 'S3cr3t-K9f2Lm8Qw4Zx'), ENT_QUOTES),
        'TestMode' => '',
        'CaFile' => $read('MODULE_CA_FILE', ''),
        'Verify' => $read('MODULE_VERIFY', 'on'),
        'KeepEscaped' => $read('MODULE_KEEP_ESCAPED', ''),
    ];
}

require __DIR__ . '/modules/registrars/nicenic/nicenic.php';
