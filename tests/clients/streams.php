<?php
// PHP's own HTTP streams: one connection for each call.
require __DIR__ . '/job.php';

$replies = [];
foreach ($job['calls'] as $call) {
    $headers = array_map(fn ($field) => "$field[0]: $field[1]", $call['headers']);
    $base = $job['base'];
    if ($job['dial'] !== null) {
        // Streams dial what the URL names; Host and the certificate's name are given apart.
        $base = parse_url($base, PHP_URL_SCHEME) . "://{$job['dial']}";
        array_unshift($headers, "Host: {$job['host']}");
    }
    $http = [
        'method' => $call['method'],
        'header' => $headers,
        'protocol_version' => 1.1,
        'ignore_errors' => true,
        'follow_location' => 0,
        'timeout' => 20,
    ];
    if ($call['body'] !== null) {
        $http['content'] = base64_decode($call['body']);
    }
    if ($job['proxy'] !== null) {
        $http['proxy'] = "tcp://{$job['proxy']}";
        $http['request_fulluri'] = str_starts_with($base, 'http://');
    }
    $tls = ['cafile' => $job['ca'], 'peer_name' => $job['host']];
    $body = file_get_contents(
        $base . $call['path'],
        false,
        stream_context_create(['http' => $http, 'ssl' => $job['ca'] === null ? [] : $tls]),
    );
    if ($body === false) {
        fail("{$call['path']}: " . (error_get_last()['message'] ?? 'no reply'));
    }
    $fields = [];
    $status = 0;
    foreach ($http_response_header as $line) {
        if (preg_match('~^HTTP/\S+ (\d{3})~', $line, $found)) {
            $status = (int) $found[1];
        }
        collect($fields, $line);
    }
    $replies[] = reply($status, $fields, $body);
}
echo json_encode($replies), "\n";
