<?php
// Guzzle, from Debian's package.
require __DIR__ . '/job.php';
require '/usr/share/php/GuzzleHttp/autoload.php';

$client = new GuzzleHttp\Client([
    'http_errors' => false,
    'allow_redirects' => false,
    'decode_content' => false,
    'timeout' => 20,
    'proxy' => $job['proxy'] === null ? '' : "http://{$job['proxy']}",
    'verify' => $job['ca'] ?? true,
    'curl' => curl_route($job),
]);
$replies = [];
foreach ($job['calls'] as $call) {
    $options = ['headers' => array_column($call['headers'], 1, 0)];
    if ($call['body'] !== null) {
        $options['body'] = base64_decode($call['body']);
    }
    $response = $client->request($call['method'], $job['base'] . $call['path'], $options);
    $fields = [];
    foreach ($response->getHeaders() as $name => $values) {
        foreach ($values as $value) {
            $fields[] = [$name, $value];
        }
    }
    $replies[] = reply($response->getStatusCode(), $fields, (string) $response->getBody());
}
echo json_encode($replies), "\n";
