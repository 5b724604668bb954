<?php
// PHP's curl, as a module uses it: no word of a proxy or a CA.
$handle = curl_init($argv[1]);
curl_setopt_array($handle, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => ['Authorization: ' . getenv('CREDENTIAL'), 'Content-Type: application/json'],
]);
$body = curl_exec($handle);
echo $body === false ? curl_errno($handle) . ' ' . curl_error($handle) : $body, "\n";
