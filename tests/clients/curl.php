<?php
// PHP's curl extension, as most WHMCS modules use it: one handle, so one connection.
require __DIR__ . '/job.php';

$handle = curl_init();
$replies = [];
foreach ($job['calls'] as $call) {
    $headers = [];
    curl_reset($handle);
    curl_setopt_array($handle, [
        CURLOPT_URL => $job['base'] . $call['path'],
        CURLOPT_CUSTOMREQUEST => $call['method'],
        CURLOPT_NOBODY => $call['method'] === 'HEAD',
        CURLOPT_HTTPHEADER => array_map(fn ($field) => "$field[0]: $field[1]", $call['headers']),
        CURLOPT_PROXY => $job['proxy'] === null ? '' : "http://{$job['proxy']}",
        CURLOPT_SUPPRESS_CONNECT_HEADERS => true,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HEADERFUNCTION => function ($handle, $line) use (&$headers) {
            collect($headers, $line);
            return strlen($line);
        },
    ] + curl_route($job));
    if ($call['body'] !== null) {
        curl_setopt($handle, CURLOPT_POSTFIELDS, base64_decode($call['body']));
    }
    $body = curl_exec($handle);
    if ($body === false) {
        fail("{$call['path']}: " . curl_errno($handle) . ' ' . curl_error($handle));
    }
    $replies[] = reply(curl_getinfo($handle, CURLINFO_RESPONSE_CODE), $headers, $body);
}
echo json_encode($replies), "\n";
